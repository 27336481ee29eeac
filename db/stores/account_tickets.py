"""Accounts' conversations as the desk follows them: handed over, gone on with, answered, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.history import recent_history
from orchestrator.ids import ConversationId, HandoffId, InboundId, OutboxId
from orchestrator.ports.answers import WrittenAt
from orchestrator.ports.conversations import ConversationState
from orchestrator.ports.handoff import AnswerFate, Changed, Ended, HandedOver, Heard
from orchestrator.ports.outbox import OutboxState
from support.ids import ActKey, ChatId, TgMessageId, TgUserId, ThreadId, TicketId

LINES = 500
"""Of the history that a ticket begins with."""

UNSEEN = text(
    """
    SELECT h.id, h.conversation_id, a.name AS account, c.telegram_id, c.username,
           coalesce(nullif(c.name, ''), c.username, '') AS name, h.reason, h.note, h.suggestion,
           coalesce(s.language, nullif(c.language, '')) AS language
    FROM handoffs h
    JOIN conversations v ON v.id = h.conversation_id
    JOIN accounts a ON a.id = v.account_id
    JOIN contacts c ON c.id = v.contact_id
    LEFT JOIN script_versions sv ON sv.id = v.script_version_id
    LEFT JOIN scripts s ON s.id = sv.script_id
    WHERE h.taken_at IS NULL AND h.seen_at IS NULL AND v.state = 'handed_over'
    ORDER BY h.asked_at LIMIT :limit
    """
)
NEWEST = text(
    """
    SELECT coalesce(max(id), 0) AS id, coalesce(max(telegram_message_id), 0) AS message
    FROM messages WHERE conversation_id = :conversation AND direction = 'incoming'
    """
)
SEEN = text("UPDATE handoffs SET seen_at = now() WHERE id = :handoff AND seen_at IS NULL")
HEARD_UPTO = text(
    """
    UPDATE tickets SET heard_upto = greatest(coalesce(heard_upto, 0), :upto) WHERE id = :ticket
    """
)
# Of a conversation's tickets the newest goes on, be it closed, while people answer.
HEARD = text(
    """
    SELECT t.id AS ticket, t.state <> 'closed' AS is_open, m.id, m.text, m.media, m.sent_at,
           m.edited_at
    FROM conversations v
    JOIN LATERAL (
        SELECT t.id, t.state, t.heard_upto FROM tickets t
        WHERE t.conversation_id = v.id AND t.merged_into IS NULL ORDER BY t.id DESC LIMIT 1
    ) AS t ON t.heard_upto IS NOT NULL
    JOIN messages m ON m.conversation_id = v.id AND m.id > t.heard_upto
    WHERE v.state IN ('handed_over', 'paused') AND m.direction = 'incoming'
      AND m.deleted_at IS NULL
    ORDER BY m.id LIMIT :limit
    """
)
# What the ticket's own record of a message shows is told; that record is the mark.
CHANGED = text(
    """
    SELECT t.id AS ticket, m.conversation_id, m.id, m.text, m.media, m.sent_at,
           coalesce(m.deleted_at, m.edited_at) AS changed_at,
           m.deleted_at IS NOT NULL AS is_deleted, r.id IS NOT NULL AS is_shown
    FROM tickets t
    JOIN messages m ON m.conversation_id = t.conversation_id AND m.id <= t.heard_upto
      AND m.direction = 'incoming' AND (m.edited_at IS NOT NULL OR m.deleted_at IS NOT NULL)
    LEFT JOIN ticket_messages r ON r.source_chat_id = CAST(:base AS bigint) - m.conversation_id
      AND r.source_message_id = m.id
    WHERE t.state IN ('new', 'work') AND t.conversation_id IS NOT NULL
      AND (r.id IS NOT NULL OR coalesce(m.deleted_at, m.edited_at) > t.created_at)
      AND CASE WHEN m.deleted_at IS NOT NULL THEN r.deleted_at IS NULL
          ELSE r.edited_at IS NULL OR r.edited_at < m.edited_at
               OR (m.media = '[]' AND r.message_text NOT LIKE '%' || m.text) END
    ORDER BY m.id LIMIT :limit
    """
)
ENDED = text(
    """
    SELECT t.id AS ticket, v.state,
           EXISTS (SELECT FROM opt_outs o WHERE o.contact_id = v.contact_id) AS opted_out
    FROM tickets t JOIN conversations v ON v.id = t.conversation_id
    WHERE t.state IN ('new', 'work') AND t.conversation_id IS NOT NULL
      AND v.state IN ('open', 'closed')
    ORDER BY t.id LIMIT :limit
    """
)
FATES = text(
    """
    SELECT w.outbox_id, w.ticket_id, w.act, w.chat_id, w.thread_id, w.message_id, o.state,
           coalesce(o.last_error, '') AS error, a.name AS account
    FROM account_answers w
    JOIN outbox o ON o.id = w.outbox_id
    JOIN accounts a ON a.id = o.account_id
    WHERE w.told_at IS NULL AND o.state IN ('sent', 'failed', 'cancelled', 'unresolved')
    ORDER BY w.outbox_id LIMIT :limit
    """
)
TOLD = text(
    "UPDATE account_answers SET told_at = now() WHERE outbox_id = ANY(CAST(:answers AS bigint[]))"
)
WRITTEN = text("SELECT outbox_id FROM account_answers WHERE act = :act")
WRITE = text(
    """
    INSERT INTO account_answers (outbox_id, ticket_id, act, chat_id, thread_id, message_id)
    VALUES (:outbox, :ticket, :act, :chat, :thread, :message)
    """
)


@dataclass(frozen=True, slots=True)
class PostgresAccountTickets:
    """Implements `AccountTicketStore`."""

    engine: AsyncEngine

    async def unseen_handoffs(self, limit: int) -> Sequence[HandedOver]:
        """Return conversations without a ticket."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, UNSEEN, limit=limit)
            return [await handed_over(connection, row) for row in found]

    async def mark_seen(self, handoff: HandoffId, ticket: TicketId, upto: InboundId) -> None:
        """Remember the ticket's beginning."""
        async with transaction(self.engine) as connection:
            await run(connection, HEARD_UPTO, ticket=ticket, upto=upto)
            await run(connection, SEEN, handoff=handoff)

    async def heard(self, limit: int) -> Sequence[Heard]:
        """Return what people wrote since."""
        async with transaction(self.engine) as connection:
            return [heard_of(row) for row in await rows(connection, HEARD, limit=limit)]

    async def mark_heard(self, ticket: TicketId, upto: InboundId) -> None:
        """Remember how far the ticket is."""
        async with transaction(self.engine) as connection:
            await run(connection, HEARD_UPTO, ticket=ticket, upto=upto)

    async def changed(self, limit: int, base: int) -> Sequence[Changed]:
        """Return what tickets do not show as it is now."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, CHANGED, limit=limit, base=base)
        return [changed_of(row) for row in found]

    async def ended(self, limit: int) -> Sequence[Ended]:
        """Return tickets that stand for nothing any more."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, ENDED, limit=limit)
        return [
            Ended(TicketId(row.ticket), ConversationState(row.state), row.opted_out)
            for row in found
        ]

    async def fates(self, limit: int) -> Sequence[AnswerFate]:
        """Return what nobody was told."""
        async with transaction(self.engine) as connection:
            return [fate_of(row) for row in await rows(connection, FATES, limit=limit)]

    async def mark_told(self, answers: Sequence[OutboxId]) -> None:
        """Remember that it was told."""
        async with transaction(self.engine) as connection:
            await run(connection, TOLD, answers=list(answers))


