"""The statement that lets messages out says what the pure rule says (charter rules 1 to 5)."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.gate import CLAIM_IF_WELCOME
from db.stores.outbox import Question, questions_of
from orchestrator.campaigns.window import Window, clock_text, local_date
from orchestrator.ids import OutboxId, TelegramId
from orchestrator.outbox.gate import (
    SEND_METHOD,
    GateFacts,
    GateTerms,
    GrantFacts,
    Verdict,
    judge,
)
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.campaigns import CampaignState
from orchestrator.ports.outbox import OutboxKind, OutboxState
from tests.integration.db.conftest import ANYTIME, GROUP, OLGA, Scene

TERMS = GateTerms()
OTHER_GROUP = TelegramId(999)
ZONES = ["Europe/Moscow", "UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]
STEPS = [timedelta(days=n) for n in (-3, -1, 1, 3)] + [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(microseconds=-1),
    timedelta(minutes=20),
    timedelta(minutes=-20),
]

AT_A_GIVEN_TIME = {
    kind: text(statement.text.replace("clock_timestamp()", "CAST(:now AS timestamptz)"))
    for kind, statement in CLAIM_IF_WELCOME.items()
}
"""The very same statements, but for their clock."""

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def welcome(now: datetime) -> GateFacts:
    """Facts under which everything is in order."""
    return GateFacts(
        now=now,
        state="due",
        due_at=now - timedelta(minutes=1),
        expires_at=now + timedelta(hours=1),
        slot=1,
        peer=GROUP,
        node_holds_lease=True,
        account_state="active",
        disclosed_at=now - timedelta(minutes=5),
        disclosed_under_this_fence=True,
        grant=GrantFacts(
            scope="comments",
            comments_per_post=1,
            linked_group=GROUP,
            starts_at=now - timedelta(days=2),
            expires_at=None,
            verified_at=now - timedelta(hours=1),
            suspended=False,
            revoked=False,
        ),
        channel_active=True,
        channel_group=GROUP,
        campaign_state="running",
        schedule_active=True,
        window=ANYTIME,
        zone=ZoneInfo("Europe/Moscow"),
        comments_per_day=3,
        counted_today=0,
        held_until=None,
    )


def near(now: datetime, *around: timedelta) -> st.SearchStrategy[datetime]:
    """Draw moments on both sides of what matters, to the microsecond."""
    steps = [step - limit for step in STEPS for limit in (timedelta(0), *around)]
    return st.sampled_from([now + step for step in steps])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw nothing at times."""
    return st.none() | strategy


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Draw windows of whole minutes, also over midnight and up to 24:00."""
    start, end = draw(st.integers(0, 1439)), draw(st.integers(0, 1440))
    assume(start != end)
    return Window(start, end)


def changes(now: datetime) -> dict[str, st.SearchStrategy[Any]]:
    """Every way in which something may not be in order."""
    return {
        "state": st.sampled_from([str(state) for state in OutboxState]),
        "due_at": near(now),
        "expires_at": near(now),
        "slot": st.integers(1, 3),
        "peer": st.sampled_from([None, GROUP, OTHER_GROUP]),
        "node_holds_lease": st.booleans(),
        "account_state": st.sampled_from([str(state) for state in AccountState]),
        "disclosed_at": maybe(near(now, TERMS.disclosure_lasts)),
        "disclosed_under_this_fence": st.booleans(),
        "channel_active": st.booleans(),
        "channel_group": st.sampled_from([None, GROUP, OTHER_GROUP]),
        "campaign_state": st.sampled_from([str(state) for state in CampaignState]),
        "schedule_active": st.booleans(),
        "window": windows(),
        "zone": st.sampled_from([ZoneInfo(name) for name in ZONES]),
        "comments_per_day": st.integers(1, 4),
        "counted_today": st.integers(0, 4),
        "held_until": maybe(near(now)),
    }


def grant_changes(now: datetime) -> dict[str, st.SearchStrategy[Any]]:
    """Every way in which a grant may not be in order."""
    return {
        "comments_per_post": st.integers(1, 3),
        "linked_group": st.sampled_from([GROUP, OTHER_GROUP]),
        "starts_at": near(now),
        "expires_at": maybe(near(now)),
        "verified_at": near(now, TERMS.verification_lasts),
        "suspended": st.booleans(),
        "revoked": st.booleans(),
    }


@st.composite
def facts(draw: st.DrawFn) -> GateFacts:
    """Draw facts of which a few are out of order, so that late rules are reached too."""
    now = NEW_YEAR + timedelta(seconds=draw(st.integers(0, 366 * 24 * 3600)))
    drawn = welcome(now)
    assert drawn.grant is not None
    outer, inner = changes(now), grant_changes(now)
    for name in draw(st.sets(st.sampled_from(sorted(outer)), max_size=3)):
        drawn = replace(drawn, **{name: draw(outer[name])})
    grant = drawn.grant
    assert grant is not None
    for name in draw(st.sets(st.sampled_from(sorted(inner)), max_size=2)):
        grant = replace(grant, **{name: draw(inner[name])})
    assume(grant.expires_at is None or grant.expires_at > grant.starts_at)
    return replace(drawn, grant=grant)


@dataclass(frozen=True, slots=True)
class Stand:
    """A message in the outbox, and four more comments of the same schedule."""

    scene: Scene
    message: OutboxId


@pytest.fixture
async def stand(scene: Scene) -> Stand:
    messages = [await scene.queued(number) for number in range(1, 6)]
    return Stand(scene, messages[0])


UPDATE_GRANT = (
    "UPDATE grants SET linked_group_id = :group, starts_at = :starts, expires_at = :ends,"
    " verified_at = :verified, suspended_at = :suspended, suspended_reason = :why,"
    " suspended_for = :what, revoked_at = :revoked, revoked_by = :by"
)


def grant_row(grant: GrantFacts, now: datetime) -> dict[str, object]:
    """Lay a grant's facts out as `UPDATE_GRANT` writes them."""
    return {
        "group": grant.linked_group,
        "starts": grant.starts_at,
        "ends": grant.expires_at,
        "verified": grant.verified_at,
        "suspended": now if grant.suspended else None,
        "why": "lost" if grant.suspended else None,
        "what": "proof" if grant.suspended else None,
        "revoked": now if grant.revoked else None,
        "by": "olga" if grant.revoked else None,
    }


