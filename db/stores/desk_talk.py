"""What is said in tickets: recorded once by where it was written, with its attachments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.gathering import Gathering
from db.stores.base import rows, run
from db.stores.desk_recording import Unheard, record_wave, waves
from support.ids import (
    AttachmentId,
    ChatId,
    TgMessageId,
    TicketId,
    TicketMessageId,
)
from support.talk import (
    Attachment,
    ContentType,
    NewMessage,
    Recorded,
    Source,
    TicketMessage,
)

MESSAGES_AT_ONCE = 50
LINGER = 0.005
"""Seconds for which a batch gathers while others come."""

COLUMNS = """
    SELECT m.id, m.ticket_id, m.sender_type, m.sender_name, m.content_type, m.message_text,
           m.caption, m.source_chat_id, m.source_message_id, m.reply_chat_id, m.reply_message_id,
           m.media_group, m.sent_at, m.edited_at, m.deleted_at, m.sender_id, m.came_from
    FROM ticket_messages m
"""
AT = text(COLUMNS + " WHERE m.source_chat_id = :chat AND m.source_message_id = :message")
OF_TICKET = text(
    COLUMNS
    + """
    WHERE m.ticket_id = :ticket AND (CAST(:after AS bigint) IS NULL OR m.id > :after)
    ORDER BY m.id LIMIT :limit
    """
)
LATEST = text(
    COLUMNS
    + " WHERE m.ticket_id = :ticket AND m.deleted_at IS NULL ORDER BY m.id DESC LIMIT :limit"
)
OF_CLIENT = text(
    COLUMNS
    + """
    WHERE m.ticket_id = :ticket AND m.sender_type = 'CLIENT'
      AND m.deleted_at IS NULL
    ORDER BY m.id
    """
)
ATTACHED = text(
    """
    SELECT message_id, id, file_id, file_unique_id, mime_type, size, width, height, duration,
           file_name, local_path
    FROM attachments WHERE message_id = ANY(CAST(:messages AS bigint[])) ORDER BY id
    """
)
EDIT = text(
    """
    UPDATE ticket_messages
    SET first_text = coalesce(first_text, message_text, caption, ''), message_text = :text,
        caption = :caption, edited_at = :at
    WHERE source_chat_id = :chat AND source_message_id = :message
      AND (edited_at IS NULL OR edited_at <= :at)
    """
)
DELETE = text(
    """
    UPDATE ticket_messages SET deleted_at = coalesce(deleted_at, :at)
    WHERE source_chat_id = :chat AND source_message_id = :message
    """
)
STORE_FILE = text("UPDATE attachments SET local_path = :path WHERE id = :attachment")
WITHOUT_FILE = text(
    """
    SELECT message_id, id, file_id, file_unique_id, mime_type, size, width, height, duration,
           file_name, local_path
    FROM attachments WHERE local_path IS NULL ORDER BY id LIMIT :limit
    """
)
# A file that came again with a message that is still there stays.
GONE_FILES = text(
    """
    SELECT g.path, EXISTS (SELECT FROM attachments a
                           WHERE a.local_path = g.path AND a.local_path <> '') AS is_used
    FROM desk_gone_files g ORDER BY g.gone_at LIMIT :limit
    """
)
FORGET_FILES = text("DELETE FROM desk_gone_files WHERE path = ANY(CAST(:paths AS text[]))")


@dataclass(frozen=True, slots=True)
class PostgresTalk:
    """Implements `TalkStore`."""

    engine: AsyncEngine
    records: Gathering[NewMessage, Recorded | Unheard] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        records = Gathering(
            "ticket messages", self.record_all, limit=MESSAGES_AT_ONCE, linger=LINGER
        )
        object.__setattr__(self, "records", records)

    async def record_message(self, message: NewMessage) -> Recorded:
        """Record a message, in one transaction with others that come at about the same time."""
        recorded = await self.records.ask(message)
        if not isinstance(recorded, Recorded):
            raise recorded
        return recorded

    async def record_all(self, messages: Sequence[NewMessage]) -> Sequence[Recorded | Unheard]:
        """Record messages, those of one ticket in the order in which they were asked for."""
        recorded: dict[int, Recorded | Unheard] = {}
        for wave in waves(messages):
            async with transaction(self.engine) as connection:
                recorded |= await record_wave(connection, wave)
        return [recorded[place] for place in range(len(messages))]

    async def edit_message(
        self, source: Source, text: str | None, caption: str | None, at: datetime
    ) -> TicketMessage | None:
        """Record new words."""
        async with transaction(self.engine) as connection:
            values = {"text": text, "caption": caption, "at": at}
            await run(connection, EDIT, chat=source.chat, message=source.message, **values)
            return await message_at(connection, source)

    async def delete_message(self, source: Source, at: datetime) -> TicketMessage | None:
        """Record that it was deleted."""
        async with transaction(self.engine) as connection:
            await run(connection, DELETE, chat=source.chat, message=source.message, at=at)
            return await message_at(connection, source)

    async def message_at(self, source: Source) -> TicketMessage | None:
        """Return the message that was written there."""
        async with transaction(self.engine) as connection:
            return await message_at(connection, source)

    async def messages(
        self, ticket: TicketId, *, after: TicketMessageId | None = None, limit: int = 1000
    ) -> Sequence[TicketMessage]:
        """Return what was said, in order."""
        async with transaction(self.engine) as connection:
            values = {"ticket": ticket, "after": after, "limit": limit}
            return await read_messages(connection, OF_TICKET, **values)

    async def messages_of_client(self, ticket: TicketId) -> Sequence[TicketMessage]:
        """Return what the client wrote and did not delete."""
        async with transaction(self.engine) as connection:
            return await read_messages(connection, OF_CLIENT, ticket=ticket)

    async def latest_messages(self, ticket: TicketId, limit: int) -> Sequence[TicketMessage]:
        """Return what was said last, in order."""
        async with transaction(self.engine) as connection:
            found = await read_messages(connection, LATEST, ticket=ticket, limit=limit)
        return found[::-1]

    async def store_file(self, attachment: AttachmentId, local_path: str) -> None:
        """Remember where a file is kept."""
        async with transaction(self.engine) as connection:
            await run(connection, STORE_FILE, attachment=attachment, path=local_path)

    async def attachments_without_file(self, limit: int) -> Sequence[Attachment]:
        """Return attachments whose files are not kept yet."""
        async with transaction(self.engine) as connection:
            return [to_attachment(row) for row in await rows(connection, WITHOUT_FILE, limit=limit)]

    async def gone_files(self, limit: int) -> Sequence[str]:
        """Return files that belong to nothing any more."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, GONE_FILES, limit=limit)
            await run(connection, FORGET_FILES, paths=[row.path for row in found if row.is_used])
        return [row.path for row in found if not row.is_used]

    async def forget_files(self, paths: Sequence[str]) -> None:
        """Forget files that were removed."""
        async with transaction(self.engine) as connection:
            await run(connection, FORGET_FILES, paths=list(paths))


