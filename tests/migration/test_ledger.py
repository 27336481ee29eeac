"""The ledger and the wider logs on a database that was in use before there were any."""

from sqlalchemy import text

from db.engine import create_engine
from db.migrate import upgrade
from db.stores.logs import PostgresLogs
from db.stores.tally import PostgresTally
from orchestrator.ports.logs import LogFilter
from tests.migration.test_upgrade import migrate_to, run_sql


async def test_what_was_there_before_is_counted_once_and_followed_never(
    empty_database: str,
) -> None:
    await migrate_to(empty_database, "0007")
    await run_sql(
        empty_database,
        "SELECT ensure_month_partitions(1)",
        "INSERT INTO channels (telegram_id, title) VALUES (700, 'Sky')",
        "INSERT INTO posts (channel_id, message_id, text, created_at)"
        " SELECT 1, n, 'a post', now() FROM generate_series(1, 100) AS n",
        "INSERT INTO silences (channel_id, message_id, reason, detail)"
        " SELECT 1, n, 'no_grant', 'none' FROM generate_series(1, 40) AS n",
        "INSERT INTO operation_logs (kind, status, duration_ms)"
        " VALUES ('send_message', 'success', 5)",
        "INSERT INTO session_logs (kind) VALUES ('comment')",
        "SELECT 1",
    )
    await upgrade(empty_database)
    engine = create_engine(empty_database)
    try:
        tally = await PostgresTally(engine).tally()
        assert (tally.posts_seen, tally.silences) == (100, {"no_grant": 40})
        logs = PostgresLogs(engine)
        page = await logs.operations(LogFilter(), None)
        assert [row.kind for row in page.rows] == ["send_message"]
        assert (await logs.operations(LogFilter(), page.bookmark)).rows == []
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM silences WHERE message_id <= 10"))
        assert (await PostgresTally(engine).tally()).silences == {"no_grant": 30}
    finally:
        await engine.dispose()
