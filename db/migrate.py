"""Bringing a database to the newest schema, whoever does it first."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import async_url, transaction

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7472_6F75_7065
"""The advisory lock under which one process migrates while the others wait ("troupe" in ASCII)."""
MONTHS_AHEAD = 2


async def upgrade(database_url: str) -> None:
    """Bring the database to `head`; several processes may ask at once, one does it.

    Also makes the log partitions of the coming months. Raises ServersUnavailable.
    """
    engine = create_async_engine(async_url(database_url), poolclass=NullPool)
    try:
        async with transaction(engine) as lock:
            await lock.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            await upgrade_alone(engine)
    finally:
        await engine.dispose()


async def upgrade_alone(engine: AsyncEngine) -> None:
    """Run what is missing, on a connection beside the one that holds the lock."""
    async with transaction(engine) as connection:
        if await revision_of(connection) != head():
            await connection.run_sync(run_migrations)
        await connection.execute(
            text("SELECT ensure_month_partitions(:ahead)"), {"ahead": MONTHS_AHEAD}
        )


async def current(database_url: str) -> str | None:
    """Return the revision that the database is at, or None for an empty one."""
    engine = create_async_engine(async_url(database_url), poolclass=NullPool)
    try:
        async with transaction(engine) as connection:
            return await revision_of(connection)
    finally:
        await engine.dispose()


async def is_current(engine: AsyncEngine) -> bool:
    """Tell whether the database is at `head`, for readiness probes."""
    async with transaction(engine) as connection:
        return await revision_of(connection) == head()


@cache
def head() -> str:
    """Return the newest revision that this Troupe knows."""
    found = ScriptDirectory.from_config(configuration()).get_current_head()
    if found is None:
        raise RuntimeError("the migrations are missing from the installation")
    return found


def configuration() -> Config:
    """Point alembic at the migrations that came with the package."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


async def revision_of(connection: AsyncConnection) -> str | None:
    """Read the revision, without alembic's reflection."""
    if (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar() is None:
        return None
    return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()


def run_migrations(connection: Connection) -> None:
    """Let alembic run on a connection that is in a transaction already."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
