"""What operators press and write in mode take."""

from typing import Any

from aiogram import Router
from aiogram.filters import BaseFilter, Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, User

from desk.accounts.talking import answer as through_account
from desk.accounts.talking import refusal_of, say
from desk.brief import Brief
from desk.buttons import Pressed, button, keyboard
from desk.client.people import People
from desk.content import answered, is_command, is_service, said
from desk.filters import InPrivate
from desk.house import House, Wing
from desk.relay import relay, ticket_of
from desk.take.hall import CARD, OperatorsHall, by, refusal
from desk.take.notes import Notes, found_ticket
from desk.turn import Turn
from orchestrator.ports.answers import WrittenAt
from orchestrator.ports.desk import Doubt
from support.catalogue import filled, worded
from support.ids import ChatId, ClientId, OperatorId, TgMessageId, TgUserId, TicketId
from support.people import Client, StaffMember
from support.tickets import Mode, Place, Priority, Ticket, TicketState

LONGEST_NUMBER = 18
"""Digits that a number of ours may have."""
SHOWN = 10
"""Tickets, operators or replies in one list of buttons."""


class IsStaff(BaseFilter):
    """Takes what active staff write and press, and gives the handler `staff`."""

    def __init__(self, people: People) -> None:
        self.people = people

    async def __call__(self, event: Message | CallbackQuery) -> bool | dict[str, Any]:
        """Ask who it is."""
        staff = await operator_of(self.people, event.from_user)
        return False if staff is None else {"staff": staff}


async def operator_of(people: People, user: User | None) -> StaffMember | None:
    """Return the active member of staff that somebody is."""
    staff = None if user is None else await people.staff_member(user)
    return staff if staff is not None and staff.takes_tickets else None


def make_wing(house: House) -> Wing:
    """Make the wing of mode take."""
    hall = OperatorsHall(house)
    house.halls[Mode.TAKE] = hall
    people = People(house)
    desk = Operators(house, hall, people)
    router = Router(name="take")
    private = router.message
    private.filter(InPrivate(), IsStaff(people))
    private.register(desk.start, CommandStart())
    for name, handler in (
        ("finish", desk.finish_command),
        ("requeue", desk.requeue_command),
        ("queue", desk.queue),
        ("mine", desk.mine),
        ("note", desk.note_command),
        ("tag", desk.tag),
        ("untag", desk.untag),
        ("priority", desk.priority_command),
        ("canned", desk.canned_command),
        ("away", desk.away),
        ("back", desk.back),
    ):
        private.register(handler, Command(name))
    private.register(desk.write)
    router.callback_query.register(desk.take, Pressed("take", 1))
    for verb, count, pressed in (
        ("finish", 1, desk.finish),
        ("requeue", 1, desk.requeue),
        ("pass", 1, desk.choose_whom),
        ("passto", 2, desk.pass_to),
        ("switch", 1, desk.switch),
        ("mine_staff", 0, desk.show_mine),
        ("canned", 1, desk.choose_reply),
        ("say", 2, desk.say_reply),
        ("note", 1, desk.notes.ask),
        ("nonote", 0, desk.notes.leave),
        ("prio", 1, desk.choose_priority),
        ("setprio", 2, desk.set_priority),
    ):
        router.callback_query.register(pressed, Pressed(verb, count), IsStaff(people))
    return Wing(router, {CARD: hall.note_card}, plain=desk.write_plain)


def is_theirs(ticket: Ticket, staff: StaffMember) -> bool:
    """Tell whether an operator has a ticket in work."""
    return ticket.operator == staff.id and ticket.state is TicketState.WORK


