"""Relaying: a message is recorded, then copied to wherever its ticket is.

What becomes of it (edits, reactions) is mirrored to its copies, and replies find the message that
they answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from aiogram.enums import ChatType
from aiogram.types import Message, MessageReactionUpdated, ReactionTypeEmoji
from pydantic import JsonValue

from desk.content import answered, as_it_came, here, is_command, kind_of, new_message, source_of
from desk.house import House
from desk.places import is_account
from desk.turn import LONGEST, Turn
from orchestrator.ports.desk import Amendment, Counterpart, Doubt, MessageAt
from support.actor import By, Side
from support.ids import ChatId, TgMessageId, TgUserId, TicketId, TicketMessageId
from support.talk import Recorded, Source, TicketMessage
from support.tickets import Place, Ticket

LOOKS_AGAIN = 0.05
"""Seconds after which it is asked again whether something arrived."""

MEDIA = {"photo": "photo", "video": "video", "animation": "animation", "audio": "audio"}
"""Content that an edit may put in another's place, by its name in `InputMedia`."""


async def relay(
    house: House,
    turn: Turn,
    ticket: Ticket,
    by: By,
    message: Message,
    *,
    to: Sequence[Place],
    doubt: Doubt | None = None,
) -> bool:
    """Record a message and pass it on to these places, in the same topic order as it was said.

    Returns False for a message that was recorded before and is passed on nonetheless: the
    parcels' keys see to it that it arrives once.
    """
    recorded = await record(house, turn, ticket, by, message)
    await pass_on(house, turn, ticket, message, to=to, doubt=doubt)
    return recorded.is_new


async def record(
    house: House, turn: Turn, ticket: Ticket, by: By, message: Message, *, only_open: bool = False
) -> Recorded:
    """Put a message on record in its ticket, before anybody asks where it goes.

    Raises TicketEnded for what only an open ticket takes.
    """
    turn.ticket = ticket.id
    written = replace(new_message(ticket.id, by, message), only_open=only_open)
    return await house.desk.talk.record_message(written)


async def pass_on(
    house: House,
    turn: Turn,
    ticket: Ticket,
    message: Message,
    *,
    to: Sequence[Place],
    doubt: Doubt | None = None,
) -> None:
    """Copy a message that is on record to these places, as a reply to what it answers there."""
    reply = answered(message)
    for place in to:
        number = await counterpart_in(house, reply, place) if reply else None
        turn.copy(
            at(source_of(message)),
            place,
            album=message.media_group_id,
            reply_to=number,
            media=None if number is None else media_of(message),
            doubt=doubt,
            ticket=ticket.id,
        )


async def not_relayed(house: House, messages: Sequence[TicketMessage]) -> Sequence[TicketMessage]:
    """Return those that did not certainly arrive anywhere."""
    asked = [at(one.source) for one in messages if one.source is not None]
    arrived = await house.door.relays.relayed(house.bot_id, asked)
    return [one for one in messages if one.source is None or at(one.source) not in arrived]


def pass_on_recorded(
    house: House, turn: Turn, messages: Sequence[TicketMessage], place: Place, ticket: TicketId
) -> None:
    """Copy messages that are on record to a place."""
    for message in messages:
        source = message.source
        if source is not None and is_account(source.chat) and message.deleted_at is not None:
            continue  # Whoever wrote it took it back before anybody had the ticket.
        if message.side == Side.SYSTEM or (source is not None and is_account(source.chat)):
            show_words(house, turn, message, place)
        elif source is not None and source.chat != place.chat and message.side == Side.CLIENT:
            doubt = Doubt(place.chat, place.thread, language=house.settings.language)
            album = message.media_group
            turn.copy(at(source), place, album=album, doubt=doubt, ticket=ticket)


def show_words(house: House, turn: Turn, message: TicketMessage, place: Place) -> None:
    """Show words that stand in no chat of the bot's, once in each place."""
    source = message.source
    turn.queue(
        "sendMessage",
        place,
        {"text": message.words[:LONGEST]},
        source=None if source is None else at(source),
        ticket=message.ticket,
        doubt=Doubt(place.chat, place.thread, language=house.settings.language),
        key=said_key(message.id, place),
    )


def said_key(message: TicketMessageId, place: Place) -> str:
    """Name the showing of words on record in a place, of which there is one."""
    return f"said:{message}:{place.chat}:{place.thread or 0}"


async def leaves_command_out(house: House, turn: Turn, message: Message) -> bool:
    """Tell staff who edit what they said into a command that it is not passed on."""
    known = await house.desk.talk.message_at(source_of(message)) if is_command(message) else None
    if known is None or known.side == Side.CLIENT:
        return False
    language = house.settings.language
    if message.chat.type == ChatType.PRIVATE:
        staff = await house.desk.staff.staff_of(TgUserId(message.chat.id))
        language = language if staff is None else staff.language
    text = house.words("refused.edited_to_command", language)
    turn.say(here(message), text, reply_to=TgMessageId(message.message_id))
    return True


