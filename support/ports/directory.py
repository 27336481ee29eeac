"""What else is known of a client: a directory that others keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from support.people import Client


@dataclass(frozen=True, slots=True)
class CardLine:
    """A line of a client's card, as plain text."""

    title: str
    text: str


class ClientDirectory(Protocol):
    """Looks clients up in somebody's own system."""

    async def card(self, client: Client) -> Sequence[CardLine]:
        """Return what is known of a client; empty when nothing is, or nobody can be asked."""


class NoDirectory:
    """Implements `ClientDirectory` where none is kept."""

    async def card(self, client: Client) -> Sequence[CardLine]:  # noqa: ARG002 - nobody is known
        """Know nobody."""
        return ()
