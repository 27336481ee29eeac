"""Logs that are read and followed, and figures that are added up."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.engine import plain_url
from db.stores.logs import PostgresLogs
from orchestrator.ids import AccountId, ChannelId, MessageId, OutboxId, PostRef
from orchestrator.ports.logs import (
    LogFilter,
    Operation,
    OperationKind,
    SessionEvent,
    SessionKind,
)
from orchestrator.ports.stats import StatsFilter
from tests.integration.db.conftest import Scene

NOW = datetime.now(UTC)
EVERYTHING = LogFilter(limit=1000)


def act(
    kind: OperationKind = OperationKind.SEND_MESSAGE,
    account: int | None = None,
    *,
    error: str | None = None,
    ago: timedelta = timedelta(),
    millis: int = 100,
    outbox: int | None = None,
) -> Operation:
    return Operation(
        kind,
        None if account is None else AccountId(account),
        error is None,
        timedelta(milliseconds=millis),
        None if error is None else f"Telegram said {error}",
        error,
        at=NOW - ago,
        node="north",
        correlation="post-1-2",
        post=PostRef(ChannelId(1), MessageId(2)),
        outbox=None if outbox is None else OutboxId(outbox),
    )


async def test_an_operation_comes_back_with_all_that_it_knows(scene: Scene) -> None:
    logs = scene.stores.logs
    await logs.record_entries([act(account=scene.anna, error="FLOOD_WAIT", outbox=7)])
    (row,) = (await logs.operations(EVERYTHING, None)).rows
    assert (row.kind, row.account, row.status, row.node) == (
        "send_message",
        "anna",
        "failed",
        "north",
    )
    assert (row.error_name, row.error) == ("FLOOD_WAIT", "Telegram said FLOOD_WAIT")
    assert (row.correlation, row.outbox, row.at) == ("post-1-2", 7, NOW)
    assert row.duration == timedelta(milliseconds=100)
    found = "SELECT channel_id || '/' || message_id FROM operation_logs"
    assert await scene.sql(found) == "1/2"


async def test_an_operation_on_a_message_tells_which_comment_that_was(scene: Scene) -> None:
    message = await scene.queued()
    await scene.stores.logs.record_entries([act(outbox=message)])
    (row,) = (await scene.stores.logs.operations(EVERYTHING, None)).rows
    assert row.comment == await scene.sql("SELECT id FROM comments")


async def test_a_session_event_tells_what_ended_a_connection_and_how_long_it_lasted(
    scene: Scene,
) -> None:
    logs = scene.stores.logs
    lasted = timedelta(minutes=3)
    event = SessionEvent(
        SessionKind.DISCONNECT, scene.anna, succeeded=False, duration=lasted, cause="cut", at=NOW
    )
    await logs.record_entries([event, act()])
    (row,) = (await logs.sessions(EVERYTHING, None)).rows
    assert (row.kind, row.account, row.status) == ("disconnect", "anna", "failed")
    assert (row.duration, row.cause, row.at) == (lasted, "cut", NOW)


async def test_a_filter_keeps_what_was_asked_for_and_a_limit_the_newest(scene: Scene) -> None:
    logs = scene.stores.logs
    read = OperationKind.READ_CHANNEL
    await logs.record_entries(
        [
            act(ago=timedelta(hours=2)),
            act(read, account=scene.anna, ago=timedelta(minutes=2)),
            act(error="CHANNEL_PRIVATE"),
        ]
    )

    async def kept(**wanted: object) -> int:
        return len((await logs.operations(LogFilter(**wanted), None)).rows)  # type: ignore[arg-type]

    assert await kept() == 3
    assert await kept(account=scene.anna) == 1
    assert await kept(kinds=("send_message",)) == 2
    assert await kept(failed=True) == 1
    assert await kept(since=NOW - timedelta(hours=1)) == 2
    assert await kept(correlation="post-1-3") == 0
    newest = (await logs.operations(LogFilter(limit=2), None)).rows
    assert [row.error_name for row in newest] == [None, "CHANNEL_PRIVATE"]


@pytest.mark.parametrize("told", ["a\0b", "a\ud800b"])
async def test_a_text_that_postgresql_cannot_keep_costs_no_log_line(
    scene: Scene, told: str
) -> None:
    await scene.stores.logs.record_entries([act(error=told)])
    (row,) = (await scene.stores.logs.operations(EVERYTHING, None)).rows
    assert row.error_name in {"ab", "a?b"}


async def test_an_entry_that_is_refused_costs_no_other_its_place(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    absurd = act(outbox=2**70)
    await scene.stores.logs.record_entries(
        [act(), absurd, act(), SessionEvent(SessionKind.LOGIN, None)]
    )
    assert len((await scene.stores.logs.operations(EVERYTHING, None)).rows) == 2
    assert len((await scene.stores.logs.sessions(EVERYTHING, None)).rows) == 1
    assert "a log entry of kind send_message was refused" in caplog.text


async def test_whoever_follows_sees_a_late_commit_and_sees_each_line_once(
    scene: Scene, database_url: str
) -> None:
    """The older line is committed after a newer one was seen already."""
    logs = scene.stores.logs
    insert = "INSERT INTO operation_logs (kind, status, duration_ms) VALUES ($1, 'success', 1)"
    slow = await asyncpg.connect(plain_url(database_url))
    quick = await asyncpg.connect(plain_url(database_url))
    try:
        seen: list[str] = []
        page = await logs.operations(EVERYTHING, None)
        late = slow.transaction()
        await late.start()
        await slow.execute(insert, "late")
        await quick.execute(insert, "quick")
        page = await logs.operations(EVERYTHING, page.bookmark)
        seen += [row.kind for row in page.rows]
        assert seen == ["quick"]
        await late.commit()
        for _ in range(3):
            page = await logs.operations(EVERYTHING, page.bookmark)
            seen += [row.kind for row in page.rows]
        assert seen == ["quick", "late"]
    finally:
        await slow.close()
        await quick.close()


async def test_many_writers_lose_nothing_to_whoever_follows(scene: Scene) -> None:
    logs = PostgresLogs(scene.engine)
    page = await logs.operations(EVERYTHING, None)
    writers = asyncio.gather(*(logs.record_entries([act()] * 20) for _ in range(25)))
    seen: list[int] = []
    while True:
        done = writers.done()
        page = await logs.operations(EVERYTHING, page.bookmark)
        seen += [row.id for row in page.rows]
        if done:
            break
    assert len(seen) == len(set(seen)) == 500


async def test_figures_add_up_by_kind_cause_account_and_person(scene: Scene) -> None:
    stores = scene.stores
    message = await scene.queued()
    await stores.logs.record_entries(
        [act(account=scene.anna, millis=n, outbox=message) for n in range(1, 101)]
        + [act(error="FLOOD_WAIT", millis=5), act(error="FLOOD_WAIT", ago=timedelta(hours=30))]
    )
    await scene.sql(
        "UPDATE comments SET status = 'sent', sent_at = now(), sent_message_id = 5,"
        ' engagement = \'{"likes": 3, "replies": 2, "views": 40}\''
    )
    spell = StatsFilter(NOW - timedelta(hours=24), NOW + timedelta(hours=1))
    found = await stores.stats.stats(spell)
    (sending,) = found.operations
    assert (sending.kind, sending.count, sending.failed) == ("send_message", 101, 1)
    assert sending.success_rate == pytest.approx(100 / 101)
    assert timedelta(milliseconds=49) <= sending.p50 <= timedelta(milliseconds=51)
    assert timedelta(milliseconds=94) <= sending.p95 <= timedelta(milliseconds=96)
    assert [(cause.name, cause.count) for cause in found.errors] == [("FLOOD_WAIT", 1)]
    (anna,) = found.accounts
    assert (anna.account, anna.sent, anna.likes, anna.per_comment) == ("anna", 1, 3, 5.0)
    (best,) = found.posts
    assert (best.channel, best.likes, best.replies, best.views) == ("Sky", 3, 2, 40)
    assert found.comments == {"sent": 1}
    assert (found.sending.due, found.sending.held) == (1, 0)
    assert sum(step.sent for step in found.course) == 100
    assert len(found.course) == 24


async def test_figures_of_one_person_leave_out_what_others_let_through(scene: Scene) -> None:
    stores = scene.stores
    message = await scene.queued()
    await stores.logs.record_entries([act(outbox=message), act()])
    spell = StatsFilter(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    made = await stores.stats.stats(StatsFilter(spell.since, spell.until, user="olga"))
    assert [one.count for one in made.operations] == [1]
    assert (made.sending.due, made.comments) == (1, {"pending": 1})
    other = await stores.stats.stats(StatsFilter(spell.since, spell.until, user="boris"))
    assert (other.operations, other.sending.due, other.comments) == ([], 0, {})


async def test_a_message_counts_as_held_while_telegram_told_its_account_to_wait(
    scene: Scene,
) -> None:
    await scene.queued()
    await scene.stores.outbox.hold(scene.anna, None, None, timedelta(minutes=5), "FLOOD_WAIT")
    spell = StatsFilter(NOW - timedelta(hours=1), NOW)
    assert (await scene.stores.stats.stats(spell)).sending.held == 1


async def test_the_tally_follows_every_change_and_reads_none_of_the_rows(scene: Scene) -> None:
    tally = scene.stores.tally
    await scene.queued(1)
    await scene.post(2)
    now = await tally.tally()
    assert (now.posts_seen, now.undecided, now.comments) == (2, 1, {"pending": 1})
    await scene.sql("UPDATE comments SET status = 'failed'")
    assert (await tally.tally()).comments == {"failed": 1}
    await scene.sql("DELETE FROM jobs")
    await scene.sql("DELETE FROM posts WHERE message_id = 2")
    now = await tally.tally()
    assert (now.posts_seen, now.undecided) == (1, 0)


async def test_the_tally_is_of_one_moment_though_a_post_is_decided_while_it_counts(
    scene: Scene,
) -> None:
    draft = await scene.draft(await scene.post())
    async with scene.engine.begin() as connection:
        await connection.execute(text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
        counting = asyncio.create_task(scene.stores.tally.tally())
        while not await scene.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            assert not counting.done()
        assert await scene.stores.drafting.queue_comment(draft) is not None
    before, after = await counting, await scene.stores.tally.tally()
    assert (before.undecided, before.comments) == (1, {})
    assert (after.undecided, after.comments) == (0, {"pending": 1})


async def test_what_is_open_is_counted_by_state(scene: Scene) -> None:
    await scene.queued()
    await scene.sql("UPDATE channels SET recovered_late = 4")
    standing = await scene.stores.stats.standing()
    assert (standing.sending.due, standing.sending.sending) == (1, 0)
    assert standing.jobs == {"waiting": 1, "taken": 0, "buried": 0}
    assert standing.recovered_late == 4


async def test_what_people_wrote_stands_in_no_error(scene: Scene) -> None:
    with pytest.raises(DBAPIError) as failed:
        await scene.sql(
            "INSERT INTO contacts (telegram_id, name) VALUES (1, :n), (1, :n)", n="Olga"
        )
    assert "Olga" not in str(failed.value)
