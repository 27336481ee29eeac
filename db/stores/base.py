"""What stores are made of: a statement goes in, rows come out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import CursorResult, Row, TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from orchestrator.errors import NotFound

Rows = Sequence[Row[Any]]

RING = text("SELECT pg_notify('troupe', :topic)")
STEADY = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
"""Said first in a transaction, it makes all that is read there be of one moment."""

DRIVER: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # it has no types
STATEMENTS: Final = 2_000
"""How many statements are remembered as the driver takes them: more than there are."""


async def rows(connection: AsyncConnection, statement: TextClause, **values: object) -> Rows:
    """Run a statement and return its rows."""
    return (await execute(connection, statement, values)).all()


async def one(
    connection: AsyncConnection, statement: TextClause, **values: object
) -> Row[Any] | None:
    """Run a statement and return its first row, if there is one."""
    return (await execute(connection, statement, values)).first()


async def run(connection: AsyncConnection, statement: TextClause, **values: object) -> int:
    """Run a statement and return how many rows it touched."""
    return (await execute(connection, statement, values)).rowcount


async def execute(
    connection: AsyncConnection, statement: TextClause, values: Mapping[str, object]
) -> CursorResult[Any]:
    """Run a statement as the driver takes it.

    SQLAlchemy would look for its own wording of the text each time, which costs about as much as
    all else that a short statement does in this process.
    """
    worded, names = for_driver(statement.text)
    return await connection.exec_driver_sql(worded, tuple(values[name] for name in names))


@lru_cache(maxsize=STATEMENTS)
def for_driver(statement: str) -> tuple[str, tuple[str, ...]]:
    """Word a statement as the driver takes it, with the names of its values in their order."""
    compiled = text(statement).compile(dialect=DRIVER)
    return str(compiled), tuple(compiled.positiontup or ())


async def ring(connection: AsyncConnection, topic: str) -> None:
    """Wake whoever waits for that topic, once the transaction is committed."""
    await run(connection, RING, topic=topic)


def not_found(what: str, name: object, names: Sequence[str], remedy: str) -> NotFound:
    """Say that nothing goes by that name, and what does."""
    if not names:
        return NotFound(f"There is no {what} {name}: {remedy}")
    known = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    return NotFound(f"There is no {what} {name}; there are {known}")
