"""Who did it: every change is somebody's."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of Troupe, as the audit log names it."""

    name: str


SYSTEM = Actor("troupe")
"""Troupe itself, acting on what Telegram or the clock told it."""


class Side(StrEnum):
    """On which side of a ticket somebody stands."""

    CLIENT = "CLIENT"
    TECH = "TECH"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class By:
    """Who acts on a ticket, as its events name them."""

    side: Side
    name: str = ""
    id: int | None = None
    """The client's, user's or technician's number in our tables, as the side has it."""

    @property
    def actor(self) -> Actor:
        """Name them for the audit log."""
        return Actor(self.name or self.side.lower())


THE_CLOCK = By(Side.SYSTEM, "troupe")
"""Troupe itself, because a time has come."""
