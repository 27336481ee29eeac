"""What buttons carry: a version, a verb, and its arguments, joined by colons.

Older forms, still standing under messages of past years, are brought to today's by `upgraded`.
"""

from collections.abc import Callable

from aiogram.filters import BaseFilter
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup

VERSION = "v1"
ROOM = 64
"""Bytes of callback data (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

OLDER: dict[str, Callable[[str], str]] = {
    "take_ticket_": lambda number: data("take", number),
    "close_ticket_": lambda number: data("finish", number),
    "assign_tech_": lambda rest: data("tech", *rest.split("_")),
    "topic_close_": lambda number: data("tclose", number),
    "admin_": lambda page: f"adm:{page}",
}
"""Forms without a version, by how they begin: of the systems that this desk replaces."""


def data(verb: str, *arguments: object) -> str:
    """Write what a button carries."""
    return ":".join((VERSION, verb, *map(str, arguments)))


def upgraded(pressed: str) -> str | None:
    """Bring what a button carries to today's form; None for what nobody understands."""
    if pressed.startswith((f"{VERSION}:", "adm:")):
        return pressed
    for begin, rewrite in OLDER.items():
        if pressed.startswith(begin):
            return rewrite(pressed.removeprefix(begin))
    return None


class Pressed(BaseFilter):
    """Takes the buttons of one verb, and gives the handler their `arguments`."""

    def __init__(self, verb: str, count: int | None = None) -> None:
        self.verb, self.count = verb, count

    async def __call__(self, query: CallbackQuery) -> bool | dict[str, tuple[str, ...]]:
        """Compare the verb, and the number of arguments where one is given."""
        _, verb, *arguments = (query.data or "").split(":") + ["", ""][: 0 if query.data else 2]
        if verb != self.verb or (self.count is not None and len(arguments) != self.count):
            return False
        return {"arguments": tuple(arguments)}


def button(text: str, verb: str, *arguments: object) -> InlineKeyboardButton:
    """Make a button; what it carries must fit into 64 bytes, or be shortened by `CallbackKeys`."""
    return InlineKeyboardButton(text=text, callback_data=data(verb, *arguments))


def keyboard(*rows: list[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """Make a keyboard of rows; empty rows are left out."""
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])
