"""What whoever takes a ticket over is told of what was said before: once, in one message."""

from collections.abc import Sequence

from desk.house import House
from desk.relay import not_relayed
from desk.turn import Turn
from desk.words import Html, safe
from support.actor import Side
from support.languages import Language
from support.talk import ContentType, TicketMessage
from support.tickets import Place, Ticket

LINES = 15
"""Messages of an excerpt; the last ones."""
LINE = 160
"""Characters of each; with names, all of them fit into one message of Telegram's."""
NAME = 40


async def recall(
    house: House, turn: Turn, ticket: Ticket, place: Place, language: Language
) -> None:
    """Show the last of what was said and heard before; what is handed on now is no part of it."""
    if ticket.conversation is not None:
        return
    latest = await house.desk.talk.latest_messages(ticket.id, LINES)
    unheard = {one.id for one in await not_relayed(house, of_client(latest))}
    lines = [line_of(one) for one in latest if one.id not in unheard]
    if lines:
        shown = Html("\n".join(lines))
        turn.say(place, house.words("staff.recall", language, ticket=ticket.id, lines=shown))


def of_client(messages: Sequence[TicketMessage]) -> list[TicketMessage]:
    """Return what the client said."""
    return [one for one in messages if one.side == Side.CLIENT]


def line_of(message: TicketMessage) -> str:
    """Word a message in one line: who said it, what it was, and its words, cut."""
    words = " ".join(message.words.split())
    cut = words if len(words) <= LINE else f"{words[: LINE - 1]}…"
    kind = "" if message.content_type is ContentType.TEXT else f"[{message.content_type}] "
    return f"<b>{safe(message.author[:NAME])}</b>: {kind}{safe(cut)}"
