"""Accounts' conversations at the desk: what time brings, and what becomes of them in the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiogram import Router
from aiogram.types import CallbackQuery

from desk.accounts.changing import Changing
from desk.accounts.following import Following
from desk.buttons import Pressed
from desk.client.people import People
from desk.house import Accounts, House, Wing
from desk.turn import Turn
from orchestrator.errors import BadInput, NotAllowed, NotFound
from orchestrator.ids import ConversationId
from orchestrator.ports.desk import MessageAt, Parcel
from support.actor import Actor
from support.ids import ChatId, TgMessageId, TicketId
from support.languages import Language
from support.tickets import Ticket

EVERY = timedelta(seconds=1)
LONGEST_NUMBER = 18


def make_wing(house: House) -> Wing:
    """Make the wing of a desk that has accounts."""
    accounts = house.accounts
    if accounts is None:
        raise NotAllowed("this desk has no accounts")
    changing = Changing(house, accounts)
    following, endings = Following(house, accounts), Endings(house, accounts, People(house))
    router = Router(name="accounts")
    router.callback_query.register(endings.give_back, Pressed("acback", 1))
    router.callback_query.register(endings.end, Pressed("acend", 1))

    async def follow() -> Sequence[Parcel]:
        """Do it all, in the order in which things happened."""
        chores = (following.pick_up, following.hear, changing.follow)
        for chore in (*chores, following.tell_fates, following.end):
            await chore()
        return ()

    return Wing(router, {}, {"accounts' conversations": (EVERY, follow)})


@dataclass(frozen=True, slots=True)
class Endings:
    """Handles what is pressed under the question what becomes of a conversation."""

    house: House
    accounts: Accounts
    people: People

    async def give_back(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Let the script go on."""
        found = await self.meant(query, arguments[0], turn)
        if found is None:
            return
        conversation, actor, language = found
        try:
            await self.accounts.conversations.resume(actor, conversation)
        except (BadInput, NotAllowed) as error:
            self.refuse(turn, error, language)
        else:
            self.done(query, turn, "account.given_back", language)

    async def end(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Close the conversation."""
        found = await self.meant(query, arguments[0], turn)
        if found is None:
            return
        conversation, actor, language = found
        try:
            await self.accounts.conversations.close(actor, conversation, "")
        except (BadInput, NotAllowed) as error:
            self.refuse(turn, error, language)
        else:
            self.done(query, turn, "account.ended", language)

    async def meant(
        self, query: CallbackQuery, number: str, turn: Turn
    ) -> tuple[ConversationId, Actor, Language] | None:
        """Return which conversation a button means, for staff who may press it."""
        staff = await self.people.staff_member(query.from_user)
        language = staff.language if staff is not None else self.house.settings.language
        ticket = await self.found(number)
        may = ticket is not None and (
            (staff is not None and staff.takes_tickets) or stands_in(ticket, query)
        )
        if ticket is None or ticket.conversation is None or ticket.is_open or not may:
            turn.reply(self.house.words("button.stale", language))
            return None
        name = staff.name if staff is not None else query.from_user.full_name
        turn.ticket = ticket.id
        return ConversationId(ticket.conversation), Actor(name), language

    async def found(self, number: str) -> Ticket | None:
        """Return the ticket of that number, if there is one."""
        if not number.isdecimal() or len(number) > LONGEST_NUMBER:
            return None
        try:
            return await self.house.desk.tickets.ticket(TicketId(int(number)))
        except NotFound:
            return None

    def done(self, query: CallbackQuery, turn: Turn, key: str, language: Language) -> None:
        """Show in the question's place what was chosen."""
        text = self.house.words(key, language)
        turn.reply(text)
        message = query.message
        if message is not None:
            here = MessageAt(ChatId(message.chat.id), TgMessageId(message.message_id))
            turn.edit(here, text)

    def refuse(self, turn: Turn, error: Exception, language: Language) -> None:
        """Say why it cannot be."""
        text = self.house.words("account.refused.other", language, reason=error)
        turn.reply(text[:200], alert=True)


def stands_in(ticket: Ticket, query: CallbackQuery) -> bool:
    """Tell whether a button was pressed in the group in which the ticket has its topic."""
    main, message = ticket.main, query.message
    return main is not None and message is not None and message.chat.id == main.chat
