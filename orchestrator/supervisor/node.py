"""A process that holds accounts: it keeps leases, runs lanes side by side, and does the jobs."""

import asyncio
import logging
from dataclasses import dataclass, field

from orchestrator.errors import NotAllowed, ServersUnavailable
from orchestrator.ids import NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.leases.leader import Candidate
from orchestrator.leases.planner import plan
from orchestrator.ports.calendar import Calendar
from orchestrator.ports.leases import Lease, Pulse, Survey
from orchestrator.ports.watchdog import Watchdog
from orchestrator.ports.work import Topic
from orchestrator.stage import Stage
from orchestrator.supervisor.heart import Heart
from orchestrator.supervisor.lanes import Lanes
from orchestrator.supervisor.leading import Leading
from orchestrator.supervisor.presence import PULSE, Attendance, Presence
from orchestrator.supervisor.waiting import Waiting
from orchestrator.supervisor.workers import Worker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Node:
    """One `troupe run`."""

    stage: Stage
    name: NodeName
    worker: Worker
    version: str
    watchdog: Watchdog
    calendar: Calendar
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: Keeper = field(init=False)
    lanes: Lanes = field(init=False)
    heart: Heart = field(init=False)
    presence: Presence = field(init=False)
    attendance: Attendance = field(init=False)
    candidate: Candidate = field(init=False)
    waiting: Waiting = field(init=False)
    settled: frozenset[Pulse] | None = None
    """The nodes among which nothing was left to move; None: look again."""
    count_at: float = 0.0
    """When shares are counted again, whatever else happens."""

    def __post_init__(self) -> None:
        """Put the parts together; nothing runs before `run`."""
        stage, clock, lasts = self.stage, self.stage.clock, self.stage.tuning.lease.total_seconds()
        self.keeper = Keeper(self.name, stage.stores.leases, clock, lasts, stage.tenure)
        self.lanes = Lanes(stage, self.name, self.keeper)
        self.heart = Heart(self.keeper, clock, self.watchdog, self.lanes.lose)
        self.presence = Presence(self.name, stage.stores.leases, clock, self.version)
        self.attendance = Attendance(clock, lasts)
        self.candidate = Candidate(self.name, stage.stores.calendar, clock, lasts)
        self.waiting = Waiting(self.keeper, clock)

    @property
    def draining(self) -> bool:
        """Whether it takes no more accounts: asked to stop, or told to give them to others."""
        told = self.presence.draining or self.name in self.attendance.draining()
        return self.asked.is_set() or told

    def yields(self) -> bool:
        """Tell whether another node should lead: this one drains, and not all others do."""
        others = self.attendance.living() - {self.name}
        return self.draining and bool(others - self.attendance.draining())

    async def run(self) -> None:
        """Work until `asked` is set; then finish what was begun, and give every account back.

        Raises NotAllowed when the name is taken, or when no watchdog can be started.
        """
        # Taking a dead predecessor's name takes longer than a watchdog of a short lease waits.
        await self.presence.enter()
        log.info("node %s holds what accounts it can; Ctrl-C stops it", self.name)
        try:
            await self.start_watchdog()
            try:
                await self.work()
            except ExceptionGroup as failed:
                raise the_only(failed) from failed
            finally:
                self.lanes.lose(self.keeper.let_go())
                await self.lanes.wait_empty()
        finally:
            await self.watchdog.stop()

    async def start_watchdog(self) -> None:
        """Have this process watched; where that cannot be, it leaves at once."""
        try:
            await self.heart.start()
        except NotAllowed:
            await self.presence.leave()
            raise

    async def work(self) -> None:
        """Keep leases, do jobs, and lead if it falls to this node, until asked to stop."""
        leading = Leading(self.stage, self.name, self.calendar, self.candidate, self.yields)
        async with asyncio.TaskGroup() as group:
            lasting = [
                group.create_task(self.heart.run(), name="heart"),
                group.create_task(self.keep(), name="leases"),
            ]
            pulse = group.create_task(self.show_life(), name="pulse")
            ending = [
                group.create_task(self.do_jobs(), name="jobs"),
                group.create_task(leading.run(), name="leading"),
                group.create_task(self.stage.library.run(self.name), name="library"),
                group.create_task(self.stage.numbers.run(), name="numbers"),
            ]
            await self.asked.wait()
            for task in ending:
                task.cancel()
            # Leases are renewed, and the watchdog fed, until all of that has ended in order.
            self.lanes.leave(self.lanes.at_work)
            await asyncio.wait(ending)
            await self.lanes.wait_empty()
            pulse.cancel()
            await asyncio.wait({pulse})
            await self.say_goodbye()
            for task in lasting:
                task.cancel()

    async def say_goodbye(self) -> None:
        """Leave the calendar and the name to others; without a database they find out later."""
        try:
            await self.candidate.step_down()
            await self.presence.leave()
        except (ServersUnavailable, OSError) as away:
            log.warning("others take over when the lease is over: %s", away)

    async def do_jobs(self) -> None:
        """Do jobs under this process's number, and those of nodes that died."""
        await self.worker.run(lambda: self.presence.incarnation or 0, self.attendance.dead)

    async def show_life(self) -> None:
        """Give a sign of life every second; raises NotAllowed when the name went to another."""
        while True:
            try:
                async with asyncio.timeout(5 * PULSE):
                    if not await self.presence.show():
                        raise NotAllowed(
                            f'another process runs as node "{self.name}" now: this one ends'
                        )
            except (ServersUnavailable, TimeoutError, OSError) as failed:
                log.info("no sign of life could be given: %s", failed or "no answer in time")
            await self.stage.clock.sleep(PULSE)

    async def keep(self) -> None:
        """Renew, take and let go, several times in each lease."""
        pause = self.keeper.lasts / 6
        while True:
            try:
                async with asyncio.timeout(pause * 2):
                    await self.keep_once()
            except (ServersUnavailable, TimeoutError, OSError) as failed:
                log.warning("leases could not be renewed: %s", failed or "no answer in time")
            await self.stage.bell.wait(Topic.LEASES, pause)

    async def keep_once(self) -> None:
        """Do one round: what is lost stops at once, what is too much or unwanted in order."""
        self.lanes.lose(await self.keeper.renew())
        survey = await self.stage.stores.leases.survey(self.name, self.attendance.moving())
        self.attendance.note(survey.pulses)
        wanted = {lease.account for lease in survey.leases}
        self.lanes.leave([one for one in self.lanes.at_work if one not in wanted])
        self.lanes.leave(self.lanes.ended())
        self.waiting.look([one for one in survey.leases if one.account not in self.lanes.running])
        await self.balance(survey)

    async def balance(self, survey: Survey) -> None:
        """Take what is free up to this node's share, or give others what they lack.

        Counting is left out for a lease when nothing is free and nobody came, went, or moved
        anything.
        """
        living = self.attendance.living() | {self.name}
        free = [lease for lease in survey.leases if self.is_free(lease, living)]
        crew = self.attendance.crew()
        now = self.stage.clock.monotonic()
        if not free and crew == self.settled and now < self.count_at:
            return
        counted = await self.stage.stores.leases.shares()
        shares = {node: counted.get(node, 0) for node in living}
        shares[self.name] = len(self.lanes.at_work)
        draining = self.attendance.draining() | ({self.name} if self.draining else frozenset())
        mine = plan(self.name, shares, len(free), draining)
        limit = mine.take if self.heart.guarded else 0
        for account in await self.keeper.take(free, limit):
            self.lanes.start(account)
        self.lanes.leave(self.lanes.at_work[: mine.give])
        self.settled = None if mine.give or mine.take else crew
        self.count_at = now + self.keeper.lasts

    def is_free(self, lease: Lease, living: frozenset[NodeName]) -> bool:
        """Tell whether a lease is, or will be, to be had: no living node of others holds it."""
        if lease.account in self.lanes.running:
            return False
        others = lease.node in living and lease.node != self.name
        return lease.released or not others


def the_only(group: ExceptionGroup[Exception]) -> Exception:
    """Return the one exception in a group, or the group where there are several."""
    match group.exceptions:
        case (ExceptionGroup() as inner,):
            return the_only(inner)
        case (only,):
            return only
    return group
