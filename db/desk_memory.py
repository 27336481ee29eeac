"""What the desk keeps in Redis: dialogues (`fsm:`), caches (`cache:`), relays (`fwd:`), locks.

All of it may be lost. Where Redis is away, nothing is kept, every lock is free, and work goes on.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from db.gathering import Gathering
from db.redis_client import open_redis

log = logging.getLogger(__name__)

KEYS_LAST = timedelta(hours=24)
AWAY = (RedisError, OSError, TimeoutError)


LOCKS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as somebody wants it."""

    key: str
    owner: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class RedisDeskMemory:
    """Implements `DeskMemory`; locks that are asked for at about the same time go together."""

    client: Redis
    locks: Gathering[Lock, bool] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        locks = Gathering("desk locks", self.lock_all, limit=LOCKS_AT_ONCE)
        object.__setattr__(self, "locks", locks)

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
        return await self.locks.ask(Lock(key, owner, lasts))

    async def lock_all(self, wanted: Sequence[Lock]) -> Sequence[bool]:
        """Take locks in one write; only who found another there is looked up once more."""
        try:
            async with self.client.pipeline(transaction=False) as pipe:
                for one in wanted:
                    pipe.set(one.key, one.owner, nx=True, px=one.lasts)
                taken = await pipe.execute()
            return [
                bool(got) or await self.owns(one) for one, got in zip(wanted, taken, strict=True)
            ]
        except AWAY as away:
            log.info("a lock is not kept: %s", away)
            return [True] * len(wanted)

    async def owns(self, lock: Lock) -> bool:
        """Tell whether a lock that was taken is this owner's, or free again."""
        return await self.client.get(lock.key) in {lock.owner, None}

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
