"""What was written in a conversation from both sides, in one list."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import rows
from orchestrator.ids import ConversationId, MessageId
from orchestrator.ports.conversations import Said

# Of ours, what Telegram told of twice (by the proof, and as an update) stands there once.
HISTORY = text(
    """
    WITH told AS (
        SELECT direction = 'outgoing' AS ours, telegram_message_id AS message, text, sent_at AS at,
               CASE WHEN direction = 'outgoing' THEN m.telegram_message_id <= v.read_upto
                    ELSE m.is_read END AS is_read,
               first_text, deleted_at, CAST(NULL AS text) AS state
        FROM messages m JOIN conversations v ON v.id = m.conversation_id
        WHERE m.conversation_id = :conversation
    ), said AS (
        SELECT true AS ours, o.sent_message_id AS message, a.text,
               coalesce(o.finished_at, o.due_at) AS at,
               coalesce(o.sent_message_id <= v.read_upto, false) AS is_read,
               CAST(NULL AS text) AS first_text, CAST(NULL AS timestamptz) AS deleted_at, o.state
        FROM messages m
        JOIN conversations v ON v.id = m.conversation_id
        JOIN outbox o ON o.inbound_message_id = m.id
        JOIN answers a ON a.id = o.answer_id
        WHERE m.conversation_id = :conversation
          AND NOT EXISTS (SELECT FROM told t WHERE t.ours AND t.message = o.sent_message_id)
    ), history AS (
        SELECT * FROM told UNION ALL SELECT * FROM said
    )
    SELECT * FROM history
    WHERE CAST(:before AS bigint) IS NULL OR message < CAST(:before AS bigint)
    ORDER BY at DESC, message DESC NULLS FIRST LIMIT :limit
    """
)


async def recent_history(
    connection: AsyncConnection,
    conversation: ConversationId,
    limit: int,
    *,
    before: int | None = None,
) -> Sequence[Said]:
    """Return the last lines of a conversation, oldest first."""
    found = await rows(connection, HISTORY, conversation=conversation, limit=limit, before=before)
    return [said_of(row) for row in reversed(found)]


def said_of(row: Row[Any]) -> Said:
    """Read one line."""
    return Said(
        ours=row.ours,
        message=None if row.message is None else MessageId(row.message),
        text=row.text,
        at=row.at,
        is_read=row.is_read,
        first_text=row.first_text,
        deleted_at=row.deleted_at,
        state=row.state,
    )
