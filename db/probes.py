"""Small questions to the servers: do they answer, and what time is it there."""

from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.embedded.urls import without_secrets
from db.engine import transaction
from orchestrator.errors import BadInput, ServersUnavailable

PATIENCE = 5.0


async def ping_redis(redis_url: str) -> str:
    """Return the version of the Redis or Valkey that answers; raises ServersUnavailable."""
    try:
        client = Redis.from_url(redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    except ValueError as error:
        raise BadInput(f"REDIS_URL cannot be used: {error}") from None
    try:
        information = await client.info("server")
    except (RedisError, OSError) as error:
        raise ServersUnavailable(
            f"Redis at {without_secrets(redis_url)} cannot be reached ({error}): "
            "check that it runs and that REDIS_URL is right"
        ) from error
    finally:
        await client.aclose()
    return str(information.get("valkey_version") or information.get("redis_version") or "unknown")


async def server_time(engine: AsyncEngine) -> datetime:
    """Return the database's own clock, aware."""
    async with transaction(engine) as connection:
        now: datetime = (await connection.execute(text("select clock_timestamp()"))).scalar_one()
    return now


async def server_version(engine: AsyncEngine) -> str:
    """Return PostgreSQL's version."""
    async with transaction(engine) as connection:
        return str((await connection.execute(text("show server_version"))).scalar_one())
