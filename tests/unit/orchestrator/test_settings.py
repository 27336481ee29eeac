from datetime import timedelta

import pytest

from orchestrator.errors import BadInput
from orchestrator.service.settings import flatten, meaning_of, plain, tuned
from orchestrator.tuning import Tuning


def test_without_overrides_the_defaults_hold() -> None:
    assert tuned({}) == Tuning()


def test_every_setting_can_be_put_back_as_it_is_shown() -> None:
    assert tuned(dict(flatten(plain(Tuning())))) == Tuning()


def test_a_duration_may_be_seconds_or_iso() -> None:
    assert tuned({"lease": "45"}).lease == timedelta(seconds=45)
    assert tuned({"lease": "PT2M"}).lease == timedelta(minutes=2)


def test_a_nested_number_is_set_by_its_dotted_key() -> None:
    assert tuned({"sending.attempts": "7"}).sending.attempts == 7


@pytest.mark.parametrize("key", ["nothing", "sending", "sending.nothing", "lease.x", ""])
def test_an_unknown_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="there is no setting"):
        tuned({key: "1"})


@pytest.mark.parametrize(
    ("key", "value"), [("sending.attempts", "many"), ("lease", '"soon"'), ("lease", "[]")]
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_key(key: str, value: str) -> None:
    with pytest.raises(BadInput, match=key):
        tuned({key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("disclosure_check", "7200"),
        ("gate.disclosure_lasts", "P30D"),
        ("gate.verification_lasts", "P365D"),
        ("gate.answer_parts", "11"),
        ("claim", "30"),
        ("lease", "0"),
    ],
)
def test_no_setting_turns_a_rule_off(key: str, value: str) -> None:
    with pytest.raises(BadInput, match="must lie between"):
        tuned({key: value})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "conversations.speaks_from",
            '"26:00"',
            'conversations.speaks_from: "26:00" is not a time of day: write it like 09:00',
        ),
        (
            "retention.jobs",
            "PT1H",
            "retention.jobs: logs and jobs are kept for at least a day (P1D)",
        ),
        ("desk.most_tickets", "0", "desk.most_tickets: must lie between 1 and 1000"),
        ("disclosure_check", "PT5H", "disclosure_check: must lie between 1 s and 1 h"),
        ("lease", "soon", "lease: must be a span of time like 30s, 15m or 7d"),
    ],
)
def test_a_refusal_names_the_key_that_was_given_and_reads_as_a_sentence(
    key: str, value: str, sentence: str
) -> None:
    with pytest.raises(BadInput) as refused:
        tuned({key: value}, given=key)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("key", [key for key, _ in flatten(plain(Tuning()))])
def test_every_setting_has_a_meaning_of_one_line(key: str) -> None:
    assert meaning_of(key).endswith(".")
    assert "\n" not in meaning_of(key)


def test_a_meaning_is_the_one_nearest_to_the_number() -> None:
    assert "typing" in meaning_of("conversations.rush")
    assert "operators" in meaning_of("desk.assignment")
    assert "kept" in meaning_of("retention.sessions")
