"""Databases on a PostgreSQL server, embedded or not."""

import re
from contextlib import suppress

import asyncpg
from redis.exceptions import RedisError

from db.embedded.urls import Servers
from db.redis_client import open_redis
from orchestrator.errors import BadInput, ServersUnavailable

DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


async def ensure_database(servers: Servers, name: str) -> Servers:
    """Create a database unless it exists; return the servers pointing at it.

    Raises `BadInput` for a name that is not plain, `ServersUnavailable` when none answers.
    """
    check_database_name(name)
    wanted = servers.with_database(name)
    try:
        if not await exists(wanted.database_url):
            await create_database(administrative_url(servers, name), name)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ServersUnavailable(
            f"PostgreSQL cannot give Troupe the database {name} ({error}): run `troupe doctor`."
        ) from error
    return wanted


async def recreate_database(servers: Servers, name: str) -> Servers:
    """Drop a database with all that it holds, if it exists, and create it empty.

    Raises `BadInput` for a name that is not plain, `ServersUnavailable` when none answers.
    """
    check_database_name(name)
    try:
        connection = await asyncpg.connect(administrative_url(servers, name))
        try:
            await connection.execute(f'drop database if exists "{name}" with (force)')
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ServersUnavailable(
            f"PostgreSQL cannot empty the database {name} ({error}): run `troupe doctor`."
        ) from error
    return await ensure_database(servers, name)


async def recreate_all(servers: Servers, name: str) -> Servers:
    """Recreate a database, and forget what Redis remembers of the one before.

    What is remembered there goes by numbers that begin anew: another's message would seem to be
    one that was sent already.
    """
    client = open_redis(servers.redis_url)
    try:
        await client.flushdb()
    except (OSError, RedisError) as error:
        raise ServersUnavailable(
            f"Valkey cannot be emptied ({error}): run `troupe doctor`."
        ) from error
    finally:
        await client.aclose()
    return await recreate_database(servers, name)


async def exists(database_url: str) -> bool:
    """Say whether the database that a URL names is there."""
    try:
        connection = await asyncpg.connect(database_url)
    except asyncpg.InvalidCatalogNameError:
        return False
    await connection.close()
    return True


async def create_database(administrative_url: str, name: str) -> None:
    """Create a database, unless another process is quicker."""
    connection = await asyncpg.connect(administrative_url)
    try:
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await connection.execute(f'create database "{name}" template template0')
    finally:
        await connection.close()


def administrative_url(servers: Servers, name: str) -> str:
    """Return the database to stand in while creating another: our own, if it is not that one."""
    if servers.with_database(name) != servers:
        return servers.database_url
    return servers.with_database("postgres").database_url


def check_database_name(name: str) -> None:
    """Refuse what would need quoting."""
    if not DATABASE_NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot name a database: use lower-case letters, digits and underscores."
        )