async def arrange(connection: AsyncConnection, stand: Stand, given: GateFacts) -> None:
    """Write the facts into the rows that the gate reads."""

    async def write(statement: str, **values: Any) -> None:
        await connection.execute(text(statement), values)

    grant = given.grant
    assert grant is not None
    scene, message = stand.scene, stand.message
    peer_kind, access_hash = (None, None) if given.peer is None else ("channel", 42)
    finished = given.now if given.state in {"sent", "failed", "cancelled", "unresolved"} else None
    await write(
        "UPDATE outbox SET state = :state, due_at = :due, expires_at = :expires, peer_id = :peer,"
        " peer_kind = :kind, peer_access_hash = :hash, finished_at = :finished, claimed_fence = 0"
        " WHERE id = :m",
        m=message,
        state=given.state,
        due=given.due_at,
        expires=given.expires_at,
        peer=given.peer,
        kind=peer_kind,
        hash=access_hash,
        finished=finished,
    )
    await write(
        "UPDATE comments SET slot = :slot WHERE id = (SELECT comment_id FROM outbox WHERE id = :m)",
        slot=given.slot,
        m=message,
    )
    await write(
        "UPDATE comments SET counted_on = :today WHERE id IN (SELECT id FROM comments WHERE id <>"
        " (SELECT comment_id FROM outbox WHERE id = :m) ORDER BY id LIMIT :n)",
        today=local_date(given.now, given.zone),
        m=message,
        n=given.counted_today,
    )
    if not given.node_holds_lease:
        await write("UPDATE leases SET fence = fence + 1")
    await write(
        "UPDATE accounts SET state = :state, disclosed_at = :at, disclosed_fence = :fence",
        state=given.account_state,
        at=given.disclosed_at,
        fence=scene.holder.fence - (not given.disclosed_under_this_fence),
    )
    await write(
        f"{UPDATE_GRANT}, scope = :scope, comments_per_post = :per_post",
        scope=grant.scope,
        per_post=grant.comments_per_post,
        **grant_row(grant, given.now),
    )
    await write(
        "UPDATE channels SET is_active = :active, linked_group_id = :group",
        active=given.channel_active,
        group=given.channel_group,
    )
    await write(
        "UPDATE campaigns SET state = :state, time_zone = :zone",
        state=given.campaign_state,
        zone=given.zone.key,
    )
    await write(
        "UPDATE schedules SET is_active = :active, comments_per_day = :limit,"
        " start_time = :start, end_time = :end",
        active=given.schedule_active,
        limit=given.comments_per_day,
        start=clock_text(given.window.start),
        end=clock_text(given.window.end),
    )
    if given.held_until is not None:
        await write(
            "INSERT INTO holds (account_id, not_before, reason) VALUES (:account, :at, 'flood')",
            account=scene.anna,
            at=given.held_until,
        )


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given_facts=facts())
async def test_the_statement_and_the_pure_rule_agree(stand: Stand, given_facts: GateFacts) -> None:
    expected = judge(given_facts, TERMS)
    event(str(expected))
    async with stand.scene.engine.connect() as connection:
        await arrange(connection, stand, given_facts)
        asked = questions_of([Question(stand.scene.holder, stand.message, TERMS)])
        row = (
            await connection.execute(
                AT_A_GIVEN_TIME[OutboxKind.COMMENT], {**asked, "now": given_facts.now}
            )
        ).one()
        left = (
            await connection.execute(
                text("SELECT state FROM outbox WHERE id = :m"), {"m": stand.message}
            )
        ).scalar_one()
        await connection.rollback()
    assert Verdict(row.verdict) is expected
    claimed = expected is Verdict.WELCOME
    assert (left == "sending") is (claimed or given_facts.state == "sending")
    assert (row.random_id is not None) is claimed


