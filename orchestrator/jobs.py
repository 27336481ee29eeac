"""What is left to do, as values: a job is one of these, stored in PostgreSQL until it is done."""

from dataclasses import dataclass

from orchestrator.ids import (
    CommentId,
    ConversationId,
    GrantId,
    GroupMessageId,
    JobId,
    LessonId,
    PostRef,
    StudyGroupId,
)


@dataclass(frozen=True, slots=True)
class ConsiderPost:
    """Decide whether somebody comments on a post, and with which words."""

    post: PostRef


@dataclass(frozen=True, slots=True)
class Converse:
    """Answer what a person wrote to an account, once they have finished writing."""

    conversation: ConversationId


@dataclass(frozen=True, slots=True)
class RefreshEngagement:
    """Read how a comment was received, some time after it was sent."""

    comment: CommentId


@dataclass(frozen=True, slots=True)
class VerifyGrant:
    """Ask Telegram again whether the one who gave the grant may still give it."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class KeepStudyGroup:
    """Look whether a study group's notice stands as it must, and mend it."""

    group: StudyGroupId


@dataclass(frozen=True, slots=True)
class HearGroupMessage:
    """Answer what a member wrote in a study group, or note why nobody does."""

    message: GroupMessageId


@dataclass(frozen=True, slots=True)
class SayLessonLine:
    """Say one line of a lesson, or end it after the last."""

    lesson: LessonId
    number: int


@dataclass(frozen=True, slots=True)
class LookAtStudyGroups:
    """Queue a `KeepStudyGroup` for each group that nobody looked at of late."""


@dataclass(frozen=True, slots=True)
class AskForProofs:
    """Queue a `VerifyGrant` for each grant whose proof has grown old."""


@dataclass(frozen=True, slots=True)
class LookAtComments:
    """Queue a `RefreshEngagement` for each comment that it is time to look at again."""


@dataclass(frozen=True, slots=True)
class SweepTables:
    """Remove what is over and explains nothing, and make the coming months."""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """Let go what waited for this time of day ("HH:MM") in this time zone."""

    at: str
    zone: str


Task = (
    ConsiderPost
    | Converse
    | RefreshEngagement
    | VerifyGrant
    | KeepStudyGroup
    | HearGroupMessage
    | SayLessonLine
    | LookAtStudyGroups
    | AskForProofs
    | LookAtComments
    | SweepTables
    | OpenWindow
)


@dataclass(frozen=True, slots=True)
class Job:
    """A task that this process has taken and must finish, put off or bury."""

    id: JobId
    task: Task
    attempts: int
    taken_by: str = ""
    """Which process took it; once another has taken it over, this one decides nothing of it."""
