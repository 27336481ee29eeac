"""What is said in tickets: recorded once by where it was written, with its attachments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.gathering import Gathering
from db.stores.base import one, rows, run
from db.stores.desk_acts import Act, begin, conclude
from db.stores.desk_clocks import meet_answers, run_on, start_clocks
from db.stores.desk_rows import to_place
from orchestrator.errors import NotFound
from support.actor import Side
from support.ids import (
    AttachmentId,
    ChatId,
    OperatorId,
    TechnicianId,
    TgMessageId,
    TicketId,
    TicketMessageId,
)
from support.sla import ClockKind
from support.talk import (
    Attachment,
    ContentType,
    NewMessage,
    Recorded,
    Source,
    Standing,
    TicketMessage,
)
from support.tickets import TicketState

MESSAGES_AT_ONCE = 50

COLUMNS = """
    SELECT m.id, m.ticket_id, m.sender_type, m.sender_name, m.content_type, m.message_text,
           m.caption, m.source_chat_id, m.source_message_id, m.reply_chat_id, m.reply_message_id,
           m.media_group, m.sent_at, m.edited_at, m.deleted_at
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
# One statement for what happens thousands of times a minute. What it tells of the ticket is how it
# was before: whether clocks have to be looked at is known without another question.
RECORD = text(
    """
    WITH spoken AS (
        INSERT INTO ticket_messages
            (ticket_id, sender_type, sender_id, sender_name, content_type, message_text, caption,
             source_chat_id, source_message_id, reply_chat_id, reply_message_id, media_group,
             sent_at)
        SELECT t.id, :side, CAST(:sender AS bigint), :name, :content_type, :text, :caption,
               CAST(:chat AS bigint), CAST(:message AS bigint), CAST(:reply_chat AS bigint),
               CAST(:reply_message AS bigint), :media_group, :sent_at
        FROM tickets t WHERE t.id = :ticket
        ON CONFLICT (source_chat_id, source_message_id) WHERE source_chat_id IS NOT NULL DO NOTHING
        RETURNING id, ticket_id
    ), heard AS (
        UPDATE tickets t SET last_client_at = now(), silent_since = NULL, idle_warned_at = NULL
        FROM spoken s WHERE t.id = s.ticket_id AND :side = 'CLIENT'
        -- Whoever takes the ticket at the same time was before this row's lock, or waits for it.
        RETURNING t.id, t.state, t.operator_id, t.technician_id, t.taken_at, t.main_chat_id,
                  t.main_thread_id
    ), answered AS (
        UPDATE tickets t
        SET first_answer_at = coalesce(t.first_answer_at, now()), idle_warned_at = NULL,
            silent_since = CASE WHEN t.state <> 'closed' THEN now() END
        FROM spoken s WHERE t.id = s.ticket_id AND :side IN ('STAFF', 'TECH')
    )
    SELECT s.id, t.first_answer_at IS NULL AS is_first,
           EXISTS (SELECT FROM ticket_clocks c
                   WHERE c.ticket_id = t.id AND c.met_at IS NULL AND c.dropped_at IS NULL)
               AS has_clocks,
           EXISTS (SELECT FROM sla_policies p WHERE p.is_active) AS is_promised,
           h.state, h.operator_id, h.technician_id, h.taken_at, h.main_chat_id, h.main_thread_id
    FROM spoken s JOIN tickets t ON t.id = s.ticket_id LEFT JOIN heard h ON h.id = t.id
    """
)
ATTACH = text(
    """
    INSERT INTO attachments (message_id, file_id, file_unique_id, mime_type, size, width, height,
                             duration, file_name, local_path)
    VALUES (:message, :file_id, :file_unique_id, :mime_type, CAST(:size AS bigint), :width,
            :height, :duration, :file_name, :local_path)
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


@dataclass(frozen=True, slots=True)
class PostgresTalk:
    """Implements `TalkStore`."""

    engine: AsyncEngine
    records: Gathering[NewMessage, Recorded | NotFound] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        records = Gathering("ticket messages", self.record_all, limit=MESSAGES_AT_ONCE)
        object.__setattr__(self, "records", records)

    async def record_message(self, message: NewMessage) -> Recorded:
        """Record a message, in one transaction with others that come at about the same time."""
        recorded = await self.records.ask(message)
        if isinstance(recorded, NotFound):
            raise recorded
        return recorded

    async def record_all(self, messages: Sequence[NewMessage]) -> Sequence[Recorded | NotFound]:
        """Record messages; tickets are locked in the order of their numbers."""
        recorded: dict[int, Recorded | NotFound] = {}
        in_order = sorted(enumerate(messages), key=lambda one: one[1].ticket)
        async with transaction(self.engine) as connection:
            for place, message in in_order:
                try:
                    recorded[place] = await record(connection, message)
                except NotFound as missing:
                    recorded[place] = missing
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


async def record(connection: AsyncConnection, message: NewMessage) -> Recorded:
    """Record a message once: by its act, else by its source."""
    if message.act is None:
        return await record_by_source(connection, message)
    begun = await begin(connection, Act(message.act, message.by, "say"), message.ticket)
    if begun.event is None:
        return Recorded(TicketMessageId(int(str(begun.earlier["message"]))), is_new=False)
    recorded = await record_by_source(connection, message)
    await conclude(connection, begun, message.ticket, {"message": recorded.id})
    return recorded


async def record_by_source(connection: AsyncConnection, message: NewMessage) -> Recorded:
    """Record a message with its attachments, and what it does to the clocks."""
    row = await one(connection, RECORD, **columns_of(message))
    if row is None:
        return await known(connection, message)
    for attachment in message.attachments:
        await attach(connection, TicketMessageId(row.id), attachment)
    await move_clocks(connection, message, row)
    return Recorded(TicketMessageId(row.id), is_new=True, standing=standing_of(row))


def standing_of(row: Row[Any]) -> Standing | None:
    """Read how the ticket of a client's message stands now."""
    if row.state is None:
        return None
    return Standing(
        state=TicketState(row.state),
        operator=None if row.operator_id is None else OperatorId(row.operator_id),
        technician=None if row.technician_id is None else TechnicianId(row.technician_id),
        taken_at=row.taken_at,
        main=to_place(row.main_chat_id, row.main_thread_id),
    )


async def known(connection: AsyncConnection, message: NewMessage) -> Recorded:
    """Find the message that is on record already; raises NotFound when there is no ticket."""
    found = None if message.source is None else await message_at(connection, message.source)
    if found is None:
        raise NotFound(f"There is no ticket {message.ticket}: see `troupe tickets list`")
    return Recorded(found.id, is_new=False)


async def move_clocks(connection: AsyncConnection, message: NewMessage, was: Row[Any]) -> None:
    """Let a message start, stop and end what was promised."""
    if message.by.side is Side.CLIENT:
        if was.has_clocks:
            await run_on(connection, message.ticket)
        if was.is_promised and not was.is_first:
            await start_clocks(connection, message.ticket, (ClockKind.NEXT_ANSWER,))
    elif message.by.side in {Side.STAFF, Side.TECH} and was.has_clocks:
        await meet_answers(connection, message.ticket)


async def attach(
    connection: AsyncConnection, message: TicketMessageId, attachment: Attachment
) -> None:
    """Keep what is known of a file."""
    await run(
        connection,
        ATTACH,
        message=message,
        file_id=attachment.file_id,
        file_unique_id=attachment.file_unique_id,
        mime_type=attachment.mime_type,
        size=attachment.size,
        width=attachment.width,
        height=attachment.height,
        duration=attachment.duration,
        file_name=attachment.file_name,
        local_path=attachment.local_path,
    )


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


def columns_of(message: NewMessage) -> dict[str, object]:
    """Lay a message out as its row."""
    source, reply = message.source, message.reply_to
    return {
        "ticket": message.ticket,
        "side": message.by.side,
        "sender": message.by.id,
        "name": message.by.name,
        "content_type": message.content_type,
        "text": message.text,
        "caption": message.caption,
        "chat": source and source.chat,
        "message": source and source.message,
        "reply_chat": reply and reply.chat,
        "reply_message": reply and reply.message,
        "media_group": message.media_group,
        "sent_at": message.sent_at,
    }


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
