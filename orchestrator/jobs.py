"""What is left to do, as values: a job is one of these, stored in PostgreSQL until it is done."""

from dataclasses import dataclass

from orchestrator.ids import CommentId, GrantId, JobId, PostRef


@dataclass(frozen=True, slots=True)
class ConsiderPost:
    """Decide whether somebody comments on a post, and with which words."""

    post: PostRef


@dataclass(frozen=True, slots=True)
class RefreshEngagement:
    """Read how a comment was received, some time after it was sent."""

    comment: CommentId


@dataclass(frozen=True, slots=True)
class VerifyGrant:
    """Ask Telegram again whether the one who gave the grant may still give it."""

    grant: GrantId


Task = ConsiderPost | RefreshEngagement | VerifyGrant


@dataclass(frozen=True, slots=True)
class Job:
    """A task that this process has taken and must finish, put off or bury."""

    id: JobId
    task: Task
    attempts: int
