"""What follows from acts on tickets that no update asked for: an end by the clock, a merger.

An act and the note that it is still to be told are one transaction. What is said of it is queued
under keys of its event before the note is taken away: whoever dies in between says it again, and
nobody hears it twice.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from desk.handing import hand_on
from desk.house import House
from desk.survey import ask_survey
from desk.take.recall import recall_merged
from desk.turn import Turn
from orchestrator.ports.desk import Parcel
from support.assignment import Assignment
from support.ids import ChatId
from support.tickets import Mode, Ticket, TicketState, Untold

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Tells whom they concern of acts that nobody was told of."""

    house: House

    async def tell(self) -> Sequence[Parcel]:
        """Tell of what is untold, oldest first."""
        for untold in await self.house.desk.tickets.untold():
            turn = Turn(self.house.bot_id, f"e:{untold.event}", about=untold.ticket)
            await self.word(turn, untold)
            await self.house.door.parcels.queue_parcels(self.house.bot_id, turn.parcels)
            await self.house.desk.tickets.mark_told(untold.event)
        return ()

    async def word(self, turn: Turn, untold: Untold) -> None:
        """Say what follows from one act."""
        ticket = await self.house.desk.tickets.ticket(untold.ticket)
        tellings: dict[str, Callable[[], Awaitable[None]]] = {
            "finish": lambda: self.ended(turn, ticket, untold.by),
            "merge": lambda: self.merged(turn, ticket, untold),
            "return": lambda: self.returned(turn, ticket),
            "reopen": lambda: self.reopened(turn, ticket),
        }
        telling = tellings.get(untold.action)
        if telling is None:
            log.warning("nobody knows what follows from %s of a ticket", untold.action)
            return
        await telling()

    async def ended(self, turn: Turn, ticket: Ticket, by: str) -> None:
        """Say that a ticket is closed, and ask the client how it was."""
        if ticket.is_open:
            return  # It was opened again meanwhile, which was told by itself.
        await self.house.hall(ticket).closed(turn, ticket, by)
        await ask_survey(self.house, turn, ticket)

    async def merged(self, turn: Turn, ticket: Ticket, untold: Untold) -> None:
        """Point from a ticket to the one that it is part of now, and tell of it there."""
        if ticket.merged_into is None:
            return
        into = await self.house.desk.tickets.ticket(ticket.merged_into)
        await self.house.hall(ticket).merged(turn, ticket, into)
        if untold.payload.get("was") != TicketState.CLOSED and ticket.conversation is None:
            client = await self.house.desk.clients.client(ticket.client)
            text = self.house.words(
                "client.merged", client.language, ticket=ticket.id, into=into.id
            )
            turn.say(ChatId(client.telegram_id), text)
        await self.tell_there(turn, ticket, into)

    async def tell_there(self, turn: Turn, ticket: Ticket, into: Ticket) -> None:
        """Say in the ticket that remains what became part of it, and hand on what is new there."""
        hall = self.house.hall(into)
        turn.ticket = into.id
        language = self.house.settings.language
        text = self.house.words("staff.merged_here", language, ticket=ticket.id, into=into.id)
        await hall.tell(turn, into, text)
        if into.is_open:
            for place in await hall.destinations(into):
                if into.mode is Mode.TAKE:
                    await recall_merged(
                        self.house, turn, ticket, into, place=place, language=language
                    )
                await hand_on(self.house, turn, into, place)
        turn.ticket = ticket.id

    async def returned(self, turn: Turn, ticket: Ticket) -> None:
        """Put a ticket whose operator is gone before the others."""
        if ticket.state is not TicketState.NEW:
            return
        house, hall = self.house, self.house.hall(ticket)
        client = await house.desk.clients.client(ticket.client)
        await hall.returned(turn, ticket, client)
        if ticket.conversation is None:
            text = house.words("client.requeued", client.language)
            turn.say(ChatId(client.telegram_id), text)
        if house.terms().assignment is not Assignment.BY_HAND:
            await hall.assign(turn, ticket)

    async def reopened(self, turn: Turn, ticket: Ticket) -> None:
        """Put a ticket before the staff again because its client wrote on."""
        if ticket.state is not TicketState.NEW:
            return  # Somebody found it in the queue, or it is closed again.
        house, hall = self.house, self.house.hall(ticket)
        await hall.announce(turn, ticket, await house.desk.clients.client(ticket.client))
        if house.terms().assignment is not Assignment.BY_HAND:
            await hall.assign(turn, ticket)
