"""What the desk keeps in Redis: dialogues (`fsm:`), caches (`cache:`), relays (`fwd:`), locks.

All of it may be lost. Where Redis is away, nothing is kept, every lock is free, and work goes on.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from db.pacing import open_redis

log = logging.getLogger(__name__)

KEYS_LAST = timedelta(hours=24)
AWAY = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class RedisDeskMemory:
    """Implements `DeskMemory`."""

    client: Redis

    async def read(self, key: str) -> str | None:
        """Return what is kept."""
        try:
            found = await self.client.get(key)
        except AWAY as away:
            log.info("%s is not remembered: %s", key.partition(":")[0], away)
            return None
        return found if isinstance(found, str) else None

    async def keep(self, key: str, value: str | None, lasts: timedelta) -> None:
        """Keep or forget."""
        try:
            if value is None:
                await self.client.delete(key)
            else:
                await self.client.set(key, value, px=lasts)
        except AWAY as away:
            log.info("%s is not kept: %s", key.partition(":")[0], away)

    async def lock(self, key: str, owner: str, lasts: timedelta) -> bool:
        """Take a lock, unless another owner has it."""
        try:
            if await self.client.set(key, owner, nx=True, px=lasts):
                return True
            return await self.client.get(key) in {owner, None}
        except AWAY as away:
            log.info("a lock is not kept: %s", away)
            return True

    async def unlock(self, key: str) -> None:
        """Give a lock back."""
        await self.keep(key, None, KEYS_LAST)

    async def data(self, key: str) -> str | None:
        """Return what a button's key stands for."""
        return await self.read(f"cache:{key}")

    async def keep_data(self, key: str, data: str) -> None:
        """Keep what a button's key stands for."""
        await self.keep(f"cache:{key}", data, KEYS_LAST)


@asynccontextmanager
async def desk_memory(redis_url: str) -> AsyncIterator[RedisDeskMemory]:
    """Open the memory; nothing connects before the first question."""
    client = open_redis(redis_url)
    try:
        yield RedisDeskMemory(client)
    finally:
        await client.aclose()
