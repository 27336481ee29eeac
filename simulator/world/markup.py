"""Buttons under a message and keyboards in place of the reader's own."""

from dataclasses import dataclass
from enum import StrEnum


class ButtonKind(StrEnum):
    """What pressing a button does; all but the first three belong to reply keyboards."""

    CALLBACK = "callback"
    URL = "url"
    COPY = "copy"
    TEXT = "text"
    CONTACT = "contact"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Button:
    """One button; `value` is an address or what is copied, `data` what the bot is told."""

    text: str
    kind: ButtonKind = ButtonKind.TEXT
    value: str = ""
    data: bytes = b""


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class InlineKeyboard:
    """Buttons under the message itself."""

    rows: Rows

    def offers(self, data: bytes) -> bool:
        """Tell whether a button here tells the bot this."""
        buttons = (button for row in self.rows for button in row)
        return any(b.kind is ButtonKind.CALLBACK and b.data == data for b in buttons)


@dataclass(frozen=True, slots=True)
class ReplyKeyboard:
    """A keyboard that writes for the reader."""

    rows: Rows
    resize: bool = False
    once: bool = False
    persistent: bool = False
    selective: bool = False
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class KeyboardRemoval:
    """Takes the bot's keyboard away."""

    selective: bool = False


@dataclass(frozen=True, slots=True)
class ForcedReply:
    """Asks the reader for an answer at once."""

    selective: bool = False
    placeholder: str = ""


Markup = InlineKeyboard | ReplyKeyboard | KeyboardRemoval | ForcedReply