async def handed_over(connection: AsyncConnection, row: Row[Any]) -> HandedOver:
    """Read a handoff with what was said up to now; what comes meanwhile is heard afterwards."""
    conversation = ConversationId(row.conversation_id)
    newest = await one(connection, NEWEST, conversation=conversation)
    upto, last = (0, 0) if newest is None else (newest.id, newest.message)
    said = await recent_history(connection, conversation, LINES)
    return HandedOver(
        handoff=HandoffId(row.id),
        conversation=conversation,
        account=row.account,
        person=TgUserId(row.telegram_id),
        username=row.username,
        name=row.name,
        reason=row.reason,
        note=row.note,
        suggestion=row.suggestion,
        history=[line for line in said if line.ours or (line.message or 0) <= last],
        upto=InboundId(upto),
        language=row.language,
    )


async def answer_written(connection: AsyncConnection, written: WrittenAt) -> OutboxId | None:
    """Return what an act queued already; whoever asks holds the conversation's lock."""
    found = await one(connection, WRITTEN, act=written.act)
    return None if found is None else OutboxId(found.outbox_id)


async def record_answer(connection: AsyncConnection, written: WrittenAt, queued: OutboxId) -> None:
    """Bind what was queued to the act that asked for it."""
    await run(
        connection,
        WRITE,
        outbox=queued,
        ticket=written.ticket,
        act=written.act,
        chat=written.chat,
        thread=written.thread,
        message=written.message,
    )


def heard_of(row: Row[Any]) -> Heard:
    """Read what somebody wrote."""
    return Heard(
        ticket=TicketId(row.ticket),
        is_open=row.is_open,
        message=InboundId(row.id),
        text=row.text,
        media=kinds_of(row),
        sent_at=row.sent_at,
        edited_at=row.edited_at,
    )


def changed_of(row: Row[Any]) -> Changed:
    """Read what somebody changed."""
    return Changed(
        ticket=TicketId(row.ticket),
        conversation=ConversationId(row.conversation_id),
        message=InboundId(row.id),
        text=row.text,
        media=kinds_of(row),
        sent_at=row.sent_at,
        changed_at=row.changed_at,
        is_deleted=row.is_deleted,
        is_shown=row.is_shown,
    )


def kinds_of(row: Row[Any]) -> tuple[str, ...]:
    """Name what came with a message."""
    return tuple(str(one.get("kind", "")) for one in row.media)


def fate_of(row: Row[Any]) -> AnswerFate:
    """Read what became of an answer."""
    written = WrittenAt(
        act=ActKey(row.act),
        ticket=TicketId(row.ticket_id),
        chat=ChatId(row.chat_id),
        thread=None if row.thread_id is None else ThreadId(row.thread_id),
        message=None if row.message_id is None else TgMessageId(row.message_id),
    )
    state = OutboxState(row.state)
    return AnswerFate(OutboxId(row.outbox_id), written, row.account, state, row.error)
