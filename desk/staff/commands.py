"""/stats, /find and /technicians, in private and in the desk's groups; invitations followed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiogram.enums import ChatType
from aiogram.filters import BaseFilter, CommandObject
from aiogram.types import CallbackQuery, Message

from desk.house import House
from desk.take.notes import found_ticket
from desk.turn import Turn
from desk.words import Html
from support.actor import Actor
from support.ids import ChatId, TgMessageId, TgUserId, ThreadId
from support.invitations import INVITATION
from support.languages import language_of
from support.people import NewStaff, StaffMember, UserStatus
from support.reports import DeskFigures, Found
from support.tickets import Place, Ticket, TicketState

SINCE = timedelta(days=7)
FOUND = 10
EXCERPT = 80
SIGNS = {TicketState.NEW: "🟢", TicketState.WORK: "🟡", TicketState.CLOSED: "🟣"}


@dataclass(frozen=True, slots=True)
class IsMember(BaseFilter):
    """Takes what active staff of any role write or press, and gives the handler `staff`."""

    house: House
    only_admins: bool = False

    async def __call__(self, event: Message | CallbackQuery) -> bool | dict[str, Any]:
        """Ask who it is."""
        if event.from_user is None:
            return False
        found = await self.house.desk.staff.staff_of(TgUserId(event.from_user.id))
        if found is None or found.status is not UserStatus.ACTIVE:
            return False
        return {"staff": found} if found.is_admin or not self.only_admins else False


class StaffCommands:
    """Answers what staff ask."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def stats(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Show the desk's figures of a week, and each operator's."""
        found = await self.house.desk.reports.stats(self.house.clock.now() - SINCE)
        lines = [self.figures("stats.desk", found.whole, staff)]
        lines += [self.figures("stats.operator", one, staff) for one in found.operators]
        self.answer(message, turn, "\n\n".join(lines))

    def figures(self, key: str, one: DeskFigures, staff: StaffMember) -> str:
        """Write one line of figures."""
        return self.house.words(
            key,
            staff.language,
            name=one.name,
            waiting=one.waiting,
            in_work=one.in_work,
            active=one.waiting + one.in_work,
            opened=one.opened,
            closed=one.closed,
            answer=shortly(one.mean_to_answer),
            close=shortly(one.mean_to_close),
            sla="–" if one.sla is None else f"{one.sla:.0%}",
            score="–" if one.mean_score is None else f"{one.mean_score:.1f}",
        )

    async def find(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Find tickets by number, client or words."""
        query = (command.args or "").strip()
        if not query:
            self.answer(message, turn, self.house.words("find.how", staff.language))
            return
        found = await self.house.desk.reports.search(query, FOUND)
        key = "find.found" if found else "find.nothing"
        head = self.house.words(key, staff.language, query=query)
        self.answer(message, turn, "\n".join([head, *(self.line(one, staff) for one in found)]))

    def line(self, found: Found, staff: StaffMember) -> str:
        """Write one ticket that was found."""
        return self.house.words(
            "find.line",
            staff.language,
            sign=SIGNS[found.ticket.state],
            ticket=found.ticket.id,
            client=found.client,
            when=found.ticket.created_at.strftime("%d.%m.%Y"),
            words=(found.excerpt or found.ticket.subject)[:EXCERPT],
        )

    async def technicians(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """List the technicians and what they have."""
        found = await self.house.desk.technicians.technicians()
        key = "technicians.list" if found else "technicians.none"
        lines = [
            self.house.words(
                "technicians.line", staff.language, name=one.name, open=one.open_tickets
            )
            for one in found
        ]
        head = self.house.words(key, staff.language)
        self.answer(message, turn, "\n".join([head, *lines]))

    async def block(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Take nothing more from the client of a ticket."""
        await self.bar(message, command, staff, turn, barred=True)

    async def unblock(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Take again what the client of a ticket writes."""
        await self.bar(message, command, staff, turn, barred=False)

    async def bar(
        self,
        message: Message,
        command: CommandObject,
        staff: StaffMember,
        turn: Turn,
        *,
        barred: bool,
    ) -> None:
        """Block a client or forgive them, and say so."""
        key = "block.done" if barred else "block.undone"
        ticket = await self.ticket_meant(message, command, staff) if staff.takes_tickets else None
        if ticket is None:
            self.answer(message, turn, self.house.words("block.how", staff.language))
            return
        clients = self.house.desk.clients
        client = await clients.client(ticket.client)
        act = clients.block if barred else clients.unblock
        await act(Actor(staff.name), client.id)
        self.house.forget(client.telegram_id)
        text = self.house.words(key, staff.language, name=client.full_name, ticket=ticket.id)
        self.answer(message, turn, text)

    async def ticket_meant(
        self, message: Message, command: CommandObject, staff: StaffMember
    ) -> Ticket | None:
        """Return the ticket that is named, whose topic it is, or that is the current dialogue."""
        named = (command.args or "").strip().removeprefix("#")
        if named:
            return await found_ticket(self.house, named)
        if message.chat.type == ChatType.PRIVATE:
            return await self.house.desk.tickets.current_of(staff.id)
        thread = ThreadId(message.message_thread_id or 0)
        owner = await self.house.desk.places.owner_of_thread(ChatId(message.chat.id), thread)
        return owner.ticket if owner is not None else None

    async def follow_invitation(self, message: Message, command: CommandObject, turn: Turn) -> None:
        """Give whoever follows an invitation the roles that it names."""
        user, code = message.from_user, (command.args or "").removeprefix(INVITATION)
        if user is None:
            return
        person = TgUserId(user.id)
        language = language_of(user.language_code)
        invited = await self.house.desk.invites.accept(code, person)
        if invited is None:
            text = self.house.words("invite.over", language)
            self.answer(message, turn, text)
            return
        name = user.full_name.strip()[:100] or str(user.id)
        known = {one.name for one in await self.house.desk.staff.staff()}
        earlier = await self.house.desk.staff.staff_of(person)
        if earlier is None and name in known:
            name = f"{name} {user.id}"
        new = NewStaff(earlier.name if earlier else name, person, invited.roles, user.username)
        await self.house.desk.staff.add_staff(Actor(f"{invited.invited_by} (invitation)"), new)
        await self.house.desk.staff.see_staff(person, user.username, user.full_name, started=True)
        self.house.forget(person)
        await self.house.door.parcels.release_held(self.house.bot_id, ChatId(user.id))
        roles = ", ".join(
            self.house.words(f"role.{role}", language) for role in sorted(invited.roles)
        )
        self.answer(
            message, turn, self.house.words("invite.welcome", language, name=name, roles=roles)
        )

    def answer(self, message: Message, turn: Turn, text: str) -> None:
        """Answer where it was asked."""
        private = message.chat.type == ChatType.PRIVATE
        thread = None if private else message.message_thread_id
        place = Place(ChatId(message.chat.id), None if thread is None else ThreadId(thread))
        reply_to = None if private else TgMessageId(message.message_id)
        turn.say(place, Html(text), reply_to=reply_to)


def shortly(span: timedelta | None) -> str:
    """Write a time in hours and minutes."""
    if span is None:
        return "–"
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes // 60}:{minutes % 60:02d}"
