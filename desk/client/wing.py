"""The client's side of the desk."""

from collections.abc import Sequence
from datetime import timedelta

from aiogram import Router
from aiogram.filters import Command, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, ReplyKeyboardRemove, User
from pydantic import JsonValue

from desk.buttons import Pressed
from desk.client.menu import (
    OTHER,
    answer_keyboard,
    greeting,
    home_keyboard,
    menu_keyboard,
    phone_keyboard,
    queue_text,
    ticket_list,
    yes_or_no,
)
from desk.client.people import Flood, People
from desk.content import as_it_came, is_service, source_of
from desk.filters import HasText, InPrivate
from desk.handing import hand_on
from desk.house import House, Wing
from desk.relay import at, pass_on, record
from desk.survey import Asked, ask_survey, comment, rate, show_step
from desk.turn import Turn
from orchestrator.errors import NotFound
from orchestrator.ports.desk import Doubt, Json, MessageAt, TicketEnded
from support.actor import By, Side
from support.assignment import Assignment
from support.catalogue import Flow
from support.ids import ChatId, TgMessageId, TgUserId, TicketId
from support.languages import Language
from support.people import Client
from support.phones import read_phone
from support.tickets import How, Mode, Opening, Ticket

JUST_TAKEN = timedelta(seconds=5)


class Wanted(StatesGroup):
    """What the client was asked for."""

    phone = State()


def make_wing(house: House) -> Wing:
    """Make the wing; it takes whatever private message nobody else took."""
    side = ClientSide(house)
    router = Router(name="client")
    router.message.filter(InPrivate())
    router.my_chat_member.filter(InPrivate())
    router.my_chat_member.register(side.came_or_left)
    router.message.register(side.start, CommandStart())
    router.message.register(side.mine, Command("tickets"))
    router.message.register(side.give_phone, StateFilter(Wanted.phone))
    router.message.register(side.improve, StateFilter(Asked.improvement), HasText())
    router.message.register(side.write)
    for verb, count, handler in (
        ("home", 0, side.home),
        ("topic", 1, side.choose_topic),
        ("ok", 0, side.understood),
        ("ask", 1, side.ask_operator),
        ("mine", 0, side.list_tickets),
        ("lang", 1, side.choose_language),
        ("end", 1, side.end),
        ("rate", 3, side.rate),
        ("enough", 1, side.enough),
    ):
        router.callback_query.register(handler, Pressed(verb, count))
    return Wing(router, plain=side.write_plain)


