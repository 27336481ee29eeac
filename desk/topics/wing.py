"""What staff and technicians write and press in the topics of tickets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiogram import Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import BaseFilter
from aiogram.types import CallbackQuery, Message

from desk.accounts.talking import answer
from desk.buttons import Pressed
from desk.content import here, is_service, source_of
from desk.filters import InSupergroup
from desk.house import House, Wing
from desk.relay import edit_copies, edit_of, leaves_command_out, relay
from desk.topics.cards import RENEWED, Cards
from desk.topics.hall import TopicsHall
from desk.topics.labels import edit_said, show_said
from desk.topics.outcomes import TopicsGoOn
from desk.topics.titles import TITLED
from desk.turn import Turn
from orchestrator.errors import NotFound
from orchestrator.ports.desk import Amendment, Doubt
from support.actor import By, Side
from support.ids import ChatId, TechnicianId, TgMessageId, TgUserId, ThreadId, TicketId
from support.people import StaffMember
from support.ports.directory import ClientDirectory, NoDirectory
from support.tickets import Decided, Mode, Place, ThreadOwner, Ticket, TicketState, Verdict
from support.topics.passing import Fate, Heard, fate

MENTIONS = frozenset({"mention", "text_mention"})
ANONYMOUS_ADMIN = 1087968824
"""The account in whose name admins of a group speak without showing who they are."""
CHECKED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class InTopic(BaseFilter):
    """Takes what is written in a ticket's topic, and gives the handler its `owner`."""

    house: House

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        """Ask to which ticket the topic belongs."""
        if message.message_thread_id is None:
            return False
        chat, thread = ChatId(message.chat.id), ThreadId(message.message_thread_id)
        owner = await self.house.desk.places.owner_of_thread(chat, thread)
        return {"owner": owner} if owner is not None else False


def make_wing(house: House, directory: ClientDirectory | None = None) -> Wing:
    """Make the wing of mode topics."""
    hall = TopicsHall(house, Cards(house, directory or NoDirectory()))
    house.halls[Mode.TOPICS] = hall
    topics, going_on = Topics(house, hall), TopicsGoOn(house, hall)
    router = Router(name="topics")
    for observer, handler in (
        (router.message, topics.said),
        (router.edited_message, topics.edited),
    ):
        observer.register(handler, InSupergroup(), InTopic(house))
    for verb, count, pressed in (
        ("tech", 2, topics.choose),
        ("tclose", 1, topics.close),
        ("topen", 1, topics.reopen),
    ):
        router.callback_query.register(pressed, Pressed(verb, count))
    continuations = {
        "topic_opened": going_on.topic_opened,
        "topic_card": going_on.topic_card,
        RENEWED: going_on.card_renewed,
        TITLED: going_on.titled,
        "mirror_opened": going_on.mirror_opened,
        "topic_gone": going_on.topic_gone,
    }
    return Wing(router, continuations, {"topics": (CHECKED, going_on.open_the_overdue)})


