"""The rule of pacing, and the pacer of one process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.book import LocalBook
from orchestrator.pacing.gcra import Kept, Later, Limit, Turn, give_back, take
from orchestrator.pacing.limits import SEND, limits_of, share
from orchestrator.pacing.pacer import LocalPacer, asking
from orchestrator.pacing.shared import RECOUNT, SharedPacer
from orchestrator.tuning import Pace, Tuning
from tests.support.clock import HandClock
from tests.support.pacing import conforms

ANNA, BORIS = AccountId(1), AccountId(2)
CHAT, OTHER = TelegramId(77), TelegramId(78)
TUNING = Tuning(
    account_pace=Pace(timedelta(seconds=10), burst=2),
    chat_pace=Pace(timedelta(seconds=1)),
    overall_pace=Pace(timedelta(seconds=0.1), burst=10),
    method_pace=Pace(timedelta(0)),
    request_pace=Pace(timedelta(seconds=1), burst=2),
)
NARROW, WIDE = Limit("narrow", 20_000, burst=2), Limit("wide", 1_000, burst=3)
LIMITS = (NARROW, Limit("other", 7_000), WIDE)


async def test_after_its_burst_an_account_waits_for_its_pace() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    for _ in range(3):
        await pacer.wait_turn(ANNA, CHAT)
    assert [round(slept, 6) for slept in clock.slept] == [1.0, 9.0]


async def test_one_account_does_not_wait_for_another() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    await pacer.wait_turn(ANNA, CHAT)
    await pacer.wait_turn(BORIS, OTHER)
    assert clock.slept == []


async def test_two_accounts_wait_for_one_another_in_the_same_chat() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    await pacer.wait_turn(ANNA, CHAT)
    await pacer.wait_turn(BORIS, CHAT)
    assert clock.slept == [1.0]


async def test_reading_has_a_pace_of_its_own_and_takes_nothing_from_speaking() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    ask = asking(pacer)
    for _ in range(3):
        await ask(ANNA, "messages.GetHistory")
    assert clock.slept == [1.0]
    await ask(ANNA, SEND)
    await pacer.wait_turn(ANNA, CHAT)
    assert clock.slept == [1.0]


async def test_an_account_that_waits_long_leaves_room_for_others_meanwhile() -> None:
    book: dict[str, Kept] = {}
    clock = 1_000_000
    tired = (Limit("tired", 20_000_000), Limit("all", 100_000))
    for _ in range(2):
        _, after = take(tired, book, now=clock, since=0, horizon=60_000_000)
        book |= after
    fresh = (Limit("fresh", 20_000_000), Limit("all", 100_000))
    turn, _ = take(fresh, book, now=clock, since=0, horizon=60_000_000)
    assert isinstance(turn, Turn)
    assert turn.wait == 0.1


async def test_past_the_horizon_nothing_is_reserved_and_one_is_told_when_to_ask_again() -> None:
    limit = (Limit("one", 10),)
    book: dict[str, Kept] = {}
    answers: list[Turn | Later] = []
    for _ in range(5):
        answer, after = take(limit, book, now=100, since=0, horizon=25)
        book |= after
        answers.append(answer)
    assert [answer.at for answer in answers] == [100, 110, 120, 105, 105]
    assert [type(answer) for answer in answers] == [Turn, Turn, Turn, Later, Later]


def test_a_book_begun_just_now_has_no_burst_to_give() -> None:
    limit = (Limit("one", 10, burst=5),)
    book: dict[str, Kept] = {}
    turns = []
    for _ in range(3):
        answer, after = take(limit, book, now=100, since=100, horizon=1000)
        book |= after
        turns.append(answer.at)
    assert turns == [100, 110, 120]


def test_a_clock_that_was_set_back_stops_nobody_for_longer_than_the_horizon() -> None:
    book = {"one": Kept(10_000_000)}
    answer, _ = take((Limit("one", 10),), book, now=100, since=0, horizon=1000)
    assert answer.wait * 1_000_000 <= 1000


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(LIMITS), min_size=1), st.integers(0, 9_000)), max_size=50
    )
)
def test_no_window_holds_more_turns_than_a_limit_allows(
    asks: list[tuple[set[Limit], int]],
) -> None:
    book: dict[str, Kept] = {}
    now, used = 0, {limit: list[int]() for limit in LIMITS}
    for limits, later in asks:
        now += later
        ordered = sorted(limits, key=lambda limit: limit.name)
        turn, after = take(ordered, book, now=now, since=0, horizon=60_000)
        book |= after
        if isinstance(turn, Later):
            assert not after
            continue
        for limit in limits:
            used[limit].append(turn.at)
    for limit, times in used.items():
        assert conforms(limit, times)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 9_000)), max_size=50))
def test_turns_given_back_are_had_by_others_and_no_limit_is_passed(
    acts: list[tuple[bool, int, int]],
) -> None:
    book: dict[str, Kept] = {}
    now, held = 0, list[Turn]()
    for returns, which, later in acts:
        now += later
        ahead = [turn for turn in held if turn.at >= now]
        if returns and ahead:
            turn = ahead[which % len(ahead)]
            book |= give_back(turn, book, now=now, since=0, horizon=60_000)
            held.remove(turn)
        else:
            answer, after = take(LIMITS[which % 2 :], book, now=now, since=0, horizon=60_000)
            book |= after
            held += [answer] if isinstance(answer, Turn) else []
    for limit in LIMITS:
        assert conforms(limit, [turn.at for turn in held if limit in turn.limits])


def test_giving_the_last_turn_back_leaves_everything_as_it_was() -> None:
    _, before = take(LIMITS, {}, now=50_000, since=0, horizon=60_000)
    turn, after = take(LIMITS, before, now=50_000, since=0, horizon=60_000)
    assert isinstance(turn, Turn)
    assert give_back(turn, after, now=50_000, since=0, horizon=60_000) == before


def test_a_turn_of_a_lost_book_gives_nothing_back() -> None:
    turn, after = take(LIMITS, {}, now=50_000, since=0, horizon=60_000)
    assert isinstance(turn, Turn)
    assert give_back(turn, after, now=50_000, since=50_000, horizon=60_000) == {}


def test_a_share_divides_what_nodes_have_in_common_and_leaves_accounts_whole() -> None:
    whole = {limit.name: limit for limit in limits_of(TUNING, ANNA, SEND, CHAT)}
    third = {limit.name: limit for limit in limits_of(TUNING, ANNA, SEND, CHAT, nodes=3)}
    assert third["account 1"] == whole["account 1"]
    assert (third["all"].apart, third["all"].burst) == (300_000, 3)
    assert third["chat 77"].apart == 3_000_000
    assert share(Pace(timedelta(seconds=1), burst=2), 5).burst == 1


@dataclass
class SwitchedBook:
    """A book that nodes share, until somebody switches it off."""

    book: LocalBook
    away: bool = False
    asked: int = 0

    def check(self) -> None:
        self.asked += 1
        if self.away:
            raise ServersUnavailable("switched off")

    async def take(self, limits: Sequence[Limit], horizon: timedelta) -> Turn | Later:
        self.check()
        return await self.book.take(limits, horizon)

    async def knows(self, turn: Turn) -> bool:
        self.check()
        return await self.book.knows(turn)

    async def give_back(self, turn: Turn, horizon: timedelta) -> None:
        self.check()
        await self.book.give_back(turn, horizon)


def pacer_of(clock: Clock, shared: SwitchedBook, nodes: list[int]) -> SharedPacer:
    async def count() -> int:
        if not nodes:
            raise ServersUnavailable("no database either")
        return nodes[0]

    return SharedPacer(TUNING, clock, shared, count)


async def test_without_the_shared_book_a_node_keeps_to_its_share_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = HandClock()
    shared = SwitchedBook(LocalBook(clock), away=True)
    pacer = pacer_of(clock, shared, nodes := [4])
    with caplog.at_level("INFO", "orchestrator.pacing.shared"):
        began = clock.monotonic()
        for number in range(31):
            await pacer.wait_turn(AccountId(number), TelegramId(number))
        assert clock.monotonic() - began >= 30 * 0.4
        assert pacer.describe() == ("this node's share, one of 4: what nodes share does not answer")
        nodes[:] = [2]
        clock.pass_by(RECOUNT)
        await pacer.wait_turn(ANNA, CHAT)
        assert "one of 2" in pacer.describe()
        shared.away = False
        clock.pass_by(60)
        await pacer.wait_turn(BORIS, OTHER)
    assert pacer.describe() == "shared by all nodes"
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_during_an_outage_only_now_and_then_somebody_asks_the_shared_book() -> None:
    clock = HandClock()
    shared = SwitchedBook(LocalBook(clock), away=True)
    pacer = pacer_of(clock, shared, [1])
    for number in range(600):
        await pacer.wait_turn(AccountId(number), TelegramId(number))
    assert 3 <= shared.asked <= 12


async def test_nodes_that_cannot_be_counted_stop_nobody() -> None:
    clock = HandClock()
    pacer = pacer_of(clock, SwitchedBook(LocalBook(clock), away=True), [])
    await pacer.wait_turn(ANNA, CHAT)
    assert "one of 1" in pacer.describe()


async def test_whoever_waited_while_the_shared_book_was_lost_asks_again() -> None:
    clock = HandClock()
    shared = SwitchedBook(LocalBook(clock))
    pacer = pacer_of(clock, shared, [1])
    for _ in range(2):
        await pacer.wait_turn(ANNA, CHAT)
    lost = await shared.take(limits_of(TUNING, ANNA, SEND, CHAT), timedelta(minutes=1))
    assert isinstance(lost, Turn)
    shared.book.kept.clear()
    shared.book.since = shared.book.now()
    assert not await pacer.stands(shared, lost)
    turn = await pacer.wait_turn(BORIS, OTHER)
    assert await pacer.stands(shared, turn)
