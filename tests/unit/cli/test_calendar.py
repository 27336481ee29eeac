"""The calendar under a wall clock that is moved by hand, also backwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.calendar import TICK, ApsCalendar
from orchestrator.jobs import OpenWindow, SweepTables
from orchestrator.ports.calendar import Daily, Entry, Every
from tests.support.clock import HandClock

NINE = Entry("nine", OpenWindow("09:00", "Europe/Berlin"), Daily("09:00", "Europe/Berlin"))
HOURLY = Entry("hourly", SweepTables(), Every(timedelta(hours=1)))
START = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)


class TurnedClock(HandClock):
    """A clock on which a tick passes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = START
        self.ticks = asyncio.Semaphore(0)
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self.ticks.acquire()
        self.pass_by(seconds)

    async def tick(self, times: int = 1) -> None:
        """Let the calendar look at the clock again, and do what follows."""
        for _ in range(times):
            await self.asleep.wait()
            self.asleep.clear()
            self.ticks.release()
            await self.asleep.wait()
            for _ in range(10):
                await asyncio.sleep(0)


class Fired:
    """A calendar on a turned clock, with what it fired and PostgreSQL's rule about it."""

    def __init__(self, clock: TurnedClock) -> None:
        self.clock = clock
        self.times: list[tuple[str, datetime]] = []
        self.doubled: list[tuple[str, datetime]] = []

    async def fire(self, entry: Entry, at: datetime) -> None:
        one = (entry.key, at)
        (self.doubled if one in self.times else self.times).append(one)

    def of(self, entry: Entry) -> list[datetime]:
        return [at for key, at in self.times if key == entry.key]

    @asynccontextmanager
    async def running(
        self, *entries: Entry, fired: Mapping[str, datetime] | None = None
    ) -> AsyncIterator[TurnedClock]:
        running = asyncio.create_task(ApsCalendar(self.clock).run(entries, fired or {}, self.fire))
        try:
            await self.clock.tick()
            yield self.clock
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> Fired:
    clock = TurnedClock()
    turn_apscheduler(monkeypatch, clock)
    return Fired(clock)


def turn_apscheduler(monkeypatch: pytest.MonkeyPatch, clock: TurnedClock) -> None:
    """Show APScheduler the turned clock."""

    class TurnedTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock.wall.astimezone(tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", TurnedTime)


async def test_what_is_periodic_fires_at_the_start_and_then_at_the_same_moments_everywhere(
    fired: Fired,
) -> None:
    async with fired.running(HOURLY) as clock:
        assert fired.of(HOURLY) == [START.replace(minute=0)]
        clock.pass_by(1800)
        await clock.tick()
        assert fired.of(HOURLY)[1:] == [START.replace(hour=7, minute=0)]


async def test_a_time_of_day_is_that_of_its_place(fired: Fired) -> None:
    async with fired.running(NINE) as clock:
        assert fired.of(NINE) == []
        clock.pass_by(90 * 60)
        await clock.tick()
        assert fired.of(NINE) == [datetime(2026, 3, 2, 8, 0, tzinfo=UTC)]


async def test_summer_time_moves_it(fired: Fired) -> None:
    fired.clock.wall = datetime(2026, 3, 30, 6, 30, tzinfo=UTC)
    async with fired.running(NINE) as clock:
        clock.pass_by(40 * 60)
        await clock.tick()
        assert fired.of(NINE) == [datetime(2026, 3, 30, 7, 0, tzinfo=UTC)]


async def test_what_was_missed_while_nobody_led_is_made_up_for(fired: Fired) -> None:
    last = {NINE.key: datetime(2026, 2, 27, 8, 0, tzinfo=UTC), HOURLY.key: START}
    async with fired.running(NINE, HOURLY, fired=last):
        assert fired.of(NINE) == [datetime(2026, 3, 1, 8, 0, tzinfo=UTC)]
        assert fired.of(HOURLY) == []


async def test_a_clock_that_is_set_forward_loses_nothing(fired: Fired) -> None:
    async with fired.running(NINE) as clock:
        clock.wall += timedelta(hours=3)
        await clock.tick(2)
        assert fired.of(NINE) == [datetime(2026, 3, 2, 8, 0, tzinfo=UTC)]


async def test_a_clock_that_is_set_back_fires_the_times_that_come_again_under_the_same_key(
    fired: Fired,
) -> None:
    async with fired.running(NINE, HOURLY) as clock:
        clock.pass_by(2 * 3600)
        await clock.tick(2)
        clock.wall -= timedelta(hours=2)
        await clock.tick(2)
        clock.pass_by(2 * 3600)
        await clock.tick(2)
        assert fired.of(NINE) == [datetime(2026, 3, 2, 8, 0, tzinfo=UTC)]
        assert fired.doubled
        assert len(set(fired.times)) == len(fired.times)


async def test_years_ahead_and_back_again_cost_neither_time_nor_a_firing(fired: Fired) -> None:
    minutely = Entry("minutely", SweepTables(), Every(timedelta(minutes=1)))
    async with fired.running(NINE, minutely) as clock:
        clock.wall += timedelta(days=4000)
        await clock.tick(2)
        assert len(fired.times) < 10
        clock.wall -= timedelta(days=4000)
        await clock.tick(2)
        clock.pass_by(2 * 3600)
        await clock.tick(2)
        assert datetime(2026, 3, 2, 8, 0, tzinfo=UTC) in fired.of(NINE)


async def test_an_unknown_time_zone_stops_nothing_else(fired: Fired) -> None:
    lost = Entry("lost", SweepTables(), Daily("09:00", "Atlantis/Centre"))
    async with fired.running(lost, NINE) as clock:
        clock.pass_by(2 * 3600)
        await clock.tick()
        assert len(fired.of(NINE)) == 1


async def test_what_fails_to_fire_ends_the_calendar_with_its_reason(fired: Fired) -> None:
    async def fail(entry: Entry, at: datetime) -> None:
        raise RuntimeError(f"{entry.key} {at}")

    running = asyncio.create_task(ApsCalendar(fired.clock).run([HOURLY], {}, fail))
    await fired.clock.asleep.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    fired.clock.ticks.release()
    with pytest.raises(RuntimeError, match="hourly"):
        await running


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.integers(-30 * 3600, 30 * 3600), st.integers(0, 3 * 3600)), max_size=6)
)
async def test_however_the_clock_jumps_every_day_that_it_shows_in_the_end_has_fired_once(
    monkeypatch: pytest.MonkeyPatch, acts: list[tuple[int, int]]
) -> None:
    clock = TurnedClock()
    with monkeypatch.context() as patched:
        turn_apscheduler(patched, clock)
        fired = Fired(clock)
        async with fired.running(NINE):
            for jump, passes in acts:
                clock.wall += timedelta(seconds=jump)
                await clock.tick(2)
                clock.pass_by(passes)
                await clock.tick(2)
            begun = clock.wall
            for _ in range(48):
                clock.pass_by(3600 - TICK)
                await clock.tick()
    assert len(fired.times) == len(set(fired.times))
    due = {at for day in range(3) if begun < (at := next_nine(begun, day)) <= clock.wall}
    assert due <= set(fired.of(NINE))
    assert len(due) >= 1


def next_nine(moment: datetime, day: int) -> datetime:
    """Return nine o'clock in Berlin, in winter, so many days after that day."""
    return moment.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=day)
