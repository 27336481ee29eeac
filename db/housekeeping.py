"""Keeping tables small: what is over and explains nothing goes, and the coming months are made."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.migrate import MONTHS_AHEAD

KEPT = timedelta(days=7)
BATCH = 10_000

OVER: dict[str, TextClause] = {
    "jobs": text(
        """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs
            WHERE state = 'done' AND finished_at < now() - CAST(:kept AS interval)
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "commands": text(
        """
        DELETE FROM commands WHERE id IN (
            SELECT id FROM commands WHERE created_at < now() - CAST(:kept AS interval)
            LIMIT :batch FOR UPDATE SKIP LOCKED)
        """
    ),
    "holds": text("DELETE FROM holds WHERE not_before < now() - CAST(:kept AS interval)"),
    "nodes": text("DELETE FROM nodes WHERE seen_at < now() - CAST(:kept AS interval)"),
}
MAKE_MONTHS = text("SELECT ensure_month_partitions(:ahead)")


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, by table, and how many partitions came."""

    removed: dict[str, int]
    months: int


async def sweep(engine: AsyncEngine, kept: timedelta = KEPT) -> Swept:
    """Remove what has been over for longer than `kept`; make the partitions of coming months.

    Any number of processes may do this at once, as often as they like.
    """
    removed = {name: await remove(engine, statement, kept) for name, statement in OVER.items()}
    async with transaction(engine) as connection:
        made = (await connection.execute(MAKE_MONTHS, {"ahead": MONTHS_AHEAD})).scalar_one()
    return Swept(removed, made)


async def remove(engine: AsyncEngine, statement: TextClause, kept: timedelta) -> int:
    """Remove rows in batches, so that no transaction is long."""
    total = 0
    while True:
        async with transaction(engine) as connection:
            values = {"kept": kept, "batch": BATCH}
            names = statement.compile().params.keys()
            result = await connection.execute(statement, {name: values[name] for name in names})
        total += result.rowcount
        if result.rowcount < BATCH:
            return total


@dataclass(frozen=True, slots=True)
class PostgresHousekeeper:
    """Implements `Housekeeper`."""

    engine: AsyncEngine

    async def sweep(self) -> None:
        """Remove what has been over for a week, and make the partitions of coming months."""
        await sweep(self.engine)
