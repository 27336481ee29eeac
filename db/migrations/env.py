"""How alembic runs: on the connection it is given, or, at its command line, on DATABASE_URL."""

import asyncio
import os
import re
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import async_url
from db.tables import metadata

PARTITION = re.compile(r"^(posts_\d\d|(session|operation)_logs_(default|\d{4}_\d\d))$")


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - alembic's own type
    """Leave partitions out of comparisons: they are data about data."""
    return kind != "table" or name is None or not PARTITION.match(name)


def migrate(connection: Connection) -> None:
    """Run on that connection, in its transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_from_environment() -> None:
    """Connect to DATABASE_URL and run there."""
    engine = create_async_engine(async_url(os.environ["DATABASE_URL"]), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(migrate_from_environment())
