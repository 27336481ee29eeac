"""Doing the jobs that wait in the queue."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestrator.drafting.decider import Decider
from orchestrator.errors import ServersUnavailable, TroupeError
from orchestrator.ids import NodeName
from orchestrator.jobs import (
    AskForProofs,
    ConsiderPost,
    Job,
    OpenWindow,
    RefreshEngagement,
    SweepTables,
    Task,
    VerifyGrant,
)
from orchestrator.operations import logged
from orchestrator.ports.logs import OperationKind
from orchestrator.ports.work import Topic
from orchestrator.stage import Stage
from orchestrator.supervisor.chores import do_chore
from orchestrator.supervisor.upkeep import Upkeep
from orchestrator.whereabouts import at_work, settle

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """Takes jobs in batches and does them in order."""

    stage: Stage
    node: NodeName
    decider: Decider
    upkeep: Upkeep
    batch: int = 20

    async def run(self) -> None:
        """Do jobs for ever; what fails is put off with growing delays, then buried.

        While the database is away, jobs wait.
        """
        settle(node=self.node)
        while True:
            try:
                jobs = await self.stage.stores.jobs.take_jobs(
                    self.node, self.batch, stale_after=timedelta(minutes=5)
                )
                await self.work_off(jobs)
            except ServersUnavailable as away:
                log.warning("jobs wait: %s", away)
                jobs = ()
            if not jobs:
                await self.stage.bell.wait(Topic.JOBS, self.stage.tuning.poll.total_seconds())

    async def work_off(self, jobs: Sequence[Job]) -> None:
        """Do each job; one that fails holds up none of the others.

        A job may be done twice when the process dies before the batch is marked: each looks first.
        """
        done: list[Job] = []
        for job in jobs:
            try:
                await self.do(job)
                done.append(job)
            except TroupeError as failed:
                await self.put_off(job, str(failed))
            except Exception as bug:
                log.exception("job %s failed", job.id)
                await self.put_off(job, repr(bug))
        if done:
            await self.stage.stores.jobs.finish_jobs(done)

    async def do(self, job: Job) -> None:
        """Do what the job says; everything logged meanwhile tells of the job."""
        log, clock = self.stage.operations, self.stage.clock
        with at_work(job=job.id, **subject_of(job.task)):
            match job.task:
                case ConsiderPost(post):
                    await self.decider.decide(post)
                case RefreshEngagement(comment):
                    with logged(log, clock, OperationKind.REFRESH_ENGAGEMENT):
                        await self.upkeep.refresh_engagement(comment)
                case VerifyGrant(grant):
                    with logged(log, clock, OperationKind.VERIFY_GRANT):
                        await self.upkeep.verify_grant(grant)
                case AskForProofs() | SweepTables() | OpenWindow():
                    await do_chore(self.stage, job.task)

    async def put_off(self, job: Job, error: str) -> None:
        """Try the job again later, or give it up after the last attempt."""
        retries = self.stage.tuning.jobs
        if job.attempts + 1 >= retries.attempts:
            await self.stage.stores.jobs.bury_job(job, error)
        else:
            delay = retries.delay_after(job.attempts + 1)
            await self.stage.stores.jobs.put_off_job(job, delay, error)


def subject_of(task: Task) -> dict[str, Any]:
    """Name what a task is about, as logs name it."""
    match task:
        case ConsiderPost(post):
            return {"post": post}
        case RefreshEngagement(comment):
            return {"comment": comment}
    return {}
