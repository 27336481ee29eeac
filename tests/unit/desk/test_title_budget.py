"""Titles leave the way to messages, and no minute holds more than Telegram allows."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from desk.pace import BotLimits, Pace
from support.ids import ChatId
from support.topics.budget import GROUP_BUDGET
from tests.support.clock import HandClock

GROUP = ChatId(-1001)
steps = st.lists(
    st.tuples(st.sampled_from(["talk", "title"]), st.integers(0, 20)), min_size=1, max_size=80
)


def played(steps: Sequence[tuple[str, int]]) -> tuple[list[float], list[float]]:
    """Send each as soon as it may; returns when messages and when titles left."""
    clock, limits = HandClock(), BotLimits()
    pace = Pace(clock, limits)
    left: dict[str, list[float]] = {"talk": [], "title": []}
    for kind, pause in steps:
        clock.pass_by(pause)
        wait = pace.wait(GROUP)
        if kind == "title":
            wait = max(wait, pace.wait_aside(GROUP))
        clock.pass_by(wait)
        assert pace.wait(GROUP) <= 1e-6
        pace.count(GROUP)
        left[kind].append(clock.seconds)
    return left["talk"], left["title"]


@given(steps)
def test_no_minute_holds_more_than_twenty(steps: list[tuple[str, int]]) -> None:
    talk, titles = played(steps)
    for moment in (sent := sorted([*talk, *titles])):
        assert len([one for one in sent if moment - 60 < one <= moment]) <= GROUP_BUDGET.acts


@given(steps)
def test_a_title_leaves_only_while_there_is_room_for_talk(steps: list[tuple[str, int]]) -> None:
    talk, titles = played(steps)
    sent = sorted([*talk, *titles])
    for moment in titles:
        before = [one for one in sent if moment - 60 < one <= moment]
        assert len(before) <= GROUP_BUDGET.room_for_titles
