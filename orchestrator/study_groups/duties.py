"""What jobs about study groups mean."""

from dataclasses import dataclass

from orchestrator.jobs import (
    HearGroupMessage,
    Job,
    KeepStudyGroup,
    LookAtStudyGroups,
    SayLessonLine,
)
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.group_talk import GroupTalk
from orchestrator.stage import Stage
from orchestrator.study_groups.hearing import GroupHearing
from orchestrator.study_groups.keeping import GroupKeeper
from orchestrator.study_groups.lessons import Lessons

GroupTask = KeepStudyGroup | HearGroupMessage | SayLessonLine | LookAtStudyGroups


@dataclass(frozen=True, slots=True)
class GroupDuties:
    """Does one job about study groups, through the lanes of whoever holds the accounts."""

    stage: Stage
    door: AccountDoor
    talk: GroupTalk | None = None

    async def do(self, job: Job, task: GroupTask) -> None:
        """Do what the job says; each looks first whether it is still to be done."""
        match task:
            case KeepStudyGroup(group):
                await GroupKeeper(self.stage, self.door).keep(group)
            case HearGroupMessage(message):
                await GroupHearing(self.stage, self.talk).hear(job, message)
            case SayLessonLine(lesson, number):
                await Lessons(self.stage).say(job, lesson, number)
            case LookAtStudyGroups():
                await GroupKeeper(self.stage, self.door).queue_due()
