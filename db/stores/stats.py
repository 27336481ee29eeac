"""How it goes: figures from logs, outbox and comments, each by an index that bounds it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import Rows, one, rows
from orchestrator.ports.stats import (
    AccountStats,
    Bucket,
    ErrorStats,
    OperationStats,
    PostStats,
    SendingStats,
    SessionStats,
    Standing,
    Stats,
    StatsFilter,
)

BUCKETS = 24
LISTED = 10
"""How many causes, accounts and posts are shown."""

MINE = """
    (CAST(:account AS bigint) IS NULL OR c.account_id = :account)
    AND (CAST(:user AS text) IS NULL
         OR d.decided_by = :user OR d.edited_by = :user OR m.created_by = :user)
"""
BY_MINE = """
    JOIN drafts d ON d.id = c.draft_id
    JOIN campaigns m ON m.id = c.campaign_id
"""
LOGGED = """
    l.created_at >= :since AND l.created_at < :until
    AND (CAST(:account AS bigint) IS NULL OR l.account_id = :account)
    AND (CAST(:user AS text) IS NULL OR EXISTS (
        SELECT FROM outbox o
        JOIN comments c ON c.id = o.comment_id
        JOIN drafts d ON d.id = c.draft_id
        JOIN campaigns m ON m.id = c.campaign_id
        WHERE o.id = l.outbox_id
          AND (d.decided_by = :user OR d.edited_by = :user OR m.created_by = :user)))
