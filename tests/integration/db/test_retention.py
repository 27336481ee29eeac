"""How long things are kept: logs go by months, the rest by rows, and the clock is given."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from db.engine import plain_url
from db.housekeeping import alone, sweep
from orchestrator.errors import BadInput
from orchestrator.ids import AccountId
from orchestrator.ports.logs import Operation, OperationKind, SessionEvent, SessionKind
from orchestrator.service.settings import tuned
from orchestrator.tuning import Retention
from tests.integration.db.conftest import Scene

JUNE = datetime(2031, 6, 15, 12, tzinfo=UTC)
LOGGED = "SELECT count(*) FROM operation_logs"
IN_DEFAULT = "SELECT count(*) FROM operation_logs_default"


async def log_at(scene: Scene, *moments: datetime) -> None:
    account = AccountId(scene.anna)
    for moment in moments:
        await scene.stores.logs.record_entries(
            [
                Operation(
                    OperationKind.SEND_MESSAGE,
                    account,
                    succeeded=True,
                    duration=timedelta(seconds=1),
                    at=moment,
                ),
                SessionEvent(SessionKind.CONNECT, account, at=moment),
            ]
        )


async def test_a_month_goes_when_all_of_it_is_older_than_is_kept(scene: Scene) -> None:
    await log_at(
        scene,
        datetime(2030, 11, 30, 23, 59, tzinfo=UTC),
        datetime(2030, 12, 1, tzinfo=UTC),
        datetime(2031, 5, 31, 23, 59, tzinfo=UTC),
        JUNE,
    )
    assert await scene.sql(IN_DEFAULT) == 4
    swept = await sweep(scene.engine, Retention(operations=timedelta(days=180)), JUNE)
    assert swept is not None
    # June 15 less 180 days is December 17: November is over, December is still wanted.
    assert "operation_logs_2030_11" in swept.dropped
    assert "session_logs_2030_11" in swept.dropped
    assert "operation_logs_2030_12" not in swept.dropped
    assert await scene.sql(LOGGED) == 3
    assert await scene.sql("SELECT min(created_at) FROM operation_logs") == datetime(
        2030, 12, 1, tzinfo=UTC
    )


async def test_rows_of_the_default_partition_move_into_months_that_are_made_for_them(
    scene: Scene,
) -> None:
    await log_at(scene, JUNE, JUNE - timedelta(days=60))
    assert await scene.sql(IN_DEFAULT) == 2
    swept = await sweep(scene.engine, Retention(), JUNE)
    assert swept is not None
    assert await scene.sql(IN_DEFAULT) == 0
    assert await scene.sql("SELECT count(*) FROM operation_logs_2031_06") == 1
    assert await scene.sql("SELECT count(*) FROM session_logs_2031_04") == 1
    for month in ("2031_07", "2031_08"):
        assert await scene.sql(f"SELECT to_regclass('operation_logs_{month}') IS NOT NULL")
    again = await sweep(scene.engine, Retention(), JUNE)
    assert again is not None
    assert (again.months, again.dropped) == (0, ())


async def test_each_log_is_kept_for_as_long_as_its_own_setting_says(scene: Scene) -> None:
    await log_at(scene, JUNE - timedelta(days=90), JUNE)
    kept = Retention(operations=timedelta(days=30), sessions=timedelta(days=365))
    await sweep(scene.engine, kept, JUNE)
    assert await scene.sql(LOGGED) == 1
    assert await scene.sql("SELECT count(*) FROM session_logs") == 2


async def test_a_month_that_somebody_reads_is_dropped_another_time(
    scene: Scene, database_url: str
) -> None:
    await log_at(scene, JUNE - timedelta(days=400))
    await sweep(scene.engine, Retention(operations=timedelta(days=3650)), JUNE)
    reader = await asyncpg.connect(plain_url(database_url))
    try:
        reading = reader.transaction()
        await reading.start()
        await reader.fetch("SELECT * FROM operation_logs_2030_05")
        swept = await sweep(scene.engine, Retention(), JUNE)
        assert swept is not None
        assert "operation_logs_2030_05" not in swept.dropped
        await reading.rollback()
    finally:
        await reader.close()
    swept = await sweep(scene.engine, Retention(), JUNE)
    assert swept is not None
    assert "operation_logs_2030_05" in swept.dropped


async def test_logging_goes_on_while_its_month_is_being_made(scene: Scene) -> None:
    """What is written while its month is made lands in it or in the default, never nowhere."""
    writers = (log_at(scene, *[JUNE] * 10) for _ in range(4))
    await asyncio.gather(*writers, sweep(scene.engine, Retention(), JUNE))
    await sweep(scene.engine, Retention(), JUNE)
    assert await scene.sql("SELECT count(*) FROM operation_logs_2031_06") == 40
    assert await scene.sql(IN_DEFAULT) == 0


async def test_of_several_sweepers_one_sweeps(scene: Scene) -> None:
    async with alone(scene.engine) as is_alone:
        assert is_alone
        assert await sweep(scene.engine, Retention(), JUNE) is None
    assert await sweep(scene.engine, Retention(), JUNE) is not None


async def test_messages_go_after_their_time_unless_an_answer_of_ours_refers_to_them(
    scene: Scene,
) -> None:
    await scene.sql("INSERT INTO contacts (telegram_id) VALUES (5)")
    await scene.sql("INSERT INTO conversations (account_id, contact_id) VALUES (1, 1)")
    for number, age in enumerate((200, 200, 170), start=1):
        await scene.sql(
            "INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at,"
            " recorded_at) VALUES (1, 'incoming', :n, 'hello', now(), CAST(:at AS timestamptz))",
            n=number,
            at=JUNE - timedelta(days=age),
        )
    await scene.sql(
        "WITH said AS (INSERT INTO answers (conversation_id, account_id, inbound_message_id, part,"
        " text, reason, source, approved_by) VALUES (1, 1, 1, 1, 'good day', '', 'local', 'script')"
        " RETURNING id) INSERT INTO outbox (account_id, kind, inbound_message_id, answer_id, text,"
        " random_id, due_at, expires_at) SELECT 1, 'direct', 1, id, 'good day', 1, now(), now()"
        " FROM said"
    )
    swept = await sweep(scene.engine, Retention(history=timedelta(days=180)), JUNE)
    assert swept is not None
    assert swept.removed["messages"] == 1
    assert await scene.sql("SELECT array_agg(id ORDER BY id) FROM messages") == [1, 3]


async def test_the_ledger_is_summed_up_without_changing_what_it_says(scene: Scene) -> None:
    for number in range(1, 6):
        await scene.post(number)
    await scene.queued(6)
    before = await scene.stores.tally.tally()
    assert await scene.sql("SELECT count(*) FROM ledger") > 5
    await sweep(scene.engine)
    assert await scene.stores.tally.tally() == before
    assert await scene.sql("SELECT count(*) FROM ledger") == 2


@pytest.mark.parametrize("stored", ['"P179D"', '"P1D"', "0"])
def test_a_history_of_less_than_half_a_year_is_refused_with_a_sentence(stored: str) -> None:
    with pytest.raises(BadInput, match=r"history of tickets and dialogues .* at least 180 days"):
        tuned({"retention.history": stored})


@pytest.mark.parametrize("key", ["operations", "sessions", "jobs"])
def test_a_log_is_kept_for_a_day_at_least(key: str) -> None:
    with pytest.raises(BadInput, match="at least a day"):
        tuned({f"retention.{key}": '"PT1H"'})
    assert tuned({f"retention.{key}": '"P30D"'}).retention


def test_half_a_year_is_enough() -> None:
    assert tuned({"retention.history": '"P180D"'}).retention.history == timedelta(days=180)


async def test_calls_of_models_go_unless_a_budget_is_counted_from_them(scene: Scene) -> None:
    """A campaign's budget is for all its days: its calls stay until it is stopped."""
    add = (
        "INSERT INTO model_calls (day, campaign_id, prompt, prompt_version, prompt_sha256, model,"
        " tokens, cost_usd, started_at)"
        " SELECT '2030-01-01', campaign, 'comment', 1, 'x', 'm', 9, 0, moment::timestamptz"
        " FROM (VALUES (NULL::bigint, '2030-01-01'), (NULL, '2031-06-01'),"
        f" ({scene.campaign}, '2030-01-01')) AS calls (campaign, moment)"
    )
    await scene.sql(add)
    swept = await sweep(scene.engine, Retention(), JUNE)
    assert swept is not None
    assert swept.removed["model_calls"] == 1
    await scene.sql(f"UPDATE campaigns SET state = 'stopped' WHERE id = {scene.campaign}")
    swept = await sweep(scene.engine, Retention(), JUNE)
    assert swept is not None
    assert swept.removed["model_calls"] == 1
    assert await scene.sql("SELECT count(*) FROM model_calls") == 1


