"""Private notes, and whatever else an operator was asked to type that is not for a client.

What was asked is kept beside the operator in PostgreSQL. A dialogue that is lost with Redis must
not turn a note into words to the client.
"""

from dataclasses import dataclass, replace

from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from desk.buttons import button, keyboard
from desk.client.people import People
from desk.house import House
from desk.take.hall import by
from desk.turn import Turn
from orchestrator.errors import NotFound
from support.ids import ChatId, TicketId
from support.people import AskedOf, Question, StaffMember
from support.tickets import Ticket

LONGEST_NUMBER = 18
"""Digits that a number of ours may have."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Asks for notes, and keeps them."""

    house: House
    people: People

    async def ask(
        self, query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Ask for a private note."""
        if query.message is None or query.message.chat.id != query.from_user.id:
            return
        await self.remember(staff, AskedOf(Question.NOTE, arguments[0]))
        cancel = button(self.house.words("button.cancel", staff.language), "nonote")
        self.tell(turn, staff, "staff.write_note", keyboard([cancel]), ticket=arguments[0])

    async def leave(self, _query: CallbackQuery, staff: StaffMember, turn: Turn) -> None:
        """Let what they write be for their client again."""
        if staff.asked is not None:
            await self.remember(staff, None)
        self.tell(turn, staff, "staff.no_note")

    async def answer(
        self, message: Message, asked: AskedOf, staff: StaffMember, turn: Turn
    ) -> None:
        """Take what they wrote as what was asked for; nothing of it goes to the client."""
        if asked.question is Question.SETTING:
            # The menu would have taken it, had its dialogue not been lost.
            await self.remember(staff, replace(asked, answered_by=turn.name))
            self.tell(turn, staff, "staff.setting_lost")
        elif message.text is None:
            self.tell(turn, staff, "staff.note_in_words", ticket=asked.about)
        else:
            await self.remember(staff, replace(asked, answered_by=turn.name))
            ticket = await found_ticket(self.house, asked.about)
            await self.keep(ticket, message.text, staff, turn)

    async def keep(self, ticket: Ticket | None, text: str, staff: StaffMember, turn: Turn) -> None:
        """Keep a note."""
        if ticket is None or not text.strip():
            self.tell(turn, staff, "staff.no_dialogue" if ticket is None else "staff.how_note")
            return
        await self.house.desk.notes.add_note(turn.act("note"), ticket.id, by(staff), text)
        self.tell(turn, staff, "staff.noted", ticket=ticket.id)

    async def remember(self, staff: StaffMember, asked: AskedOf | None) -> None:
        """Remember what somebody was asked, or that they answered."""
        await self.house.desk.staff.ask_staff(staff.id, asked)
        if staff.telegram_id is not None:
            self.people.staff.forget(staff.telegram_id)

    def tell(
        self,
        turn: Turn,
        staff: StaffMember,
        key: str,
        buttons: InlineKeyboardMarkup | None = None,
        **values: object,
    ) -> None:
        """Say something to an operator in private."""
        if staff.telegram_id is not None:
            text = self.house.words(key, staff.language, **values)
            turn.say(ChatId(staff.telegram_id), text, keyboard=buttons)


async def found_ticket(house: House, number: str) -> Ticket | None:
    """Return the ticket of that number, if there is one."""
    if not number.isdecimal() or len(number) > LONGEST_NUMBER:
        return None
    try:
        return await house.desk.tickets.ticket(TicketId(int(number)))
    except NotFound:
        return None
