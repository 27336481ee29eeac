"""What belongs to no mode: doubtful parcels sent again, people who come back, time that passes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, MessageReactionUpdated
from pydantic import JsonValue

from desk.aftermath import EVERY as AFTERMATH_EVERY
from desk.aftermath import Aftermath
from desk.buttons import Pressed
from desk.house import Fell, House, Wing
from desk.relay import mirror_edit, mirror_reaction
from desk.turn import Turn
from orchestrator.ports.desk import Parcel, ParcelId
from support.ids import ActKey, ChatId
from support.languages import language_of
from support.reports import Idle
from support.sla import SlaNotice

EVERY = timedelta(seconds=30)
GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})
PRESENT = frozenset({ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR})


def make_wing(house: House) -> Wing:
    """Make the wing."""
    router = Router(name="upkeep")
    router.callback_query.register(send_again, Pressed("again", 1))
    router.edited_message.register(edited)
    router.message_reaction.register(reacted)
    router.my_chat_member.register(back_in_group, F.chat.type.in_(GROUPS))
    clockwork = Clockwork(house)
    chores = {
        "aftermath": (AFTERMATH_EVERY, Aftermath(house).tell),
        "promises": (EVERY, clockwork.warn_of_promises),
        "silence warnings": (EVERY, clockwork.warn_the_silent),
        "silence ends": (EVERY, clockwork.close_the_silent),
    }
    return Wing(router, {"held": Held(house).tell}, chores)


async def edited(message: Message, turn: Turn, house: House) -> None:
    """Mirror what somebody wrote anew."""
    await mirror_edit(house, turn, message)


async def reacted(event: MessageReactionUpdated, turn: Turn, house: House) -> None:
    """Mirror a reaction; a bot's own is none."""
    if event.user is None or not event.user.is_bot:
        await mirror_reaction(house, turn, event)


async def back_in_group(event: ChatMemberUpdated, house: House) -> None:
    """Let go what waited for the bot to be in a group again."""
    if event.new_chat_member.status in PRESENT:
        chat = ChatId(event.chat.id)
        await house.door.parcels.release_held(house.bot_id, chat)


async def send_again(
    query: CallbackQuery, arguments: tuple[str, ...], turn: Turn, house: House
) -> None:
    """Send a doubtful parcel again, once, because somebody who saw it asked for it."""
    language = language_of(query.from_user.language_code)
    number = arguments[0]
    found = (
        await house.door.parcels.parcel(house.bot_id, ParcelId(int(number)))
        if number.isdecimal()
        else None
    )
    if found is None or not isinstance(query.message, Message) or not was_told(query, found.parcel):
        turn.reply(house.words("button.stale", language))
        return
    turn.parcels.append(replace(found.parcel, key=f"again:{number}", delay=timedelta()))
    turn.reply(house.words("relay.again", language))
    here: dict[str, JsonValue] = {
        "message_id": query.message.message_id,
        "reply_markup": {"inline_keyboard": []},
    }
    turn.queue("editMessageReplyMarkup", ChatId(query.message.chat.id), here)


def was_told(query: CallbackQuery, parcel: Parcel) -> bool:
    """Tell whether a button stands where the parcel's doubt was told of: its data may be forged."""
    doubt, message = parcel.doubt, query.message
    return doubt is not None and message is not None and message.chat.id == doubt.chat


@dataclass(frozen=True, slots=True)
class Held:
    """Tells staff of parcels that wait for a person."""

    house: House

    async def tell(self, turn: Turn, fell: Fell) -> None:
        """Say of the first parcel that somebody cannot be reached now."""
        if fell.ticket is None or fell.chat < 0:
            return  # Of a group that the bot was removed from nothing can be said there.
        ticket = await self.house.desk.tickets.ticket(fell.ticket)
        client = await self.house.desk.clients.client(ticket.client)
        if ChatId(client.telegram_id) == fell.chat:
            await self.house.desk.clients.mark_left(client.id, has_left=True)
            return
        parcels, parcel = self.house.door.parcels, ParcelId(fell.parcel)
        if await parcels.is_held_before(self.house.bot_id, fell.chat, parcel):
            return
        hall = self.house.hall(ticket)
        words = self.house.words(
            "staff.unreachable",
            self.house.settings.language,
            bot=self.house.username,
            operator=ticket.operator_name or "",
        )
        await hall.warn(turn, ticket, words)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What the passing of time has the desk say."""

    house: House

    async def warn_of_promises(self) -> Sequence[Parcel]:
        """Warn staff of promises that are about to be broken, and of those that were."""
        clocks = self.house.desk.clocks
        notices = await clocks.due_notices(self.house.clock.now())
        await self.queue([parcel for one in notices for parcel in await self.promise(one)])
        if notices:
            await clocks.mark_noticed(notices)
        return ()

    async def queue(self, parcels: Sequence[Parcel]) -> None:
        """Queue warnings before what they warn of is marked as told: none is lost in between."""
        await self.house.door.parcels.queue_parcels(self.house.bot_id, parcels)

    async def promise(self, notice: SlaNotice) -> Sequence[Parcel]:
        """Word one warning."""
        ticket = await self.house.desk.tickets.ticket(notice.ticket)
        stage = "breach" if notice.is_breach else "warning"
        name = f"sla:{notice.ticket}:{notice.kind}:{notice.due_at.isoformat()}:{stage}"
        turn = Turn(self.house.bot_id, name, about=notice.ticket)
        minutes = max(0, round((notice.due_at - self.house.clock.now()) / timedelta(minutes=1)))
        language = self.house.settings.language
        what = self.house.words(f"sla.{notice.kind}", language)
        text = self.house.words(
            f"sla.{stage}", language, ticket=notice.ticket, what=what, minutes=minutes
        )
        await self.house.hall(ticket).warn(turn, ticket, text)
        return turn.parcels

    async def warn_the_silent(self) -> Sequence[Parcel]:
        """Tell clients who have long been silent that their ticket will be closed."""
        clocks, now = self.house.desk.clocks, self.house.clock.now()
        idle = await clocks.idle_to_warn(now, self.house.terms().idle_warning)
        await self.queue([parcel for one in idle for parcel in await self.warn_idle(one)])
        if idle:
            await clocks.mark_idle_warned(idle)
        return ()

    async def warn_idle(self, idle: Idle) -> Sequence[Parcel]:
        """Word one warning."""
        house = self.house
        turn = Turn(house.bot_id, f"{idle.key}:warning")
        ticket = await house.desk.tickets.ticket(idle.ticket)
        client = await house.desk.clients.client(ticket.client)
        hours = max(1, round(house.terms().idle_close / timedelta(hours=1)))
        text = house.words("client.idle", client.language, ticket=ticket.id, hours=hours)
        turn.ticket = ticket.id
        turn.say(ChatId(client.telegram_id), text)
        return turn.parcels

    async def close_the_silent(self) -> Sequence[Parcel]:
        """Close tickets whose clients did not answer the warning either.

        What follows from it is told by `desk.aftermath`, whoever of the nodes is alive then.
        """
        desk, now = self.house.desk, self.house.clock.now()
        for idle in await desk.clocks.idle_to_close(now, self.house.terms().idle_close):
            await desk.tickets.finish_silent(ActKey(f"{idle.key}:finish"), idle)
        return ()