class ClientSide:
    """Handles what clients write and press."""

    def __init__(self, house: House) -> None:
        self.house, self.people = house, People(house)
        self.flood = Flood(house.clock)

    async def start(self, message: Message, turn: Turn, state: FSMContext) -> None:
        """Greet, and show the menu."""
        client = await self.client_of(message.from_user)
        await state.clear()
        await self.release(message.chat.id)
        await self.show_menu(turn, ChatId(message.chat.id), client)

    async def show_menu(self, turn: Turn, chat: ChatId, client: Client) -> None:
        """Send the menu."""
        ticket = await self.house.desk.tickets.open_ticket_of(client.id)
        buttons = await menu_keyboard(self.house, client, ticket)
        turn.say(chat, greeting(self.house, client, ticket), keyboard=buttons)

    async def home(self, query: CallbackQuery, turn: Turn, state: FSMContext) -> None:
        """Show the menu anew, below what was said since."""
        client = await self.client_of(query.from_user)
        await state.set_state(None)
        await self.show_menu(turn, ChatId(query.from_user.id), client)

    async def choose_topic(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn
    ) -> None:
        """Answer by the template, or ask whether to call an operator."""
        client = await self.client_of(query.from_user)
        language, (key,) = client.language, arguments
        topic = await self.house.desk.catalogue.menu_topic(key)
        if topic is None:
            turn.reply(self.house.words("button.stale", language))
        elif topic.flow is Flow.ANSWER and topic.answer(language):
            buttons = answer_keyboard(self.house, topic, language)
            turn.edit(place_of(query), topic.answer(language), keyboard=buttons)
        else:
            text = self.house.words("client.call_operator", language)
            turn.edit(place_of(query), text, keyboard=yes_or_no(self.house, key, language))

    async def understood(self, query: CallbackQuery, turn: Turn, state: FSMContext) -> None:
        """Take note that the client needs no operator."""
        client = await self.client_of(query.from_user)
        await state.clear()
        await self.adopt(turn, client)
        text = self.house.words("client.glad", client.language)
        turn.edit(place_of(query), text, keyboard=home_keyboard(self.house, client.language))

    async def ask_operator(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn, state: FSMContext
    ) -> None:
        """Open a ticket, after asking for a number where the topic wants one."""
        client = await self.client_of(query.from_user)
        if client.is_blocked:
            return
        key = arguments[0]
        topic = await self.house.desk.catalogue.menu_topic(key)
        chat = ChatId(query.from_user.id)
        turn.queue("editMessageReplyMarkup", chat, without_buttons(query))
        if topic is not None and topic.asks_phone and client.phone_hint is None:
            await state.set_state(Wanted.phone)
            await state.update_data(topic=key)
            text = self.house.words("client.phone", client.language)
            turn.say(chat, text, keyboard=phone_keyboard(self.house, client.language))
        else:
            await self.open(turn, client, key, state)

    async def give_phone(self, message: Message, turn: Turn, state: FSMContext) -> None:
        """Take a number that was shared or typed; another's is not taken."""
        client = await self.client_of(message.from_user)
        words, language, chat = self.house.words, client.language, ChatId(message.chat.id)
        typed = (message.text or "").strip()
        key = str((await state.get_data()).get("topic", OTHER))
        if typed != words("button.skip", language):
            shared = message.contact
            if shared is not None and shared.user_id not in {None, message.chat.id}:
                turn.say(chat, words("client.phone_of_another", language))
                return
            number = shared.phone_number if shared else typed
            phone = read_phone(number, self.house.settings.region) if number else None
            if phone is None:
                turn.say(chat, words("client.phone_unreadable", language))
                return
            await self.house.desk.clients.set_phone(client.id, phone)
            self.changed(message.from_user)
            client = await self.client_of(message.from_user)
        turn.say(chat, words("client.thanks", language), keyboard=ReplyKeyboardRemove())
        await self.open(turn, client, key, state)

    async def open(self, turn: Turn, client: Client, topic: str, state: FSMContext) -> Ticket:
        """Open the client's ticket with what they wrote before, and tell staff."""
        house, language = self.house, client.language
        found = await house.desk.catalogue.menu_topic(topic)
        opening = Opening(
            client.id,
            house.settings.mode or Mode.TAKE,
            language,
            topic=topic if found else None,
            subject=found.title(house.settings.language) if found else "",
        )
        opened = await house.desk.tickets.open_ticket(
            turn.act("open"), opening, house.terms().reopen
        )
        ticket = opened.ticket
        turn.ticket = ticket.id
        for written in await self.adopt(turn, client):
            pending = Message.model_validate(written, context={"bot": house.bot})
            await self.pass_on(turn, ticket, client, pending)
        await state.clear()
        if opened.how is not How.ONGOING:
            text = await queue_text(house, ticket, language)
            turn.say(ChatId(client.telegram_id), text, keyboard=home_keyboard(house, language))
            await house.hall(ticket).announce(turn, ticket, client)
            if house.terms().assignment is not Assignment.BY_HAND:
                await house.hall(ticket).assign(turn, ticket)
        else:
            turn.say(
                ChatId(client.telegram_id), house.words("client.open", language, ticket=ticket.id)
            )
        return ticket

    async def write_plain(self, message: Message, turn: Turn) -> bool:
        """Pass on a plain message: everybody is a client whom no other wing knows."""
        await self.write(message, turn)
        return True

    async def write(self, message: Message, turn: Turn) -> None:
        """Pass on what a client writes; without a ticket, ask whether to call an operator."""
        if is_service(message) or message.from_user is None:
            return
        client = await self.client_of(message.from_user)
        if client.is_blocked or self.is_too_much(turn, message, client):
            return
        tickets = self.house.desk.tickets
        while (ticket := await tickets.open_ticket_of(client.id)) is not None:
            try:
                await self.pass_on(turn, ticket, client, message, only_open=True)
            except TicketEnded:
                continue  # Whoever closed it has not seen this: it is no part of it.
            return
        turn.ticket = None
        if await self.keep_pending(message):
            text = self.house.words("client.call_operator", client.language)
            buttons = yes_or_no(self.house, OTHER, client.language)
            turn.say(ChatId(message.chat.id), text, keyboard=buttons)

    async def pass_on(
        self,
        turn: Turn,
        ticket: Ticket,
        client: Client,
        message: Message,
        *,
        only_open: bool = False,
    ) -> None:
        """Record a message in the ticket and hand it on to whoever has it.

        Who has it is asked after the message is on record: whoever takes the ticket between the
        two finds it there, so that it is lost in neither case. Raises TicketEnded as `record` does.
        """
        by = By(Side.CLIENT, client.full_name, client.id)
        recorded = await record(self.house, turn, ticket, by, message, only_open=only_open)
        if recorded.standing is not None:
            ticket = recorded.standing.of(ticket)
        else:
            ticket = await self.house.desk.tickets.ticket(ticket.id)
        places = await self.house.hall(ticket).destinations(ticket)
        if places and self.was_just_taken(ticket):
            # What was written before must not come after it, whoever of the two is handled first.
            for place in places:
                await hand_on(self.house, turn, ticket, place, with_ours=False)
            return
        doubt = None
        if places:
            doubt = Doubt(places[0].chat, places[0].thread, language=self.house.settings.language)
        await pass_on(self.house, turn, ticket, message, to=places, doubt=doubt)

    def was_just_taken(self, ticket: Ticket) -> bool:
        """Tell whether whoever has the ticket may not have been handed what waited."""
        taken = ticket.taken_at
        return taken is not None and self.house.clock.now() - taken < JUST_TAKEN

    def is_too_much(self, turn: Turn, message: Message, client: Client) -> bool:
        """Count what the client writes; the first message too many is answered, no other."""
        over = self.flood.over(message.chat.id, self.house.terms().client_messages_a_minute)
        if over == 1:
            turn.say(ChatId(message.chat.id), self.house.words("client.slower", client.language))
        return over > 0

    async def keep_pending(self, message: Message) -> bool:
        """Keep a message until the client says whether to call an operator.

        Returns False for the later parts of an album, about which they were asked already.
        """
        where, album = at(source_of(message)), message.media_group_id or ""
        written = as_it_came(message)
        return await self.house.door.pending.keep(self.house.bot_id, where, written, album)

    async def adopt(self, turn: Turn, client: Client) -> Sequence[Json]:
        """Take what was kept: for the ticket that begins, or to let it go."""
        chat = ChatId(client.telegram_id)
        return await self.house.door.pending.adopt(self.house.bot_id, chat, turn.act("adopt"))

    async def mine(self, message: Message, turn: Turn) -> None:
        """List the client's tickets."""
        await self.show_tickets(turn, await self.client_of(message.from_user))

    async def list_tickets(self, query: CallbackQuery, turn: Turn) -> None:
        """List the client's tickets."""
        await self.show_tickets(turn, await self.client_of(query.from_user))

    async def show_tickets(self, turn: Turn, client: Client) -> None:
        """Say which tickets the client has."""
        tickets = await self.house.desk.tickets.tickets_of_client(client.id)
        text = ticket_list(self.house, tickets, client.language)
        buttons = home_keyboard(self.house, client.language)
        turn.say(ChatId(client.telegram_id), text, keyboard=buttons)

    async def choose_language(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn
    ) -> None:
        """Speak the other language from now on."""
        client = await self.client_of(query.from_user)
        if arguments[0] in set(Language):
            await self.house.desk.clients.set_language(client.id, Language(arguments[0]))
            self.changed(query.from_user)
            client = await self.client_of(query.from_user)
        ticket = await self.house.desk.tickets.open_ticket_of(client.id)
        buttons = await menu_keyboard(self.house, client, ticket)
        turn.edit(place_of(query), greeting(self.house, client, ticket), keyboard=buttons)

    async def end(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Close the client's ticket because they want it."""
        client = await self.client_of(query.from_user)
        ticket = await self.own_ticket(client, arguments[0])
        if ticket is None:
            turn.reply(self.house.words("button.stale", client.language))
            return
        by = By(Side.CLIENT, client.full_name, client.id)
        decided = await self.house.desk.tickets.finish(turn.act("end"), ticket.id, by)
        if decided.is_done:
            turn.ticket = ticket.id
            await self.house.hall(ticket).closed(turn, decided.ticket, client.full_name)
            await ask_survey(self.house, turn, decided.ticket)

    async def rate(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn, state: FSMContext
    ) -> None:
        """Record an answer of the survey."""
        client = await self.client_of(query.from_user)
        ticket = await self.own_ticket(client, arguments[0])
        if ticket is None or not (arguments[1].isdecimal() and arguments[2].isdecimal()):
            turn.reply(self.house.words("button.stale", client.language))
            return
        given = (ticket.id, int(arguments[1]), int(arguments[2]))
        at = place_of(query)
        await rate(self.house, turn, at=at, language=client.language, arguments=given, state=state)

    async def enough(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn, state: FSMContext
    ) -> None:
        """End the survey without a word on what to do better."""
        client = await self.client_of(query.from_user)
        ticket = await self.own_ticket(client, arguments[0])
        if ticket is None:
            turn.reply(self.house.words("button.stale", client.language))
            return
        by = By(Side.CLIENT, client.full_name, client.id)
        done = await self.house.desk.surveys.skip(turn.act("skip"), ticket.id, by)
        await state.set_state(None)
        at, language = place_of(query), client.language
        await show_step(self.house, turn, at=at, language=language, done=done, state=state)

    async def improve(self, message: Message, turn: Turn, state: FSMContext) -> None:
        """Record what to do better."""
        client = await self.client_of(message.from_user)
        number = str((await state.get_data()).get("survey", ""))
        await state.clear()
        ticket = await self.own_ticket(client, number)
        if ticket is None or message.text is None:
            await self.write(message, turn)
            return
        chat = ChatId(message.chat.id)
        text, language = message.text, client.language
        await comment(self.house, turn, chat=chat, language=language, ticket=ticket.id, text=text)

    async def came_or_left(self, event: ChatMemberUpdated, turn: Turn) -> None:
        """Remember who blocked the bot, and let go what waited for who came back."""
        client = await self.house.desk.clients.client_of(TgUserId(event.chat.id))
        has_left = event.new_chat_member.status in {"kicked", "left"}
        if not has_left:
            await self.release(event.chat.id)
        if client is None:
            return
        await self.house.desk.clients.mark_left(client.id, has_left=has_left)
        self.changed(event.from_user)
        ticket = await self.house.desk.tickets.open_ticket_of(client.id)
        if ticket is not None:
            turn.ticket = ticket.id
            key = "staff.client_left" if has_left else "staff.client_back"
            text = self.house.words(key, self.house.settings.language, ticket=ticket.id)
            await self.house.hall(ticket).tell(turn, ticket, text)

    async def own_ticket(self, client: Client, number: str) -> Ticket | None:
        """Return the client's own ticket of that number; another's is not theirs to press for."""
        if not number.isdecimal() or len(number) > 18:
            return None
        try:
            ticket = await self.house.desk.tickets.ticket(TicketId(int(number)))
        except NotFound:
            return None
        return ticket if ticket.client == client.id else None

    async def client_of(self, user: User | None) -> Client:
        """Return the client whose update it is."""
        if user is None:
            raise NotFound("a private update names nobody")
        return await self.people.client(user)

    def changed(self, user: User | None) -> None:
        """Ask anew who somebody is."""
        if user is not None:
            self.people.changed(user)

    async def release(self, chat: int) -> None:
        """Let go what waited until this person talks with the bot."""
        await self.house.door.parcels.release_held(self.house.bot_id, ChatId(chat))


def place_of(query: CallbackQuery) -> MessageAt:
    """Return the message under which a button was pressed."""
    message = query.message
    if message is None:
        return MessageAt(ChatId(query.from_user.id), TgMessageId(0))
    return MessageAt(ChatId(message.chat.id), TgMessageId(message.message_id))


def without_buttons(query: CallbackQuery) -> dict[str, JsonValue]:
    """Return what takes the buttons from under a message."""
    return {"message_id": place_of(query).message, "reply_markup": {"inline_keyboard": []}}
