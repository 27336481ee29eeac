"""One node keeps the calendar, and rebuilds it when what it is made of changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.compose import Company, company
from cli.settings import Settings
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed
from orchestrator.ports.calendar import Entry, Fire
from orchestrator.supervisor.node import Node
from orchestrator.tuning import Tuning
from tests.integration.db.conftest import Scene
from tests.support.watchdog import NoWatchdog

QUICK = Tuning(lease=timedelta(seconds=6), claim=timedelta(seconds=1), stop=timedelta(seconds=1))
PATIENCE = 90.0
NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class WallCalendar:
    """A calendar that shows what it holds; the test fires it."""

    def __init__(self) -> None:
        self.entries: tuple[str, ...] = ()
        self.fire: Fire | None = None
        self.by_key: dict[str, Entry] = {}

    async def run(
        self, entries: Sequence[Entry], fired: Mapping[str, datetime], fire: Fire
    ) -> None:
        self.entries = tuple(entry.key for entry in entries)
        self.by_key = {entry.key: entry for entry in entries}
        self.fire = fire
        try:
            await asyncio.Event().wait()
        finally:
            self.entries = ()


@pytest.fixture
async def found(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Company]:
    settings = Settings(database_url=database_url, redis_url=redis_url)
    told = settings.model_copy(update={"home": tmp_path})
    async with company(told, tuning=QUICK, watchdog=NoWatchdog()) as opened:
        yield opened


@asynccontextmanager
async def running(found: Company, name: str) -> AsyncIterator[tuple[Node, WallCalendar]]:
    """Run a node whose calendar the test reads."""
    node, calendar = found.node(name), WallCalendar()
    node.calendar, node.watchdog = calendar, NoWatchdog()
    node.heart.watchdog = node.watchdog
    task = asyncio.create_task(node.run())
    try:
        yield node, calendar
    finally:
        node.asked.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not done():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


async def test_one_leads_the_other_follows_and_the_calendar_follows_the_database(
    found: Company, scene: Scene
) -> None:
    async with running(found, "b") as (_, second):
        async with running(found, "a") as (_, first):
            await until(lambda: bool(first.entries or second.entries))
            leading = first if first.entries else second
            assert leading.entries == ("proofs", "engagement", "study groups", "sweep")
            # Plain SQL is heard too.
            await scene.sql("UPDATE schedules SET start_time = '09:00', end_time = '18:00'")
            await until(lambda: "window 09:00 Europe/Moscow" in leading.entries)
            await scene.sql("UPDATE campaigns SET state = 'paused'")
            await until(
                lambda: leading.entries == ("proofs", "engagement", "study groups", "sweep")
            )
            assert not (first.entries and second.entries)
        await until(lambda: bool(second.entries))
        assert first.entries == ()


async def test_a_former_leader_that_still_fires_fires_nothing_twice(
    found: Company, scene: Scene
) -> None:
    async with running(found, "a") as (_, first):
        await until(lambda: bool(first.entries))
        former, entry = first.fire, first.by_key["sweep"]
    assert former is not None
    async with running(found, "b") as (_, second):
        await until(lambda: bool(second.entries))
        assert second.fire is not None
        await asyncio.gather(*(fire(entry, NINE) for fire in (former, second.fire) * 5))
    assert await scene.sql("SELECT count(*) FROM firings WHERE schedule = 'sweep'") == 1
    assert await scene.sql("SELECT count(*) FROM jobs WHERE kind = 'SweepTables'") == 1


async def test_a_node_without_a_watchdog_holds_nothing_and_says_why(found: Company) -> None:
    class NoProcess(NoWatchdog):
        async def start(self, until: float) -> None:
            raise NotAllowed(f"no watchdog process could be started before {until}")

    node = found.node("a")
    node.watchdog = node.heart.watchdog = NoProcess()
    with pytest.raises(NotAllowed, match="no watchdog process"):
        await node.run()
    assert await found.stage.stores.leases.nodes() == []


async def test_a_node_that_drains_leaves_the_calendar_to_one_that_does_not(
    found: Company,
    scene: Scene,  # noqa: ARG001 - what there is to keep a calendar of
) -> None:
    async with running(found, "b") as (_, second), running(found, "a") as (_, first):
        await until(lambda: bool(first.entries or second.entries))
        name, leads, follows = ("a", first, second) if first.entries else ("b", second, first)
        await found.service.nodes.drain(Actor("olga"), name)
        await until(lambda: bool(follows.entries))
        assert leads.entries == ()
        # Where all drain, somebody must go on.
        await found.service.nodes.drain(Actor("olga"), "b" if name == "a" else "a")
        await until(lambda: follows.entries != () or leads.entries != ())
