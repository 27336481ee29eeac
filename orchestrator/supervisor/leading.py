"""What the one leading node does: it keeps the calendar, and gives channels readers."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.errors import ServersUnavailable
from orchestrator.ids import NodeName
from orchestrator.leases.leader import Candidate
from orchestrator.ports.calendar import Calendar, Entry
from orchestrator.ports.work import Topic
from orchestrator.stage import Stage
from orchestrator.supervisor.chores import Readers, calendar_entries

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds until a firing that could not be stored is tried again."""


@dataclass(slots=True)
class Leading:
    """Stands for leader, and leads while it is one."""

    stage: Stage
    node: NodeName
    calendar: Calendar
    candidate: Candidate
    yields: Callable[[], bool]
    """Whether others should lead: this node drains, and there is one that does not."""

    async def run(self) -> None:
        """Stand for ever; every look is bounded, for a leader that cannot renew must stop."""
        pause = self.candidate.lasts / 6
        while True:
            if await self.stand(pause * 2):
                log.info("node %s leads what is done periodically", self.node)
                await self.lead(pause)
                log.info("node %s leads no more", self.node)
            await self.stage.bell.wait(Topic.LEASES, pause)

    async def stand(self, limit: float) -> bool:
        """Renew, or try to become leader; who should yield leaves it to others."""
        try:
            async with asyncio.timeout(limit):
                if self.yields():
                    await self.candidate.step_down()
                    return False
                return await self.candidate.stand()
        except (ServersUnavailable, TimeoutError, OSError):
            return self.candidate.leads

    async def lead(self, pause: float) -> None:
        """Keep the calendar and give readers, until the leadership is lost."""
        duties = [
            asyncio.create_task(self.keep_calendar(), name="calendar"),
            asyncio.create_task(self.give_readers(), name="readers"),
        ]
        try:
            while await self.stand(pause * 2):
                done, _ = await asyncio.wait(duties, timeout=pause, return_when="FIRST_COMPLETED")
                for ended in done:
                    ended.result()
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)

    async def give_readers(self) -> None:
        """Give channels readers every now and then; while the database is away, they wait."""
        readers = Readers(self.stage)
        while True:
            try:
                await readers.assign()
            except ServersUnavailable as away:
                log.warning("channels wait for readers: %s", away)
            await self.stage.clock.sleep(self.stage.tuning.poll.total_seconds())

    async def keep_calendar(self) -> None:
        """Run the calendar, and rebuild it from the database whenever what it holds changed."""
        running: asyncio.Task[None] | None = None
        shown: tuple[Entry, ...] = ()
        try:
            while True:
                try:
                    entries = calendar_entries(await self.stage.stores.calendar.openings())
                    if running is None or entries != shown:
                        running = await self.show(entries, running)
                        shown = entries
                except ServersUnavailable as away:
                    log.warning("the calendar waits: %s", away)
                await self.wait_for_changes(running)
        finally:
            await ended(running)

    async def wait_for_changes(self, running: asyncio.Task[None] | None) -> None:
        """Wait until campaigns changed, or look anyway; raises what the calendar failed with."""
        if running is not None and running.done():
            running.result()
        await self.stage.bell.wait(Topic.CAMPAIGNS, self.candidate.lasts)

    async def show(
        self, entries: tuple[Entry, ...], running: asyncio.Task[None] | None
    ) -> asyncio.Task[None]:
        """Run the calendar with these entries instead of what it ran with."""
        fired = await self.last_firings()
        await ended(running)
        return asyncio.create_task(
            self.calendar.run(entries, fired, self.fire), name="calendar entries"
        )

    async def last_firings(self) -> Mapping[str, datetime]:
        """Return when each entry fired last."""
        return await self.stage.stores.calendar.last_firings(self.stage.clock.now())

    async def fire(self, entry: Entry, at: datetime) -> None:
        """Record a firing with its job; while the database is away, it is tried again."""
        while True:
            try:
                fired = await self.stage.stores.calendar.fire(entry.key, at, entry.task, self.node)
            except ServersUnavailable as away:
                log.warning("%s of %s waits to be recorded: %s", entry.key, at, away)
                await self.stage.clock.sleep(RETRY)
            else:
                if fired:
                    log.debug("%s fired for %s", entry.key, at)
                return


async def ended(task: asyncio.Task[None] | None) -> None:
    """End a task, if there is one, and wait for it."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
