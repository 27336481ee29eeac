"""Groups that become supergroups: Telegram gives them another number and says so three times.

The old chat and the new one each get a service message, and whoever speaks to the old one is told
where it is now. Whichever comes first is followed; the others find it done.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from aiogram import Router
from aiogram.filters import BaseFilter
from aiogram.types import Message

from desk.calls import shows_once
from desk.courier import GROUP_MOVED
from desk.house import Fell, House, Wing
from desk.places import with_stored_groups
from desk.take.hall import CARD, card_key
from desk.topics.labels import relay_key
from desk.turn import Turn
from orchestrator.ports.desk import DueParcel, Parcel, ParcelId
from support.ids import ChatId
from support.tickets import Place


class TellsOfMove(BaseFilter):
    """Takes the service messages by which a group tells that it became a supergroup."""

    async def __call__(self, message: Message) -> bool:
        """Look for either."""
        return message.migrate_to_chat_id is not None or message.migrate_from_chat_id is not None


def make_wing(house: House) -> Wing:
    """Make the wing."""
    moving = Moving(house)
    router = Router(name="moving")
    router.message.register(moving.heard, TellsOfMove())
    return Wing(router, {GROUP_MOVED: moving.refused})


@dataclass(frozen=True, slots=True)
class Moving:
    """Follows groups to their new numbers."""

    house: House

    async def heard(self, message: Message, turn: Turn) -> None:
        """Follow what a service message tells."""
        here = ChatId(message.chat.id)
        if message.migrate_to_chat_id is not None:
            await self.follow(turn, here, ChatId(message.migrate_to_chat_id))
        elif message.migrate_from_chat_id is not None:
            await self.follow(turn, ChatId(message.migrate_from_chat_id), here)

    async def follow(self, turn: Turn, old: ChatId, new: ChatId) -> None:
        """Go to a group's new chat, and show there what nobody could see any more."""
        house = self.house
        await house.desk.groups.move_group(old, new)
        house.settings = await with_stored_groups(house.environment, house.desk.groups)
        for hall in house.halls.values():
            await hall.moved(turn)

    async def refused(self, turn: Turn, fell: Fell) -> None:
        """Follow what a refusal tells, and send there what was refused."""
        to = fell.told.get("to")
        if not isinstance(to, int):
            return
        await self.follow(turn, fell.chat, ChatId(to))
        refused = await self.house.door.parcels.parcel(self.house.bot_id, ParcelId(fell.parcel))
        # The old chat's messages have other numbers now: what edits them is late.
        if refused is not None and shows_once(refused.parcel.method):
            turn.parcels.append(resent(refused, Place(ChatId(to))))


def resent(refused: DueParcel, place: Place) -> Parcel:
    """Return the same parcel for another place; what it replied to is not there."""
    parcel, source = refused.parcel, refused.parcel.source
    params = {name: one for name, one in parcel.params.items() if name != "reply_parameters"}
    params |= {"chat_id": place.chat, "message_thread_id": place.thread}
    key = f"moved:{refused.id}" if source is None else relay_key(source, place)
    if parcel.after is not None and parcel.after.name == CARD and parcel.ticket is not None:
        key = card_key(parcel.ticket, place.chat)
    return replace(
        parcel, key=key, chat=place.chat, params=params, thread=place.thread or 0, delay=timedelta()
    )
