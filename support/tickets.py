"""Tickets: what a client asked for, where it stands, and what may become of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from support.actor import By, Side
from support.ids import (
    ChatId,
    ClientId,
    ConversationId,
    OperatorId,
    TechnicianId,
    TgMessageId,
    ThreadId,
    TicketId,
)
from support.languages import Language


class TicketState(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    """It waits for somebody to take it."""
    WORK = "work"
    CLOSED = "closed"


OPEN_STATES = (TicketState.NEW, TicketState.WORK)


class Mode(StrEnum):
    """How operators handle a ticket."""

    TAKE = "take"
    """In private with the operator who took it first."""
    TOPICS = "topics"
    """In a forum topic of its own."""


class Priority(IntEnum):
    """How soon a ticket is looked at; the greater first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class Verdict(StrEnum):
    """What came of an act on a ticket."""

    DONE = "done"
    LOST = "lost"
    """Somebody else holds the ticket: `Decided.other` names them."""
    BUSY = "busy"
    """The operator is in another dialogue: `Decided.held` names its ticket."""
    CLOSED = "closed"
    """The ticket is closed, which nothing but a reopening changes."""
    TOO_LATE = "too_late"
    """It was closed too long ago to be reopened."""
    NOT_THEIRS = "not_theirs"
    """Whoever asks does not hold the ticket."""
    NOT_ALLOWED = "not_allowed"
    """Who was named cannot work on tickets now."""
    SAME = "same"
    """It was so already."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, and the topic in it when it is a forum."""

    chat: ChatId
    thread: ThreadId | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands now."""

    id: TicketId
    client: ClientId
    state: TicketState
    mode: Mode
    priority: Priority
    language: Language
    topic: str | None
    """The key of the menu topic that the client chose."""
    subject: str
    operator: OperatorId | None
    operator_name: str | None
    technician: TechnicianId | None
    technician_name: str | None
    is_current: bool
    """Whether it is the dialogue that its operator's private chat leads to (mode take)."""
    main: Place | None
    card: TgMessageId | None
    """The card's message in the main place."""
    conversation: ConversationId | None
    """The account's conversation that it stands for, when it is none of the bot's."""
    created_at: datetime
    waiting_since: datetime
    taken_at: datetime | None
    closed_at: datetime | None
    merged_into: TicketId | None = None
    reopened: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether something may still be said in it."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for."""

    client: ClientId
    mode: Mode
    language: Language
    topic: str | None = None
    subject: str = ""
    priority: Priority = Priority.NORMAL
    conversation: ConversationId | None = None


class How(StrEnum):
    """How a client came to an open ticket."""

    NEW = "new"
    REOPENED = "reopened"
    ONGOING = "ongoing"
    """There was an open one already."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The client's open ticket, and how they came to it."""

    ticket: Ticket
    how: How
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of an act; a replayed act has the verdict of its first time."""

    verdict: Verdict
    ticket: Ticket
    other: str | None = None
    """Who holds the ticket instead, by name."""
    held: TicketId | None = None
    """Which other ticket the operator is busy with."""
    is_replay: bool = False
    was: TicketState | None = None
    """In which state the ticket was before, where the act tells it."""

    @property
    def is_done(self) -> bool:
        """Tell whether the act was carried out, now or the first time."""
        return self.verdict is Verdict.DONE


@dataclass(frozen=True, slots=True)
class TechThread:
    """A ticket's mirror topic in a technician's group."""

    ticket: TicketId
    technician: TechnicianId
    place: Place
    is_closed: bool


@dataclass(frozen=True, slots=True)
class ThreadOwner:
    """To whom a topic belongs: a ticket, as its main topic or as a technician's mirror."""

    ticket: Ticket
    technician: TechnicianId | None
    """None in the main topic."""


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a waiting ticket stands."""

    position: int
    """From 1."""
    waiting: int
    """How many wait in all."""


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote about a ticket for themselves."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something that happened to a ticket."""

    at: datetime
    by: str
    side: str
    action: str
    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Untold:
    """An act that no update asked for, and that nobody whom it concerns was told of yet."""

    event: int
    ticket: TicketId
    action: str
    by: str
    payload: dict[str, object]


def may_reopen(closed_at: datetime, now: datetime, within: timedelta) -> bool:
    """Tell whether a ticket closed then may be opened again now."""
    return now - closed_at <= within


def may_decide(by: By, ticket: Ticket, *, leads: bool) -> bool:
    """Tell whether somebody may give a ticket away, take it from its holder or end it.

    `leads`: whether they are an active lead or admin. In mode topics the group answers together,
    so that any of the staff may.
    """
    match by.side:
        case Side.SYSTEM:
            return True
        case Side.CLIENT:
            return by.id == ticket.client
        case Side.TECH:
            return by.id is not None and by.id == ticket.technician
        case Side.STAFF:
            holds = by.id is not None and by.id == ticket.operator
            return holds or leads or ticket.mode is Mode.TOPICS
