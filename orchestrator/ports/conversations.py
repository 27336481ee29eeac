"""Conversations with people who wrote to an account: what is known, decided, said and handed over.

A conversation moves in turns. A turn answers everything that the person wrote since the turn before
it, and is stored together with its words and the end of the job that made it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import (
    AccountId,
    ConversationId,
    HandoffId,
    InboundId,
    MessageId,
    OutboxId,
    ScriptVersionId,
)
from orchestrator.jobs import Job
from orchestrator.ports.answers import Hours, WrittenAt
from orchestrator.ports.journeys import DirectTurn
from orchestrator.ports.library import Live
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.writing import Source
from personas.persona import Persona
from personas.scripts.conditions import Value
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome
from personas.strategy import Strategy


class ConversationState(StrEnum):
    """Who answers, if anybody does."""

    OPEN = "open"
    PAUSED = "paused"
    """Nobody answers until somebody resumes it."""
    HANDED_OVER = "handed_over"
    """A person answers, or is asked to."""
    CLOSED = "closed"


class TurnKind(StrEnum):
    """Where a turn's words came from."""

    SCRIPT = "script"
    FREE = "free"
    OPERATOR = "operator"
    SILENT = "silent"
    """Nothing was said: the turn handed over, or ended the conversation."""


class Arrival(StrEnum):
    """How a turn came to its version of the script."""

    BEGAN = "began"
    STAYED = "stayed"
    MOVED = "moved"
    """To the version that was published with that choice."""
    RESTARTED = "restarted"


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message of the person's that nobody answered yet."""

    id: InboundId
    message: MessageId
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the history, from either side."""

    ours: bool
    message: MessageId | None
    """None as long as Telegram does not have it."""
    text: str
    at: datetime
    is_read: bool = False
    first_text: str | None = None
    """What it said before the person changed it."""
    deleted_at: datetime | None = None
    state: str | None = None
    """Of ours: where the outbox has it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands, as a turn begins."""

    id: ConversationId
    account: AccountId
    state: ConversationState
    reopens: bool
    """It came to its end by itself, so that a new message begins it anew."""
    persona: Persona
    version: ScriptVersionId | None
    progress: Progress
    unanswered: tuple[Inbound, ...]
    turns: int
    """The number of the last turn on record; the next one has this plus one."""
    recent: tuple[Said, ...] = ()
    """The last of the history, oldest first."""
    zone: str | None = None
    """The time zone of the account's campaigns, where it has any."""
    waiting: int = 0
    """How many messages of the account wait to be sent."""
    newest: ScriptVersionId | None = None
    """What `production` of its script points at now."""
    live: Live = Live.STAY
    """What was chosen for live conversations when that was published."""


@dataclass(frozen=True, slots=True)
class NewTurn:
    """What was decided about what a person wrote, with everything that explains it."""

    kind: TurnKind
    asked: str
    first: InboundId
    last: InboundId
    arrival: Arrival
    reason: str
    seed: int
    version: ScriptVersionId | None = None
    heard: str | None = None
    found: Mapping[str, Value] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    """The script's own words, before they were spoken in anybody's voice."""
    says: tuple[str, ...] = ()
    strategy: Strategy | None = None
    source: Source | None = None
    fit: float | None = None
    trigger: str | None = None
    intent: str = ""
    emotion: str = ""
    step: str | None = None
    outcome: Outcome | None = None
    model: str | None = None
    prompt_hash: str | None = None
    cost_usd: Decimal | None = None
    judge: str | None = None
    """Who judged on this machine: a selector's content hash, `rules` or `examples`."""
    judged_among: tuple[ScriptVersionId, ...] = ()
    """The versions that it chose among, in their order."""
    approved_by: str = "the published script"
    """Who allowed the words; the outbox keeps it."""
    said_by: str = "troupe"


