from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.campaigns.window import Window
from orchestrator.ids import TelegramId
from orchestrator.outbox.gate import GateFacts, GateTerms, GrantFacts, Verdict, judge

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = TelegramId(50)
HOUR = timedelta(hours=1)
GRANT = GrantFacts(
    scope="comments",
    comments_per_post=1,
    linked_group=GROUP,
    starts_at=NOW - HOUR,
    expires_at=NOW + HOUR,
    verified_at=NOW,
    suspended=False,
    revoked=False,
)
WELCOME = GateFacts(
    now=NOW,
    state="due",
    due_at=NOW,
    expires_at=NOW + HOUR,
    slot=1,
    peer=GROUP,
    node_holds_lease=True,
    account_state="active",
    disclosed_at=NOW,
    disclosed_under_this_fence=True,
    grant=GRANT,
    channel_active=True,
    channel_group=GROUP,
    campaign_state="running",
    schedule_active=True,
    window=Window.between("09:00", "23:00"),
    zone=ZoneInfo("UTC"),
    comments_per_day=5,
    counted_today=4,
    held_until=None,
)

MOMENTS = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(lambda gap: NOW + gap)
GRANTS = st.builds(
    GrantFacts,
    scope=st.sampled_from(["comments", "study_group"]),
    comments_per_post=st.integers(1, 3),
    linked_group=st.sampled_from([GROUP, TelegramId(51)]),
    starts_at=MOMENTS,
    expires_at=st.none() | MOMENTS,
    verified_at=MOMENTS,
    suspended=st.booleans(),
    revoked=st.booleans(),
)
FACTS = st.builds(
    GateFacts,
    now=st.just(NOW),
    state=st.sampled_from(["due", "sending", "sent", "unknown", "failed", "cancelled"]),
    due_at=MOMENTS,
    expires_at=MOMENTS,
    slot=st.integers(1, 4),
    peer=st.sampled_from([None, GROUP, TelegramId(51)]),
    node_holds_lease=st.booleans(),
    account_state=st.sampled_from(["active", "paused", "limited", "public_stopped", "banned"]),
    disclosed_at=st.none() | MOMENTS,
    disclosed_under_this_fence=st.booleans(),
    grant=st.none() | GRANTS,
    channel_active=st.booleans(),
    channel_group=st.sampled_from([None, GROUP, TelegramId(51)]),
    campaign_state=st.sampled_from(["draft", "running", "paused", "stopped"]),
    schedule_active=st.booleans(),
    window=st.sampled_from([Window.between("00:00", "24:00"), Window.between("13:00", "14:00")]),
    zone=st.just(ZoneInfo("UTC")),
    comments_per_day=st.integers(1, 3),
    counted_today=st.integers(0, 4),
    held_until=st.none() | MOMENTS,
)
TERMS = st.builds(
    GateTerms,
    disclosure_lasts=st.timedeltas(timedelta(0), timedelta(days=400)),
    verification_lasts=st.timedeltas(timedelta(0), timedelta(days=400)),
)


def test_a_comment_that_nothing_forbids_is_welcome() -> None:
    assert judge(WELCOME, GateTerms()) is Verdict.WELCOME


@given(facts=FACTS, terms=TERMS)
def test_no_setting_lets_a_comment_out_without_a_live_grant_and_a_disclosed_bio(
    facts: GateFacts, terms: GateTerms
) -> None:
    if judge(facts, terms) is not Verdict.WELCOME:
        return
    grant = facts.grant
    assert grant is not None
    assert not grant.revoked
    assert not grant.suspended
    assert grant.starts_at <= facts.now
    assert grant.expires_at is None or facts.now < grant.expires_at
    assert facts.peer == grant.linked_group == facts.channel_group
    assert facts.slot <= grant.comments_per_post
    assert facts.disclosed_at is not None
    assert facts.disclosed_under_this_fence
    assert facts.account_state == "active"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"state": "sent"}, Verdict.NOT_DUE),
        ({"due_at": NOW + HOUR}, Verdict.NOT_DUE),
        ({"node_holds_lease": False}, Verdict.LEASE_LOST),
        ({"expires_at": NOW}, Verdict.TOO_OLD),
        ({"account_state": "limited"}, Verdict.ACCOUNT_PARKED),
        ({"disclosed_at": None}, Verdict.NOT_DISCLOSED),
        ({"disclosed_at": NOW - 2 * HOUR}, Verdict.NOT_DISCLOSED),
        ({"disclosed_under_this_fence": False}, Verdict.NOT_DISCLOSED),
        ({"grant": None}, Verdict.NO_GRANT),
        ({"grant": replace(GRANT, scope="study_group")}, Verdict.NO_GRANT),
        ({"grant": replace(GRANT, starts_at=NOW + HOUR)}, Verdict.NO_GRANT),
        ({"grant": replace(GRANT, revoked=True)}, Verdict.GRANT_REVOKED),
        ({"grant": replace(GRANT, expires_at=NOW)}, Verdict.GRANT_EXPIRED),
        ({"grant": replace(GRANT, suspended=True)}, Verdict.GRANT_SUSPENDED),
        ({"grant": replace(GRANT, verified_at=NOW - 49 * HOUR)}, Verdict.GRANT_UNVERIFIED),
        ({"channel_group": TelegramId(51)}, Verdict.GROUP_CHANGED),
        ({"peer": None}, Verdict.GROUP_CHANGED),
        ({"slot": 2}, Verdict.SLOT_NOT_GRANTED),
        ({"channel_active": False}, Verdict.CHANNEL_PAUSED),
        ({"campaign_state": "paused"}, Verdict.CAMPAIGN_STOPPED),
        ({"schedule_active": False}, Verdict.SCHEDULE_OFF),
        ({"held_until": NOW + HOUR}, Verdict.HELD),
        ({"window": Window.between("13:00", "14:00")}, Verdict.OUTSIDE_WINDOW),
        ({"counted_today": 5}, Verdict.DAILY_LIMIT),
    ],
)
def test_each_rule_alone_keeps_the_comment_in(change: dict[str, object], verdict: Verdict) -> None:
    assert judge(replace(WELCOME, **change), GateTerms()) is verdict  # type: ignore[arg-type]