@pytest.mark.parametrize(
    ("peer", "method", "held"),
    [
        (None, None, True),
        (GROUP, None, True),
        (None, SEND_METHOD, True),
        (OTHER_GROUP, None, False),
        (None, "messages.GetHistory", False),
    ],
)
async def test_a_hold_concerns_its_chat_and_its_method_only(
    scene: Scene, peer: TelegramId | None, method: str | None, *, held: bool
) -> None:
    message = await scene.queued()
    await scene.stores.outbox.hold(scene.anna, peer, method, timedelta(minutes=1), "flood")
    claim = await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert claim.verdict is (Verdict.HELD if held else Verdict.WELCOME)


async def test_a_revoke_waits_for_a_claim_that_came_first_and_lists_it(scene: Scene) -> None:
    message = await scene.queued()
    async with scene.engine.begin() as connection:
        asked = questions_of([Question(scene.holder, message, TERMS)])
        row = (await connection.execute(CLAIM_IF_WELCOME[OutboxKind.COMMENT], asked)).one()
        assert row.verdict == "welcome"
        revoking = asyncio.create_task(scene.stores.grants.revoke_and_cancel(OLGA, scene.grant))
        while not await scene.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            assert not revoking.done()
    revocation = await revoking
    assert (revocation.cancelled, len(revocation.in_flight)) == (0, 1)


async def test_a_claim_waits_for_a_revoke_that_came_first_and_obeys_it(scene: Scene) -> None:
    message = await scene.queued()
    async with scene.engine.begin() as connection:
        revoke = text("UPDATE grants SET revoked_at = now(), revoked_by = 'olga'")
        await connection.execute(revoke)
        claiming = asyncio.create_task(
            scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
        )
        while not await scene.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            assert not claiming.done()
    assert (await claiming).verdict is Verdict.GRANT_REVOKED


async def test_the_gate_answers_for_a_message_that_is_not_this_accounts(scene: Scene) -> None:
    claim = await scene.stores.outbox.claim_if_welcome(scene.holder, OutboxId(12345), TERMS)
    assert (claim.verdict, claim.letter) == (Verdict.NOT_DUE, None)
