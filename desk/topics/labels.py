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


Labelled = tuple[str, list[JsonValue]]
"""Words under a label, and their formatting."""


def show_said(turn: Turn, message: Message, place: Place, name: str, ticket: TicketId) -> None:
    """Show a message in a place under its author's name; albums and too long ones go without."""
    source, album = at(source_of(message)), message.media_group_id
    written = labelled(message, label_of(name))
    show(turn, source, place, written, is_text=message.text is not None, album=album, ticket=ticket)


def show_recorded(turn: Turn, message: TicketMessage, place: Place) -> None:
    """Show what staff wrote earlier, as it is on record, under its author's name."""
    label, is_text = label_of(message.author), message.content_type is ContentType.TEXT
    bold: list[JsonValue] = [{"type": "bold", "offset": 0, "length": units(label) - 1}]
    ticket, album = message.ticket, message.media_group
    if message.source is None:
        params: dict[str, JsonValue] = {"text": cut(f"{label}{message.words}", LONGEST_TEXT)}
        key = said_key(message.id, place)
        turn.queue("sendMessage", place, params | {"entities": bold}, ticket=ticket, key=key)
        return
    fits = units(f"{label}{message.words}") <= (LONGEST_TEXT if is_text else LONGEST_CAPTION)
    has_words = is_text or message.content_type in CAPTIONED
    written = (f"{label}{message.words}", bold) if fits and has_words else None
    show(turn, at(message.source), place, written, is_text=is_text, album=album, ticket=ticket)


def show(
    turn: Turn,
    source: MessageAt,
    place: Place,
    written: Labelled | None,
    *,
    is_text: bool,
    album: str | None,
    ticket: TicketId,
) -> None:
    """Queue a copy with other words, where it can have such; once in each place."""
    if is_text and written is not None:
        method: str = "sendMessage"
        params: dict[str, JsonValue] = {"text": written[0], "entities": written[1]}
    else:
        method = "copyMessage"
        params = {"from_chat_id": source.chat, "message_id": source.message}
        if written is not None and album is None:
            params |= {"caption": written[0], "caption_entities": written[1]}
    turn.queue(
        method,
        place,
        params,
        source=source,
        album=f"{source.chat}:{album}" if album else "",
        delay=ALBUM_REST if album else ALBUM_REST * 0,
        ticket=ticket,
        key=relay_key(source, place),
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


def labelled(message: Message, label: str) -> Labelled | None:
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
