"""The gates for answers and for study groups say what their pure rules say (charter rules 3, 4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.outbox import Question, questions_of
from orchestrator.campaigns.window import clock_text
from orchestrator.ids import OutboxId, TelegramId
from orchestrator.outbox.answers import AnswerFacts, judge_answer
from orchestrator.outbox.gate import GateTerms, GrantFacts, RowFacts, Verdict
from orchestrator.outbox.lines import LineFacts, judge_line
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.answers import Hours
from orchestrator.ports.conversations import ConversationState
from orchestrator.ports.outbox import OutboxKind, OutboxState
from tests.integration.db.conftest import STUDY_GROUP, Scene, new_answer
from tests.integration.db.test_gate import (
    AT_A_GIVEN_TIME,
    NEW_YEAR,
    OTHER_GROUP,
    UPDATE_GRANT,
    ZONES,
    grant_row,
    maybe,
    near,
    windows,
)

TERMS = GateTerms(answer_parts=2)
PERSON = TelegramId(500)
FINISHED = {"sent", "failed", "cancelled", "unresolved"}
PROPERTY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def row_in_order(now: datetime) -> dict[str, Any]:
    """What every message needs to go out."""
    return {
        "now": now,
        "state": "due",
        "due_at": now - timedelta(minutes=1),
        "expires_at": now + timedelta(hours=1),
        "node_holds_lease": True,
        "account_state": "active",
        "disclosed_at": now - timedelta(minutes=5),
        "disclosed_under_this_fence": True,
        "held_until": None,
    }


def row_changes(now: datetime) -> dict[str, st.SearchStrategy[Any]]:
    """Every way in which a row or its account may not be in order."""
    return {
        "state": st.sampled_from([str(state) for state in OutboxState]),
        "due_at": near(now),
        "expires_at": near(now),
        "node_holds_lease": st.booleans(),
        "account_state": st.sampled_from([str(state) for state in AccountState]),
        "disclosed_at": maybe(near(now, TERMS.disclosure_lasts)),
        "disclosed_under_this_fence": st.booleans(),
        "held_until": maybe(near(now)),
    }


def drawn(draw: st.DrawFn, given: Any, changes: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Change a few things, so that late rules are reached too."""
    for name in draw(st.sets(st.sampled_from(sorted(changes)), max_size=3)):
        given = replace(given, **{name: draw(changes[name])})
    return given


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    return Hours(draw(windows()), ZoneInfo(draw(st.sampled_from(ZONES))))


@st.composite
def answer_facts(draw: st.DrawFn) -> AnswerFacts:
    now = NEW_YEAR + timedelta(seconds=draw(st.integers(0, 366 * 24 * 3600)))
    in_order = AnswerFacts(
        **row_in_order(now),
        peer=PERSON,
        person=PERSON,
        opted_out=False,
        conversation_state="open",
        held_by=None,
        by_operator=False,
        approved_by="script",
        parting=False,
        parts_out=0,
        hours=None,
    )
    others = {
        "peer": st.sampled_from([None, PERSON, TelegramId(501)]),
        "opted_out": st.booleans(),
        "conversation_state": st.sampled_from([str(state) for state in ConversationState]),
        "held_by": st.sampled_from([None, "olga", "pavel"]),
        "by_operator": st.booleans(),
        "approved_by": st.sampled_from(["olga", "pavel"]),
        "parting": st.booleans(),
        "parts_out": st.integers(0, 3),
        "hours": maybe(hours()),
    }
    found: AnswerFacts = drawn(draw, in_order, row_changes(now) | others)
    if draw(st.booleans()):
        state = draw(others["conversation_state"])
        found = drawn(draw, replace(found, conversation_state=state), others)
    return found


@st.composite
def line_facts(draw: st.DrawFn) -> LineFacts:
    now = NEW_YEAR + timedelta(seconds=draw(st.integers(0, 366 * 24 * 3600)))
    grant = GrantFacts(
        scope="study_group",
        comments_per_post=1,
        linked_group=STUDY_GROUP,
        starts_at=now - timedelta(days=2),
        expires_at=None,
        verified_at=now - timedelta(hours=1),
        suspended=False,
        revoked=False,
    )
    in_order = LineFacts(
        **row_in_order(now),
        peer=STUDY_GROUP,
        grant=drawn(
            draw,
            grant,
            {
                "linked_group": st.sampled_from([STUDY_GROUP, OTHER_GROUP]),
                "starts_at": near(now),
                "expires_at": maybe(near(now)),
                "verified_at": near(now, TERMS.verification_lasts),
                "suspended": st.booleans(),
                "revoked": st.booleans(),
            },
        )
        if draw(st.booleans())
        else grant,
        group=STUDY_GROUP,
        group_active=True,
        has_role=True,
        notice_pinned=True,
    )
    others = {
        "peer": st.sampled_from([None, STUDY_GROUP, OTHER_GROUP]),
        "group_active": st.booleans(),
        "has_role": st.booleans(),
        "notice_pinned": st.booleans(),
    }
    found: LineFacts = drawn(draw, in_order, row_changes(now) | others)
    assume(found.grant.expires_at is None or found.grant.expires_at > found.grant.starts_at)
    return found


async def write(connection: AsyncConnection, statement: str, **values: Any) -> None:
    await connection.execute(text(statement), values)


