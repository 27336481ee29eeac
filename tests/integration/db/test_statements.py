"""Every statement that is written as SQL is read by PostgreSQL itself."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from sqlalchemy import TextClause, create_engine, text

import db
from db.engine import plain_url

DIALECT = create_engine("postgresql+asyncpg://").dialect
LEFT_OUT = ("db.migrations", "db.tables", "db.embedded", "db.movable_clock")
"""What is run whole by tests of its own, and on databases that are unlike others; of tables, only
parts of statements are written as SQL."""


def modules() -> Iterator[tuple[str, Path]]:
    """Find every module of the room."""
    for found in pkgutil.walk_packages(db.__path__, "db."):
        if not found.ispkg and not found.name.startswith(LEFT_OUT):
            spec = importlib.util.find_spec(found.name)
            assert spec is not None
            assert spec.origin is not None
            yield found.name, Path(spec.origin)


def named() -> Iterator[tuple[str, TextClause]]:
    """Find the statements that modules keep, also those in lists and dictionaries."""
    for module, _ in modules():
        for name, value in vars(importlib.import_module(module)).items():
            yield from ((f"{module}.{name}", one) for one in within(value))


def within(value: object) -> Iterator[TextClause]:
    """Look into what a module keeps."""
    if isinstance(value, TextClause):
        yield value
    elif isinstance(value, dict):
        yield from (one for inner in value.values() for one in within(inner))
    elif isinstance(value, list | tuple):
        yield from (one for inner in value for one in within(inner))


def inline() -> Iterator[tuple[str, TextClause]]:
    """Find the statements that are written where they are used."""
    for module, path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("text"), args=[ast.Constant(value=str(written))]):
                    yield f"{module}:{node.lineno}", text(written)


async def test_postgresql_can_prepare_every_statement(database_url: str) -> None:
    refused: dict[str, str] = {}
    connection = await asyncpg.connect(plain_url(database_url))
    try:
        for name, statement in (*named(), *inline()):
            try:
                await connection.prepare(str(statement.compile(dialect=DIALECT)))
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    finally:
        await connection.close()
    assert not refused


def test_the_room_holds_many_statements() -> None:
    found = {str(statement) for _, statement in (*named(), *inline())}
    assert len(found) > 150
