"""What staff ask of the desk: search, transcripts, figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from support.ids import OperatorId, TicketId
from support.people import Client
from support.survey import Survey
from support.talk import TicketMessage
from support.tickets import Note, Ticket, TicketState


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets to list; what is None does not matter."""

    state: TicketState | None = None
    operator: OperatorId | None = None
    tag: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket that a search found, with the words that were found in it."""

    ticket: Ticket
    client: str
    excerpt: str
    """Plain text of the best message; empty when the client or the subject was found."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything said in a ticket, in order."""

    ticket: Ticket
    client: Client
    messages: Sequence[TicketMessage]
    notes: Sequence[Note]
    tags: Sequence[str]
    survey: Survey | None


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """How somebody, or the whole desk, did in a time."""

    name: str
    """The operator's or technician's; empty for the whole desk."""
    waiting: int
    """Tickets that nobody has taken, now."""
    in_work: int
    """Now."""
    opened: int
    closed: int
    mean_to_answer: timedelta | None
    mean_to_close: timedelta | None
    promises_met: int
    promises_broken: int
    mean_score: float | None
    """Of the surveys, 1 to 5."""

    @property
    def sla(self) -> float | None:
        """Return the part of the promises that were kept."""
        total = self.promises_met + self.promises_broken
        return self.promises_met / total if total else None


@dataclass(frozen=True, slots=True)
class DeskStats:
    """The whole desk's figures, and each operator's."""

    since: datetime
    whole: DeskFigures
    operators: Sequence[DeskFigures]


@dataclass(frozen=True, slots=True)
class Idle:
    """A ticket whose client has been silent for long."""

    ticket: TicketId
    silent_since: datetime

    @property
    def key(self) -> str:
        """Name the silence, so that it is spoken of once."""
        return f"idle:{self.ticket}:{int(self.silent_since.timestamp())}"