async def message_at(connection: AsyncConnection, source: Source) -> TicketMessage | None:
    """Read the message that was written there."""
    found = await read_messages(connection, AT, chat=source.chat, message=source.message)
    return found[0] if found else None


async def read_messages(
    connection: AsyncConnection, statement: TextClause, **values: object
) -> list[TicketMessage]:
    """Read messages with their attachments."""
    found = await rows(connection, statement, **values)
    attached: dict[int, list[Attachment]] = {}
    numbers = [row.id for row in found]
    for row in await rows(connection, ATTACHED, messages=numbers) if numbers else ():
        attached.setdefault(row.message_id, []).append(to_attachment(row))
    return [to_message(row, attached.get(row.id, [])) for row in found]


def to_message(row: Row[Any], attachments: Sequence[Attachment]) -> TicketMessage:
    """Read a message from its row."""
    return TicketMessage(
        id=TicketMessageId(row.id),
        ticket=TicketId(row.ticket_id),
        side=row.sender_type,
        author=row.sender_name,
        content_type=ContentType(row.content_type),
        text=row.message_text,
        caption=row.caption,
        source=to_source(row.source_chat_id, row.source_message_id),
        reply_to=to_source(row.reply_chat_id, row.reply_message_id),
        media_group=row.media_group,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        attachments=tuple(attachments),
        author_id=row.sender_id,
        came_from=None if row.came_from is None else TicketId(row.came_from),
    )


def to_source(chat: int | None, message: int | None) -> Source | None:
    """Read where something was written."""
    if chat is None or message is None:
        return None
    return Source(ChatId(chat), TgMessageId(message))


def to_attachment(row: Row[Any]) -> Attachment:
    """Read an attachment from its row."""
    return Attachment(
        file_id=row.file_id,
        file_unique_id=row.file_unique_id,
        mime_type=row.mime_type,
        size=row.size,
        width=row.width,
        height=row.height,
        duration=row.duration,
        file_name=row.file_name,
        local_path=row.local_path,
        id=AttachmentId(row.id),
    )
