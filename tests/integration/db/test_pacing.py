"""Turns in a real Valkey: as the pure rule says, shared by nodes, and through its death."""

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.embedded.binaries import installed
from db.pacing import LIMIT, SINCE, RedisTurnBook, micros, redis_turns
from orchestrator.clock import SystemClock
from orchestrator.errors import BadInput, ServersUnavailable
from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.gcra import Kept, Later, Limit, Turn, give_back, take
from orchestrator.pacing.shared import SharedPacer
from orchestrator.tuning import Pace, Tuning
from tests.support.pacing import conforms

HORIZON = timedelta(milliseconds=40)
LIMITS = (
    Limit("brief", 300, burst=4),
    Limit("short", 2_000, burst=3),
    Limit("long", 15_000, burst=2),
    Limit("single", 5_000),
)
CHAT = TelegramId(9)
TUNING = Tuning(
    account_pace=Pace(timedelta(milliseconds=20), burst=2),
    chat_pace=Pace(timedelta(milliseconds=1), burst=4),
    overall_pace=Pace(timedelta(milliseconds=2), burst=5),
    method_pace=Pace(timedelta(milliseconds=1), burst=5),
)
UNSETTLED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
async def book(redis_url: str) -> AsyncIterator[RedisTurnBook]:
    async with redis_turns(redis_url) as opened:
        yield opened


async def kept_in(book: RedisTurnBook, limit: Limit) -> Kept | None:
    """Read what Valkey keeps of a limit."""
    text = await book.client.get(LIMIT + limit.name)
    if text is None:
        return None
    _, end, *holes = map(int, text.split())
    return Kept(end, tuple(zip(holes[::2], holes[1::2], strict=True)))


@UNSETTLED
@given(
    st.lists(
        st.tuples(st.booleans(), st.sets(st.sampled_from(LIMITS), min_size=1), st.integers(0, 9)),
        max_size=40,
    )
)
async def test_the_script_says_what_the_rule_says(
    book: RedisTurnBook, acts: list[tuple[bool, set[Limit], int]]
) -> None:
    await book.client.flushdb()
    rule: dict[str, Kept] = {}
    held: list[Turn] = []
    for returns, some, which in acts:
        if returns and held:
            turn = held.pop(which % len(held))
            now = await book.give_back(turn, HORIZON)
            changed = give_back(turn, rule, now=now, since=turn.since, horizon=micros(HORIZON))
        else:
            limits = sorted(some, key=LIMITS.index)
            said = await book.take(limits, HORIZON)
            since = int(await book.client.get(SINCE) or 0)
            expected, changed = take(
                limits, rule, now=said.now, since=since, horizon=micros(HORIZON)
            )
            assert said == expected
            now = said.now
            held += [said] if isinstance(said, Turn) else []
        rule |= changed
        for limit in LIMITS:
            stored = await kept_in(book, limit)
            if stored is not None:
                assert stored == rule[limit.name]
            elif limit.name in changed:
                # Valkey forgets what is over, by a clock that has moved on since.
                assert rule[limit.name].end - now < 50_000


async def test_past_the_horizon_nothing_is_written(book: RedisTurnBook) -> None:
    limits = (Limit("one", 10_000_000), Limit("two", 1_000))
    assert isinstance(await book.take(limits, timedelta(seconds=15)), Turn)
    assert isinstance(await book.take(limits, timedelta(seconds=15)), Turn)
    before = [await kept_in(book, limit) for limit in limits]
    refused = await book.take(limits, timedelta(seconds=15))
    assert isinstance(refused, Later)
    assert 4 < refused.wait < 5
    assert [await kept_in(book, limit) for limit in limits] == before


async def test_an_empty_valkey_gives_no_burst_at_once(book: RedisTurnBook) -> None:
    limits = (Limit("one", 100_000, burst=10),)
    turns = [await book.take(limits, timedelta(minutes=1)) for _ in range(3)]
    assert turns[0].wait == 0
    assert [later.at - turns[0].at for later in turns[1:]] == [100_000, 200_000]


async def test_two_nodes_at_once_hold_the_limits_of_both_together(redis_url: str) -> None:
    limits = LIMITS[:2]
    async with redis_turns(redis_url) as north, redis_turns(redis_url) as south:
        answers = await asyncio.gather(
            *(
                node.take(limits, timedelta(minutes=1))
                for _ in range(150)
                for node in (north, south)
            )
        )
    turns = [answer.at for answer in answers if isinstance(answer, Turn)]
    assert len(turns) == 300
    for limit in limits:
        assert conforms(limit, turns)


