"""What stores are made of: a statement goes in, rows come out."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from orchestrator.errors import NotFound

Rows = Sequence[Row[Any]]

RING = text("SELECT pg_notify('troupe', :topic)")
STEADY = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
"""Said first in a transaction, it makes all that is read there be of one moment."""


async def rows(connection: AsyncConnection, statement: TextClause, **values: object) -> Rows:
    """Run a statement and return its rows."""
    return (await connection.execute(statement, values)).all()


async def one(
    connection: AsyncConnection, statement: TextClause, **values: object
) -> Row[Any] | None:
    """Run a statement and return its first row, if there is one."""
    return (await connection.execute(statement, values)).first()


async def run(connection: AsyncConnection, statement: TextClause, **values: object) -> int:
    """Run a statement and return how many rows it touched."""
    return (await connection.execute(statement, values)).rowcount


async def ring(connection: AsyncConnection, topic: str) -> None:
    """Wake whoever waits for that topic, once the transaction is committed."""
    await run(connection, RING, topic=topic)


def not_found(what: str, name: object, names: Sequence[str], remedy: str) -> NotFound:
    """Say that nothing goes by that name, and what does."""
    if not names:
        return NotFound(f"There is no {what} {name}: {remedy}")
    known = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    return NotFound(f"There is no {what} {name}; there are {known}")