class Operators:
    """Handles what operators press and write."""

    def __init__(self, house: House, hall: OperatorsHall, people: People) -> None:
        self.house, self.hall, self.people = house, hall, people
        self.clients: Brief[ClientId, Client] = Brief(house.clock)
        self.notes = Notes(house, people)

    async def start(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Remember that the bot may write to them, and let go what waited for that."""
        user = message.from_user
        if user is None:
            return
        seen = TgUserId(user.id), user.username, user.full_name
        await self.house.desk.staff.see_staff(*seen, started=True)
        self.people.staff.forget(user.id)
        await self.house.door.parcels.release_held(self.house.bot_id, ChatId(user.id))
        turn.say(
            ChatId(user.id), self.house.words("staff.welcome", staff.language, name=staff.name)
        )

    async def take(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Take a ticket; the first press wins, the others are told who won."""
        staff = await self.people.staff_member(query.from_user)
        if staff is None or not staff.takes_tickets:
            language = self.house.settings.language
            turn.reply(self.house.words("refused.no_operator", language), alert=True)
            return
        if not staff.has_started:
            self.tell_to_start(query, staff, turn)
            return
        number = arguments[0]
        if not number.isdecimal() or len(number) > LONGEST_NUMBER:
            turn.reply(self.house.words("button.stale", staff.language))
            return
        several = self.house.terms().several_tickets
        act, ticket = turn.act("take"), TicketId(int(number))
        decided = await self.house.desk.tickets.take(act, ticket, staff.id, several=several)
        if not decided.is_done:
            turn.reply(refusal(self.house, decided, staff), alert=True)
            return
        turn.reply(self.house.words("staff.taken", staff.language, ticket=ticket))
        await self.hall.begin(turn, decided.ticket, staff.id)

    def tell_to_start(self, query: CallbackQuery, staff: StaffMember, turn: Turn) -> None:
        """Tell an operator in the group that the bot may not write to them yet."""
        self.people.staff.forget(query.from_user.id)
        words, language = self.house.words, self.house.settings.language
        text = words("staff.press_start", language, name=staff.name, bot=self.house.username)
        link = f"https://t.me/{self.house.username}?start=desk"
        turn.reply(text, alert=True)
        message = query.message
        reply_to = TgMessageId(message.message_id) if message else None
        open_bot = {"text": words("button.open_bot", language), "url": link}
        turn.say(
            self.hall.group,
            text,
            keyboard=InlineKeyboardMarkup.model_validate({"inline_keyboard": [[open_bot]]}),
            reply_to=reply_to,
            key=f"start:{staff.id}:{message.message_id if message else 0}",
        )

    async def write_plain(self, message: Message, turn: Turn) -> bool:
        """Pass on a plain message, if an operator wrote it."""
        staff = await operator_of(self.people, message.from_user)
        if staff is not None:
            await self.write(message, staff, turn)
        return staff is not None

    async def write(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Pass on what an operator writes: to the dialogue that it answers, else the current."""
        if is_service(message):
            return
        chat = ChatId(message.chat.id)
        if is_command(message):
            # Whoever knows the command was asked before: it was mistyped, or is not for them.
            text = self.house.words("refused.no_command", staff.language)
            turn.say(chat, text, reply_to=TgMessageId(message.message_id))
            return
        if staff.asked is not None and staff.asked.is_open(turn.name):
            await self.notes.answer(message, staff.asked, staff, turn)
            return
        other = await self.answered(message)
        if other is not None and not is_theirs(other, staff):
            # What answers somebody who is theirs no more is for nobody else.
            key = "refused.not_theirs" if other.is_open else "refused.gone"
            text = self.house.words(key, staff.language, ticket=other.id)
            turn.say(chat, text, reply_to=TgMessageId(message.message_id))
            return
        ticket = other or await self.house.desk.tickets.current_of(staff.id)
        if ticket is None:
            turn.say(chat, self.house.words("staff.no_dialogue", staff.language))
            return
        if ticket.conversation is not None:
            language = staff.language
            await through_account(self.house, turn, ticket, by(staff), message, language=language)
            return
        client = self.clients.get(ticket.client)
        if client is None:
            found = await self.house.desk.clients.client(ticket.client)
            client = self.clients.keep(ticket.client, found)
        doubt = Doubt(chat, None, TgMessageId(message.message_id), staff.language)
        to = (Place(ChatId(client.telegram_id)),)
        await relay(self.house, turn, ticket, by(staff), message, to=to, doubt=doubt)

    async def meant(self, message: Message, staff: StaffMember) -> Ticket | None:
        """Return the ticket that a message is for."""
        ticket = await self.answered(message)
        if ticket is not None and is_theirs(ticket, staff):
            return ticket
        return await self.house.desk.tickets.current_of(staff.id)

    async def answered(self, message: Message) -> Ticket | None:
        """Return the ticket in which a message is a reply, or that it is part of by now."""
        reply = answered(message)
        number = await ticket_of(self.house, reply) if reply else None
        ticket = None if number is None else await self.house.desk.tickets.ticket(number)
        while ticket is not None and ticket.merged_into is not None:
            ticket = await self.house.desk.tickets.ticket(ticket.merged_into)
        return ticket

    async def finish(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Close a ticket."""
        ticket = await self.found(arguments[0])
        if ticket is None:
            turn.reply(self.house.words("button.stale", staff.language))
            return
        decided = await self.hall.finish(turn, ticket, staff)
        if not decided.is_done:
            turn.reply(refusal(self.house, decided, staff), alert=True)

    async def requeue(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Let a ticket wait again."""
        ticket = await self.found(arguments[0])
        if ticket is None:
            turn.reply(self.house.words("button.stale", staff.language))
            return
        decided = await self.hall.requeue(turn, ticket, staff)
        key = "staff.requeued"
        if decided.is_done:
            turn.reply(self.house.words(key, staff.language, ticket=ticket.id))
        else:
            turn.reply(refusal(self.house, decided, staff), alert=True)

    async def finish_command(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Close the ticket that is meant."""
        ticket = await self.meant(message, staff)
        if ticket is None:
            self.answer(turn, staff, "staff.no_dialogue")
            return
        decided = await self.hall.finish(turn, ticket, staff)
        if not decided.is_done:
            turn.say(ChatId(message.chat.id), refusal(self.house, decided, staff))

    async def requeue_command(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Let the ticket that is meant wait again."""
        ticket = await self.meant(message, staff)
        if ticket is None:
            self.answer(turn, staff, "staff.no_dialogue")
            return
        decided = await self.hall.requeue(turn, ticket, staff)
        if decided.is_done:
            self.answer(turn, staff, "staff.requeued", ticket=ticket.id)
        else:
            turn.say(ChatId(message.chat.id), refusal(self.house, decided, staff))

    async def choose_whom(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Ask to whom a ticket is given."""
        others = [
            one
            for one in await self.house.desk.staff.staff()
            if one.takes_tickets and one.id != staff.id and one.has_started and not one.is_away
        ]
        if not others:
            turn.reply(self.house.words("staff.nobody_else", staff.language), alert=True)
            return
        rows = [[button(one.name, "passto", arguments[0], one.id)] for one in others[:SHOWN]]
        self.answer(turn, staff, "staff.pass_to_whom", keyboard(*rows))

    async def pass_to(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Give a ticket to another operator."""
        ticket = await self.found(arguments[0])
        if ticket is None or not arguments[1].isdecimal():
            turn.reply(self.house.words("button.stale", staff.language))
            return
        decided = await self.hall.hand_over(turn, ticket, staff, OperatorId(int(arguments[1])))
        if decided.is_done:
            self.answer(turn, staff, "staff.passed", None, ticket=ticket.id)
        else:
            turn.reply(refusal(self.house, decided, staff), alert=True)

    async def switch(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Make another of the operator's tickets their current one."""
        ticket = await self.found(arguments[0])
        if ticket is None:
            turn.reply(self.house.words("button.stale", staff.language))
            return
        decided = await self.house.desk.tickets.switch_to(turn.act("switch"), ticket.id, staff.id)
        if decided.is_done:
            await self.hall.tell_current(turn, staff)
        else:
            turn.reply(refusal(self.house, decided, staff), alert=True)

    async def mine(self, _message: Message, staff: StaffMember, turn: Turn) -> None:
        """List the operator's tickets."""
        await self.list_mine(staff, turn)

    async def show_mine(self, _query: CallbackQuery, staff: StaffMember, turn: Turn) -> None:
        """List the operator's tickets, each with a button that makes it the current one."""
        await self.list_mine(staff, turn)

    async def list_mine(self, staff: StaffMember, turn: Turn) -> None:
        """Say which tickets the operator has."""
        tickets = await self.house.desk.tickets.tickets_of_operator(staff.id)
        rows = []
        for ticket in tickets[:SHOWN]:
            client = await self.house.desk.clients.client(ticket.client)
            mark = "▶ " if ticket.is_current else ""
            rows.append(
                [button(f"{mark}#{ticket.id} {client.full_name[:30]}", "switch", ticket.id)]
            )
        self.answer(turn, staff, "staff.mine" if rows else "staff.no_dialogue", keyboard(*rows))

    async def queue(self, _message: Message, staff: StaffMember, turn: Turn) -> None:
        """List the tickets that wait, each with a button that takes it."""
        waiting = await self.house.desk.tickets.waiting(Mode.TAKE)
        rows = [
            [button(f"#{one.id} {one.subject[:30]}", "take", one.id)] for one in waiting[:SHOWN]
        ]
        key = "staff.queue" if rows else "staff.empty_queue"
        self.answer(turn, staff, key, keyboard(*rows), count=len(waiting))

    async def choose_reply(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Show the canned replies for a ticket."""
        await self.list_replies(staff, turn, arguments[0])

    async def canned_command(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Show the canned replies, or send the one that is named."""
        ticket = await self.meant(message, staff)
        if ticket is None:
            self.answer(turn, staff, "staff.no_dialogue")
        elif command.args:
            await self.send_reply(ticket, command.args.strip(), staff, turn)
        else:
            await self.list_replies(staff, turn, str(ticket.id))

    async def list_replies(self, staff: StaffMember, turn: Turn, ticket: str) -> None:
        """Make a button of each canned reply; long keys are shortened."""
        rows = []
        for reply in (await self.house.desk.catalogue.canned_replies())[:SHOWN]:
            made = button(worded(reply.titles, staff.language), "say", ticket, reply.key)
            short = await self.house.door.keys.shorten(made.callback_data or "")
            rows.append([made.model_copy(update={"callback_data": short})])
        self.answer(turn, staff, "staff.canned" if rows else "staff.no_canned", keyboard(*rows))

    async def say_reply(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Send a canned reply."""
        ticket = await self.found(arguments[0])
        if ticket is None or ticket.operator != staff.id:
            turn.reply(self.house.words("button.stale", staff.language))
            return
        await self.send_reply(ticket, arguments[1], staff, turn)

    async def send_reply(self, ticket: Ticket, key: str, staff: StaffMember, turn: Turn) -> None:
        """Fill a canned reply and send it to the client; the operator sees what was sent."""
        house = self.house
        replies = {one.key: one for one in await house.desk.catalogue.canned_replies()}
        reply = replies.get(key)
        if reply is None:
            self.answer(turn, staff, "staff.no_canned")
            return
        client = await house.desk.clients.client(ticket.client)
        text = filled(
            worded(reply.texts, client.language),
            client=client.full_name,
            ticket=str(ticket.id),
            operator=staff.name,
        )
        turn.ticket = ticket.id
        if ticket.conversation is not None and not await self.say_through(
            ticket, text, staff, turn
        ):
            return
        act, now = turn.act("canned"), house.clock.now()
        await house.desk.talk.record_message(said(ticket.id, by(staff), text, now, act))
        if ticket.conversation is None:
            doubt = None
            if staff.telegram_id is not None:
                doubt = Doubt(ChatId(staff.telegram_id), language=staff.language)
            turn.queue("sendMessage", ChatId(client.telegram_id), {"text": text}, doubt=doubt)
        self.answer(turn, staff, "staff.said", text=text)

    async def say_through(self, ticket: Ticket, text: str, staff: StaffMember, turn: Turn) -> bool:
        """Send words through the account that a ticket is about; False when it may not."""
        if staff.telegram_id is None:
            return False
        chat = ChatId(staff.telegram_id)
        written = WrittenAt(turn.act("canned"), ticket.id, chat)
        refused = await say(self.house, ticket, by(staff), text, written)
        if refused is not None:
            turn.say(chat, refusal_of(self.house, refused, staff.language))
        return refused is None

    async def note_command(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Keep a private note on the ticket that is meant."""
        await self.notes.keep(await self.meant(message, staff), command.args or "", staff, turn)

    async def tag(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Add tags to the ticket that is meant."""
        ticket, tags = await self.meant(message, staff), (command.args or "").split()
        if ticket is None:
            self.answer(turn, staff, "staff.no_dialogue")
            return
        for number, tag in enumerate(tags):
            await self.house.desk.notes.add_tag(turn.act(f"tag{number}"), ticket.id, by(staff), tag)
        await self.show_tags(ticket, staff, turn)

    async def untag(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Take tags from the ticket that is meant."""
        ticket, tags = await self.meant(message, staff), (command.args or "").split()
        if ticket is None:
            self.answer(turn, staff, "staff.no_dialogue")
            return
        for number, tag in enumerate(tags):
            act = turn.act(f"untag{number}")
            await self.house.desk.notes.remove_tag(act, ticket.id, by(staff), tag)
        await self.show_tags(ticket, staff, turn)

    async def show_tags(self, ticket: Ticket, staff: StaffMember, turn: Turn) -> None:
        """Say which tags a ticket has."""
        tags = await self.house.desk.notes.tags(ticket.id)
        self.answer(turn, staff, "staff.tags", ticket=ticket.id, tags=", ".join(tags) or "–")

    async def choose_priority(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Ask how soon a ticket is looked at."""
        words = self.house.words
        row = [
            button(
                words(f"priority.{one.name.lower()}", staff.language),
                "setprio",
                arguments[0],
                int(one),
            )
            for one in Priority
        ]
        self.answer(turn, staff, "staff.which_priority", keyboard(row[:2], row[2:]))

    async def set_priority(
        self, _query: CallbackQuery, arguments: tuple[str, ...], staff: StaffMember, turn: Turn
    ) -> None:
        """Set how soon a ticket is looked at."""
        await self.prioritise(await self.found(arguments[0]), arguments[1], staff, turn)

    async def priority_command(
        self, message: Message, command: CommandObject, staff: StaffMember, turn: Turn
    ) -> None:
        """Set how soon the ticket that is meant is looked at."""
        ticket = await self.meant(message, staff)
        await self.prioritise(ticket, (command.args or "").strip(), staff, turn)

    async def prioritise(
        self, ticket: Ticket | None, value: str, staff: StaffMember, turn: Turn
    ) -> None:
        """Set a priority from 0 to 3."""
        if ticket is None or value not in {"0", "1", "2", "3"}:
            self.answer(turn, staff, "staff.how_priority")
            return
        priority = Priority(int(value))
        await self.house.desk.tickets.set_priority(
            turn.act("priority"), ticket.id, by(staff), priority
        )
        name = self.house.words(f"priority.{priority.name.lower()}", staff.language)
        self.answer(turn, staff, "staff.prioritised", ticket=ticket.id, priority=name)

    async def away(self, _message: Message, staff: StaffMember, turn: Turn) -> None:
        """Let assignment pass the operator by."""
        await self.house.desk.staff.set_away(staff.id, is_away=True)
        self.answer(turn, staff, "staff.away")

    async def back(self, _message: Message, staff: StaffMember, turn: Turn) -> None:
        """Let assignment think of the operator again."""
        await self.house.desk.staff.set_away(staff.id, is_away=False)
        self.answer(turn, staff, "staff.back")

    async def found(self, number: str) -> Ticket | None:
        """Return the ticket of that number, if there is one."""
        return await found_ticket(self.house, number)

    def answer(
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
            shown = buttons if buttons and buttons.inline_keyboard else None
            turn.say(ChatId(staff.telegram_id), text, keyboard=shown)
