"""A million lines of log: what people and programs ask often is answered by index."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import TextClause, create_engine, text

from db.embedded import Servers
from db.embedded.urls import with_database
from db.engine import plain_url
from db.stores import stats, tally
from db.stores.logs import CAME_TO_LIGHT, LATEST_BIRTH, SEEN_UPTO
from tests.fixtures.servers import run_sql

DIALECT = create_engine("postgresql+asyncpg://").dialect
ROWS = 1_000_000
FILL = (
    f"""
    INSERT INTO operation_logs
        (kind, account_id, status, error_name, duration_ms, correlation_id, outbox_id, created_at)
    SELECT (ARRAY['send_message', 'read_channel', 'generate_comment'])[1 + n % 3], n % 500,
           CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'success' END,
           CASE WHEN n % 50 = 0 THEN 'FLOOD_WAIT' END, n % 1000, 'post-1-' || n, n,
           now() - make_interval(secs => n * 2)
    FROM generate_series(1, {ROWS}) AS n
    """,
    "INSERT INTO ledger (what, key, count) SELECT 'posts', '', 1 FROM generate_series(1, 5000)",
    "ANALYZE",
)
LATER = 4_000_000_000
"""A transaction that comes after all that there were."""
NOW = datetime.now(UTC)
SPELL = {"since": NOW - timedelta(hours=1), "until": NOW, "account": None, "user": None}


@pytest.fixture(scope="module")
def filled(servers: Servers, portal: BlockingPortal, template_database: str) -> Iterator[str]:
    """A database with a month of logs, filled once for all questions."""
    name = f"{template_database}_logs"
    portal.call(
        run_sql, servers.database_url, f"create database {name} template {template_database}"
    )
    url = with_database(servers.database_url, name)
    for statement in FILL:
        portal.call(run_sql, url, statement)
    yield url
    portal.call(run_sql, servers.database_url, f"drop database {name} with (force)")


async def plan_of(database_url: str, statement: str, *values: object) -> dict[str, Any]:
    """Ask PostgreSQL how it would answer, and run it."""
    connection = await asyncpg.connect(plain_url(database_url))
    try:
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        found: list[dict[str, Any]] = json.loads(await connection.fetchval(explained, *values))
    finally:
        await connection.close()
    return found[0]


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every scan of a table that was carried out."""
    if "Relation Name" in plan and plan.get("Actual Loops", 1):
        yield plan
    for inner in plan.get("Plans", ()):
        yield from scans(inner)


def written(statement: TextClause, **values: object) -> tuple[str, list[object]]:
    """Write a statement as the driver sends it."""
    compiled = statement.compile(dialect=DIALECT)
    names = compiled.positiontup or []
    return str(compiled), [values[name] for name in names]


LINES = "SELECT * FROM operation_logs"
BY_TIME = "ORDER BY created_at DESC, id DESC LIMIT 50"
NEW_LINES = text(f"{LINES} WHERE {CAME_TO_LIGHT.format(table='operation_logs', upto=SEEN_UPTO)}")
ASKED = {
    "figures of an hour": written(stats.OPERATIONS, **SPELL),
    "figures of an account": written(stats.OPERATIONS, **{**SPELL, "account": 7}),
    "causes of an hour": written(stats.ERRORS, **SPELL, listed=10),
    "the newest lines": (f"{LINES} ORDER BY id DESC LIMIT 50", []),
    "an account's newest": (f"{LINES} WHERE account_id = 7 {BY_TIME}", []),
    "the newest failures": (f"{LINES} WHERE status = 'failed' {BY_TIME}", []),
    "the story of a post": (f"{LINES} WHERE correlation_id = 'post-1-500000' {BY_TIME}", []),
    "what came to light": written(NEW_LINES, bookmark=f"{LATER}:{LATER}:", latest=LATEST_BIRTH),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_no_question_about_logs_reads_the_whole_month(filled: str, asked: str) -> None:
    statement, values = ASKED[asked]
    found = await plan_of(filled, statement, *values)
    read = [one for one in scans(found["Plan"]) if one["Node Type"] == "Seq Scan"]
    # Months to come are empty; looking into them costs nothing.
    assert sum(one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in read) == 0
    assert found["Execution Time"] < 2_000


async def test_counting_reads_the_ledger_and_none_of_what_it_counts(filled: str) -> None:
    found = await plan_of(filled, *written(tally.COUNTS)[:1])
    assert {one["Relation Name"] for one in scans(found["Plan"])} == {"ledger"}