TALK = """
    INSERT INTO scripts (key, name, kind, language, created_by)
        VALUES ('quiz', 'A quiz', 'diagnostic', 'en', 'olga');
    INSERT INTO script_versions (script_id, version, content, sha256, author)
        SELECT id, 1, CAST('{}' AS jsonb), 'x', 'olga' FROM scripts WHERE key = 'quiz';
    INSERT INTO contacts (telegram_id) VALUES (5);
    INSERT INTO study_groups (account_id, telegram_id, title) VALUES (1, 77, 'Night sky');
    INSERT INTO study_group_roles (study_group_id, account_id, role) VALUES (1, 1, 'host');
    INSERT INTO grants (study_group_id, account_id, granted_by_name, proof, scope, linked_group_id)
        VALUES (1, 1, 'olga', 'creator', 'study_group', 77);
    INSERT INTO group_messages (study_group_id, telegram_message_id, contact_id, text, sent_at,
                                recorded_at)
        SELECT 1, number, 1, 'hello', at, at
        FROM unnest(ARRAY[1, 2, 3, 4], ARRAY[OLD, OLD, NEW, OLD]) AS m (number, at);
    INSERT INTO group_lines (study_group_id, account_id, grant_id, text, answers_message, reason,
                             source, approved_by)
        SELECT 1, 1, id, 'good day', 2, '', 'local', 'script' FROM grants
        WHERE study_group_id = 1;
    INSERT INTO journeys (contact_id, study_group_id, state, started_by, ended_at)
        SELECT contact, grp, state, 'olga', ended
        FROM (VALUES (NULL::bigint, 1::bigint, 'done', OLD), (1, NULL, 'active', NULL),
                     (1, NULL, 'done', NEW)) AS j (contact, grp, state, ended);
    INSERT INTO journey_progress (journey_id, position, script_version_id, finished_at)
        SELECT j.id, 0, v.id, j.ended_at FROM journeys j, (SELECT min(id) AS id
        FROM script_versions) AS v;
    INSERT INTO diagnostic_results (journey_progress_id, contact_id, script_version_id, score,
                                    result, taken_at)
        SELECT id, 1, script_version_id, 2, 'high', coalesce(finished_at, OLD)
        FROM journey_progress;
    INSERT INTO lessons (study_group_id, script_version_id, journey_id, state, starts_at,
                         started_by, ended_at)
        SELECT 1, v.id, CASE WHEN n = 1 THEN 1 END, 'done', OLD, 'olga', OLD
        FROM generate_series(1, 2) AS n, (SELECT min(id) AS id FROM script_versions) AS v;
    INSERT INTO lesson_lines (lesson_id, number, outbox_id) VALUES (1, 0, 9), (1, 1, 10)
"""


async def test_what_was_said_and_learnt_in_groups_goes_after_its_time(scene: Scene) -> None:
    old, new = (f"'{JUNE - timedelta(days=age)}'::timestamptz" for age in (200, 170))
    for statement in TALK.replace("OLD", old).replace("NEW", new).split(";"):
        await scene.sql(statement)
    swept = await sweep(scene.engine, Retention(history=timedelta(days=180)), JUNE)
    assert swept is not None
    left = {
        "group_messages": [2, 3, 4],
        "diagnostic_results": [3],
        "journey_progress": [2, 3],
        "lessons": [2],
        "journeys": [2, 3],
    }
    for table, rows in left.items():
        assert await scene.sql(f"SELECT array_agg(id ORDER BY id) FROM {table}") == rows, table
    assert await scene.sql("SELECT count(*) FROM lesson_lines") == 0
