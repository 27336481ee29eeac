"""What is said in private and in study groups, on its way into the outbox (charter rules 3 and 4).

Both are queued with everything that explains them (rule 6). A refusal is an answer, not an error:
between the decision to speak and the queuing of the words, the person may have asked us to stop.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window
from orchestrator.errors import NotAllowed
from orchestrator.ids import (
    AccountId,
    ConversationId,
    InboundId,
    MessageId,
    OutboxId,
    ScriptVersionId,
    StudyGroupId,
)
from personas.strategy import Strategy
from support.ids import ActKey, ChatId, TgMessageId, ThreadId, TicketId
from support.tickets import Place

MOST_PARTS: Final = 20
"""How many parts one incoming message may ever have had, those counted that were never said."""


class AnswerSource(StrEnum):
    """Where words came from."""

    SCRIPT = "script"
    """A script spoke at its own pace: a timed line, or the next step of a running one."""
    LOCAL = "local"
    """A script, chosen without a model."""
    MODEL = "model"
    OPERATOR = "operator"


class GroupRole(StrEnum):
    """What an account of ours is in a study group, and is called in its notice."""

    HOST = "host"
    PRACTICE_PARTNER = "practice_partner"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Why these words are said, and by whose leave (charter rule 6)."""

    source: AnswerSource
    reason: str
    approved_by: str
    """The operator who wrote or approved the words, or whatever lets them go unseen."""
    persona: str | None = None
    """The persona's key."""
    script_version: ScriptVersionId | None = None
    strategy: Strategy | None = None
    fit: float | None = None
    trigger: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    prompt_hash: str | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """When words may leave at all, on the clock of a time zone."""

    window: Window
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What an account answers to one message of a person's, in one or several parts."""

    conversation: ConversationId
    inbound: InboundId
    parts: tuple[str, ...]
    because: Provenance
    due_at: datetime
    """When the first part may leave."""
    expires_at: datetime
    apart: timedelta = timedelta(seconds=3)
    """How long after each part the next one may leave."""
    hours: Hours | None = None
    """Outside of these the parts wait, whatever kept them so long; None: at any hour."""
    parting: bool = False
    """It takes leave: it goes although the conversation ends, or goes to a person, with it."""


class AnswerRefused(StrEnum):
    """Why nothing was queued; nothing was stored either."""

    NO_INBOUND = "no_inbound"
    OPTED_OUT = "opted_out"
    CLOSED = "closed"
    PAUSED = "paused"
    HANDED_OVER = "handed_over"
    TOO_MANY_PARTS = "too_many_parts"


class LineRefused(StrEnum):
    """Why a line for a study group was not queued; nothing was stored either."""

    NO_GROUP = "no_group"
    GROUP_CLOSED = "group_closed"
    NO_GRANT = "no_grant"
    NO_ROLE = "no_role"
    NOT_ADDRESSED = "not_addressed"
    """The account never saw the group, so it does not know how to write there."""


REFUSALS: Final[dict[AnswerRefused | LineRefused, str]] = {
    AnswerRefused.NO_INBOUND: "that conversation has no such message of the person's to answer",
    AnswerRefused.OPTED_OUT: "the person wants to hear no more of us",
    AnswerRefused.CLOSED: "the conversation is closed",
    AnswerRefused.PAUSED: "the conversation is paused",
    AnswerRefused.HANDED_OVER: "a person answers in this conversation",
    AnswerRefused.TOO_MANY_PARTS: "the message was answered often enough: wait for the next one",
    LineRefused.NO_GROUP: "there is no such study group",
    LineRefused.GROUP_CLOSED: "the study group is closed",
    LineRefused.NO_GRANT: "no grant for the study group lives",
    LineRefused.NO_ROLE: "the account has no role in the study group",
    LineRefused.NOT_ADDRESSED: "the account has not seen the study group yet",
}
"""The refusals as a person reads them."""


class AnswerNotAllowed(NotAllowed):
    """A rule speaks against an answer; `refused` names it."""

    def __init__(self, message: str, refused: AnswerRefused) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class WrittenAt:
    """The act of the desk by which somebody wrote an answer, and where."""

    act: ActKey
    """Under which it is queued once, however often the act is carried out."""
    ticket: TicketId
    chat: ChatId
    thread: ThreadId | None = None
    message: TgMessageId | None = None

    @property
    def place(self) -> Place:
        """Return where they are told what became of it."""
        return Place(self.chat, self.thread)


@dataclass(frozen=True, slots=True)
class NewGroupLine:
    """A line that an account says in a study group."""

    group: StudyGroupId
    account: AccountId
    text: str
    because: Provenance
    due_at: datetime
    expires_at: datetime
    reply_to: MessageId | None = None
    """The message in the group that it answers, where it answers one."""


class AnswerStore(Protocol):
    """Words on their way into the outbox; each method is one transaction."""

    async def queue_answer(self, answer: NewAnswer) -> tuple[OutboxId, ...] | AnswerRefused:
        """Queue every part of an answer, addressed, or none and say why.

        In `db.stores.answering` the same is a function, for transactions that also store what led
        to the answer. An answer that is `parting` is queued before its conversation is closed.
        """

    async def queue_group_line(self, line: NewGroupLine) -> OutboxId | LineRefused:
        """Queue a line for a study group, addressed, or say why not."""

    async def cancel_answers(self, conversation: ConversationId, reason: str) -> int:
        """Cancel what waits to be said in a conversation; returns how many messages.

        What was attempted may be on Telegram already and is settled by its lane.
        """

    async def opt_out(self, actor: Actor, conversation: ConversationId, detail: str) -> int:
        """Write to the person of a conversation no more, from any account; an operator says so.

        Returns how many waiting messages were cancelled; raises NotFound. Once it has returned, no
        message to that person starts.
        """
