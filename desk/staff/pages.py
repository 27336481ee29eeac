"""What a page of the admins' menu shows, and how its buttons name other pages.

A button carries `adm:<page>:<arguments>`; all of them come in at one entry (`AdminMenu.press`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from desk.house import House
from support.languages import Language
from support.people import StaffMember

T = TypeVar("T")
PREFIX = "adm"
SHOWN = 8
"""Lines of a list on one page."""
LONGEST_BUTTON = 48
MARK = {True: "✅", False: "◻️"}


@dataclass(slots=True)
class Page:
    """A page: its words in HTML, and rows of buttons as (title, data)."""

    text: str
    rows: list[list[tuple[str, str]]] = field(default_factory=list)

    def add(self, *buttons: tuple[str, str]) -> "Page":
        """Add a row of buttons."""
        self.rows.append(list(buttons))
        return self

    async def keyboard(self, house: House) -> InlineKeyboardMarkup:
        """Make the buttons; data that are too long are shortened."""
        rows = [
            [
                InlineKeyboardButton(
                    text=title[:LONGEST_BUTTON] or "–",
                    callback_data=await house.door.keys.shorten(data),
                )
                for title, data in row
            ]
            for row in self.rows
        ]
        return InlineKeyboardMarkup(inline_keyboard=rows)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Words for one admin."""

    house: House
    staff: StaffMember

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text of the admins' menu."""
        return self.house.words(f"adm.{key}", self.language, **values)

    @property
    def language(self) -> Language:
        """Return the language in which the admin reads."""
        return self.staff.language

    def back(self, page: str = "home") -> tuple[str, str]:
        """Make the button that leads back."""
        return self("back"), to(page)


def to(page: str, *arguments: object) -> str:
    """Write what leads to a page."""
    return ":".join((PREFIX, page, *map(str, arguments)))


def following(now: T, circle: Sequence[T]) -> T:
    """Return what comes after this in a circle of choices; its first, where this is none of it."""
    return circle[(circle.index(now) + 1) % len(circle)] if now in circle else circle[0]


def part(items: Sequence[str], number: int) -> Sequence[str]:
    """Return one page of a long list."""
    return items[number * SHOWN : (number + 1) * SHOWN]
