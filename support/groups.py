"""The groups in which a desk works, and how people are invited to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from support.ids import ChatId
from support.people import Role


class GroupUse(StrEnum):
    """What a group is for."""

    OPERATORS = "operators"
    """Cards of waiting tickets are shown there (mode take)."""
    MAIN = "main"
    """A forum with a topic for each ticket (mode topics); several share the load."""


@dataclass(frozen=True, slots=True)
class DeskGroup:
    """A group that the desk uses."""

    chat: ChatId
    use: GroupUse
    title: str = ""


@dataclass(frozen=True, slots=True)
class NewInvite:
    """A link that makes one person a member of the staff."""

    code: str
    """What the link ends with; only its hash is kept."""
    roles: frozenset[Role]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation gives to the person who followed it."""

    roles: frozenset[Role]
    invited_by: str
    accepted_before: bool
    """Whether the same person followed it already."""


@dataclass(frozen=True, slots=True)
class DeskPulse:
    """How the way in and the way out stand."""

    unhandled: int
    """Updates that were taken and are not handled yet."""
    buried: int
    """Updates that were given up in the last day."""
    last_update_at: datetime | None
    to_send: int
    doubtful: int
    """What may not have arrived, of the last day."""
    failed: int
    """What was not delivered, of the last day."""
    held: int
    """What waits for somebody to press /start."""
    node: str | None
    """Which process runs the desk; None: none does."""
