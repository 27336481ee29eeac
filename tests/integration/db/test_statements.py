"""Every statement that is written as SQL is read by PostgreSQL itself."""

import importlib
import pkgutil
from collections.abc import Iterator

import asyncpg
from sqlalchemy import TextClause, create_engine

import db.stores

DIALECT = create_engine("postgresql+asyncpg://").dialect


def statements() -> Iterator[tuple[str, str]]:
    """Find the named statements of all stores, written as the driver sends them."""
    for found in pkgutil.iter_modules(db.stores.__path__):
        module = importlib.import_module(f"db.stores.{found.name}")
        for name, value in vars(module).items():
            if isinstance(value, TextClause):
                yield f"{found.name}.{name}", str(value.compile(dialect=DIALECT))


async def test_postgresql_can_prepare_every_statement(database_url: str) -> None:
    refused: dict[str, str] = {}
    connection = await asyncpg.connect(database_url)
    try:
        for name, statement in statements():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    finally:
        await connection.close()
    assert not refused


def test_the_stores_hold_many_statements() -> None:
    assert len(dict(statements())) > 100
