"""What admins edit: the menu's topics, canned replies, hours, holidays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from support.calendar import Span
from support.ids import MenuTopicId
from support.languages import Language
from support.tickets import Priority

Worded = Mapping[Language, str]
"""The same in each language."""


class Flow(StrEnum):
    """What follows when a client chooses a topic."""

    ANSWER = "answer"
    """A template answer with *Understood* and *Ask an operator*."""
    OPERATOR = "operator"
    """The question whether to call an operator."""


@dataclass(frozen=True, slots=True)
class MenuTopic:
    """A line of the start menu."""

    key: str
    titles: Worded
    flow: Flow
    answers: Worded
    """The template answers; empty where the flow has none."""
    position: int = 0
    is_active: bool = True
    asks_phone: bool = False
    priority: Priority = Priority.NORMAL
    id: MenuTopicId | None = None

    def title(self, language: Language) -> str:
        """Return its title, in whatever language there is one."""
        return worded(self.titles, language)

    def answer(self, language: Language) -> str:
        """Return its template answer."""
        return worded(self.answers, language)


CANNED_VARIABLES = frozenset({"client", "ticket", "operator"})
"""What is filled in when a canned reply is sent."""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """An answer that operators send with a few presses; `{client}`, `{ticket}`, `{operator}`."""

    key: str
    titles: Worded
    texts: Worded


@dataclass(frozen=True, slots=True)
class Hours:
    """A named calendar: the week's hours in a time zone, and its holidays."""

    key: str
    zone: str
    week: Mapping[int, tuple[Span, ...]]
    holidays: Mapping[date, str] = field(default_factory=dict)
    is_desk: bool = False
    """Whether it tells clients when the desk is open; one calendar at most does."""


def worded(texts: Worded, language: Language) -> str:
    """Return the text in that language, or in another rather than nothing."""
    return texts.get(language) or next((one for one in texts.values() if one), "")


def filled(text: str, **values: str) -> str:
    """Fill the variables of a canned reply; any other brace stays as it is."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text
