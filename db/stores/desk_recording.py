"""How messages go on record: those of many tickets by one statement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import write_json
from db.stores.base import one, rows, run
from db.stores.desk_acts import Act, begin, conclude
from db.stores.desk_clocks import meet_answers, run_on, start_clocks
from db.stores.desk_rows import to_place
from orchestrator.errors import NotFound
from orchestrator.ports.desk import TicketEnded
from support.actor import Side
from support.ids import OperatorId, TechnicianId, TicketId, TicketMessageId
from support.sla import ClockKind
from support.talk import Attachment, NewMessage, Recorded, Standing
from support.tickets import TicketState

Wave = Mapping[int, NewMessage]
"""Messages by their place among all that were asked for, at most one of each ticket."""
Unheard = NotFound | TicketEnded
"""Why a message is not on record."""

# One statement for what happens thousands of times a minute. What it tells of the ticket is how it
# was before: whether clocks have to be looked at is known without another question. Tickets are
# locked in the order of their numbers.
RECORD = text(
    """
    WITH said AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:said AS jsonb)) AS s (
            place int, ticket bigint, side text, sender bigint, name text, content_type text,
            text text, caption text, chat bigint, message bigint, reply_chat bigint,
            reply_message bigint, media_group text, sent_at timestamptz, only_open boolean)
    ), locked AS MATERIALIZED (
        SELECT t.id, t.state, t.first_answer_at FROM tickets t
        WHERE t.id = ANY(CAST(:tickets AS bigint[])) ORDER BY t.id FOR NO KEY UPDATE
    ), spoken AS (
        INSERT INTO ticket_messages
            (ticket_id, sender_type, sender_id, sender_name, content_type, message_text, caption,
             source_chat_id, source_message_id, reply_chat_id, reply_message_id, media_group,
             sent_at)
        SELECT l.id, s.side, s.sender, s.name, s.content_type, s.text, s.caption, s.chat,
               s.message, s.reply_chat, s.reply_message, s.media_group, s.sent_at
        FROM said s JOIN locked l ON l.id = s.ticket AND (l.state <> 'closed' OR NOT s.only_open)
        ORDER BY s.place
        ON CONFLICT (source_chat_id, source_message_id) WHERE source_chat_id IS NOT NULL DO NOTHING
        RETURNING id, ticket_id, sender_type
    ), heard AS (
        UPDATE tickets t SET last_client_at = now(), silent_since = NULL, idle_warned_at = NULL
        FROM spoken s WHERE t.id = s.ticket_id AND s.sender_type = 'CLIENT'
        -- Whoever takes the ticket at the same time was before this row's lock, or waits for it.
        RETURNING t.id, t.state, t.operator_id, t.technician_id, t.taken_at, t.main_chat_id,
                  t.main_thread_id
    ), answered AS (
        UPDATE tickets t
        SET first_answer_at = coalesce(t.first_answer_at, now()), idle_warned_at = NULL,
            silent_since = CASE WHEN t.state <> 'closed' THEN now() END
        FROM spoken s WHERE t.id = s.ticket_id AND s.sender_type IN ('STAFF', 'TECH')
    )
    SELECT s.id, s.ticket_id, l.first_answer_at IS NULL AS is_first,
           EXISTS (SELECT FROM ticket_clocks c
                   WHERE c.ticket_id = s.ticket_id AND c.met_at IS NULL AND c.dropped_at IS NULL)
               AS has_clocks,
           EXISTS (SELECT FROM sla_policies p WHERE p.is_active) AS is_promised,
           h.state, h.operator_id, h.technician_id, h.taken_at, h.main_chat_id, h.main_thread_id
    FROM spoken s JOIN locked l ON l.id = s.ticket_id LEFT JOIN heard h ON h.id = s.ticket_id
    ORDER BY s.ticket_id
    """
)
ENDED = text("SELECT 1 FROM tickets WHERE id = :ticket AND state = 'closed'")
KNOWN = text(
    """
    SELECT id FROM ticket_messages
    WHERE source_chat_id = :chat AND source_message_id = :message
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


def waves(messages: Sequence[NewMessage]) -> list[Wave]:
    """Part messages so that a ticket has one in each wave; what has an act of its own goes alone.

    Those of one ticket stay in their order.
    """
    later: Counter[TicketId] = Counter()
    parted: dict[tuple[int, int], dict[int, NewMessage]] = {}
    for place, message in enumerate(messages):
        alone = place + 1 if message.act is not None else 0
        parted.setdefault((later[message.ticket], alone), {})[place] = message
        later[message.ticket] += 1
    return [parted[key] for key in sorted(parted)]


async def record_wave(connection: AsyncConnection, wave: Wave) -> dict[int, Recorded | Unheard]:
    """Record a wave, each message once: by its act, else by its source."""
    first = next(iter(wave))
    act = wave[first].act
    if act is None:
        return await record_by_source(connection, wave)
    try:
        begun = await begin(connection, Act(act, wave[first].by, "say"), wave[first].ticket)
    except NotFound as missing:
        return {first: missing}
    if begun.event is None:
        known = TicketMessageId(int(str(begun.earlier["message"])))
        return {first: Recorded(known, is_new=False)}
    recorded = await record_by_source(connection, wave)
    said = recorded[first]
    if isinstance(said, Recorded):
        await conclude(connection, begun, wave[first].ticket, {"message": said.id})
    return recorded


async def record_by_source(
    connection: AsyncConnection, wave: Wave
) -> dict[int, Recorded | Unheard]:
    """Record messages with their attachments, and what they do to the clocks."""
    said = [{"place": place, **columns_of(message)} for place, message in wave.items()]
    tickets = sorted(message.ticket for message in wave.values())
    found = await rows(connection, RECORD, said=write_json(said), tickets=tickets)
    news = {row.ticket_id: row for row in found}
    recorded: dict[int, Recorded | Unheard] = {}
    for place, message in sorted(wave.items(), key=lambda one: one[1].ticket):
        row = news.get(message.ticket)
        if row is None:
            recorded[place] = await known(connection, message)
        else:
            recorded[place] = await follow(connection, message, row)
    return recorded


async def follow(connection: AsyncConnection, message: NewMessage, row: Row[Any]) -> Recorded:
    """Do what follows from a message that is new."""
    number = TicketMessageId(row.id)
    for attachment in message.attachments:
        await attach(connection, number, attachment)
    await move_clocks(connection, message, row)
    return Recorded(number, is_new=True, standing=standing_of(row))


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


async def known(connection: AsyncConnection, message: NewMessage) -> Recorded | Unheard:
    """Find the message that is on record already; there may be no such ticket at all."""
    source = message.source
    if source is not None:
        row = await one(connection, KNOWN, chat=source.chat, message=source.message)
        if row is not None:
            return Recorded(TicketMessageId(row.id), is_new=False)
    if message.only_open and await one(connection, ENDED, ticket=message.ticket) is not None:
        return TicketEnded(f"Ticket {message.ticket} is closed: open it again to go on")
    return NotFound(f"There is no ticket {message.ticket}: see `troupe tickets list`")


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
        "only_open": message.only_open,
    }
