"""What passes between a client and a topic, and what stays where it was said."""

import re
from dataclasses import dataclass
from enum import StrEnum

COMMAND = re.compile(r"\s*/[A-Za-z]")
CALL = re.compile(r"\s*@[A-Za-z][A-Za-z0-9_]{2,31}(?![A-Za-z0-9_])")


class Fate(StrEnum):
    """What becomes of something that was said in a topic or to the bot."""

    RELAYED = "relayed"
    CALL = "call"
    """Staff calling a colleague by name: an event of the ticket, never shown to the client."""
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, as far as its fate depends on it."""

    text: str | None
    """The text or the caption."""
    is_service: bool = False
    """Joins, leaves, pins, topics opened and renamed: what Telegram says, not a person."""
    is_ours: bool = False
    """The bot said it itself."""
    is_from_staff: bool = False
    begins_with_mention: bool = False
    """Whether its first entity mentions somebody who has no username."""


def fate(heard: Heard) -> Fate:
    """Decide what becomes of a message."""
    text = heard.text or ""
    if heard.is_service or heard.is_ours or COMMAND.match(text):
        return Fate.IGNORED
    if heard.is_from_staff and (heard.begins_with_mention or CALL.match(text)):
        return Fate.CALL
    return Fate.RELAYED
