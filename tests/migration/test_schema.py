"""The migrated schema is the one that the models draw, down to checks, triggers and partitions."""

from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from db.engine import create_engine
from db.migrations.filters import is_drawn, is_ours
from db.tables import after_tables, metadata

CATALOG = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace
          AND NOT c.relispartition""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conparentid = 0
          AND NOT (SELECT relispartition FROM pg_class WHERE oid = conrelid)""",
    "indexes": """
        SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), indnullsnotdistinct
        FROM pg_index JOIN pg_class c ON c.oid = indexrelid AND NOT c.relispartition
        WHERE c.relnamespace = 'public'::regnamespace""",
    "triggers": """
        SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace""",
    "partitioned": """
        SELECT partrelid::regclass::text, pg_get_partkeydef(partrelid)
        FROM pg_partitioned_table""",
    "partitions": """
        SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
        WHERE relispartition AND relkind = 'r' AND relname !~ '_[0-9]{4}_[0-9]{2}$'""",
    "storage": """
        SELECT relname, reloptions::text FROM pg_class
        WHERE relkind = 'r' AND reloptions IS NOT NULL AND relnamespace = 'public'::regnamespace""",
}


async def read_catalog(database_url: str, query: str) -> set[tuple[Any, ...]]:
    """Read what PostgreSQL itself says that it has, but for alembic's own table."""
    connection = await asyncpg.connect(database_url)
    try:
        return {tuple(row) for row in await connection.fetch(query) if row[0] != "alembic_version"}
    finally:
        await connection.close()


async def create_from_models(database_url: str) -> None:
    """Make the schema as the models draw it, without any migration."""
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for statement in after_tables():
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def drawn_database(empty_database: str) -> str:
    """A database made from the models alone."""
    await create_from_models(empty_database)
    return empty_database


async def test_migrations_and_models_end_in_the_same_catalog(
    database_url: str, drawn_database: str
) -> None:
    for what, query in CATALOG.items():
        migrated = await read_catalog(database_url, query)
        drawn = await read_catalog(drawn_database, query)
        assert migrated, what
        assert migrated - drawn == set(), f"{what} that only the migrations make"
        assert drawn - migrated == set(), f"{what} that only the models draw"


async def test_alembic_finds_nothing_to_change(database_url: str) -> None:
    def compare(connection: Connection) -> list[Any]:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": is_ours,
            "include_object": is_drawn,
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    engine = create_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()


async def test_posts_are_spread_over_sixteen_partitions(database_url: str) -> None:
    names = await read_catalog(
        database_url,
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'posts'::regclass",
    )
    assert len(names) == 16
