"""What is asked again and again is answered by index, in tables of a million rows.

The statements are those that the stores really send, caught on their way. By default the tables
hold a tenth, and the planner is told of ten times as many rows (in the same number of pages, which
makes reading whole tables look cheaper than it would be). TROUPE_TEST_ROWS=1000000 fills them.
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from orchestrator.facts import PostSeen
from orchestrator.ids import MessageId, OutboxId, PostRef
from orchestrator.jobs import ConsiderPost
from orchestrator.outbox.gate import GateTerms
from orchestrator.ports.outbox import OutboxKind
from orchestrator.ports.telegram import Sent
from personas.silence import Silence, SilenceReason
from tests.integration.db.conftest import CHANNEL, NODE, OLGA, Scene, new_answer
from tests.support.jobs import OTHER, WORKER

SIZE = 1_000_000
ROWS = int(os.environ.get("TROUPE_TEST_ROWS", SIZE // 10))
LARGE = (
    "posts", "drafts", "comments", "outbox", "jobs", "silences", "leases", "contacts",
    "conversations", "messages", "answers", "group_lines",
)  # fmt: skip
NUMBERS = f"FROM generate_series(1, {ROWS}) AS n"
FILL = (
    f"""
    INSERT INTO leases (account_id, node, fence, beat, released)
    SELECT 1000 + n, 'node ' || n % 20, 1, n, n % 100 = 0 FROM generate_series(1, {ROWS // 10}) n
    """,
    f"""
    INSERT INTO posts (channel_id, message_id, text, seen_by, created_at)
    SELECT 100 + n % 1000, n, 'post ' || n, 1, now() - make_interval(secs => n) {NUMBERS}
    """,
    f"""
    INSERT INTO jobs (kind, payload, unique_key, state, claimed_by, claimed_at, due_at, finished_at)
    SELECT 'ConsiderPost', jsonb_build_object('post', jsonb_build_array(100 + n % 1000, n)),
           'ConsiderPost ' || n, of.state, 'north#1', now(), now() - make_interval(secs => n), now()
    {NUMBERS}, LATERAL (SELECT CASE WHEN n % 1000 = 0 THEN 'waiting' WHEN n % 5000 = 1 THEN 'taken'
                                    WHEN n % 5000 = 2 THEN 'buried' ELSE 'done' END AS state) AS of
    """,
    f"""
    INSERT INTO silences (channel_id, message_id, campaign_id, reason, detail, at)
    SELECT 100 + n % 1000, n, 1, 'no_script_fits', '', now() - make_interval(secs => n) {NUMBERS}
    """,
    f"""
    INSERT INTO drafts (channel_id, message_id, campaign_id, schedule_id, account_id, grant_id,
                        text, strategy, reason, source, fit, state, decided_at, due_at, expires_at)
    SELECT 100 + n % 1000, n, 100 + n % 50, 100 + n % 500, 1000 + n % 500, 100 + n % 1000,
           'line ' || n, 'script_80', '', 'local', 0.9,
           CASE WHEN n % 1000 = 0 THEN 'review' ELSE 'queued' END,
           CASE WHEN n % 1000 <> 0 THEN now() END, now(), now()
    {NUMBERS}
    """,
    f"""
    INSERT INTO comments (channel_id, message_id, slot, account_id, draft_id, grant_id, campaign_id,
                          schedule_id, text, status, planned_on, counted_on, sent_at,
                          sent_message_id)
    SELECT 100 + n % 1000, n, 1, 1000 + n % 500, n, 100 + n % 1000, 100 + n % 50, 100 + n % 500,
           'line ' || n, 'sent', current_date - n % 300, current_date - n % 300,
           now() - make_interval(secs => n), n
    {NUMBERS}
    """,
    f"""
    INSERT INTO outbox (account_id, kind, comment_id, grant_id, peer_kind, peer_id,
                        peer_access_hash, text, random_id, state, due_at, expires_at, finished_at)
    SELECT 1000 + n % 500, 'comment', 1000000000 + n, 100 + n % 1000, 'channel', n % 1000, 1,
           'line ' || n, n, CASE WHEN n % 100 = 0 THEN 'due' ELSE 'sent' END,
           now() - make_interval(secs => n), now() + interval '1 day',
           CASE WHEN n % 100 <> 0 THEN now() END
    {NUMBERS}
    """,
    f"""
    INSERT INTO contacts (telegram_id) SELECT 1000000 + n FROM generate_series(1, {ROWS // 4}) AS n
    """,
    f"""
    INSERT INTO conversations (account_id, contact_id)
    SELECT 1000 + n % 500, n / 2 FROM generate_series(2, {ROWS // 2}) AS n
    """,
    f"""
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at)
    SELECT n / 2, CASE WHEN n % 3 = 0 THEN 'outgoing' ELSE 'incoming' END, n, 'word ' || n, now()
    {NUMBERS}
    """,
    f"""
    INSERT INTO answers (conversation_id, account_id, inbound_message_id, part, text, reason,
                         source, approved_by)
    SELECT n / 2, 1000 + n % 500, n, 1, 'word ' || n, '', 'local', 'script'
    FROM generate_series(2, {ROWS // 4}) AS n
    """,
    f"""
    INSERT INTO group_lines (study_group_id, account_id, grant_id, text, reason, source,
                             approved_by)
    SELECT 100 + n % 50, 1000 + n % 500, 100 + n % 50, 'line', '', 'script', 'script'
    FROM generate_series(1, {ROWS // 8}) AS n
    """,
    f"""
    INSERT INTO outbox (account_id, kind, inbound_message_id, answer_id, peer_kind, peer_id,
                        peer_access_hash, text, random_id, state, due_at, expires_at, finished_at,
                        sent_message_id)
    SELECT 1000 + n % 500, 'direct', n, n, 'user', n / 4, 1, 'word ' || n, 1000000000 + n,
           CASE WHEN n % 100 = 0 THEN 'due' ELSE 'sent' END, now() - make_interval(secs => n),
           now() + interval '1 day', CASE WHEN n % 100 <> 0 THEN now() END, n
    FROM generate_series(1, {ROWS // 4} - 1) AS n
    """,
)
TELL_OF_MORE = """
    UPDATE pg_class SET reltuples = reltuples * $1
    WHERE reltuples > 0 AND relnamespace = 'public'::regnamespace
      AND (oid::regclass::text ~ $2 OR oid IN (
          SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text ~ $2))
"""


@dataclass
class Caught:
    """The statements that were sent, each with what called for it."""

    name: str = ""
    statements: list[tuple[str, str, tuple[Any, ...]]] = field(default_factory=list)

    async def during(self, name: str, call: Awaitable[Any]) -> Any:
        self.name = name
        return await call


@contextmanager
def catching(engine: AsyncEngine) -> Iterator[Caught]:
    caught = Caught()

    def catch(
        _connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool
    ) -> None:
        if caught.name and not statement.startswith("SET "):
            caught.statements.append((caught.name, statement, tuple(values or ())))

    event.listen(engine.sync_engine, "before_cursor_execute", catch)
    try:
        yield caught
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", catch)


@pytest.fixture
async def aside(scene: Scene) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    url = scene.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def large(aside: asyncpg.Connection) -> asyncpg.Connection:
    """The scene among a million rows of others."""
    await aside.execute("SET session_replication_role = replica")
    for table in set(LARGE) - {"posts"}:
        await aside.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    for statement in FILL:
        await aside.execute(statement)
    await aside.execute("VACUUM ANALYZE")
    if ROWS < SIZE:
        names = rf"^({'|'.join(LARGE)})(_p?\d+)?$"
        await aside.execute(TELL_OF_MORE, SIZE // ROWS, names)
    return aside


async def test_nothing_that_is_asked_often_reads_a_large_table_from_end_to_end(
    scene: Scene, large: asyncpg.Connection
) -> None:
    with catching(scene.engine) as caught:
        for name, call in hot_calls(scene):
            await caught.during(name, call())
    caught_names = {name for name, _, _ in caught.statements}
    assert caught_names == {name for name, _ in hot_calls(scene)}
    slow = {
        f"{name}: {' '.join(statement.split())[:200]}": read
        for name, statement, values in caught.statements
        if (read := await read_whole(large, statement, values))
    }
    assert not slow
    # What has no index is found out, or the above would prove nothing.
    without = "SELECT id FROM outbox WHERE last_error = $1"
    assert await read_whole(large, without, ("x",)) == ["outbox"]


async def test_recording_a_batch_of_posts_compares_none_of_them_with_each_other(
    scene: Scene, aside: asyncpg.Connection
) -> None:
    now, numbers = datetime.now(UTC), range(1, 201)
    posts = [
        PostSeen(scene.anna, CHANNEL, MessageId(number), "?", now, late=True) for number in numbers
    ]
    with catching(scene.engine) as caught:
        await caught.during("record", scene.stores.intake.record(posts))
    [(_, statement, values)] = caught.statements
    await scene.sql("TRUNCATE posts, jobs CASCADE")
    told = await aside.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    [plan] = json.loads(told)
    assert await scene.sql("SELECT recovered_late FROM channels") == 2 * len(posts)
    passed_over = sum(node.get("Rows Removed by Join Filter", 0) for node in walk(plan["Plan"]))
    assert passed_over <= len(posts)


Call = Callable[[], Awaitable[Any]]


def hot_calls(scene: Scene) -> Sequence[tuple[str, Call]]:
    """What lanes, workers, nodes and the reading of updates ask all the time."""
    asked = (of_posts, of_messages, of_answers, of_jobs, of_nodes, of_eyes)
    return tuple(call for of_some in asked for call in of_some(scene))


def of_posts(scene: Scene) -> Sequence[tuple[str, Call]]:
    now = datetime.now(UTC)
    post = PostSeen(scene.anna, CHANNEL, MessageId(1), "What do comets smell of?", now)
    first, second = (PostRef(scene.channel, MessageId(number)) for number in (1, 2))

    async def comment() -> None:
        draft = await scene.draft(first)
        assert await scene.stores.drafting.queue_comment(draft) is not None

    silence = Silence(SilenceReason.NO_SCRIPT_FITS, "nothing fits")
    intake, drafting = scene.stores.intake, scene.stores.drafting
    return (
        ("record_post_and_queue", lambda: intake.record_post_and_queue(post)),
        ("record", lambda: intake.record([replace(post, message=MessageId(2))])),
        ("queue_comment", comment),
        ("record_silence", lambda: drafting.record_silence(second, silence)),
    )


def of_messages(scene: Scene) -> Sequence[tuple[str, Call]]:
    outbox, holder = scene.stores.outbox, scene.holder
    minute = timedelta(minutes=1)

    async def message() -> OutboxId:
        sql = "SELECT id FROM outbox WHERE account_id = :a ORDER BY id LIMIT 1"
        return OutboxId(await scene.sql(sql, a=scene.anna))

    async def send() -> None:
        claim = await outbox.claim_if_welcome(holder, await message(), GateTerms())
        assert claim.letter is not None, claim.verdict
        await outbox.give_back(holder, await message())
        await outbox.claim_if_welcome(holder, await message(), GateTerms())
        sent = Sent(MessageId(5), datetime.now(UTC))
        await outbox.record_unknown(holder, await message(), "no answer", retry_in=minute)
        await outbox.record_sent(holder, await message(), sent)

    async def address() -> None:
        await outbox.address(holder, await message(), scene.thread())

    return (
        ("next_waiting", lambda: outbox.next_waiting(holder)),
        ("gather_waiting", lambda: outbox.gather_waiting([holder], 100)),
        ("address", address),
        ("claim_if_welcome and record_sent", send),
        ("abandon_claims", lambda: outbox.abandon_claims(holder)),
        ("give_up_expired", lambda: outbox.give_up_expired(minute)),
    )


def of_answers(scene: Scene) -> Sequence[tuple[str, Call]]:
    """What is asked of messages that are no comments."""
    outbox, answers, holder = scene.stores.outbox, scene.stores.answers, scene.holder

    async def claim(message: OutboxId, kind: OutboxKind) -> None:
        claim = await outbox.claim_if_welcome(holder, message, GateTerms(), kind)
        assert claim.letter is not None, claim.verdict

    async def answer() -> None:
        message = await scene.answered()
        await claim(message, OutboxKind.DIRECT)
        await outbox.record_unknown(holder, message, "no answer", timedelta())
        await outbox.sent_beside(message)
        await outbox.record_sent(holder, message, Sent(MessageId(6), datetime.now(UTC)))

    async def line() -> None:
        await claim(await scene.lined_up(), OutboxKind.STUDY_GROUP)

    async def leave_alone() -> None:
        conversation, inbound = await scene.heard(3)
        await answers.queue_answer(new_answer(conversation, inbound))
        assert await answers.cancel_answers(conversation, "taken over") == 1
        await answers.opt_out(OLGA, conversation, "by telephone")
        await scene.heard(4, "stop")

    return (
        ("queue_answer, its claim and its proof", answer),
        ("queue_group_line and its claim", line),
        ("cancel_answers and opt_out", leave_alone),
    )


def of_jobs(scene: Scene) -> Sequence[tuple[str, Call]]:
    jobs = scene.stores.jobs

    async def work() -> None:
        first = await jobs.take_jobs(WORKER, 100)
        second = await jobs.take_jobs(WORKER, 100, done=first)
        assert len(first) == 100
        await jobs.put_off_job(second[0], timedelta(), "again")
        await jobs.bury_job(second[1], "no more")
        await jobs.finish_jobs(second[2:4])
        await jobs.return_jobs(second[4:])

    return (
        ("queue_job", lambda: jobs.queue_job(ConsiderPost(PostRef(scene.channel, MessageId(7))))),
        ("take_jobs and finish_jobs", work),
        ("take_over_jobs", lambda: jobs.take_over_jobs(OTHER, [], frozenset({NODE}))),
    )


def of_nodes(scene: Scene) -> Sequence[tuple[str, Call]]:
    leases = scene.stores.leases
    return (
        ("renew_leases", lambda: leases.renew_leases(NODE, {scene.anna: scene.holder.fence})),
        ("lease_of", lambda: leases.lease_of(scene.anna)),
    )


def of_eyes(scene: Scene) -> Sequence[tuple[str, Call]]:
    """What `troupe status` and the demo ask."""
    return (
        ("tally", scene.stores.tally.tally),
        ("decisions", lambda: scene.stores.tally.decisions(20)),
        ("known_posts", lambda: scene.stores.intake.known_posts(scene.channel, 50)),
    )


async def read_whole(
    connection: asyncpg.Connection, statement: str, values: Sequence[Any]
) -> list[str]:
    """Return the large tables that a statement would read from end to end."""
    async with connection.transaction(readonly=False):
        told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
    [plan] = json.loads(told)
    return sorted(
        name
        for node in walk(plan["Plan"])
        if node["Node Type"] == "Seq Scan" and (name := node["Relation Name"]).startswith(LARGE)
    )


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk through a plan."""
    yield node
    for inner in node.get("Plans", ()):
        yield from walk(inner)
