"""What a ticket's topics are called: its state, who has it, its number, the client.

`🟢 [Новый] #12 | Имя (@user)`, `🟡 [В работе | @tech] #12 | Имя`, `🟣 [Закрыт | @tech] #12 | Имя`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from support.ids import TicketId
from support.languages import Language
from support.tickets import TicketState
from support.topics.graphemes import cut, one_line, units

LONGEST_TITLE = 128
"""Telegram's limit (https://core.telegram.org/bots/api#createforumtopic)."""
LEAST_NAME = 24
"""How much of a name stays before its @username is left out."""
LONGEST_WORD = 32
LONGEST_HOLDER = 40


@dataclass(frozen=True, slots=True)
class StateWord:
    """How a state is told at the head of a title."""

    sign: str
    word: str


Words = Mapping[TicketState, StateWord]
"""A word for each state."""

TITLE_WORDS: Mapping[Language, Words] = MappingProxyType(
    {
        Language.RU: MappingProxyType(
            {
                TicketState.NEW: StateWord("🟢", "Новый"),
                TicketState.WORK: StateWord("🟡", "В работе"),
                TicketState.CLOSED: StateWord("🟣", "Закрыт"),
            }
        ),
        Language.EN: MappingProxyType(
            {
                TicketState.NEW: StateWord("🟢", "New"),
                TicketState.WORK: StateWord("🟡", "In work"),
                TicketState.CLOSED: StateWord("🟣", "Closed"),
            }
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Titled:
    """What a title tells of a ticket."""

    ticket: TicketId
    state: TicketState
    client: str
    username: str | None = None
    """The client's, without the @."""
    holder: str | None = None
    """Who has it, as shown: "@tech" or a name."""


def topic_title(told: Titled, words: Words) -> str:
    """Return a title of at most 128 UTF-16 units on one line; the name is cut before its number."""
    state = words[told.state]
    parts = [cut(one_line(state.word), LONGEST_WORD)]
    if told.holder and told.state is not TicketState.NEW:
        parts.append(cut(one_line(told.holder), LONGEST_HOLDER))
    head = f"{cut(one_line(state.sign), 8)} [{' | '.join(parts)}] #{told.ticket} | "
    name = one_line(told.client) or "?"
    tail = f" (@{told.username})" if told.username and told.state is TicketState.NEW else ""
    room = LONGEST_TITLE - units(head)
    if room - units(tail) < min(LEAST_NAME, units(name)):
        tail = ""
    return head + cut(name, room - units(tail)) + tail


def holder_name(name: str | None, username: str | None) -> str | None:
    """Return how whoever has a ticket is shown: by @username where there is one."""
    return f"@{username}" if username else name
