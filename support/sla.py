"""Promises about time: which hold for a ticket, and when each is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from support.calendar import WorkCalendar
from support.ids import ClockId, TicketId
from support.tickets import Priority


class ClockKind(StrEnum):
    """What is promised."""

    FIRST_ANSWER = "first_answer"
    NEXT_ANSWER = "next_answer"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """How soon clients are answered, in working time; None promises nothing."""

    key: str
    first_answer: timedelta | None
    next_answer: timedelta | None
    resolution: timedelta | None
    warn_before: timedelta
    """How long before a breach the operators are warned, in working time."""
    calendar: str | None = None
    """Whose hours count; None: round the clock."""
    topic: str | None = None
    """Only tickets of that menu topic."""
    priority: Priority | None = None
    """Only tickets of that priority."""
    pauses_while_waiting: bool = True
    """Whether the resolution clock stands still while the client's answer is waited for."""
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse promises that cannot be kept or warned of."""
        given = [one for one in (self.first_answer, self.next_answer, self.resolution) if one]
        if any(one <= timedelta() for one in given) or self.warn_before < timedelta():
            raise ValueError("an SLA policy promises answers within a time of more than nothing")

    def promise(self, kind: ClockKind) -> timedelta | None:
        """Return the promise of a kind."""
        return {
            ClockKind.FIRST_ANSWER: self.first_answer,
            ClockKind.NEXT_ANSWER: self.next_answer,
            ClockKind.RESOLUTION: self.resolution,
        }[kind]


@dataclass(frozen=True, slots=True)
class Due:
    """When a promise is warned of and broken."""

    warn_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """A promise to one ticket as it stands."""

    ticket: TicketId
    kind: ClockKind
    started_at: datetime
    due_at: datetime | None
    """None while it is paused."""
    left: timedelta | None
    """The working time that is left, while it is paused."""
    met_at: datetime | None
    breached_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlaNotice:
    """A clock that operators are to be told of, once."""

    clock: ClockId
    ticket: TicketId
    kind: ClockKind
    due_at: datetime
    is_breach: bool

    @property
    def key(self) -> str:
        """Name the notice, so that it is told once."""
        what = "breach" if self.is_breach else "warn"
        return f"sla:{self.clock}:{what}:{int(self.due_at.timestamp())}"


def policy_for(
    policies: Sequence[SlaPolicy], topic: str | None, priority: Priority
) -> SlaPolicy | None:
    """Choose the most particular policy that speaks of such a ticket: topic before priority."""
    fitting = [
        policy
        for policy in policies
        if policy.is_active
        and policy.topic in {None, topic}
        and policy.priority in {None, priority}
    ]
    ranked = sorted(fitting, key=lambda one: (one.topic is None, one.priority is None, one.key))
    return ranked[0] if ranked else None


def due(
    calendar: WorkCalendar, now: datetime, promise: timedelta, warn_before: timedelta
) -> Due | None:
    """Return when a promise made now is due; None when the calendar never comes that far."""
    due_at = calendar.after(now, promise)
    warn_at = calendar.after(now, promise - warn_before)
    return Due(warn_at, due_at) if due_at is not None and warn_at is not None else None


def left(calendar: WorkCalendar, now: datetime, due_at: datetime) -> timedelta:
    """Return the working time that is left of a promise; none when it was broken."""
    return calendar.between(now, due_at)
