"""What staff say to a client, shown in the ticket's other topic with its author's name.

A copy of a message does not tell who wrote the original; a line above its words does.
"""

from aiogram.types import Message, MessageEntity
from pydantic import JsonValue

from desk.content import source_of
from desk.relay import at, said_key
from desk.turn import ALBUM_REST, Turn
from orchestrator.ports.desk import Amendment, MessageAt
from support.ids import TicketId
from support.talk import ContentType, TicketMessage
from support.tickets import Place
from support.topics.graphemes import cut, one_line, units

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
"""UTF-16 units (https://core.telegram.org/bots/api#sendmessage and #copymessage)."""
CAPTIONED = ("photo", "video", "animation", "audio", "voice", "document")
LONGEST_NAME = 64


def label_of(name: str) -> str:
    """Return the line that names an author."""
    return f"👤 {cut(one_line(name), LONGEST_NAME) or '?'}:\n"


def show_said(turn: Turn, message: Message, place: Place, name: str, ticket: TicketId) -> None:
    """Show a message in a place under its author's name; albums and too long ones go without."""
    source, label = source_of(message), label_of(name)
    written = labelled(message, label)
    if message.text is not None and written is not None:
        method: str = "sendMessage"
        params: dict[str, JsonValue] = {"text": written[0], "entities": written[1]}
    else:
        method = "copyMessage"
        params = {"from_chat_id": source.chat, "message_id": source.message}
        if written is not None and message.media_group_id is None:
            params |= {"caption": written[0], "caption_entities": written[1]}
    album = f"{source.chat}:{message.media_group_id}" if message.media_group_id else ""
    turn.queue(
        method,
        place,
        params,
        source=at(source),
        album=album,
        delay=ALBUM_REST if album else ALBUM_REST * 0,
        ticket=ticket,
        key=relay_key(at(source), place),
    )


def show_recorded(turn: Turn, message: TicketMessage, place: Place) -> None:
    """Show what staff wrote earlier, as it is on record, under its author's name."""
    label, source = label_of(message.author), message.source
    bold: JsonValue = {"type": "bold", "offset": 0, "length": units(label) - 1}
    if source is None or message.content_type is ContentType.TEXT:
        text = cut(f"{label}{message.words}", LONGEST_TEXT)
        turn.queue(
            "sendMessage",
            place,
            {"text": text, "entities": [bold]},
            source=None if source is None else at(source),
            ticket=message.ticket,
            key=said_key(message.id, place) if source is None else relay_key(at(source), place),
        )
        return
    params: dict[str, JsonValue] = {"from_chat_id": source.chat, "message_id": source.message}
    if message.content_type in CAPTIONED and message.media_group is None:
        caption = cut(f"{label}{message.caption or ''}", LONGEST_CAPTION)
        params |= {"caption": caption, "caption_entities": [bold]}
    turn.queue(
        "copyMessage",
        place,
        params,
        source=at(source),
        album=f"{source.chat}:{message.media_group}" if message.media_group else "",
        delay=ALBUM_REST if message.media_group else ALBUM_REST * 0,
        ticket=message.ticket,
        key=relay_key(at(source), place),
    )


def relay_key(source: MessageAt, place: Place) -> str:
    """Name the relay of a message to a place, of which there is one (see `Turn.copy`)."""
    return f"r:{source.chat}:{source.message}:{place.chat}:{place.thread or 0}"


def edit_said(message: Message, name: str) -> Amendment | None:
    """Return what puts a message's new words into its labelled copy; None for what has no label."""
    written = labelled(message, label_of(name))
    if written is None:
        return None
    method, words = (
        ("editMessageText", "text") if message.text else ("editMessageCaption", "caption")
    )
    formats = "entities" if message.text else "caption_entities"
    return Amendment(method, {words: written[0], formats: written[1]})


def labelled(message: Message, label: str) -> tuple[str, list[JsonValue]] | None:
    """Return the words of a message under a label, with their formatting moved along."""
    if message.text is not None:
        words, found, most = message.text, message.entities, LONGEST_TEXT
    elif any(getattr(message, kind, None) for kind in CAPTIONED):
        words, found, most = message.caption or "", message.caption_entities, LONGEST_CAPTION
    else:
        return None
    text = f"{label}{words}"
    if units(text) > most:
        return None
    bold: JsonValue = {"type": "bold", "offset": 0, "length": units(label) - 1}
    return text, [bold, *(shifted(one, units(label)) for one in found or ())]


def shifted(entity: MessageEntity, by: int) -> JsonValue:
    """Write a piece of formatting that begins so much later."""
    later = entity.model_copy(update={"offset": entity.offset + by})
    written: JsonValue = later.model_dump(mode="json", exclude_none=True)
    return written
