"""Databases without a schema."""

import secrets
from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal

from db.embedded import Servers
from db.embedded.urls import with_database
from tests.fixtures.servers import run_sql


@pytest.fixture
def empty_database(servers: Servers, portal: BlockingPortal) -> Iterator[str]:
    """A database that nobody has migrated."""
    name = f"troupe_empty_{secrets.token_hex(6)}"
    portal.call(run_sql, servers.database_url, f"create database {name} template template0")
    try:
        yield with_database(servers.database_url, name)
    finally:
        portal.call(run_sql, servers.database_url, f"drop database {name} with (force)")