async def test_two_nodes_pass_no_limit_when_all_is_flushed_in_the_middle(redis_url: str) -> None:
    async with redis_turns(redis_url) as north, redis_turns(redis_url) as south:
        pacers = [pacer_on(book) for book in (north, south)]
        turns: list[Turn] = []

        async def speak(number: int) -> None:
            for _ in range(10):
                account = AccountId(number)
                turns.append(await pacers[number % 2].wait_turn(account, CHAT))
                if len(turns) == 60:
                    await north.client.flushall()

        await asyncio.gather(*(speak(number) for number in range(20)))
    assert len(turns) == 200
    assert len({turn.since for turn in turns}) == 2
    for since in {turn.since for turn in turns}:
        mine = [turn.at for turn in turns if turn.since == since]
        assert conforms(named("all", turns), mine)
    # Beyond the limits, a lost book costs no more than the one turn with which it begins.
    overall = named("all", turns)
    once_more = Limit(overall.name, overall.apart, overall.burst + 1)
    assert conforms(once_more, [turn.at for turn in turns])


async def test_a_turn_given_back_is_had_by_the_next(book: RedisTurnBook) -> None:
    pacer = pacer_on(book)
    limits = (Limit("one", 10_000_000),)
    first = await book.take(limits, timedelta(minutes=1))
    assert isinstance(first, Turn)
    await pacer.give_back(first)
    second = await book.take(limits, timedelta(minutes=1))
    assert second.wait == 0


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput):
        async with redis_turns("nonsense://"):
            pass


async def test_a_server_that_is_not_there_is_said_to_be_away() -> None:
    async with redis_turns(f"redis://127.0.0.1:{free_port()}") as book:
        with pytest.raises(ServersUnavailable, match="does not answer"):
            await book.take(LIMITS, HORIZON)


@dataclass
class Mortal:
    """A Valkey that a test may kill, stop and start again at the same address."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                installed().valkey_server, "--bind", "127.0.0.1", "--port", str(self.port),
                "--dir", self.folder, "--logfile", self.folder / "log",
            ]
        )  # fmt: skip
        with redis.Redis.from_url(self.url) as client:
            while True:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        if number is signal.SIGKILL:
            self.process.wait()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    server = Mortal(tmp_path, free_port())
    server.start()
    yield server
    server.signal(signal.SIGKILL)


async def test_a_valkey_that_is_killed_and_comes_back_stops_nobody(
    mortal: Mortal, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "orchestrator.pacing.shared"):
        async with redis_turns(mortal.url) as book:
            pacer = pacer_on(book, nodes=2)
            await speak_for_a_while(pacer)
            assert pacer.describe() == "shared by all nodes"
            mortal.signal(signal.SIGKILL)
            await speak_for_a_while(pacer)
            assert pacer.describe().startswith("this node's share, one of 2")
            mortal.start()
            await speak_until_shared(pacer)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_valkey_that_hangs_holds_nobody_up_for_long(mortal: Mortal) -> None:
    async with redis_turns(mortal.url) as book:
        pacer = pacer_on(book)
        await speak_for_a_while(pacer)
        mortal.signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(15):
                await speak_for_a_while(pacer)
            assert pacer.describe().startswith("this node's share")
        finally:
            mortal.signal(signal.SIGCONT)
        await speak_until_shared(pacer)


async def test_a_valkey_restored_from_an_old_snapshot_begins_a_new_book(mortal: Mortal) -> None:
    limits = (Limit("one", 3_600_000_000, burst=2), Limit("many", 60_000_000, burst=100))
    async with redis_turns(mortal.url) as book:
        await book.take((limits[1],), timedelta(hours=2))
        await book.client.save()
        waits = [(await book.take((limits[1],), timedelta(hours=2))).wait for _ in range(3)]
        old = await book.take(limits, timedelta(hours=2))
        assert isinstance(old, Turn)
        mortal.signal(signal.SIGKILL)
        mortal.start()
        assert not await book.knows(old)
        fresh = [await book.take((limits[1],), timedelta(hours=2)) for _ in range(2)]
    assert waits[0] > 50
    assert [round(turn.wait) for turn in fresh] == [0, 60]
    assert all(isinstance(turn, Turn) and turn.since > old.since for turn in fresh)


def pacer_on(book: RedisTurnBook, nodes: int = 1) -> SharedPacer:
    async def count() -> int:
        return nodes

    return SharedPacer(TUNING, SystemClock(), book, count)


async def speak_for_a_while(pacer: SharedPacer) -> None:
    await asyncio.gather(*(pacer.wait_turn(AccountId(number), CHAT) for number in range(20)))


async def speak_until_shared(pacer: SharedPacer) -> None:
    async with asyncio.timeout(30):
        while pacer.describe() != "shared by all nodes":
            await speak_for_a_while(pacer)


def named(name: str, turns: list[Turn]) -> Limit:
    return next(limit for limit in turns[0].limits if limit.name == name)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port
