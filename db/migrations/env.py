"""How alembic runs: on the connection it is given, or, at its command line, on DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import async_url
from db.migrations.filters import is_drawn, is_ours
from db.tables import metadata


def migrate(connection: Connection) -> None:
    """Run on that connection, in its transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        include_object=is_drawn,
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
