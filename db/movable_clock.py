"""A database whose clock can be moved, so that a rehearsal judges a month in a minute.

Statements say `now()` and `clock_timestamp()` without a schema. In such a database those names are
looked up in a schema of ours first, where they tell PostgreSQL's own time moved by a shift that all
connections share. Only a database that was just created for a rehearsal is made so.
"""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import plain_url, transaction
from db.stores.base import one
from orchestrator.errors import ServersUnavailable

INSTALL = """
    CREATE SCHEMA world;
    CREATE TABLE world.clock (shift interval NOT NULL);
    CREATE FUNCTION world.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
        'SELECT pg_catalog.now() + shift FROM world.clock';
    CREATE FUNCTION world.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + shift FROM world.clock';
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, world, pg_catalog',
                       current_database());
    END $$;
"""
BEGIN_AT = "INSERT INTO world.clock SELECT $1::timestamptz - pg_catalog.clock_timestamp()"
# What is proved again and again in life was proved just before: nobody changes a bio or takes a
# right away between two posts of a rehearsal, and its one node lives.
MOVE = text(
    """
    WITH jump AS (
        SELECT CAST(:moment AS timestamptz) - clock_timestamp() AS by
    ), moved AS (
        UPDATE world.clock SET shift = shift + jump.by FROM jump
    ), disclosed AS (
        UPDATE accounts SET disclosed_at = disclosed_at + jump.by FROM jump
        WHERE disclosed_at IS NOT NULL
    ), verified AS (
        UPDATE grants SET verified_at = verified_at + jump.by FROM jump
    )
    UPDATE nodes SET seen_at = seen_at + jump.by FROM jump
    """
)
NEXT_DUE = text("SELECT min(due_at) AS due_at FROM outbox WHERE state IN ('due', 'unknown')")
BUSY = text(
    """
    SELECT EXISTS (
        SELECT FROM outbox
        WHERE state IN ('sending', 'unknown') OR state = 'due' AND due_at <= clock_timestamp()
    ) AS busy
    """
)


@dataclass(frozen=True, slots=True)
class MovableClock:
    """Moves the time of a rehearsal's database."""

    engine: AsyncEngine

    async def move(self, moment: datetime) -> None:
        """Make it `moment` there; the clock goes on from then."""
        async with transaction(self.engine) as connection:
            await connection.execute(MOVE, {"moment": moment})

    async def next_due(self) -> datetime | None:
        """Return when the next message that waits is due."""
        async with transaction(self.engine) as connection:
            row = await one(connection, NEXT_DUE)
        return None if row is None else row.due_at

    async def is_sending(self) -> bool:
        """Tell whether something that is due has not left yet."""
        async with transaction(self.engine) as connection:
            row = await one(connection, BUSY)
        return row is not None and row.busy


async def install_clock(database_url: str, moment: datetime) -> None:
    """Give a database that is empty still a clock that stands at `moment` and goes on from there.

    Raises ServersUnavailable.
    """
    try:
        connection = await asyncpg.connect(plain_url(database_url))
        try:
            async with connection.transaction():
                await connection.execute(INSTALL)
                await connection.execute(BEGIN_AT, moment)
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failed:
        raise ServersUnavailable(f"the rehearsal's database has no clock: {failed}") from failed
