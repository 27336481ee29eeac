"""The engine: a pool of connections to PostgreSQL, and transactions whose failures are ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from orchestrator.errors import BadInput, ServersUnavailable

Engine = AsyncEngine
"""What other rooms call it when they pass it on; nobody else runs SQL on it."""

POOL_SIZE = 20
POOL_OVERFLOW = 40
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 60.0
REST_SECONDS = 1.0

CHECK = "check that it runs and that DATABASE_URL is right (`troupe doctor` tells more)"
OUTAGES = ("08", "28", "3D", "53", "57P")
"""Classes of SQLSTATE: no connection, not let in, no such database, exhausted, shutting down."""
UNREACHABLE = f"PostgreSQL cannot be reached: {CHECK}"


def async_url(database_url: str) -> URL:
    """Read a postgresql:// URL as people write it; raises BadInput for any other."""
    try:
        url = make_url(database_url)
    except (SQLAlchemyError, ValueError):
        raise BadInput(
            "DATABASE_URL is no URL: write postgresql://user:password@host/name"
        ) from None
    if url.drivername.partition("+")[0] not in {"postgresql", "postgres"}:
        raise BadInput(f"DATABASE_URL names {url.drivername}: Troupe keeps its data in PostgreSQL")
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def plain_url(database_url: str) -> str:
    """Return the same URL for asyncpg itself."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def create_engine(
    database_url: str,
    *,
    pool_size: int = POOL_SIZE,
    overflow: int = POOL_OVERFLOW,
    application: str = "troupe",
) -> AsyncEngine:
    """Make the engine; nothing connects before the first transaction."""
    engine = create_async_engine(
        async_url(database_url),
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=30,
        # The connection used last knows the statements best: each plans a hot one anew at first.
        pool_use_lifo=True,
        # What people wrote to us does not belong into tracebacks.
        hide_parameters=True,
        json_serializer=write_json,
        json_deserializer=from_json,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "application_name": application,
                "timezone": "UTC",
                "jit": "off",
            },
        },
    )
    ask_after_rest(engine)
    return engine


def ask_after_rest(engine: AsyncEngine) -> None:
    """Ask a connection whether it still stands only when it has lain idle for a moment.

    A question before each transaction would cost as much as the shortest transactions themselves;
    one that broke within that moment is an outage like any other.
    """
    dialect = engine.sync_engine.dialect

    def note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    def ask(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - the driver's own
        if monotonic() - record.info.get("rests_since", monotonic()) < REST_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except (dialect.loaded_dbapi.Error, OSError) as broken:
            raise DisconnectionError from broken

    event.listen(engine.sync_engine, "checkin", note_rest)
    event.listen(engine.sync_engine, "checkout", ask)


def write_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Write JSON with pydantic's encoder, several times faster than the standard library's."""
    return to_json(value).decode()


def by_statement(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine over the same pool whose every statement is a transaction of its own.

    For what is one statement anyway: PostgreSQL is written to once instead of three times.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run one transaction; raises ServersUnavailable when PostgreSQL is not there."""
    try:
        async with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError, PoolTimeout, OSError) as lost:
        raise ServersUnavailable(UNREACHABLE) from lost
    except DBAPIError as failed:
        if failed.connection_invalidated or is_outage(failed):
            raise ServersUnavailable(f"{UNREACHABLE}: {failed.orig}") from failed
        raise


def is_outage(failed: DBAPIError) -> bool:
    """Tell whether the server refused the connection, and not the statement."""
    return str(getattr(failed.orig, "sqlstate", "")).startswith(OUTAGES)
