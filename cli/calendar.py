"""The calendar, kept by APScheduler: it says when something is due, and never twice on purpose.

What is due follows from the rhythm alone, the same moments on every node; so two leaders fire the
same times, and PostgreSQL takes each once. The wall clock is looked at every second: when it was
set, everything is reckoned anew from what has fired.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from orchestrator.campaigns.window import zone_named
from orchestrator.clock import Clock
from orchestrator.errors import BadInput
from orchestrator.ports.calendar import Daily, Entry, Every, Fire

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at the wall clock."""

SET = 1.0
"""By how many seconds the wall clock must stray from the one that never jumps to count as set."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

Due = tuple[str, Sequence[datetime]]


class Queue(BaseExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Takes what is due from APScheduler, with the times at which it was due."""

    def __init__(self) -> None:
        super().__init__()
        self.due: asyncio.Queue[Due] = asyncio.Queue()

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:  # noqa: ANN401
        """Pass it on, and count it as done once APScheduler has counted it as begun."""
        self.due.put_nowait((job.id, run_times))
        asyncio.get_running_loop().call_soon(self._run_job_success, job.id, [])


class Rhythm(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """An entry's times; of those that were missed, the newest is made up for."""

    __slots__ = ("reach", "times")

    def __init__(self, rhythm: Every | Daily) -> None:
        """Read a rhythm; raises BadInput for a time zone that there is not."""
        match rhythm:
            case Every(period):
                self.reach = period
                self.times = IntervalTrigger(
                    seconds=period.total_seconds(), start_date=EPOCH, timezone=UTC
                )
            case Daily(at, zone):
                hour, _, minute = at.partition(":")
                self.reach = DAY
                self.times = CronTrigger(
                    hour=int(hour), minute=int(minute), timezone=zone_named(zone)
                )

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:  # noqa: ANN401
        """Return the time after the previous one, or the first that is not long over."""
        if previous_fire_time is None or now - previous_fire_time > self.reach:
            return self.times.get_next_fire_time(None, now - self.reach)
        return self.times.get_next_fire_time(previous_fire_time, now)


@dataclass(slots=True)
class ApsCalendar:
    """Implements `Calendar`."""

    clock: Clock

    async def run(
        self, entries: Sequence[Entry], fired: Mapping[str, datetime], fire: Fire
    ) -> None:
        """Fire each entry at its times; begin anew whenever the wall clock was set."""
        begun = self.clock.now()
        # A time of day that never fired is missed from now on, should the clock be set past it.
        done = {one.key: begun for one in entries if isinstance(one.rhythm, Daily)} | dict(fired)
        queue = Queue()
        firing = asyncio.create_task(self.fire_all(entries, queue, done, fire), name="firing")
        try:
            while not firing.done():
                await self.run_until_set(entries, queue, done, firing)
            firing.result()
        finally:
            firing.cancel()
            await asyncio.gather(firing, return_exceptions=True)

    async def fire_all(
        self, entries: Sequence[Entry], queue: Queue, done: dict[str, datetime], fire: Fire
    ) -> None:
        """Fire what is due, one after another."""
        by_key = {entry.key: entry for entry in entries}
        while True:
            key, times = await queue.due.get()
            for at in times:
                await fire(by_key[key], at.astimezone(UTC))
                done[key] = at

    async def run_until_set(
        self,
        entries: Sequence[Entry],
        queue: Queue,
        done: Mapping[str, datetime],
        firing: asyncio.Task[None],
    ) -> None:
        """Let APScheduler work until the wall clock was set, or nothing fires any more."""
        stray = self.stray()
        scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": queue})
        self.fill(scheduler, entries, done)
        scheduler.start()
        try:
            while not firing.done() and abs(self.stray() - stray) < SET:
                scheduler.wakeup()
                await self.clock.sleep(TICK)
        finally:
            scheduler.shutdown(wait=False)
            await asyncio.sleep(0)

    def fill(
        self, scheduler: AsyncIOScheduler, entries: Sequence[Entry], done: Mapping[str, datetime]
    ) -> None:
        """Put every entry in, with its next time by what has fired."""
        now = self.clock.now()
        for entry in entries:
            try:
                rhythm = Rhythm(entry.rhythm)
            except BadInput as unusable:
                log.warning("%s is never due: %s", entry.key, unusable)
                continue
            scheduler.add_job(
                entry.key.strip,
                rhythm,
                id=entry.key,
                next_run_time=next_time(entry, rhythm, done.get(entry.key), now),
                misfire_grace_time=None,
                max_instances=100,
            )

    def stray(self) -> float:
        """Return by how much the wall clock is ahead of the one that never jumps."""
        return self.clock.now().timestamp() - self.clock.monotonic()


def next_time(entry: Entry, rhythm: Rhythm, last: datetime | None, now: datetime) -> Any:  # noqa: ANN401
    """Return when an entry is due, given when it fired last.

    What never fired is due at once if it is periodic, and at its next time if that is one of day.
    """
    if last is not None and last <= now:
        return rhythm.get_next_fire_time(last, now)
    if last is None and isinstance(entry.rhythm, Every):
        return rhythm.get_next_fire_time(None, now)
    return rhythm.times.get_next_fire_time(None, now)
