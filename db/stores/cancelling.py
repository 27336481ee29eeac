"""Cancelling what waits in the outbox: the message, its comment, and the reason on record."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import Rows, rows, run
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
    )
    UPDATE comments c SET status = 'failed', failed_reason = :detail
    FROM cancelled WHERE c.id = cancelled.comment_id
    RETURNING c.channel_id, c.message_id, c.campaign_id
    """
)
# The last thing that a transaction does, and in order, for a key that is being inserted is a lock.
SILENCE = text(
    """
    INSERT INTO silences (channel_id, message_id, campaign_id, reason, detail)
    SELECT DISTINCT ON (p.channel, p.message) p.channel, p.message, p.campaign, :reason, :detail
    FROM unnest(CAST(:channels AS bigint[]), CAST(:messages AS bigint[]),
                CAST(:campaigns AS bigint[])) AS p (channel, message, campaign)
    ORDER BY p.channel, p.message
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing is said after all."""

    reason: SilenceReason
    detail: str


async def cancel_all_of(
    connection: AsyncConnection,
    waiting: TextClause,
    owner: int,
    why: Reason,
    rejected: Rows = (),
) -> int:
    """Cancel everything that waits under a grant, or for a campaign; returns how much.

    The posts of `rejected` drafts fall silent for the same reason.
    """
    messages = [row.id for row in await rows(connection, waiting, owner=owner)]
    return await cancel_waiting(connection, messages, why, rejected)


async def cancel_waiting(
    connection: AsyncConnection, messages: Sequence[int], why: Reason, rejected: Rows = ()
) -> int:
    """Cancel those of the messages that still wait; returns how many."""
    cancelled = await rows(connection, CANCEL, messages=list(messages), detail=why.detail)
    posts = [*cancelled, *rejected]
    if posts:
        await run(
            connection,
            SILENCE,
            channels=[post.channel_id for post in posts],
            messages=[post.message_id for post in posts],
            campaigns=[post.campaign_id for post in posts],
            reason=why.reason,
            detail=why.detail,
        )
    return len(cancelled)