class Topics:
    """Handles what is written and pressed in topics."""

    def __init__(self, house: House, hall: TopicsHall) -> None:
        self.house, self.hall = house, hall

    async def said(self, message: Message, owner: ThreadOwner, turn: Turn) -> None:
        """Pass on what was written in a topic, or leave it there."""
        turn.ticket = owner.ticket.id
        author = await self.author(message, owner)
        match fate(heard(message)):
            case Fate.CALL:
                called: dict[str, object] = {"text": message.text or message.caption or ""}
                act = turn.act("call")
                await self.house.desk.notes.record_event(
                    act, owner.ticket.id, author, "call", called
                )
            case Fate.RELAYED:
                await self.pass_on(message, owner, author, turn)
            case Fate.IGNORED:
                # A command about the ticket is for another part of the desk.
                raise SkipHandler

    async def pass_on(self, message: Message, owner: ThreadOwner, author: By, turn: Turn) -> None:
        """Give a message to the client, and show it in the ticket's other topic."""
        ticket = owner.ticket
        why_not = self.why_not(owner)
        if why_not is not None:
            text = self.house.words(why_not, self.house.settings.language, ticket=ticket.id)
            turn.say(here(message), text, reply_to=TgMessageId(message.message_id))
            return
        place = here(message)
        if ticket.conversation is not None:
            language = self.house.settings.language
            if not await answer(self.house, turn, ticket, author, message, language=language):
                return
        if author.side is Side.STAFF and self.may_be_first(ticket, turn):
            # That somebody is there is said before the words of theirs.
            await self.take(ticket, author, turn)
        if ticket.conversation is None:
            await self.relay(turn, ticket, author, message)
        for other in await self.hall.places(ticket):
            if other != place:
                show_said(turn, message, other, author.name, ticket.id)

    @staticmethod
    def may_be_first(ticket: Ticket, turn: Turn) -> bool:
        """Tell whether a message may take its ticket, or has in an earlier try."""
        if ticket.state is TicketState.NEW:
            return True
        taken, received = ticket.taken_at, turn.received_at
        return taken is not None and received is not None and taken >= received

    async def relay(self, turn: Turn, ticket: Ticket, author: By, message: Message) -> None:
        """Copy a message to the client."""
        client = await self.house.desk.clients.client(ticket.client)
        place = here(message)
        doubt = Doubt(
            place.chat,
            place.thread,
            TgMessageId(message.message_id),
            self.house.settings.language,
        )
        to = [Place(ChatId(client.telegram_id))]
        await relay(self.house, turn, ticket, author, message, to=to, doubt=doubt)

    @staticmethod
    def why_not(owner: ThreadOwner) -> str | None:
        """Return what is said to whoever writes where nothing is passed on."""
        if not owner.ticket.is_open:
            return "topics.is_closed"
        if owner.technician is not None and owner.technician != owner.ticket.technician:
            return "topics.not_yours"
        return None

    async def take(self, ticket: Ticket, author: By, turn: Turn) -> None:
        """Have the ticket be in work once a member of staff has answered."""
        member = await self.house.desk.staff.staff() if author.id is not None else ()
        found = next((one for one in member if one.id == author.id and one.takes_tickets), None)
        if found is None:
            return
        decided = await self.house.desk.tickets.take(
            turn.act("take"), ticket.id, found.id, several=True
        )
        if decided.is_done:
            client = await self.house.desk.clients.client(ticket.client)
            await self.hall.tell_connected(turn, decided.ticket, client, author)
            await self.hall.show(turn, decided.ticket)

    async def edited(self, message: Message, owner: ThreadOwner, turn: Turn) -> None:
        """Put new words into every copy, under the author's name in the other topic."""
        if await leaves_command_out(self.house, turn, message):
            return
        source, now = source_of(message), self.house.clock.now()
        await self.house.desk.talk.edit_message(source, message.text, message.caption, now)
        client = await self.house.desk.clients.client(owner.ticket.client)
        author = await self.author(message, owner)

        def worded(chat: ChatId) -> Amendment | None:
            """Label what is not the client's own copy."""
            theirs = chat == ChatId(client.telegram_id)
            return edit_of(message) if theirs else edit_said(message, author.name)

        await edit_copies(self.house, turn, source, worded)

    async def choose(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Give the ticket to the technician who was chosen; 0 takes it back."""
        ticket = await self.pressed(query, arguments, turn)
        if ticket is None:
            return
        chosen = TechnicianId(int(arguments[1])) or None
        author = await self.presser(query, ticket)
        decided = await self.hall.choose_technician(turn, ticket, author, chosen)
        self.reply(turn, decided, "topics.chosen" if chosen else "topics.let_go")

    async def close(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Close the ticket."""
        ticket = await self.pressed(query, arguments, turn)
        if ticket is not None:
            author = await self.presser(query, ticket)
            self.reply(turn, await self.hall.finish(turn, ticket, author), "topics.done")

    async def reopen(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Open a closed ticket again, however long ago it was closed."""
        ticket = await self.pressed(query, arguments, turn)
        if ticket is None:
            return
        author = await self.presser(query, ticket)
        decided = await self.house.desk.tickets.reopen(turn.act("reopen"), ticket.id, author, None)
        if decided.is_done:
            client = await self.house.desk.clients.client(ticket.client)
            await self.hall.reopened(turn, decided.ticket, client)
            if ticket.conversation is None:
                words = self.house.words
                text = words("topics.client_reopened", client.language, ticket=ticket.id)
                turn.say(ChatId(client.telegram_id), text)
        self.reply(turn, decided, "topics.open_again")

    async def pressed(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn
    ) -> Ticket | None:
        """Return the ticket of a button, if it was pressed where that ticket stands."""
        language = self.house.settings.language
        numbers = all(one.isdecimal() and len(one) < 18 for one in arguments)
        ticket = await self.found(int(arguments[0])) if numbers else None
        chat = query.message.chat.id if query.message is not None else 0
        places = await self.hall.places(ticket) if ticket is not None else ()
        if ticket is None or chat not in {place.chat for place in places}:
            turn.reply(self.house.words("button.stale", language))
            return None
        turn.ticket = ticket.id
        return ticket

    async def found(self, number: int) -> Ticket | None:
        """Return a ticket, if there is one."""
        try:
            return await self.house.desk.tickets.ticket(TicketId(number))
        except NotFound:
            return None

    def reply(self, turn: Turn, decided: Decided, key: str) -> None:
        """Say to whoever pressed what came of it."""
        words, language = self.house.words, self.house.settings.language
        if decided.is_done:
            turn.reply(words(key, language, ticket=decided.ticket.id))
            return
        name = "gone" if decided.verdict is Verdict.CLOSED else decided.verdict
        refusal = words(
            f"refused.{name}",
            language,
            ticket=decided.ticket.id,
            other=decided.other or "–",
            held=decided.held or 0,
        )
        turn.reply(refusal, alert=True)

    async def author(self, message: Message, owner: ThreadOwner) -> By:
        """Name who writes in a topic: the technician in the mirror, staff in the main one."""
        user = message.from_user
        name = user.full_name if user is not None else ""
        if message.sender_chat is not None:
            name = message.author_signature or message.sender_chat.title or name
        if owner.technician is not None:
            return By(Side.TECH, name, owner.technician)
        member = await self.member(user.id if user is not None else 0)
        return By(Side.STAFF, member.name if member else name, member.id if member else None)

    async def presser(self, query: CallbackQuery, ticket: Ticket) -> By:
        """Name who pressed a button in a topic."""
        member = await self.member(query.from_user.id)
        if member is not None:
            return By(Side.STAFF, member.name, member.id)
        chat = query.message.chat.id if query.message is not None else 0
        mirror = await self.hall.mirror_of(ticket)
        if mirror is not None and mirror.place.chat == chat:
            return By(Side.TECH, query.from_user.full_name, mirror.technician)
        return By(Side.STAFF, query.from_user.full_name)

    async def member(self, person: int) -> StaffMember | None:
        """Return who somebody is among the staff."""
        return await self.house.desk.staff.staff_of(TgUserId(person))


def heard(message: Message) -> Heard:
    """Return what decides whether a message is passed on."""
    user = message.from_user
    is_bot = user is not None and user.is_bot and user.id != ANONYMOUS_ADMIN
    marked = [*(message.entities or ()), *(message.caption_entities or ())]
    return Heard(
        text=message.text if message.text is not None else message.caption,
        is_service=is_service(message),
        is_ours=is_bot,
        is_from_staff=True,
        begins_with_mention=any(one.offset == 0 and one.type in MENTIONS for one in marked),
    )
