"""Handing on what was said: to whoever takes a ticket over, and into topics that are opened."""

from collections.abc import Sequence

from desk.house import House
from desk.relay import not_relayed, pass_on_recorded
from desk.topics.labels import show_recorded
from desk.turn import Turn
from support.actor import Side
from support.talk import TicketMessage
from support.tickets import Mode, Place, Ticket

WHOLE = 100_000
"""Messages of a ticket, all of them."""
OURS = frozenset({Side.STAFF, Side.TECH})


async def hand_on(
    house: House, turn: Turn, ticket: Ticket, place: Place, *, with_ours: bool = True
) -> None:
    """Pass on what the client wrote while nobody had the ticket, and what reached nobody.

    In topics all that was said belongs into each of them, staff's words (`with_ours`) too; what is
    there is not repeated.
    """
    talk = house.desk.talk
    if ticket.mode is Mode.TOPICS:
        said = await talk.messages(ticket.id, limit=WHOLE)
        shown = [one for one in said if with_ours or one.side not in OURS]
        show_talk(house, turn, ticket, shown, place)
    elif ticket.conversation is not None:
        said = await talk.messages(ticket.id, limit=WHOLE)
        pass_on_recorded(house, turn, said, place, ticket.id)
    else:
        waiting = await not_relayed(house, await talk.messages_of_client(ticket.id))
        pass_on_recorded(house, turn, waiting, place, ticket.id)


def show_talk(
    house: House, turn: Turn, ticket: Ticket, said: Sequence[TicketMessage], place: Place
) -> None:
    """Show in a ticket's topic what both sides said, staff's words under their names."""
    for message in said:
        if message.side not in OURS:
            if message.deleted_at is None or message.source is None:
                pass_on_recorded(house, turn, [message], place, ticket.id)
        elif not was_written_in(message, ticket, place):
            show_recorded(turn, message, place)


def was_written_in(message: TicketMessage, ticket: Ticket, place: Place) -> bool:
    """Tell whether staff's words stand in a topic of the ticket because they were written there."""
    if message.came_from is not None:
        return False
    if place == ticket.main:
        return message.side == Side.STAFF
    return message.side == Side.TECH and message.author_id == ticket.technician
