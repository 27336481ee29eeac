"""Scripts in Redis: right, or not there."""

import json

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.cache import NAMESPACE, RedisCache, name_of
from db.pacing import open_redis
from db.stores.labels import PostgresLabels
from orchestrator.ids import ScriptVersionId
from orchestrator.library.node_library import NodeLibrary
from orchestrator.ports.stores import Stores
from personas.scripts.canonical import sha256_of
from personas.scripts.model import ScriptKind
from tests.integration.db.conftest import OLGA
from tests.integration.db.test_reloading import SCRIPT


class Deaf(PostgresLabels):
    """Must not be asked for contents."""

    async def contents(self, versions: object) -> dict[ScriptVersionId, str]:
        raise AssertionError(versions)


async def script_names(store: PostgresLabels) -> list[str]:
    published = await NodeLibrary(store).published(ScriptKind.COMMENT)
    return [one.script.name for one in published]


async def test_the_second_node_to_start_asks_redis(
    stores: Stores, engine: AsyncEngine, redis_url: str
) -> None:
    await stores.library.put_script(OLGA, SCRIPT, "first")
    async with open_redis(redis_url) as client:
        cache = RedisCache(client)
        assert await script_names(PostgresLabels(engine, cache)) == ["Comets"]
        assert await client.keys(f"{NAMESPACE}*") == [name_of(sha256_of(SCRIPT))]
        assert 0 < await client.ttl(name_of(sha256_of(SCRIPT))) <= 24 * 60 * 60
        assert await script_names(Deaf(engine, cache)) == ["Comets"]


async def test_what_somebody_changed_in_redis_is_not_believed(
    stores: Stores, engine: AsyncEngine, redis_url: str
) -> None:
    await stores.library.put_script(OLGA, SCRIPT, "first")
    async with open_redis(redis_url) as client:
        forged = SCRIPT.model_dump(mode="json") | {"name": "Forged"}
        await client.set(name_of(sha256_of(SCRIPT)), json.dumps(forged))
        assert await script_names(PostgresLabels(engine, RedisCache(client))) == ["Comets"]


async def test_a_version_whose_hash_was_made_up_by_hand_is_not_kept(redis_url: str) -> None:
    async with open_redis(redis_url) as client:
        await RedisCache(client).keep({"by hand": "{}", "": "[" * 100_000})
        assert await client.keys("*") == []


async def test_without_redis_everything_is_read_from_postgresql(
    stores: Stores, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await stores.library.put_script(OLGA, SCRIPT, "first")
    async with open_redis("redis://127.0.0.1:9") as gone:
        assert await script_names(PostgresLabels(engine, RedisCache(gone))) == ["Comets"]
    assert "read from PostgreSQL, not from Redis" in caplog.text