@dataclass(frozen=True, slots=True)
class NewHandoff:
    """Why a person has to take over."""

    reason: str
    note: str = ""
    suggestion: str = ""
    """What a model would have said."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A turn with all that follows from it; stored at once or not at all."""

    turn: NewTurn
    version: ScriptVersionId | None
    """Of the script that leads it from now on; None: none does yet."""
    progress: Progress
    state: ConversationState
    due_at: datetime
    """When its words may leave: typing takes its time."""
    expires_at: datetime
    apart: timedelta = timedelta(0)
    """How long after each part the next one may leave."""
    hours: Hours | None = None
    """Outside of these nothing leaves, whatever kept it so long."""
    reopens: bool = False
    closed_reason: str | None = None
    handoff: NewHandoff | None = None
    typing: bool = False
    """Whether the account shows that it types until then."""
    diagnosed: DirectTurn | None = None
    """What the turn means for a journey, where a diagnostic made it."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of `troupe conversations list`."""

    id: ConversationId
    account: str
    contact: str
    state: ConversationState
    script: str | None
    step: str | None
    turns: int
    unanswered: int
    last_at: datetime | None
    reason: str | None
    """Why it waits, was handed over or closed."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as it is stored."""

    number: int
    turn: NewTurn
    at: datetime
    script: str | None
    """`key@version`."""
    became: tuple[OutboxState, ...] = ()
    """Where its words are now, part by part."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run of a contact's activity without a pause of half an hour."""

    started_at: datetime
    ended_at: datetime
    acts: int
    wrote: int


@dataclass(frozen=True, slots=True)
class ConversationDetail:
    """Everything about one conversation."""

    row: ConversationRow
    contact_telegram_id: int
    username: str | None
    started_at: datetime
    held_by: str | None
    opted_out: str | None
    """Why nobody writes to this person any more."""
    known: Mapping[str, Value]
    """What the person told the script."""
    history: Sequence[Said]
    sessions: Sequence[Session]
    """Of the contact, newest first, with whichever account."""


class ConversationStore(Protocol):
    """Conversations as the script leads them."""

    async def standing(self, conversation: ConversationId) -> Standing | None:
        """Return where it stands and what waits for an answer.

        None where there is no such conversation, or its account speaks for nobody.
        """

    async def conclude(self, job: Job, standing: Standing, conclusion: Conclusion) -> bool:
        """Store a turn, queue its words, and end the job, in one transaction.

        False, and nothing is stored, when the job is another's by now, or somebody paused, took
        over or ended the conversation meanwhile. What the person wrote meanwhile is a new job.
        """

    async def leave(self, job: Job, standing: Standing | None) -> None:
        """End a job that found nothing to do; what was written meanwhile is a new job."""

    async def wait_until(self, job: Job, moment: datetime) -> None:
        """Give the job back until then; what is written meanwhile is answered with the rest."""


class ConversationDesk(Protocol):
    """Conversations as people look at them and take part."""

    async def conversations(
        self, *, state: ConversationState | None, account: str | None, limit: int
    ) -> Sequence[ConversationRow]:
        """Return conversations, the liveliest first."""

    async def conversation(self, conversation: ConversationId) -> ConversationDetail:
        """Return one with its history; raises NotFound."""

    async def turns(self, conversation: ConversationId) -> Sequence[TurnRecord]:
        """Return the turns that are still on record, oldest first; raises NotFound."""

    async def take_over(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """Let a person answer from now on; returns how many waiting answers were cancelled.

        Raises NotFound, or NotAllowed for one that is over for good.
        """

    async def pause(self, actor: Actor, conversation: ConversationId) -> int:
        """Let nobody answer until it is resumed; returns how many waiting answers were cancelled.

        Raises NotFound or NotAllowed.
        """

    async def resume(self, actor: Actor, conversation: ConversationId) -> bool:
        """Give it back to the script; returns whether something waits for an answer.

        Raises NotFound or NotAllowed.
        """

    async def close(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """End it; returns how many waiting answers were cancelled.

        Raises NotFound or NotAllowed.
        """

    async def reply(
        self,
        actor: Actor,
        conversation: ConversationId,
        text: str,
        due_at: datetime,
        expires_at: datetime,
        *,
        written: WrittenAt | None = None,
    ) -> OutboxId:
        """Queue a person's answer to the newest incoming message, taking the conversation over.

        What an act of the desk's queued is returned when that act comes again. Raises NotFound, or
        NotAllowed when nothing may be answered (charter rule 3).
        """


@dataclass(frozen=True, slots=True)
class Handoff:
    """A conversation that waits for a person, or was taken by one."""

    id: HandoffId
    conversation: ConversationId
    account: AccountId
    contact: int
    reason: str
    note: str
    suggestion: str
    asked_at: datetime
    taken_at: datetime | None
    taken_by: str | None
