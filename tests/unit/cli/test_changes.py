"""What an act changed, as people read it."""

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
        ('"PT20S"', '"PT30S"', "value: PT20S → PT30S"),
    ],
)
def test_what_changed_is_told_without_json(
    before: str | None, after: str | None, told: str
) -> None:
    assert changes(before, after) == told
