"""Bringing databases to the newest schema."""

import asyncio

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection

from db.engine import create_engine
from db.migrate import configuration, current, head, is_current, upgrade
from orchestrator.errors import BadInput, ServersUnavailable


async def migrate_to(database_url: str, revision: str) -> None:
    """Bring a database to an older schema, as an older Troupe left it."""

    def run(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


async def run_sql(database_url: str, *statements: str) -> list[asyncpg.Record]:
    """Run statements; returns the rows of the last."""
    connection = await asyncpg.connect(database_url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))
    finally:
        await connection.close()


async def test_an_empty_database_is_brought_to_head(empty_database: str) -> None:
    assert await current(empty_database) is None
    await upgrade(empty_database)
    assert await current(empty_database) == head()
    engine = create_engine(empty_database)
    assert await is_current(engine)
    await engine.dispose()


async def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    await upgrade(database_url)
    assert await current(database_url) == head()


async def test_of_several_processes_that_upgrade_at_once_one_does_it(empty_database: str) -> None:
    await asyncio.gather(*(upgrade(empty_database) for _ in range(4)))
    assert await current(empty_database) == head()


async def test_what_is_stored_survives_the_way_to_head(empty_database: str) -> None:
    await migrate_to(empty_database, "0003")
    await run_sql(
        empty_database,
        "INSERT INTO personas (key, name, tone, disclosure) VALUES ('anna', 'Anna', 'plain', 'AI')",
        "INSERT INTO accounts (name, phone_hint, persona_id) VALUES ('anna', '22', 1)",
        "INSERT INTO leases (account_id, fence) VALUES (1, 7)",
        "INSERT INTO channels (telegram_id, title) VALUES (700, 'Sky')",
        "INSERT INTO posts (channel_id, message_id, text, created_at)"
        " SELECT 1, n, 'a post', now() FROM generate_series(1, 1000) AS n",
        "SELECT 1",
    )
    await upgrade(empty_database)
    [row] = await run_sql(
        empty_database,
        "SELECT (SELECT count(*) FROM posts) AS posts, fence, a.name FROM leases"
        " JOIN accounts a ON a.id = account_id",
    )
    assert (row["posts"], row["fence"], row["name"]) == (1000, 7, "anna")


async def test_a_draft_of_before_says_of_no_selector_that_it_judged(empty_database: str) -> None:
    await migrate_to(empty_database, "0034")
    await run_sql(
        empty_database,
        "INSERT INTO personas (key, name, tone, disclosure) VALUES ('anna', 'Anna', 'plain', 'AI')",
        "INSERT INTO accounts (name, phone_hint, persona_id) VALUES ('anna', '22', 1)",
        "INSERT INTO channels (telegram_id, title) VALUES (700, 'Sky')",
        "INSERT INTO posts (channel_id, message_id, text, created_at) VALUES (1, 1, 'p', now())",
        "INSERT INTO grants (channel_id, account_id, granted_by_name, proof, scope,"
        " linked_group_id)"
        " VALUES (1, 1, 'olga', 'admin', 'comments', 5)",
        "INSERT INTO campaigns (name, time_zone, created_by) VALUES ('spring', 'UTC', 'o')",
        "INSERT INTO schedules (campaign_id, account_id, channel_id, start_time, end_time,"
        " comments_per_day) VALUES (1, 1, 1, '00:00', '24:00', 1)",
        "INSERT INTO drafts (channel_id, message_id, campaign_id, schedule_id, account_id,"
        " grant_id, text, strategy, reason, source, fit, state, due_at, expires_at) VALUES"
        " (1, 1, 1, 1, 1, 1, 'words', 'script_80', 'it fits', 'local', 0.9,"
        " 'review', now(), now())",
        "SELECT 1",
    )
    await upgrade(empty_database)
    [draft] = await run_sql(empty_database, "SELECT text, judge FROM drafts")
    assert (draft["text"], draft["judge"]) == ("words", None)


async def test_months_are_made_ahead_and_take_over_what_the_default_caught(
    database_url: str,
) -> None:
    late = "date_trunc('month', now()) + interval '4 months 3 days'"
    [row] = await run_sql(
        database_url,
        "INSERT INTO operation_logs (kind, status, duration_ms, created_at)"
        f" VALUES ('send_message', 'success', 5, {late})",
        "SELECT tableoid::regclass::text AS place FROM operation_logs",
    )
    assert row["place"] == "operation_logs_default"
    [made] = await run_sql(database_url, "SELECT ensure_month_partitions(4) AS made")
    assert made["made"] == 6
    [row] = await run_sql(
        database_url, "SELECT tableoid::regclass::text AS place, kind FROM operation_logs"
    )
    assert row["place"].startswith("operation_logs_2")
    [made] = await run_sql(database_url, "SELECT ensure_month_partitions(4) AS made")
    assert made["made"] == 0


async def test_a_row_of_a_made_month_still_gets_its_number(database_url: str) -> None:
    [row] = await run_sql(
        database_url,
        "INSERT INTO session_logs (kind) VALUES ('comment') RETURNING id,"
        " tableoid::regclass::text AS place",
    )
    assert row["id"] == 1
    assert row["place"] != "session_logs_default"


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    with pytest.raises(ServersUnavailable, match="DATABASE_URL"):
        await upgrade("postgresql://troupe:no@127.0.0.1:9/troupe")


@pytest.mark.parametrize("url", ["mysql://a@b/c", "nonsense", ""])
async def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        await upgrade(url)