async def arrange_row(
    connection: AsyncConnection, scene: Scene, message: OutboxId, given: RowFacts, peer: str
) -> None:
    """Write what the gates look at of every message."""
    await write(
        connection,
        "UPDATE outbox SET state = :state, due_at = :due, expires_at = :expires, peer_id = :peer,"
        " peer_kind = :kind, peer_access_hash = :hash, finished_at = :finished, claimed_fence = 0"
        " WHERE id = :m",
        m=message,
        state=given.state,
        due=given.due_at,
        expires=given.expires_at,
        peer=given.peer,
        kind=None if given.peer is None else peer,
        hash=None if given.peer is None else 42,
        finished=given.now if given.state in FINISHED else None,
    )
    if not given.node_holds_lease:
        await write(connection, "UPDATE leases SET fence = fence + 1")
    await write(
        connection,
        "UPDATE accounts SET state = :state, disclosed_at = :at, disclosed_fence = :fence",
        state=given.account_state,
        at=given.disclosed_at,
        fence=scene.holder.fence - (not given.disclosed_under_this_fence),
    )
    if given.held_until is not None:
        await write(
            connection,
            "INSERT INTO holds (account_id, not_before, reason) VALUES (:account, :at, 'flood')",
            account=scene.anna,
            at=given.held_until,
        )


async def ask(
    connection: AsyncConnection, scene: Scene, message: OutboxId, kind: OutboxKind, now: datetime
) -> Any:
    """Ask the gate at a given moment."""
    asked = questions_of([Question(scene.holder, message, TERMS, kind)])
    return (await connection.execute(AT_A_GIVEN_TIME[kind], {**asked, "now": now})).one()


async def left_as(connection: AsyncConnection, message: OutboxId) -> str:
    found = await connection.execute(text("SELECT state FROM outbox WHERE id = :m"), {"m": message})
    return str(found.scalar_one())


@pytest.fixture
async def answer(scene: Scene) -> tuple[Scene, tuple[OutboxId, ...]]:
    """An answer of four parts."""
    conversation, inbound = await scene.heard()
    queued = await scene.stores.answers.queue_answer(
        new_answer(conversation, inbound, "one", "two", "three", "four")
    )
    assert isinstance(queued, tuple)
    return scene, queued


@PROPERTY
@given(facts=answer_facts(), said=st.sampled_from(["sent", "sending", "unknown", "unresolved"]))
async def test_the_gate_for_answers_and_its_pure_rule_agree(
    answer: tuple[Scene, tuple[OutboxId, ...]], facts: AnswerFacts, said: str
) -> None:
    scene, (message, *others) = answer
    expected = judge_answer(facts, TERMS)
    event(str(expected))
    async with scene.engine.connect() as connection:
        await arrange_row(connection, scene, message, facts, "user")
        for other in others[: facts.parts_out]:
            await write(
                connection,
                "UPDATE outbox SET state = :state, claimed_fence = 0, finished_at = :at"
                " WHERE id = :m",
                m=other,
                state=said,
                at=facts.now if said in FINISHED else None,
            )
        if facts.opted_out:
            await write(
                connection, "INSERT INTO opt_outs (contact_id, reason) VALUES (1, 'report')"
            )
        await write(
            connection,
            "UPDATE conversations SET state = :state, held_by = :held",
            state=facts.conversation_state,
            held=facts.held_by,
        )
        window = facts.hours
        await write(
            connection,
            "UPDATE answers SET source = :source, approved_by = :by, parting = :parting,"
            " opens = :opens, closes = :closes, time_zone = :zone",
            source="operator" if facts.by_operator else "local",
            by=facts.approved_by,
            parting=facts.parting,
            opens=clock_text(window.window.start) if window else None,
            closes=clock_text(window.window.end) if window else None,
            zone=window.zone.key if window else None,
        )
        row = await ask(connection, scene, message, OutboxKind.DIRECT, facts.now)
        left = await left_as(connection, message)
        await connection.rollback()
    assert Verdict(row.verdict) is expected
    claimed = expected is Verdict.WELCOME
    assert (left == "sending") is (claimed or facts.state == "sending")
    assert (row.random_id is not None) is claimed


@pytest.fixture
async def line(scene: Scene) -> tuple[Scene, OutboxId]:
    """A line for a study group."""
    return scene, await scene.lined_up()


@PROPERTY
@given(facts=line_facts())
async def test_the_gate_for_study_groups_and_its_pure_rule_agree(
    line: tuple[Scene, OutboxId], facts: LineFacts
) -> None:
    scene, message = line
    expected = judge_line(facts, TERMS)
    event(str(expected))
    async with scene.engine.connect() as connection:
        await arrange_row(connection, scene, message, facts, "channel")
        await write(
            connection,
            f"{UPDATE_GRANT} WHERE scope = 'study_group'",
            **grant_row(facts.grant, facts.now),
        )
        await write(
            connection,
            "UPDATE study_groups SET state = :state, pinned_notice_id = :notice",
            state="active" if facts.group_active else "closed",
            notice=3 if facts.notice_pinned else None,
        )
        await write(
            connection,
            "UPDATE study_group_roles SET ended_at = :at",
            at=None if facts.has_role else facts.now,
        )
        row = await ask(connection, scene, message, OutboxKind.STUDY_GROUP, facts.now)
        left = await left_as(connection, message)
        await connection.rollback()
    assert Verdict(row.verdict) is expected
    assert (left == "sending") is (expected is Verdict.WELCOME or facts.state == "sending")