"""

STATES = text(
    """
    SELECT state, count(*) AS accounts FROM accounts
    WHERE CAST(:account AS bigint) IS NULL OR id = :account
    GROUP BY state ORDER BY count(*) DESC
    """
)
HELD_BY = text(
    """
    SELECT l.node, count(*) AS accounts FROM leases l JOIN nodes n ON n.name = l.node
    WHERE NOT l.released AND n.seen_at > now() - interval '1 minute'
      AND (CAST(:account AS bigint) IS NULL OR l.account_id = :account)
    GROUP BY l.node ORDER BY l.node
    """
)
OPEN_MESSAGES = text(
    f"""
    SELECT count(*) FILTER (WHERE o.state = 'due') AS due,
           count(*) FILTER (WHERE o.state = 'unknown') AS unknown,
           count(*) FILTER (WHERE o.state = 'sending') AS sending,
           count(*) FILTER (WHERE o.state = 'due' AND EXISTS (
               SELECT FROM holds h
               WHERE h.account_id = o.account_id AND h.not_before > now()
                 AND (h.peer_id IS NULL OR h.peer_id = o.peer_id))) AS held
    FROM (
        SELECT account_id, state, peer_id, comment_id FROM outbox WHERE state IN ('due', 'unknown')
        UNION ALL
        SELECT account_id, state, peer_id, comment_id FROM outbox WHERE state = 'sending'
    ) o
    LEFT JOIN comments c ON c.id = o.comment_id
    LEFT JOIN drafts d ON d.id = c.draft_id
    LEFT JOIN campaigns m ON m.id = c.campaign_id
    WHERE {MINE.replace("c.account_id", "o.account_id")}
    """  # noqa: S608 - only constants of this module are put in
)
OPEN_NOW = text(
    """
    SELECT count(*) FILTER (WHERE o.state = 'due') AS due,
           count(*) FILTER (WHERE o.state = 'unknown') AS unknown,
           count(*) FILTER (WHERE o.state = 'sending') AS sending,
           count(*) FILTER (WHERE o.state = 'due' AND EXISTS (
               SELECT FROM holds h
               WHERE h.account_id = o.account_id AND h.not_before > now()
                 AND (h.peer_id IS NULL OR h.peer_id = o.peer_id))) AS held
    FROM (
        SELECT account_id, state, peer_id FROM outbox WHERE state IN ('due', 'unknown')
        UNION ALL
        SELECT account_id, state, peer_id FROM outbox WHERE state = 'sending'
    ) o
    """
)
"""The same of everybody, without asking whose it is: /metrics asks it every few seconds."""
OPEN_JOBS = text(
    """
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'taken') AS taken,
           count(*) FILTER (WHERE state = 'buried') AS buried
    FROM (
        SELECT state FROM jobs WHERE state = 'waiting'
        UNION ALL SELECT state FROM jobs WHERE state = 'taken'
        UNION ALL SELECT state FROM jobs WHERE state = 'buried'
    ) open_jobs
    """
)
LATE = text(
    """
    SELECT (SELECT coalesce(sum(recovered_late), 0) FROM channels)::bigint
           + (SELECT coalesce(sum(recovered_late), 0) FROM account_watch)::bigint AS late
    """
)
OPERATIONS = text(
    f"""
    SELECT l.kind, count(*) AS total, count(*) FILTER (WHERE l.status = 'failed') AS failed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.duration_ms) AS p50,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY l.duration_ms) AS p95
    FROM operation_logs l WHERE {LOGGED} GROUP BY l.kind ORDER BY count(*) DESC, l.kind
    """  # noqa: S608 - only constants of this module are put in
)
ERRORS = text(
    f"""
    SELECT coalesce(l.error_name, 'unnamed') AS name, count(*) AS total,
           array_agg(DISTINCT l.kind) AS kinds, max(l.created_at) AS last_at,
           (array_agg(l.error_message ORDER BY l.created_at DESC))[1] AS example
    FROM operation_logs l WHERE l.status = 'failed' AND {LOGGED}
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT :listed
    """  # noqa: S608 - only constants of this module are put in
)
BY_ACCOUNT = text(
    f"""
    SELECT a.name, count(*) FILTER (WHERE c.status IN ('sent', 'deleted')) AS sent,
           count(*) FILTER (WHERE c.status IN ('failed', 'unresolved')) AS failed,
           coalesce(sum((c.engagement ->> 'likes')::bigint), 0)::bigint AS likes,
           coalesce(sum((c.engagement ->> 'replies')::bigint), 0)::bigint AS replies,
           coalesce(sum((c.engagement ->> 'views')::bigint), 0)::bigint AS views
    FROM comments c JOIN accounts a ON a.id = c.account_id {BY_MINE}
    WHERE c.created_at >= :since AND c.created_at < :until AND {MINE}
    GROUP BY a.name
    ORDER BY coalesce(sum((c.engagement ->> 'likes')::bigint
                        + (c.engagement ->> 'replies')::bigint), 0) DESC, count(*) DESC, a.name
    LIMIT :listed
    """  # noqa: S608 - only constants of this module are put in
)
BY_POST = text(
    f"""
    SELECT ch.title AS channel, p.text AS post, a.name AS account, c.text AS comment, c.sent_at,
           coalesce((c.engagement ->> 'likes')::bigint, 0) AS likes,
           coalesce((c.engagement ->> 'replies')::bigint, 0) AS replies,
           coalesce((c.engagement ->> 'views')::bigint, 0) AS views
    FROM comments c
    JOIN accounts a ON a.id = c.account_id
    JOIN channels ch ON ch.id = c.channel_id
    JOIN posts p ON p.channel_id = c.channel_id AND p.message_id = c.message_id {BY_MINE}
    WHERE c.sent_at >= :since AND c.sent_at < :until AND c.status = 'sent' AND {MINE}
    ORDER BY coalesce((c.engagement ->> 'likes')::bigint
                    + (c.engagement ->> 'replies')::bigint, 0) DESC, c.sent_at DESC
    LIMIT :listed
    """  # noqa: S608 - only constants of this module are put in
)
BY_STATUS = text(
    f"""
    SELECT c.status, count(*) AS total FROM comments c {BY_MINE}
    WHERE c.created_at >= :since AND c.created_at < :until AND {MINE}
    GROUP BY c.status ORDER BY count(*) DESC
    """  # noqa: S608 - only constants of this module are put in
)
COURSE = text(
    f"""
    SELECT g.at, coalesce(found.sent, 0) AS sent, coalesce(found.failed, 0) AS failed
    FROM generate_series(
        CAST(:since AS timestamptz), CAST(:last AS timestamptz), CAST(:step AS interval)
    ) AS g (at)
    LEFT JOIN (
        SELECT date_bin(CAST(:step AS interval), l.created_at, :since) AS at,
               count(*) FILTER (WHERE l.status = 'success') AS sent,
               count(*) FILTER (WHERE l.status = 'failed') AS failed
        FROM operation_logs l WHERE l.kind = 'send_message' AND {LOGGED} GROUP BY 1
    ) found USING (at)
    ORDER BY g.at
    """  # noqa: S608 - only constants of this module are put in
)


@dataclass(frozen=True, slots=True)
class PostgresStats:
    """Implements `StatsStore`."""

    engine: AsyncEngine

    async def standing(self) -> Standing:
        """Count what is open."""
        async with transaction(self.engine) as connection:
            sending = await one(connection, OPEN_NOW)
            jobs = await one(connection, OPEN_JOBS)
            late = await one(connection, LATE)
        return Standing(
            sending=to_sending(sending),
            jobs=dict(jobs._mapping) if jobs else {},  # noqa: SLF001 - SQLAlchemy's public name
            recovered_late=late.late if late else 0,
        )

    async def stats(self, wanted: StatsFilter) -> Stats:
        """Add up one part of the work."""
        named = {"account": wanted.account, "user": wanted.user}
        spell = {**named, "since": wanted.since, "until": wanted.until}
        async with transaction(self.engine) as connection:
            return Stats(
                since=wanted.since,
                until=wanted.until,
                sessions=await sessions(connection, wanted),
                sending=to_sending(await one(connection, OPEN_MESSAGES, **named)),
                operations=[
                    to_operation(row) for row in await rows(connection, OPERATIONS, **spell)
                ],
                errors=[
                    to_error(row) for row in await rows(connection, ERRORS, listed=LISTED, **spell)
                ],
                accounts=[
                    to_account(row)
                    for row in await rows(connection, BY_ACCOUNT, listed=LISTED, **spell)
                ],
                posts=[
                    PostStats(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
                    for row in await rows(connection, BY_POST, listed=LISTED, **spell)
                ],
                comments={
                    row.status: row.total for row in await rows(connection, BY_STATUS, **spell)
                },
                course=to_course(await course(connection, wanted)),
            )


async def sessions(connection: AsyncConnection, wanted: StatsFilter) -> SessionStats:
    """Count accounts by state and by who holds them."""
    states = await rows(connection, STATES, account=wanted.account)
    holders = await rows(connection, HELD_BY, account=wanted.account)
    return SessionStats(
        states={row.state: row.accounts for row in states},
        active=sum(row.accounts for row in holders),
        by_node={row.node: row.accounts for row in holders},
    )


async def course(connection: AsyncConnection, wanted: StatsFilter) -> Rows:
    """Count what was sent and what failed, step by step."""
    step = max((wanted.until - wanted.since) / BUCKETS, timedelta(seconds=1))
    return await rows(
        connection,
        COURSE,
        account=wanted.account,
        user=wanted.user,
        since=wanted.since,
        until=wanted.until,
        last=wanted.until - timedelta(microseconds=1),
        step=step,
    )


def to_sending(row: Row[Any] | None) -> SendingStats:
    """Read what is on its way."""
    return (
        SendingStats(row.due, row.sending, row.unknown, row.held)
        if row
        else SendingStats(0, 0, 0, 0)
    )


def to_operation(row: Row[Any]) -> OperationStats:
    """Read one kind of act."""
    return OperationStats(
        kind=row.kind,
        count=row.total,
        failed=row.failed,
        p50=timedelta(milliseconds=row.p50),
        p95=timedelta(milliseconds=row.p95),
    )


def to_error(row: Row[Any]) -> ErrorStats:
    """Read one cause."""
    return ErrorStats(row.name, row.total, tuple(row.kinds), row.last_at, row.example or "")


def to_account(row: Row[Any]) -> AccountStats:
    """Read one account's figures."""
    return AccountStats(row.name, row.sent, row.failed, row.likes, row.replies, row.views)


def to_course(found: Rows) -> list[Bucket]:
    """Read the steps."""
    return [Bucket(row.at, row.sent, row.failed) for row in found]
