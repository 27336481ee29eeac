"""The outbox, as a lane sees it: one account's messages, and the gate that lets them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.facts import Engagement
from orchestrator.ids import (
    AccountId,
    CommentId,
    InboundId,
    MessageId,
    NodeName,
    OutboxId,
    PostRef,
    StudyGroupId,
    TelegramId,
)
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.leases import Fence
from orchestrator.ports.telegram import Letter, Sent, Thread
from orchestrator.refusals import Refusal
from personas.summary import PostSummary


class OutboxState(StrEnum):
    """Where a message of ours is."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNRESOLVED = "unresolved"


class OutboxKind(StrEnum):
    """What a message of ours is, and so by which of the gates it leaves."""

    COMMENT = "comment"
    DIRECT = "direct"
    STUDY_GROUP = "study_group"


@dataclass(frozen=True, slots=True)
class UnderPost:
    """A comment: it goes to the post's copy in the group that discusses the channel."""

    post: PostRef
    channel: TelegramId
    username: str | None
    """The channel's public name: a guest who never met it can only find it by that."""


@dataclass(frozen=True, slots=True)
class InAnswer:
    """A direct message: it answers an incoming one.

    It was addressed when it was queued, unless nobody knew then how to.
    """

    inbound: InboundId
    person: TelegramId


@dataclass(frozen=True, slots=True)
class InStudyGroup:
    """A line in a group that our account founded; it was addressed when it was queued."""

    group: StudyGroupId


Target = UnderPost | InAnswer | InStudyGroup


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose time has come; `letter` is None until its peer is resolved."""

    id: OutboxId
    account: AccountId
    target: Target
    state: OutboxState
    """`due`, or `unknown` when an earlier attempt has no known outcome."""
    attempts: int
    first_attempt_at: datetime | None
    letter: Letter | None

    @property
    def kind(self) -> OutboxKind:
        """By which of the gates it leaves."""
        match self.target:
            case UnderPost():
                return OutboxKind.COMMENT
            case InAnswer():
                return OutboxKind.DIRECT
            case InStudyGroup():
                return OutboxKind.STUDY_GROUP

    @property
    def post(self) -> PostRef | None:
        """The post that it is said under, if it is a comment."""
        return self.target.post if isinstance(self.target, UnderPost) else None


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that asks: its name, and the fence under which it holds the account."""

    node: NodeName
    account: AccountId
    fence: Fence


@dataclass(frozen=True, slots=True)
class Claim:
    """What the gate said; `letter` is there exactly when the verdict is WELCOME."""

    verdict: Verdict
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One line of `troupe outbox list`."""

    id: OutboxId
    kind: OutboxKind
    account: str
    channel: str
    """Where it goes: the channel, the person or the study group."""
    text: str
    state: OutboxState
    due_at: datetime
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that Telegram was asked to take a message."""

    at: datetime
    node: str | None
    duration: timedelta
    error: str | None


@dataclass(frozen=True, slots=True)
class OutboxDetail:
    """Everything about one message, for `troupe outbox show`."""

    row: OutboxRow
    basis: str
    """What lets it be said at all: a grant, or the message that it answers."""
    because: str
    """Why these words, and by whose leave."""
    random_id: int
    addressed: bool
    unsettled: bool
    """An attempt was made whose outcome is not known."""
    created_at: datetime
    expires_at: datetime
    first_attempt_at: datetime | None
    finished_at: datetime | None
    sent_message: MessageId | None
    holder: NodeName | None
    """The node that holds the account now."""
    verdict: Verdict | None
    """What the gate would say now; None for a message that is finished or just being decided."""
    held_until: datetime | None
    hold_reason: str | None
    attempts: Sequence[Attempt] = ()
    """Those that the operation log still knows, oldest first."""
    suspended: str | None = None
    """Why its grant is suspended, if it is."""


