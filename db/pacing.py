"""Turns that all nodes share, in Redis or Valkey; what is lost there is begun anew, cautiously."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from db.embedded.urls import without_secrets
from db.redis_client import open_redis
from orchestrator.errors import ServersUnavailable
from orchestrator.pacing.gcra import Later, Limit, Turn

SCRIPT = files("db").joinpath("pacing.lua").read_text(encoding="utf-8")
DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

SINCE = "{troupe:pacing}:since"
LIMIT = "{troupe:pacing}:limit:"
"""The braces keep all keys on one node of a cluster."""

T = TypeVar("T")


@asynccontextmanager
async def redis_turns(redis_url: str) -> AsyncIterator["RedisTurnBook"]:
    """Open the book that all nodes share; nothing connects before the first turn."""
    client = open_redis(redis_url)
    try:
        yield RedisTurnBook(client, redis_url)
    finally:
        await client.aclose()


@dataclass(frozen=True, slots=True)
class RedisTurnBook:
    """Implements `TurnBook` by one Lua script, on Redis' own clock."""

    client: Redis
    redis_url: str
    beginning: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one who begins the book anew, while others of this process wait for it."""

    async def take(self, limits: Sequence[Limit], horizon: timedelta) -> Turn | Later:
        """Reserve a turn under all limits at once, or nothing."""
        terms = [term for limit in limits for term in (limit.apart, limit.burst)]
        answer = await self.ask(limits, "take", micros(horizon), *terms)
        if answer[0] == 0:
            return Later(at=answer[1], now=answer[2])
        _, at, now, since, *slots = answer
        return Turn(at, now, since, tuple(limits), tuple(slots))

    async def knows(self, turn: Turn) -> bool:
        """Tell whether Redis lost nothing since the turn was reserved."""
        return await self.guarded(lambda: self.is_since(turn.since))

    async def give_back(self, turn: Turn, horizon: timedelta) -> int:
        """Open the turn's slots again, as far as they lie ahead; returns the moment, or 0."""
        terms = [
            term
            for limit, slot in zip(turn.limits, turn.slots, strict=True)
            for term in (limit.apart, limit.burst, slot)
        ]
        [now] = await self.ask(turn.limits, "give", micros(horizon), turn.since, *terms)
        return now

    async def ask(self, limits: Sequence[Limit], *arguments: str | int) -> list[int]:
        """Run the script; where Redis does not know it, Redis was started anew."""
        keys = [SINCE, *(LIMIT + limit.name for limit in limits)]

        async def evaluate() -> Any:  # noqa: ANN401 - whatever a script answers
            try:
                return await self.client.evalsha(DIGEST, len(keys), *keys, *map(str, arguments))
            except NoScriptError:
                await self.begin()
                return await self.client.evalsha(DIGEST, len(keys), *keys, *map(str, arguments))

        answer = await self.guarded(evaluate)
        return [int(number) for number in answer] if isinstance(answer, list) else [int(answer)]

    async def begin(self) -> None:
        """Begin the book anew and load the script, in one step.

        Scripts are kept in memory only, so a server without ours has been started, or taken over
        by its replica: what its snapshot says of turns is too old.
        """
        async with self.beginning:
            if not (await self.client.script_exists(DIGEST))[0]:
                await self.begin_alone()

    async def begin_alone(self) -> None:
        """Forget the old book and load the script."""
        async with self.client.pipeline(transaction=True) as steps:
            steps.delete(SINCE)
            steps.script_load(SCRIPT)
            await steps.execute()

    async def is_since(self, since: int) -> bool:
        """Compare the beginning of the book, where there is one and its server is the same."""
        async with self.client.pipeline(transaction=False) as steps:
            steps.get(SINCE)
            steps.script_exists(DIGEST)
            begun, known = await steps.execute()
        return begun == str(since) and bool(known[0])

    async def guarded(self, asking: Callable[[], Awaitable[T]]) -> T:
        """Ask; raises ServersUnavailable when Redis is not there."""
        try:
            return await asking()
        except (RedisError, OSError, TimeoutError) as error:
            raise ServersUnavailable(
                f"Redis at {without_secrets(self.redis_url)} does not answer: {error}"
            ) from error


def micros(duration: timedelta) -> int:
    """Write a duration in microseconds."""
    return duration // timedelta(microseconds=1)
