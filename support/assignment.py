"""Who gets a waiting ticket when nobody has to press for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from support.ids import OperatorId


class Assignment(StrEnum):
    """How tickets find their operators."""

    BY_HAND = "by_hand"
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operator who is there, with what they do already."""

    operator: OperatorId
    open_tickets: int
    last_assigned_at: datetime | None


def choose(candidates: Sequence[Candidate], how: Assignment, most: int) -> OperatorId | None:
    """Choose among those with fewer than `most` open tickets; None: the ticket waits.

    Round robin takes whoever was given one the longest ago; least busy whoever has the fewest,
    and among equals does the same.
    """
    free = [one for one in candidates if one.open_tickets < most]
    if how is Assignment.BY_HAND or not free:
        return None
    if how is Assignment.ROUND_ROBIN:
        return min(free, key=turn).operator
    return min(free, key=lambda one: (one.open_tickets, *turn(one))).operator


def turn(candidate: Candidate) -> tuple[float, int]:
    """Order candidates by how long ago they were given a ticket; who never was comes first."""
    at = candidate.last_assigned_at
    return (at.timestamp() if at else float("-inf"), candidate.operator)
