"""What was done, for people: operations, sessions and the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import AccountId


class OperationKind(StrEnum):
    """What kind of act is logged."""

    GENERATE_COMMENT = "generate_comment"
    SEND_MESSAGE = "send_message"
    READ_CHANNEL = "read_channel"
    REFRESH_ENGAGEMENT = "refresh_engagement"
    VERIFY_GRANT = "verify_grant"


@dataclass(frozen=True, slots=True)
class Operation:
    """One logged act."""

    kind: OperationKind
    account: AccountId | None
    succeeded: bool
    duration: timedelta
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that somebody made through the service."""

    actor: str
    action: str
    subject: str
    before: str | None
    after: str | None
    at: datetime


class OperationLog(Protocol):
    """Takes operations without slowing whoever reports them."""

    def note(self, operation: Operation) -> None:
        """Take an operation; it is written with the next batch."""


class LogStore(Protocol):
    """Where logs rest."""

    async def record_operations(self, operations: Sequence[Operation]) -> None:
        """Write a batch of operations."""

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest changes."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What has come of everything so far, for the demo and `troupe status`."""

    posts_seen: int
    undecided: int
    comments: dict[str, int]
    silences: dict[str, int]
    in_review: int
    first_comment_at: datetime | None


class TallyStore(Protocol):
    """Counts."""

    async def tally(self) -> Tally:
        """Count posts, comments by status, silences by reason."""

    async def decisions(self, limit: int) -> Sequence["Decision"]:
        """Return the newest decisions about posts, newest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of one post: a comment, a draft in review, or a silence."""

    post_text: str
    channel: str
    outcome: str
    """`comment`, `review` or `silence`."""
    account: str | None
    text: str
    """The comment's words, or why there is silence."""
    status: str
    at: datetime


class Housekeeper(Protocol):
    """Keeps what is stored small."""

    async def sweep(self) -> None:
        """Remove what is over and explains nothing, and make the coming months' partitions."""


class SettingsStore(Protocol):
    """Settings that are kept in the database, by key, as JSON text."""

    async def settings(self) -> dict[str, str]:
        """Return every stored setting."""

    async def put_setting(self, actor: Actor, key: str, value: str) -> None:
        """Store one setting."""