async def mirror_edit(house: House, turn: Turn, message: Message) -> None:
    """Record new words and put them into every copy."""
    if await leaves_command_out(house, turn, message):
        return
    source = source_of(message)
    now = house.clock.now()
    known = await house.desk.talk.edit_message(source, message.text, message.caption, now)
    if known is None and message.chat.type == ChatType.PRIVATE:
        # It may be among what a ticket will begin with.
        await house.door.pending.renew(house.bot_id, at(source), as_it_came(message))
    edit = edit_of(message)
    await edit_copies(house, turn, source, lambda _: edit)


async def edit_copies(
    house: House, turn: Turn, source: Source, worded: Callable[[ChatId], Amendment | None]
) -> None:
    """Put new words into every copy: into those on their way once it is known where they stand.

    `worded` tells how a chat's copy is edited. What arrives between the two questions is among the
    copies.
    """
    door, here = house.door, at(source)
    late = await door.relays.on_their_way(house.bot_id, here)
    amendments = {one.parcel: edit for one in late if (edit := worded(one.chat)) is not None}
    await door.parcels.amend_parcels(amendments)
    for copy in await door.relays.copies(house.bot_id, here):
        edit = worded(copy.chat)
        if edit is not None:
            params = {"message_id": copy.message, **edit.params}
            turn.queue(edit.method, copy.chat, params, ticket=copy.ticket)


def edit_of(message: Message) -> Amendment:
    """Return the call that edits a copy as its original was edited."""
    if message.text is not None:
        text: dict[str, JsonValue] = {"text": message.text}
        return Amendment("editMessageText", text | entities("entities", message.entities))
    caption: dict[str, JsonValue] = {"caption": message.caption or ""}
    caption |= entities("caption_entities", message.caption_entities)
    media = media_of(message)
    if media is None:
        return Amendment("editMessageCaption", caption)
    return Amendment("editMessageMedia", {"media": media})


def media_of(message: Message) -> dict[str, JsonValue] | None:
    """Write a message's file and caption as `InputMedia`; None where it has no such file."""
    kind = MEDIA.get(kind_of(message)) or ("document" if message.document else None)
    if kind is None:
        return None
    held = getattr(message, kind)
    file = held[-1] if isinstance(held, list) else held
    caption: dict[str, JsonValue] = {"caption": message.caption or ""}
    caption |= entities("caption_entities", message.caption_entities)
    return {"type": kind, "media": file.file_id, **caption}


def entities(name: str, found: Sequence[object] | None) -> dict[str, JsonValue]:
    """Write a message's formatting as it came."""
    if not found:
        return {}
    written = [one.model_dump(mode="json", exclude_none=True) for one in found]  # type: ignore[attr-defined]
    return {name: written}


async def mirror_reaction(house: House, turn: Turn, event: MessageReactionUpdated) -> None:
    """Show the latest reaction on the other end; a bot may give one, and no custom emoji."""
    here = MessageAt(ChatId(event.chat.id), TgMessageId(event.message_id))
    shown: list[JsonValue] = [
        {"type": "emoji", "emoji": one.emoji}
        for one in event.new_reaction
        if isinstance(one, ReactionTypeEmoji)
    ]
    for other in await counterparts_soon(house, here):
        if is_account(other.chat):
            continue
        params: dict[str, JsonValue] = {"message_id": other.message, "reaction": shown[-1:]}
        turn.queue("setMessageReaction", other.chat, params, ticket=other.ticket)


async def counterpart_in(house: House, source: Source, place: Place) -> TgMessageId | None:
    """Return the message that stands for this one in a place."""
    found = [one for one in await counterparts_soon(house, at(source)) if one.chat == place.chat]
    inside = [one for one in found if not place.thread or one.thread in {0, place.thread}]
    return inside[0].message if inside else None


async def counterparts_soon(house: House, here: MessageAt) -> Sequence[Counterpart]:
    """Return what stands for a message somebody saw, be it not on record yet that it arrived.

    Of a message that the bot sent it is known for whom it stands once its parcel's fate is. What
    was being sent to the chat when it was asked is therefore waited for, and nothing else.
    """
    door = house.door
    sending = await door.parcels.sending_to(house.bot_id, here.chat)
    found = await door.relays.counterparts(house.bot_id, here)
    while sending and not found:
        await house.clock.sleep(LOOKS_AGAIN)
        sending &= await door.parcels.sending_to(house.bot_id, here.chat)
        found = await door.relays.counterparts(house.bot_id, here)
    return found


async def ticket_of(house: House, source: Source) -> TicketId | None:
    """Return the ticket in which a message was relayed."""
    found = await counterparts_soon(house, at(source))
    return next((one.ticket for one in found if one.ticket is not None), None)


def at(source: Source) -> MessageAt:
    """Name a message for the door."""
    return MessageAt(source.chat, source.message)
