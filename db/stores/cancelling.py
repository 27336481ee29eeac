"""Cancelling what waits in the outbox: the message, its comment, and the reason on record."""

from collections.abc import Sequence

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import rows
from personas.silence import SilenceReason

# Always in the order of their numbers, so that two who cancel at once never block each other.
WAITING_UNDER_GRANT = text(
    """
    SELECT id FROM outbox
    WHERE grant_id = :owner AND finished_at IS NULL AND state = 'due' AND NOT unsettled
    ORDER BY id FOR UPDATE
    """
)
WAITING_FOR_CAMPAIGN = text(
    """
    SELECT o.id FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE c.campaign_id = :owner AND o.state = 'due' AND NOT o.unsettled
    ORDER BY o.id FOR UPDATE OF o
    """
)

# Only `due`: whatever was attempted once may be on Telegram already and is settled by its lane.
CANCEL = text(
    """
    WITH cancelled AS (
        UPDATE outbox SET state = 'cancelled', finished_at = now(), last_error = :detail
        WHERE id = ANY(CAST(:messages AS bigint[])) AND state = 'due' AND NOT unsettled
        RETURNING comment_id
    ), failed AS (
        UPDATE comments c SET status = 'failed', failed_reason = :detail
        FROM cancelled WHERE c.id = cancelled.comment_id
        RETURNING c.id, c.channel_id, c.message_id, c.campaign_id
    ), silenced AS (
        INSERT INTO silences (channel_id, message_id, campaign_id, reason, detail)
        SELECT DISTINCT ON (channel_id, message_id)
               channel_id, message_id, campaign_id, :reason, :detail
        FROM failed
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM failed
    """
)


async def cancel_all_of(
    connection: AsyncConnection,
    waiting: TextClause,
    owner: int,
    reason: SilenceReason,
    detail: str,
) -> int:
    """Cancel everything that waits under a grant, or for a campaign; returns how much."""
    messages = [row.id for row in await rows(connection, waiting, owner=owner)]
    return await cancel_waiting(connection, messages, reason, detail)


async def cancel_waiting(
    connection: AsyncConnection, messages: Sequence[int], reason: SilenceReason, detail: str
) -> int:
    """Cancel those of the messages that still wait; returns how many."""
    if not messages:
        return 0
    cancelled = await rows(
        connection, CANCEL, messages=list(messages), reason=reason, detail=detail
    )
    return len(cancelled)
