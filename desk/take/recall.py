"""What whoever takes a ticket over is told of what was said before: once, in one message."""

from collections.abc import Sequence

from desk.handing import WHOLE
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
    if ticket.conversation is None:
        latest = await house.desk.talk.latest_messages(ticket.id, LINES)
        await show_excerpt(house, turn, ticket, latest, place=place, language=language)


async def recall_merged(
    house: House, turn: Turn, merged: Ticket, into: Ticket, *, place: Place, language: Language
) -> None:
    """Show whoever has a ticket the last of what was said in another that is part of it now."""
    if into.conversation is None:
        said = await house.desk.talk.messages(into.id, limit=WHOLE)
        came = [one for one in said if one.came_from == merged.id and one.deleted_at is None]
        await show_excerpt(house, turn, merged, came[-LINES:], place=place, language=language)


async def show_excerpt(
    house: House,
    turn: Turn,
    ticket: Ticket,
    latest: Sequence[TicketMessage],
    *,
    place: Place,
    language: Language,
) -> None:
    """Show messages in one; those that are handed on now are no part of it."""
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