class OutboxStore(Protocol):
    """Messages on their way out.

    What ends or puts off a claim does so only for whoever made it; nobody needs a claim for what
    is `due` or `unknown`.
    """

    async def next_waiting(self, holder: Holder) -> Waiting | None:
        """Return the account's next message that is due (or unknown and due again), not claimed."""

    async def gather_waiting(self, holders: Sequence[Holder], limit: int) -> Sequence[Waiting]:
        """Return what is due now for accounts that are held, each account's oldest first.

        At most `limit` in all, shared out evenly: nobody's second before everybody's first.
        Comments under a post whose copy in the group is on record are addressed on the way.
        """

    async def address(self, holder: Holder, message: OutboxId, thread: Thread) -> Letter | None:
        """Store peer and thread before the first attempt.

        Returns the letter, None if no longer ours.
        """

    async def forget_copy(
        self, holder: Holder, message: OutboxId, delay: timedelta, error: str
    ) -> bool:
        """Forget the post's copy under which Telegram would not take this claimed comment.

        Returns whether the message is due again without an address, to be asked for anew: only
        where it had been addressed from record, and Telegram refused each attempt of it.
        """

    async def claim_if_welcome(
        self,
        holder: Holder,
        message: OutboxId,
        terms: GateTerms,
        kind: OutboxKind = OutboxKind.COMMENT,
    ) -> Claim:
        """Ask the gate: one statement that locks, checks, and claims only what is welcome."""

    async def give_back(self, holder: Holder, message: OutboxId) -> None:
        """Return a claim that was not used: no attempt was begun."""

    async def record_sent(self, holder: Holder, message: OutboxId, sent: Sent) -> None:
        """Settle the message as sent, with its proof.

        With it goes what follows: when a comment is looked at again, a conversation's history.
        """

    async def record_unknown(
        self, holder: Holder, message: OutboxId, error: str, retry_in: timedelta
    ) -> None:
        """Store that an attempt was made and its outcome is not known; it keeps its slot."""

    async def put_off(
        self, holder: Holder, message: OutboxId, delay: timedelta, error: str, *, attempted: bool
    ) -> None:
        """Make the message due again after `delay`; an `unknown` one stays unknown."""

    async def fail(self, holder: Holder, message: OutboxId, error: str) -> None:
        """Give the message up and its comment with it; an `unknown` one becomes `unresolved`."""

    async def hold(
        self,
        account: AccountId,
        peer: TelegramId | None,
        method: str | None,
        delay: timedelta,
        reason: str,
    ) -> None:
        """Keep a not-before for an account, or for it in one chat or method; survives restarts."""

    async def suspend_chat(self, account: AccountId, message: OutboxId, refusal: Refusal) -> None:
        """Suspend the grant under which the message went, with Telegram's reason."""

    async def close_conversation(self, message: OutboxId, refusal: Refusal) -> None:
        """Close the conversation that the message answers in, if it answers in one.

        After an opt-out (`Action.OPT_OUT`) every account writes to that person no more.
        """

    async def sent_beside(self, message: OutboxId) -> frozenset[MessageId]:
        """Return what else the account is known to have said in that chat lately.

        Whoever looks there for a message of unknown outcome must not take another for it.
        """

    async def abandon_claims(self, holder: Holder) -> int:
        """Turn what was left `sending` by anybody before this moment into `unknown`.

        Only for a holder that sends nothing itself at this moment. Returns how many.
        """

    async def give_up_expired(self, margin: timedelta) -> int:
        """End what waits although its time was over `margin` ago; returns how many.

        What no lane ever came to is `failed`; what was attempted, `unresolved`.
        """

    async def outbox(
        self, limit: int, *, open_only: bool = True, state: OutboxState | None = None
    ) -> Sequence[OutboxRow]:
        """Return messages, the next due first."""

    async def message(self, message: OutboxId, terms: GateTerms) -> OutboxDetail:
        """Return one message with all that is known of it; raises NotFound."""

    async def cancel_message(self, actor: Actor, message: OutboxId) -> None:
        """Cancel a message that is due; raises NotAllowed for one that is out or on its way."""

    async def retry_message(
        self, actor: Actor, message: OutboxId, lasts: timedelta, *, looked: bool = False
    ) -> None:
        """Make a failed message due again, with everything that it had; it passes the whole gate.

        An `unresolved` one becomes `unknown` again, and only when a person says to have `looked`.
        Raises NotFound, or NotAllowed with the reason why it cannot be said any more.
        """


class CommentStatus(StrEnum):
    """What became of a comment."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on record."""

    id: CommentId
    post: PostRef
    channel: str
    account: str
    persona: str
    text: str
    status: CommentStatus
    failed_reason: str | None
    created_at: datetime
    sent_at: datetime | None
    message: MessageId | None
    likes: int
    replies: int
    views: int
    summary: PostSummary | None = None
    """What its post is in a few words; lists go without it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a comment was said (charter rule 6)."""

    comment: Comment
    post_text: str
    grant: str
    """Who granted it, how that was proved, until when."""
    script: str | None
    trigger: str | None
    strategy: str
    reason: str
    source: str
    fit: float
    judge: str | None
    """Who judged on this machine, as `Line.judge` says it."""
    model: str | None
    prompt_hash: str | None
    cost_usd: str | None
    approved_by: str
    random_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class SentComment:
    """A sent comment with what it takes to reach it on Telegram."""

    comment: Comment
    account: AccountId
    letter: Letter
    message: MessageId


class CommentStore(Protocol):
    """Comments after they were queued."""

    async def comments(self, *, status: CommentStatus | None, limit: int) -> Sequence[Comment]:
        """Return comments, newest first."""

    async def comment(self, comment: CommentId) -> Comment:
        """Return the comment; raises NotFound."""

    async def explain_comment(self, comment: CommentId) -> Explanation:
        """Return everything that led to it; raises NotFound."""

    async def sent_comment(self, comment: CommentId) -> SentComment:
        """Return how to reach it; raises NotAllowed when it was not sent or is deleted."""

    async def record_deleted(self, actor: Actor, comment: CommentId) -> None:
        """Store that the comment was taken back from Telegram."""

    async def queue_looks(self, delays: Sequence[timedelta]) -> int:
        """Queue a `RefreshEngagement` for each comment whose time has come; returns how many.

        Each is looked at once for every delay after its proof was stored.
        """

    async def record_engagement(self, comment: CommentId, received: Engagement) -> None:
        """Store how the comment was received."""
