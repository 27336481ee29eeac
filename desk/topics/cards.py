"""The client's card in a ticket's topic, and the buttons under it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from desk.buttons import button, keyboard
from desk.house import House
from desk.turn import Turn
from orchestrator.ports.desk import After, MessageAt
from support.ids import ChatId, TechnicianId
from support.people import Client, Technician
from support.ports.directory import CardLine, ClientDirectory
from support.tickets import Place, Ticket
from support.topics.graphemes import cut, one_line

RENEWED = "card_renewed"
"""The continuation that compares a card that was brought up to date with what is so by then."""
CARD_LASTS = timedelta(minutes=15)
TECHNICIANS_LAST = timedelta(minutes=10)
TECHNICIANS_KEY = "cache:technicians"
IN_A_ROW = 2
MOST_TECHNICIANS = 40
LONGEST_LINE = 200
"""UTF-16 units of a line of the directory's; a whole card must fit into a message."""
MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Cards:
    """Writes cards; what others tell of clients is asked for at most every 15 minutes."""

    house: House
    directory: ClientDirectory

    async def send(
        self, turn: Turn, ticket: Ticket, client: Client, place: Place, again: str = ""
    ) -> None:
        """Put the card into a topic that was just opened, or `again` where it may not stand."""
        turn.say(
            place,
            await self.text(ticket, client),
            keyboard=await self.buttons(ticket),
            after=After("topic_card", {"seal": await self.seal(ticket, client)}),
            key=f"card:{ticket.id}:{place.chat}:{place.thread}{again}",
        )

    async def renew(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Bring the card in the main topic up to date.

        Of two who do so at once, one may know less: once it is shown, it is compared again.
        """
        if ticket.main is not None and ticket.card is not None:
            here = MessageAt(ticket.main.chat, ticket.card)
            text, buttons = await self.text(ticket, client), await self.buttons(ticket)
            after = After(RENEWED, {"seal": sealed(text, buttons)})
            turn.edit(here, text, keyboard=buttons, after=after)

    async def seal(self, ticket: Ticket, client: Client) -> str:
        """Return what tells a card apart from one that shows or offers something else."""
        return sealed(await self.text(ticket, client), await self.buttons(ticket))

    async def mirror(
        self, turn: Turn, ticket: Ticket, client: Client, place: Place, technician: TechnicianId
    ) -> None:
        """Put the card into a technician's topic, with *Close* as its only button."""
        language = self.house.settings.language
        close = button(self.house.words("topics.close", language), "tclose", ticket.id)
        turn.say(
            place,
            await self.text(ticket, client),
            keyboard=keyboard([close]),
            key=f"mirror:{ticket.id}:{technician}:{place.chat}:{place.thread}",
        )

    async def text(self, ticket: Ticket, client: Client) -> str:
        """Write the card as HTML."""
        words, language = self.house.words, self.house.settings.language
        head = words(
            "topics.card",
            language,
            ticket=ticket.id,
            name=one_line(client.full_name) or "?",
            username=f" (@{client.username})" if client.username else "",
            id=client.telegram_id,
            topic=await self.topic_title(ticket),
            holder=ticket.technician_name or ticket.operator_name or "–",
            phone=f"…{client.phone_hint}" if client.phone_hint else "–",
            speaks=client.language.upper(),
        )
        lines = [
            words(
                "topics.card_line",
                language,
                title=cut(one_line(line.title), LONGEST_LINE),
                text=cut(one_line(line.text), LONGEST_LINE),
            )
            for line in (await self.known_of(client))[:MOST_LINES]
        ]
        return "\n".join([head, *lines])

    async def topic_title(self, ticket: Ticket) -> str:
        """Return what the client chose in the menu."""
        chosen = await self.house.desk.catalogue.menu_topic(ticket.topic) if ticket.topic else None
        return chosen.title(self.house.settings.language) if chosen else ticket.subject or "–"

    async def known_of(self, client: Client) -> Sequence[CardLine]:
        """Return what the directory knows, from the cache while that is fresh."""
        key = f"cache:card:{client.id}"
        found = await self.house.door.memory.read(key)
        if found is not None:
            return [CardLine(title, text) for title, text in json.loads(found)]
        lines = await self.directory.card(client)
        kept = json.dumps([(line.title, line.text) for line in lines], ensure_ascii=False)
        await self.house.door.memory.keep(key, kept, CARD_LASTS)
        return lines

    async def buttons(self, ticket: Ticket) -> InlineKeyboardMarkup:
        """Offer the technicians and *Close*; of a closed ticket, *Reopen*."""
        words, language = self.house.words, self.house.settings.language
        if not ticket.is_open:
            return keyboard([button(words("topics.reopen", language), "topen", ticket.id)])
        offered = [
            self.technician_button(ticket, one)
            for one in (await self.technicians())[:MOST_TECHNICIANS]
        ]
        rows = [offered[at : at + IN_A_ROW] for at in range(0, len(offered), IN_A_ROW)]
        return keyboard(*rows, [button(words("topics.close", language), "tclose", ticket.id)])

    @staticmethod
    def technician_button(ticket: Ticket, technician: Technician) -> InlineKeyboardButton:
        """Offer a technician; the chosen one is marked, and pressed again let go."""
        chosen = technician.id == ticket.technician
        name = cut(one_line(technician.name), 40)
        return button(
            f"✅ {name}" if chosen else name, "tech", ticket.id, 0 if chosen else technician.id
        )

    async def technicians(self) -> Sequence[Technician]:
        """Return who may be chosen, as of at most ten minutes ago."""
        found = await self.house.door.memory.read(TECHNICIANS_KEY)
        if found is not None:
            return [Technician(**one) for one in json.loads(found)]
        fresh = await self.house.desk.technicians.technicians()
        kept = json.dumps([asdict(one) for one in fresh], ensure_ascii=False)
        await self.house.door.memory.keep(TECHNICIANS_KEY, kept, TECHNICIANS_LAST)
        return fresh


def sealed(shows: str, offers: InlineKeyboardMarkup) -> str:
    """Return what tells a card apart from one that shows or offers something else."""
    return sha256(f"{shows}\n{offers.model_dump_json()}".encode()).hexdigest()[:16]


def main_groups(house: House) -> Sequence[ChatId]:
    """Return the forums in which tickets get their topics."""
    settings = house.settings
    return [] if settings.main_group is None else [settings.main_group, *settings.more_groups]
