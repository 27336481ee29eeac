"""What an act changed, as people read it."""

from datetime import UTC, datetime

import pytest

from cli.changes import changes


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, None, ""),
        ('{"live": true}', '{"live": false}', "live: true → false"),
        (
            None,
            '{"roles": ["admin", "operator"], "until": null}',
            "roles: admin, operator, until: –",
        ),
        ('{"state": "due", "account": 3}', '{"state": "sent", "account": 3}', "state: due → sent"),
        ('{"note": "x"}', None, "note: x → –"),
        ('{"terms": {"a": 1, "b": 2}}', '{"terms": {"a": 1, "b": 5}}', "terms.b: 2 → 5"),
        ('{"of": [{"a": 1}]}', '{"of": []}', "of: a 1 → –"),
        ('"PT20S"', '"PT1M30S"', "value: 20 s → 90 s"),
        ('{"value": "Python"}', '{"value": "P90D"}', "value: Python → 90 d"),
        (None, '{"of": ["a", "b", "c", "d", "e", "f", "g"]}', "of: a, b, c, d, e, 2 more"),
        (None, f'{{"sha256": "{"0f" * 32}"}}', "sha256: 0f0f0f0f0f0f"),
        (None, f'{{"style": "{"x" * 100}"}}', f"style: {'x' * 79}…"),
    ],
)
def test_what_changed_is_told_without_json(
    before: str | None, after: str | None, told: str
) -> None:
    assert changes(before, after) == told


def test_moments_are_told_to_the_minute_in_local_time() -> None:
    moment = datetime(2027, 2, 19, 21, 16, 49, tzinfo=UTC)
    local = moment.astimezone().strftime("%Y-%m-%d %H:%M")
    assert changes(None, f'{{"until": "{moment.isoformat()}"}}') == f"until: {local}"
