"""Scripts in Redis: right, or not there."""

import json
from collections.abc import Mapping

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.cache import NAMESPACE, RedisCache, name_of
from db.redis_client import open_redis
from db.stores.drafting import PostgresDrafting
from db.stores.labels import PostgresLabels
from db.stores.persona_shelf import PersonaShelf
from orchestrator.ids import PersonaId, ScriptVersionId
from orchestrator.library.node_library import NodeLibrary
from orchestrator.ports.stores import Stores
from personas.persona import Persona
from personas.scripts.canonical import sha256_of
from personas.scripts.model import ScriptKind
from tests.integration.db.conftest import OLGA, Scene
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


async def test_a_decision_reads_personas_from_memory_and_redis_and_never_a_stale_one(
    scene: Scene, redis_url: str
) -> None:
    post = await scene.post()
    asked: list[object] = []

    class Counting(PersonaShelf):
        async def read(self, wanted: set[PersonaId]) -> Mapping[PersonaId, Persona]:
            asked.append(wanted)
            return await super().read(wanted)

    async def name(drafting: PostgresDrafting) -> str:
        context = await drafting.post_context(post)
        assert context is not None
        return context.turns[0].persona.name

    async with open_redis(redis_url) as client:
        cache = RedisCache(client).of_personas()
        stores = [PostgresDrafting(scene.engine, Counting(scene.engine, cache)) for _ in range(2)]
        before = await name(stores[0])
        assert await name(stores[1]) == await name(stores[0]) == before
        assert len(asked) == 1, "the other node was to ask Redis, and both their memory"
        [kept] = await client.keys(f"{NAMESPACE}persona:*")
        assert 0 < await client.ttl(kept) <= 60 * 60
        await scene.sql("UPDATE personas SET name = 'Another'")
        assert [await name(one) for one in stores] == ["Another", "Another"]
        await client.flushdb()
        await client.set(kept, json.dumps({"key": "anna", "name": "Forged", "disclosure": "x"}))
        assert await name(PostgresDrafting(scene.engine, Counting(scene.engine, cache))) != "Forged"
