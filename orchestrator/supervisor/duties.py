"""What jobs mean: which part of the house does what."""

from dataclasses import dataclass
from typing import Any

from orchestrator.conversations.conductor import Conductor
from orchestrator.drafting.decider import Decider
from orchestrator.jobs import (
    AskForProofs,
    ConsiderPost,
    Converse,
    HearGroupMessage,
    Job,
    KeepStudyGroup,
    LookAtComments,
    LookAtStudyGroups,
    OpenWindow,
    RefreshEngagement,
    SayLessonLine,
    SweepTables,
    Task,
    VerifyGrant,
)
from orchestrator.operations import logged
from orchestrator.ports.logs import OperationKind
from orchestrator.stage import Stage
from orchestrator.study_groups.duties import GroupDuties
from orchestrator.supervisor.chores import do_chore
from orchestrator.supervisor.upkeep import Upkeep
from orchestrator.whereabouts import at_work


@dataclass(frozen=True, slots=True)
class Duties:
    """Does one job; implements `orchestrator.supervisor.workers.Deed` by `do`."""

    stage: Stage
    decider: Decider
    conductor: Conductor
    upkeep: Upkeep
    groups: GroupDuties

    async def do(self, job: Job) -> None:
        """Do what the job says; everything logged meanwhile tells of the job."""
        log, clock = self.stage.operations, self.stage.clock
        with at_work(job=job.id, **subject_of(job.task)):
            match job.task:
                case ConsiderPost(post):
                    await self.decider.decide(post)
                case Converse(conversation):
                    await self.conductor.converse(job, conversation)
                case RefreshEngagement(comment):
                    with logged(log, clock, OperationKind.REFRESH_ENGAGEMENT):
                        await self.upkeep.refresh_engagement(comment)
                case VerifyGrant(grant):
                    with logged(log, clock, OperationKind.VERIFY_GRANT):
                        await self.upkeep.verify_grant(grant)
                case KeepStudyGroup() | HearGroupMessage() | SayLessonLine() | LookAtStudyGroups():
                    await self.groups.do(job, job.task)
                case AskForProofs() | LookAtComments() | SweepTables() | OpenWindow():
                    await do_chore(self.stage, job.task)


def subject_of(task: Task) -> dict[str, Any]:
    """Name what a task is about, as logs name it."""
    match task:
        case ConsiderPost(post):
            return {"post": post}
        case RefreshEngagement(comment):
            return {"comment": comment}
    return {}
