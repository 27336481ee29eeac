"""Doing the jobs that wait in the queue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable, TroupeError
from orchestrator.ids import JobId, NodeName
from orchestrator.jobs import Job
from orchestrator.ports.work import Bell, Claimant, JobStore, Topic
from orchestrator.tuning import Tuning
from orchestrator.whereabouts import settle

log = logging.getLogger(__name__)

Deed = Callable[[Job], Awaitable[None]]
"""Does one job; may be asked twice for the same one, so it looks first."""

GOODBYE = 3.0
"""Seconds for telling what became of the jobs in hand when the worker is stopped."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Takes jobs in batches and does several side by side, so that a slow one holds up nobody."""

    node: NodeName
    jobs: JobStore
    bell: Bell
    clock: Clock
    tuning: Tuning
    do: Deed
    batch: int = 100
    hands: int = 16

    async def run(
        self,
        incarnation: Callable[[], int] = int,
        dead: Callable[[], frozenset[NodeName]] = frozenset,
    ) -> None:
        """Do jobs for ever; what fails is put off with growing delays, then buried.

        What a process left behind is taken over once its node is `dead`. While the database is
        away, jobs wait. The `incarnation` is asked for each time: a process whose name was swept
        away goes by another number.
        """
        settle(node=self.node)
        shift = Shift(self, incarnation, dead)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.hands):
                    group.create_task(shift.work(), name=f"job hand {number}")
                await shift.lead()
        finally:
            await shift.end()


@dataclass(slots=True)
class Shift:
    """One run of a worker: what it has taken, and what of that is done."""

    worker: Worker
    incarnation: Callable[[], int]
    dead: Callable[[], frozenset[NodeName]]
    todo: asyncio.Queue[Job] = field(default_factory=asyncio.Queue)
    done: list[Job] = field(default_factory=list)
    held: dict[JobId, Job] = field(default_factory=dict)
    """Whatever PostgreSQL may believe to be in these hands."""
    call: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the hands soon have nothing to do."""
    next_look: float = 0.0

    @property
    def claimant(self) -> Claimant:
        """Who takes jobs now."""
        return Claimant(self.worker.node, self.incarnation())

    @property
    def runs_low(self) -> bool:
        """Whether it is time to fetch more."""
        return self.todo.qsize() <= self.worker.batch // 2

    async def lead(self) -> None:
        """Fetch jobs and store what is done, in as few steps as there can be."""
        while True:
            try:
                await self.look_after_the_dead()
                is_all = await self.exchange()
            except ServersUnavailable as away:
                log.warning("jobs wait: %s", away)
                await self.worker.clock.sleep(self.worker.tuning.poll.total_seconds())
            else:
                await self.rest(is_all=is_all)

    async def exchange(self) -> bool:
        """Store what is done and take what is due; returns whether nothing more was due."""
        finished = tuple(self.done)
        room = self.worker.batch - self.todo.qsize()
        taken = await self.worker.jobs.take_jobs(self.claimant, room, done=finished)
        del self.done[: len(finished)]
        self.let_go(finished)
        for job in taken:
            self.hold(job)
        return len(taken) < room

    def hold(self, job: Job) -> None:
        """Have a job that was taken done, whatever came of it when it was taken before.

        A deed may give its job back for later. It may be due, and in these hands again, before the
        one who gave it back has told so: that must not finish what was only begun anew.
        """
        self.done = [one for one in self.done if one.id != job.id]
        self.held[job.id] = job
        self.todo.put_nowait(job)

    def note_done(self, job: Job) -> None:
        """Have a job finished, unless it was taken anew meanwhile."""
        if self.held.get(job.id) is job:
            self.done.append(job)

    async def look_after_the_dead(self) -> None:
        """Make due again, from time to time, what a dead process held, or what nobody knows of.

        An answer that was lost leaves jobs with this process which it has never heard of.
        """
        now = self.worker.clock.monotonic()
        if now < self.next_look:
            return
        dead = self.dead() - {self.worker.node}
        count = await self.worker.jobs.take_over_jobs(self.claimant, tuple(self.held), dead)
        self.next_look = now + self.worker.tuning.lease.total_seconds() / 3
        if count:
            log.warning("%d jobs that were left behind are due again", count)

    async def rest(self, *, is_all: bool) -> None:
        """Wait until the hands call, or, when nothing more was due, until something may be."""
        if is_all and not self.done:
            await self.wait_for_call_or_bell()
        elif not is_all and not self.runs_low:
            poll = self.worker.tuning.poll.total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(poll):
                    await self.call.wait()
        self.call.clear()

    async def wait_for_call_or_bell(self) -> None:
        """Wait for whichever comes first; the poll stands behind the bell."""
        poll = self.worker.tuning.poll.total_seconds()
        waiting = {
            asyncio.create_task(self.call.wait(), name="call of hands"),
            asyncio.create_task(self.worker.bell.wait(Topic.JOBS, poll), name="bell of jobs"),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def work(self) -> None:
        """Do one job after another."""
        while True:
            job = await self.todo.get()
            error = await self.attempt(job)
            if error is None:
                self.note_done(job)
            else:
                await self.put_off(job, error)
            if self.runs_low:
                self.call.set()

    async def attempt(self, job: Job) -> str | None:
        """Do a job, within a time limit; returns what went wrong."""
        if job.attempts >= self.worker.tuning.jobs.attempts:
            return "the process that was doing it ended, each time"
        limit = self.worker.tuning.job_lasts
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self.worker.do(job)
        except TimeoutError:
            return f"it was not done within {limit}"
        except TroupeError as failed:
            return str(failed)
        except Exception as bug:
            log.exception("job %s failed", job.id)
            return repr(bug)
        return None

    async def put_off(self, job: Job, error: str) -> None:
        """Try the job again later, or give it up after the last attempt."""
        retries = self.worker.tuning.jobs
        try:
            if job.attempts + 1 >= retries.attempts:
                await self.worker.jobs.bury_job(job, error)
            else:
                delay = retries.delay_after(job.attempts + 1)
                await self.worker.jobs.put_off_job(job, delay, error)
        except ServersUnavailable as away:
            log.warning("job %s is soon due again: %s", job.id, away)
        # Where this could not be stored, nobody knows of the job any more: it is looked after.
        self.let_go([job])

    def let_go(self, jobs: Iterable[Job]) -> None:
        """Hold these no longer; what was taken anew is held on to."""
        for job in jobs:
            if self.held.get(job.id) is job:
                del self.held[job.id]

    async def end(self) -> None:
        """Store what is done, and give back what was not."""
        self.let_go(self.done)
        try:
            async with asyncio.timeout(GOODBYE):
                await self.worker.jobs.finish_jobs(self.done)
                await self.worker.jobs.return_jobs(tuple(self.held.values()))
        except (ServersUnavailable, TimeoutError) as away:
            log.warning("the jobs in hand are taken over later: %s", away or "no answer in time")
