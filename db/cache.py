"""Scripts and personas in Redis, by their hash: what a node need not ask PostgreSQL for.

A content is kept under the hash that PostgreSQL tells of it, and compared with that hash when it
comes back. So nothing here can grow stale or be tampered with: a label that moves, or a persona
that is changed, brings another hash with it. Whatever goes wrong, it is as if nothing had been
kept.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from db.redis_client import open_redis

log = logging.getLogger(__name__)

NAMESPACE = "cache:"
SCRIPTS_LAST = timedelta(hours=24)
PERSONAS_LAST = timedelta(hours=1)
AT_ONCE = 100
"""Contents in one request; a large library does not hold Redis up for others."""


class ContentCache(Protocol):
    """Keeps contents by the hash of their canonical form; it may forget any of them."""

    async def read(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Return what is kept, by hash."""

    async def keep(self, contents: Mapping[str, str]) -> None:
        """Keep contents (JSON text) whose hash is what it is said to be; others are left out."""

    def of_personas(self) -> "ContentCache":
        """Return the part of it that keeps personas, for an hour each."""


class NoCache:
    """Keeps nothing."""

    async def read(self, _digests: Sequence[str]) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    async def keep(self, contents: Mapping[str, str]) -> None:
        """Forget them."""

    def of_personas(self) -> "NoCache":
        """Return what keeps no personas either."""
        return self


@dataclass(frozen=True, slots=True)
class RedisCache:
    """Implements `ContentCache`."""

    client: Redis
    lasts: timedelta = SCRIPTS_LAST
    kind: str = "script"
    written: Callable[[Mapping[str, str]], Mapping[str, str]] = field(
        default_factory=lambda: canonical_forms
    )
    """How contents are written as they were hashed."""

    def of_personas(self) -> "RedisCache":
        """Return what keeps personas; their hash is that of the very text that comes."""
        return RedisCache(self.client, PERSONAS_LAST, "persona", genuine)

    async def read(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Return what is kept and still is what it was."""
        found: dict[str, str] = {}
        try:
            for some in portions(digests):
                texts = await self.client.mget([name_of(digest, self.kind) for digest in some])
                found |= await asyncio.to_thread(genuine, dict(zip(some, texts, strict=True)))
        except (RedisError, OSError, TimeoutError, UnicodeDecodeError) as away:
            log.info("%ss are read from PostgreSQL, not from Redis: %s", self.kind, away)
        return found

    async def keep(self, contents: Mapping[str, str]) -> None:
        """Keep the canonical form of each for a day."""
        canonical = await asyncio.to_thread(self.written, contents)
        try:
            for some in portions(list(canonical)):
                async with self.client.pipeline(transaction=False) as steps:
                    for digest in some:
                        steps.set(name_of(digest, self.kind), canonical[digest], ex=self.lasts)
                    await steps.execute()
        except (RedisError, OSError, TimeoutError) as away:
            log.info("%ss are not kept in Redis: %s", self.kind, away)


@asynccontextmanager
async def redis_cache(redis_url: str) -> AsyncIterator[RedisCache]:
    """Open the cache; nothing connects before the first question."""
    client = open_redis(redis_url)
    try:
        yield RedisCache(client)
    finally:
        await client.aclose()


def name_of(digest: str, kind: str = "script") -> str:
    """Return the key under which a content is kept."""
    return f"{NAMESPACE}{kind}:{digest}"


def portions(digests: Sequence[str]) -> list[Sequence[str]]:
    """Cut a list into requests."""
    return [digests[begin : begin + AT_ONCE] for begin in range(0, len(digests), AT_ONCE)]


def genuine(texts: Mapping[str, bytes | str | None]) -> dict[str, str]:
    """Return the texts whose hash is their name."""
    return {
        digest: text
        for digest, text in texts.items()
        if isinstance(text, str) and sha256(text.encode()).hexdigest() == digest
    }


def canonical_forms(contents: Mapping[str, str]) -> dict[str, str]:
    """Write contents as they were hashed; one whose hash was made up by hand is left out."""
    forms = {digest: canonical_form(content) for digest, content in contents.items()}
    return genuine(forms)


def canonical_form(content: str) -> str | None:
    """Write JSON with sorted keys and no spaces; None for what cannot be written so."""
    try:
        text = json.dumps(
            json.loads(content), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        text.encode()
    except (ValueError, RecursionError):
        return None
    return text
