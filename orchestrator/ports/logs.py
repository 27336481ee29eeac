"""What was done, for people: operations, sessions and the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import AccountId, CommentId, OutboxId, PostRef


class OperationKind(StrEnum):
    """What kind of act is logged."""

    GENERATE_COMMENT = "generate_comment"
    SEND_MESSAGE = "send_message"
    READ_CHANNEL = "read_channel"
    READ_DIALOGUES = "read_dialogues"
    RECOVER_UPDATES = "recover_updates"
    """Something was found that no update had told of."""
    CONVERSE = "converse"
    REFRESH_ENGAGEMENT = "refresh_engagement"
    VERIFY_GRANT = "verify_grant"
    ASK_MODEL = "ask_model"
    """Noted when the model's budget is spent; each call has a row of its own."""


class SessionKind(StrEnum):
    """What happened to an account's session."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    RECONNECT = "reconnect"
    LOGIN = "login"
    LOGOUT = "logout"
    FLOOD_WAIT = "flood_wait"
    STATE_CHANGED = "state_changed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One logged act; what stands below `error` is taken from the running task when left out."""

    kind: OperationKind
    account: AccountId | None
    succeeded: bool
    duration: timedelta
    error: str | None = None
    """A sentence."""
    error_name: str | None = None
    """What statistics count by, like FLOOD_WAIT."""
    at: datetime | None = None
    node: str | None = None
    correlation: str | None = None
    post: PostRef | None = None
    comment: CommentId | None = None
    outbox: OutboxId | None = None


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One line of an account's connection diary."""

    kind: SessionKind
    account: AccountId | None
    succeeded: bool = True
    duration: timedelta = timedelta()
    """Of connecting, of being connected (disconnect), of being away (reconnect), of the wait."""
    cause: str | None = None
    error_name: str | None = None
    at: datetime | None = None
    node: str | None = None


Entry = Operation | SessionEvent


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One line of `troupe logs operations`."""

    id: int
    at: datetime
    kind: str
    account: str | None
    status: str
    duration: timedelta
    error_name: str | None
    error: str | None
    node: str | None
    correlation: str | None
    comment: CommentId | None
    outbox: OutboxId | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One line of `troupe logs sessions`."""

    id: int
    at: datetime
    kind: str
    account: str | None
    status: str
    duration: timedelta
    error_name: str | None
    cause: str | None
    node: str | None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines somebody wants to see; empty fields keep everything."""

    account: AccountId | None = None
    kinds: tuple[str, ...] = ()
    failed: bool = False
    since: datetime | None = None
    correlation: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class OperationPage:
    """Lines, oldest first, and the moment up to which nothing was missed."""

    rows: Sequence[OperationRow]
    bookmark: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """The same of sessions."""

    rows: Sequence[SessionRow]
    bookmark: str


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
    """Takes operations and session events without slowing whoever reports them."""

    def note(self, entry: Entry) -> None:
        """Take an entry; it is written with the next batch."""


class LogStore(Protocol):
    """Where logs rest."""

    async def record_entries(self, entries: Sequence[Entry]) -> None:
        """Write a batch of operations and session events."""

    async def operations(self, wanted: LogFilter, bookmark: str | None) -> OperationPage:
        """Return the newest operations, or those that came to light since the bookmark.

        Neither a late commit nor a busy moment makes a line go missing or come twice.
        """

    async def sessions(self, wanted: LogFilter, bookmark: str | None) -> SessionPage:
        """Return the newest session events, or those that came to light since the bookmark."""

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
