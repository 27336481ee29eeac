"""Keeping tables small: what is over and explains nothing goes, and the coming months are made.

Logs go by whole months: dropping a partition costs nothing, however many rows it holds.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.migrate import MONTHS_AHEAD
from orchestrator.tuning import Retention

log = logging.getLogger(__name__)

BATCH = 10_000
LOCK = 0x7472_6F75_7065_01
"""The advisory lock under which one process sweeps, and the others leave it to that one."""

OVER: dict[str, TextClause] = {
    "jobs": text(
        """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs
            WHERE state = 'done' AND finished_at < :jobs
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "commands": text(
        """
        DELETE FROM commands WHERE id IN (
            SELECT id FROM commands WHERE created_at < :jobs
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "desk_updates": text(
        """
        DELETE FROM desk_updates WHERE id IN (
            SELECT id FROM desk_updates
            WHERE state = 'done' AND handled_at < :jobs
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    # What may not have arrived stays: its button is under a message.
    "desk_parcels": text(
        """
        DELETE FROM desk_parcels WHERE id IN (
            SELECT id FROM desk_parcels
            WHERE settled_at < :jobs AND state IN ('sent', 'merged')
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "desk_pending": text("DELETE FROM desk_pending WHERE kept_at < :history OR adopted_at < :jobs"),
    "relays": text("DELETE FROM relays WHERE at < :history"),
    "firings": text("DELETE FROM firings WHERE fires_at < :jobs"),
    "holds": text("DELETE FROM holds WHERE not_before < :jobs"),
    "nodes": text("DELETE FROM nodes WHERE seen_at < :jobs"),
    "conversation_turns": text(
        """
        DELETE FROM conversation_turns WHERE (conversation_id, number) IN (
            SELECT conversation_id, number FROM conversation_turns
            WHERE at < :history
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    # What an answer of ours refers to explains that answer, and stays as long as it does.
    "messages": text(
        """
        DELETE FROM messages WHERE id IN (
            SELECT m.id FROM messages m
            WHERE m.recorded_at < :history
              AND NOT EXISTS (SELECT FROM outbox o WHERE o.inbound_message_id = m.id)
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    # What a line of ours answers stays with it; each group's newest tells how far it was read.
    "group_messages": text(
        """
        DELETE FROM group_messages WHERE id IN (
            SELECT m.id FROM group_messages m
            WHERE m.recorded_at < :history
              AND NOT EXISTS (SELECT FROM group_lines l
                              WHERE l.study_group_id = m.study_group_id
                                AND l.answers_message = m.telegram_message_id)
              AND EXISTS (SELECT FROM group_messages n
                          WHERE n.study_group_id = m.study_group_id
                            AND n.telegram_message_id > m.telegram_message_id)
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "diagnostic_results": text(
        """
        DELETE FROM diagnostic_results WHERE id IN (
            SELECT id FROM diagnostic_results WHERE taken_at < :history
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "journey_progress": text(
        """
        DELETE FROM journey_progress WHERE id IN (
            SELECT p.id FROM journey_progress p JOIN journeys j ON j.id = p.journey_id
            WHERE j.state <> 'active' AND j.ended_at < :history
              AND NOT EXISTS (SELECT FROM diagnostic_results r WHERE r.journey_progress_id = p.id)
            LIMIT :batch FOR UPDATE OF p SKIP LOCKED)
        """
    ),
    # A group's newest lesson goes on answering its members.
    "lesson_lines": text(
        """
        DELETE FROM lesson_lines WHERE (lesson_id, number) IN (
            SELECT n.lesson_id, n.number FROM lesson_lines n JOIN lessons l ON l.id = n.lesson_id
            WHERE l.state <> 'running' AND l.ended_at < :history
            LIMIT :batch FOR UPDATE OF n SKIP LOCKED)
        """
    ),
    "lessons": text(
        """
        DELETE FROM lessons WHERE id IN (
            SELECT l.id FROM lessons l
            WHERE l.state <> 'running' AND l.ended_at < :history
              AND NOT EXISTS (SELECT FROM lesson_lines n WHERE n.lesson_id = l.id)
              AND EXISTS (SELECT FROM lessons n
                          WHERE n.study_group_id = l.study_group_id AND n.id > l.id)
            LIMIT :batch FOR UPDATE OF l SKIP LOCKED)
        """
    ),
    "journeys": text(
        """
        DELETE FROM journeys WHERE id IN (
            SELECT j.id FROM journeys j
            WHERE j.state <> 'active' AND j.ended_at < :history
              AND NOT EXISTS (SELECT FROM journey_progress p WHERE p.journey_id = j.id)
              AND NOT EXISTS (SELECT FROM lessons l WHERE l.journey_id = j.id)
            LIMIT :batch FOR UPDATE OF j SKIP LOCKED)
        """
    ),
    # What a campaign's budget may still be counted from stays until it is stopped for good.
    "model_calls": text(
        """
        DELETE FROM model_calls WHERE id IN (
            SELECT m.id FROM model_calls m
            WHERE m.started_at < :operations
              AND NOT EXISTS (
                  SELECT FROM campaigns c WHERE c.id = m.campaign_id AND c.state <> 'stopped')
            LIMIT :batch FOR UPDATE OF m SKIP LOCKED)
        """
    ),
    "model_budget_notices": text(
        "DELETE FROM model_budget_notices WHERE scope = 'day' AND at < :operations"
    ),
    # With everything that was said in them, and what happened to them; kept files go after them.
    "tickets": text(
        """
        WITH over AS (
            SELECT id FROM tickets WHERE state = 'closed' AND closed_at < :history
            LIMIT :batch FOR UPDATE SKIP LOCKED
        ), files AS (
            INSERT INTO desk_gone_files (path)
            SELECT DISTINCT a.local_path FROM attachments a
            JOIN ticket_messages m ON m.id = a.message_id
            WHERE m.ticket_id IN (SELECT id FROM over) AND a.local_path <> ''
            ON CONFLICT DO NOTHING
        )
        DELETE FROM tickets WHERE id IN (SELECT id FROM over)
        """
    ),
}
MAKE_MONTHS = text("SELECT ensure_month_partitions(:ahead, CAST(:now AS timestamptz))")
MONTHS_OVER = text(
    """
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST(CAST(:parent AS text) AS regclass)
      AND c.relname ~ ('^' || CAST(:parent AS text) || '_[0-9]{4}_[0-9]{2}$')
      AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
          <= :limit
    ORDER BY c.relname
    """
)
PATIENCE = text("SET LOCAL lock_timeout = '2s'")
SUM_UP = text(
    """
    WITH entries AS (DELETE FROM ledger RETURNING what, key, count)
    INSERT INTO ledger (what, key, count)
    SELECT what, key, sum(count) FROM entries GROUP BY what, key HAVING sum(count) <> 0
    """
)
ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, by table, how many partitions came, and which went."""

    removed: dict[str, int]
    months: int
    dropped: tuple[str, ...] = ()


async def sweep(
    engine: AsyncEngine, retention: Retention | None = None, now: datetime | None = None
) -> Swept | None:
    """Remove what is older than is kept; make coming months, drop past ones, sum the ledger up.

    Any number of processes may ask, as often as they like; one does it, the others get None.
    """
    kept, moment = retention or Retention(), now or datetime.now(UTC)
    async with alone(engine) as is_alone:
        return await sweep_alone(engine, kept, moment) if is_alone else None


async def sweep_alone(engine: AsyncEngine, kept: Retention, now: datetime) -> Swept:
    """Do all of it, each part in transactions of its own."""
    limits = {
        "jobs": now - kept.jobs,
        "history": now - kept.history,
        "operations": now - kept.operations,
    }
    removed = {name: await remove(engine, statement, limits) for name, statement in OVER.items()}
    async with transaction(engine) as connection:
        values = {"ahead": MONTHS_AHEAD, "now": now}
        made = (await connection.execute(MAKE_MONTHS, values)).scalar_one()
    dropped = [
        *await drop_months(engine, "operation_logs", now - kept.operations),
        *await drop_months(engine, "session_logs", now - kept.sessions),
        *await drop_months(engine, "contact_activity", now - kept.history),
    ]
    async with transaction(engine) as connection:
        await connection.execute(SUM_UP)
    return Swept(removed, made, tuple(dropped))


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[bool]:
    """Hold the lock beside the work for as long as the block lasts; False when another has it."""
    async with transaction(engine) as lock:
        yield (await lock.execute(ALONE, {"key": LOCK})).scalar_one()


async def remove(engine: AsyncEngine, statement: TextClause, limits: dict[str, datetime]) -> int:
    """Remove rows in batches, so that no transaction is long."""
    total = 0
    values = {**limits, "batch": BATCH}
    wanted = {name: values[name] for name in statement.compile().params}
    while True:
        async with transaction(engine) as connection:
            result = await connection.execute(statement, wanted)
        total += result.rowcount
        if result.rowcount < BATCH:
            return total


async def drop_months(engine: AsyncEngine, parent: str, limit: datetime) -> list[str]:
    """Drop the months that ended before the limit; one that is being read waits for next time."""
    async with transaction(engine) as connection:
        over = (await connection.execute(MONTHS_OVER, {"parent": parent, "limit": limit})).all()
    dropped = []
    for row in over:
        try:
            async with transaction(engine) as connection:
                await connection.execute(PATIENCE)
                await connection.execute(text(f'DROP TABLE "{row.name}"'))
        except DBAPIError as busy:
            log.warning("%s could not be dropped now, and will be later: %s", row.name, busy.orig)
        else:
            dropped.append(row.name)
    return dropped


@dataclass(frozen=True, slots=True)
class PostgresHousekeeper:
    """Implements `Housekeeper`."""

    engine: AsyncEngine
    retention: Retention = field(default_factory=Retention)

    async def sweep(self) -> None:
        """Remove what is older than the settings keep, and make the coming months' partitions."""
        swept = await sweep(self.engine, self.retention)
        if swept is not None and swept.dropped:
            log.info("dropped %s", ", ".join(swept.dropped))
