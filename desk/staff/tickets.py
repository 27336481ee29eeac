"""What staff note, tag, answer by a template and merge by commands, in a ticket's topic or private.

In private, where one dialogue is current, mode take has most of these commands already.
"""

from dataclasses import dataclass

from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.types import Message

from desk.accounts.talking import refusal_of, say
from desk.content import here, said
from desk.house import House
from desk.relay import said_key
from desk.take.hall import by, refusal
from desk.take.notes import LONGEST_NUMBER, found_ticket
from desk.turn import Turn
from desk.words import Html, safe
from orchestrator.ports.answers import WrittenAt
from orchestrator.ports.desk import Doubt
from support.catalogue import filled, worded
from support.ids import ChatId, TgMessageId, ThreadId
from support.people import StaffMember
from support.tickets import Priority, Ticket

LEVELS = frozenset(str(int(one)) for one in Priority)


@dataclass(frozen=True, slots=True)
class TicketCommands:
    """Handles commands that are about one ticket."""

    house: House

    async def note(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Keep a private note."""
        ticket, text = await self.here(message, staff), (command.args or "").strip()
        if ticket is None or not text:
            self.tell(message, turn, staff, "staff.how_note")
            return
        await self.house.desk.notes.add_note(turn.act("note"), ticket.id, by(staff), text)
        self.tell(message, turn, staff, "staff.noted", ticket=ticket.id)

    async def tag(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Add tags, or take them away with /untag."""
        ticket, notes = await self.here(message, staff), self.house.desk.notes
        if ticket is None:
            self.tell(message, turn, staff, "block.how")
            return
        change = notes.add_tag if command.command == "tag" else notes.remove_tag
        for number, tag in enumerate((command.args or "").split()):
            await change(turn.act(f"{command.command}{number}"), ticket.id, by(staff), tag)
        tags = ", ".join(await notes.tags(ticket.id)) or "–"
        self.tell(message, turn, staff, "staff.tags", ticket=ticket.id, tags=tags)

    async def priority(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Set how soon the ticket is looked at."""
        ticket, value = await self.here(message, staff), (command.args or "").strip()
        if ticket is None or value not in LEVELS:
            self.tell(message, turn, staff, "staff.how_priority")
            return
        level = Priority(int(value))
        tickets = self.house.desk.tickets
        await tickets.set_priority(turn.act("priority"), ticket.id, by(staff), level)
        name = self.house.words(f"priority.{level.name.lower()}", staff.language)
        self.tell(message, turn, staff, "staff.prioritised", ticket=ticket.id, priority=name)

    async def pause(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Let the promises about a ticket stand still, or run on with /resume."""
        ticket, clocks = await self.here(message, staff), self.house.desk.clocks
        if ticket is None:
            self.tell(message, turn, staff, "block.how")
            return
        pauses = command.command == "pause"
        change = clocks.pause if pauses else clocks.resume
        await change(turn.act(command.command), ticket.id, by(staff))
        key = "sla.paused" if pauses else "sla.resumed"
        self.tell(message, turn, staff, key, ticket=ticket.id)

    async def canned(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Send a canned reply to the client, or list what there is."""
        ticket, key = await self.here(message, staff), (command.args or "").strip()
        replies = {one.key: one for one in await self.house.desk.catalogue.canned_replies()}
        if ticket is None or not ticket.is_open or key not in replies:
            lines = [
                f"/canned {one.key} – {worded(one.titles, staff.language)}"
                for one in replies.values()
            ]
            list_of = Html("\n".join(map(safe, lines)) or "–")
            self.tell(message, turn, staff, "staff.canned_list", lines=list_of)
            return
        client = await self.house.desk.clients.client(ticket.client)
        text = filled(
            worded(replies[key].texts, client.language),
            client=client.full_name,
            ticket=str(ticket.id),
            operator=staff.name,
        )
        await self.send(message, ticket, text, staff, turn)

    async def send(
        self, message: Message, ticket: Ticket, text: str, staff: StaffMember, turn: Turn
    ) -> None:
        """Send words to the client of a ticket, and show them in its topics."""
        turn.ticket, place = ticket.id, here(message)
        if ticket.conversation is not None:
            reply_to = TgMessageId(message.message_id)
            act = turn.act("canned")
            written = WrittenAt(act, ticket.id, place.chat, place.thread, reply_to)
            refused = await say(self.house, ticket, by(staff), text, written)
            if refused is not None:
                turn.say(place, refusal_of(self.house, refused, staff.language))
                return
        act, now = turn.act("canned"), self.house.clock.now()
        words = said(ticket.id, by(staff), text, now, act)
        recorded = await self.house.desk.talk.record_message(words)
        if ticket.conversation is None:
            client = await self.house.desk.clients.client(ticket.client)
            number, language = TgMessageId(message.message_id), staff.language
            doubt = Doubt(place.chat, place.thread, number, language)
            turn.queue("sendMessage", ChatId(client.telegram_id), {"text": text}, doubt=doubt)
        shown = self.house.words("staff.said", self.house.settings.language, text=text)
        for topic in await self.house.hall(ticket).destinations(ticket):
            turn.say(topic, shown, key=said_key(recorded.id, topic))

    async def merge(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Make a ticket part of the one that is named."""
        ticket = await self.here(message, staff)
        named = (command.args or "").strip().removeprefix("#")
        into = await found_ticket(self.house, named)
        if ticket is None or into is None:
            is_unknown = into is None and named.isdecimal()
            key = "merge.no_such" if is_unknown else "merge.how"
            self.tell(message, turn, staff, key, ticket=named[:LONGEST_NUMBER])
            return
        if ticket.client != into.client or ticket.id == into.id:
            self.tell(message, turn, staff, "merge.of_another", ticket=ticket.id, into=into.id)
            return
        tickets = self.house.desk.tickets
        decided = await tickets.merge(turn.act("merge"), ticket.id, into.id, by(staff))
        if not decided.is_done:
            turn.say(here(message), refusal(self.house, decided, staff))

    async def here(self, message: Message, staff: StaffMember) -> Ticket | None:
        """Return the ticket whose topic it is, or the current dialogue."""
        if not staff.takes_tickets:
            return None
        if message.chat.type == ChatType.PRIVATE:
            return await self.house.desk.tickets.current_of(staff.id)
        thread = ThreadId(message.message_thread_id or 0)
        owner = await self.house.desk.places.owner_of_thread(ChatId(message.chat.id), thread)
        return owner.ticket if owner is not None else None

    def tell(
        self, message: Message, turn: Turn, staff: StaffMember, key: str, **values: object
    ) -> None:
        """Answer where it was written."""
        turn.say(here(message), self.house.words(key, staff.language, **values))
