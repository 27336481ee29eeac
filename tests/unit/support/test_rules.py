"""Small rules of the desk."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tuning import Retention, Tuning
from support.assignment import Assignment, Candidate, choose
from support.calendar import ROUND_THE_CLOCK
from support.ids import OperatorId
from support.languages import Language, language_of
from support.phones import Phone, read_phone
from support.sla import SlaPolicy, due, left, policy_for
from support.survey import SurveyStep, next_step
from support.terms import DeskTerms
from support.tickets import Priority

NOW = datetime(2026, 3, 6, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    "typed",
    ["8 (999) 000-11-22", "+7 999 000 11 22", "79990001122", "9990001122", "tel:+7-999-000-1122"],
)
def test_a_russian_number_is_read_however_it_is_written(typed: str) -> None:
    assert read_phone(typed) == Phone("+79990001122")


def test_a_number_of_another_country_is_read_as_telegram_sends_it() -> None:
    assert read_phone("442079460958") == Phone("+442079460958")
    assert read_phone("020 7946 0958", "GB") == Phone("+442079460958")


@pytest.mark.parametrize("typed", ["", "123", "call me", "+", "0" * 500])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_phone(typed) is None


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_number_or_none(typed: str) -> None:
    phone = read_phone(typed)
    assert phone is None or (phone.e164.startswith("+") and phone.e164[1:].isdigit())


def test_a_number_never_shows_when_it_is_printed() -> None:
    assert "9990001122" not in repr(Phone("+79990001122"))


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", Language.RU), ("uk-UA", Language.RU), ("en", Language.EN), ("de", Language.EN)],
)
def test_a_first_language_follows_the_app(code: str, language: Language) -> None:
    assert language_of(code) is language
    assert language_of(None) is Language.RU


@given(st.tuples(*[st.one_of(st.none(), st.integers(1, 5))] * 3), st.booleans())
def test_the_survey_asks_in_order_and_for_a_comment_below_five(
    answers: tuple[int | None, ...],
    has_comment: bool,
) -> None:
    step = next_step(answers, "a comment" if has_comment else None)
    if None in answers:
        assert step == f"q{answers.index(None) + 1}"
    elif min(answer or 5 for answer in answers) < 5 and not has_comment:
        assert step is SurveyStep.COMMENT
    else:
        assert step is SurveyStep.OVER


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 99).map(OperatorId),
        st.integers(0, 5),
        st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    ),
    unique_by=lambda one: one.operator,
)


@given(CANDIDATES, st.sampled_from(Assignment), st.integers(1, 5))
def test_whoever_is_chosen_is_free_and_by_the_rule(
    candidates: list[Candidate], how: Assignment, most: int
) -> None:
    free = {one.operator: one for one in candidates if one.open_tickets < most}
    chosen = choose(candidates, how, most)
    if how is Assignment.BY_HAND or not free:
        assert chosen is None
        return
    assert chosen in free
    if how is Assignment.LEAST_BUSY:
        assert free[chosen].open_tickets == min(one.open_tickets for one in free.values())
    else:
        first = [one.operator for one in free.values() if one.last_assigned_at is None]
        assert not first or chosen in first


def test_the_most_particular_policy_holds() -> None:
    def policy(key: str, topic: str | None = None, priority: Priority | None = None) -> SlaPolicy:
        return SlaPolicy(key, HOUR, None, None, MINUTE, topic=topic, priority=priority)

    every = policy("every")
    urgent = policy("urgent", priority=Priority.URGENT)
    returns = policy("returns", topic="return")
    known = [every, urgent, returns]
    assert policy_for(known, "return", Priority.URGENT) is returns
    assert policy_for(known, "other", Priority.URGENT) is urgent
    assert policy_for(known, None, Priority.NORMAL) is every
    assert policy_for([urgent], None, Priority.NORMAL) is None


@given(st.timedeltas(MINUTE, 100 * HOUR), st.timedeltas(timedelta(), 10 * HOUR))
def test_a_pause_gives_back_exactly_what_was_left(promise: timedelta, passed: timedelta) -> None:
    first = due(ROUND_THE_CLOCK, NOW, promise, MINUTE)
    assert first is not None
    assert first.warn_at <= first.due_at
    left_over = left(ROUND_THE_CLOCK, NOW + passed, first.due_at)
    assert left_over == max(promise - passed, timedelta())


def test_a_policy_promises_more_than_nothing() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        SlaPolicy("x", -HOUR, None, None, MINUTE)


def test_numbers_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="most_tickets"):
        DeskTerms(most_tickets=0)
    with pytest.raises(ValueError, match="negative"):
        DeskTerms(reopen=-HOUR)
    with pytest.raises(ValueError, match="180 days"):
        Retention(history=timedelta(days=179))
    assert Tuning().desk == DeskTerms()
    assert (DeskTerms().most, DeskTerms(several_tickets=True).most) == (1, 5)
