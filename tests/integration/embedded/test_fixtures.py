"""What the test fixtures promise to every other test."""

import asyncpg
import redis.asyncio


async def test_a_test_database_folds_russian_case(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("select lower('ПРИВЕТ, Ёж')") == "привет, ёж"
        await connection.execute("create table leftover (id int)")
    finally:
        await connection.close()


async def test_a_test_database_holds_nothing_of_another_test(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("select to_regclass('leftover')") is None
    finally:
        await connection.close()


async def test_a_valkey_fixture_starts_empty(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("leftover", "1")


async def test_a_valkey_fixture_starts_empty_again(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("leftover", "1")
