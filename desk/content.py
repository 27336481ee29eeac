"""What a message of Telegram's holds, as tickets keep it."""

from datetime import datetime
from typing import Any

from aiogram.enums import ContentType as TelegramContent
from aiogram.types import Message

from support.actor import By
from support.ids import ActKey, ChatId, TgMessageId, ThreadId, TicketId
from support.talk import Attachment, ContentType, NewMessage, Source
from support.tickets import Place

COMMAND = "/"
"""How commands begin; aiogram finds them behind spaces too."""
SERVICE = frozenset(TelegramContent) - {
    TelegramContent.TEXT,
    TelegramContent.PHOTO,
    TelegramContent.VIDEO,
    TelegramContent.ANIMATION,
    TelegramContent.AUDIO,
    TelegramContent.VOICE,
    TelegramContent.VIDEO_NOTE,
    TelegramContent.DOCUMENT,
    TelegramContent.STICKER,
    TelegramContent.LOCATION,
    TelegramContent.VENUE,
    TelegramContent.CONTACT,
    TelegramContent.POLL,
    TelegramContent.DICE,
    TelegramContent.STORY,
    TelegramContent.GAME,
    TelegramContent.PAID_MEDIA,
    TelegramContent.CHECKLIST,
    TelegramContent.UNKNOWN,
}
"""Joins, leaves, pins, topics opened and closed: what nobody wrote, and nobody is handed."""


def is_service(message: Message) -> bool:
    """Tell whether a message only tells of something that happened in the chat."""
    return message.content_type in SERVICE


def is_command(message: Message) -> bool:
    """Tell whether a message is meant as a command, known or not; such may be a caption."""
    return (message.text or message.caption or "").lstrip().startswith(COMMAND)


def source_of(message: Message) -> Source:
    """Return where a message was written."""
    return Source(ChatId(message.chat.id), TgMessageId(message.message_id))


def here(message: Message) -> Place:
    """Return the chat or the topic in which a message was written."""
    thread = message.message_thread_id
    return Place(ChatId(message.chat.id), None if thread is None else ThreadId(thread))


def as_it_came(message: Message) -> dict[str, Any]:
    """Write a message as an update brings it."""
    return message.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def kind_of(message: Message) -> ContentType:
    """Name what a message is."""
    try:
        return ContentType(TelegramContent(message.content_type).value)
    except ValueError:
        return ContentType.OTHER


def attachments_of(message: Message) -> tuple[Attachment, ...]:
    """Describe the file of a message; of a photo, its largest size."""
    kind = kind_of(message)
    held: Any = getattr(message, kind.value, None)
    if isinstance(held, list):
        held = held[-1] if held else None
    file_id = getattr(held, "file_id", None)
    if file_id is None:
        return ()
    return (
        Attachment(
            file_id=file_id,
            file_unique_id=held.file_unique_id,
            mime_type=getattr(held, "mime_type", None),
            size=held.file_size,
            width=getattr(held, "width", None) or getattr(held, "length", None),
            height=getattr(held, "height", None) or getattr(held, "length", None),
            duration=getattr(held, "duration", None),
            file_name=getattr(held, "file_name", None),
        ),
    )


def answered(message: Message) -> Source | None:
    """Return the message that this one answers, if it answers any in its chat."""
    other = message.reply_to_message
    if other is None or other.message_id == message.message_thread_id:
        return None
    return Source(ChatId(other.chat.id), TgMessageId(other.message_id))


def new_message(ticket: TicketId, by: By, message: Message) -> NewMessage:
    """Return what a ticket keeps of a message."""
    return NewMessage(
        ticket=ticket,
        by=by,
        source=source_of(message),
        content_type=kind_of(message),
        text=message.text,
        caption=message.caption,
        sent_at=message.date,
        reply_to=answered(message),
        media_group=message.media_group_id,
        attachments=attachments_of(message),
    )


def said(ticket: TicketId, by: By, text: str, at: datetime, act: ActKey) -> NewMessage:
    """Return what a ticket keeps of words that nobody typed as a message: known by their act."""
    return NewMessage(
        ticket=ticket,
        by=by,
        source=None,
        content_type=ContentType.TEXT,
        text=text,
        caption=None,
        sent_at=at,
        act=act,
    )
