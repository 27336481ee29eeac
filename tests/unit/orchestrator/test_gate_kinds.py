"""The gates for answers in private and for study groups, as pure rules (charter rules 3 and 4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.campaigns.window import Window
from orchestrator.ids import TelegramId
from orchestrator.outbox.answers import AnswerFacts, judge_answer
from orchestrator.outbox.gate import SENTENCES, WAITS, GateTerms, GrantFacts, Verdict
from orchestrator.outbox.lines import LineFacts, judge_line
from orchestrator.ports.answers import Hours

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TERMS = GateTerms(answer_parts=3)
PERSON, GROUP = TelegramId(500), TelegramId(900)
ROW: dict[str, Any] = {
    "now": NOW,
    "state": "due",
    "due_at": NOW - HOUR,
    "expires_at": NOW + HOUR,
    "node_holds_lease": True,
    "account_state": "active",
    "disclosed_at": NOW,
    "disclosed_under_this_fence": True,
    "held_until": None,
}
ANSWER = AnswerFacts(
    **ROW,
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
GRANT = GrantFacts(
    scope="study_group",
    comments_per_post=1,
    linked_group=GROUP,
    starts_at=NOW - HOUR,
    expires_at=None,
    verified_at=NOW,
    suspended=False,
    revoked=False,
)
LINE = LineFacts(
    **ROW,
    peer=GROUP,
    grant=GRANT,
    group=GROUP,
    group_active=True,
    has_role=True,
    notice_pinned=True,
)
NIGHT = Hours(Window.between("22:00", "06:00"), ZoneInfo("Europe/Moscow"))
BY_OLGA = {"by_operator": True, "approved_by": "olga"}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.WELCOME),
        ({"account_state": "public_stopped"}, Verdict.WELCOME),
        ({"account_state": "limited"}, Verdict.ACCOUNT_PARKED),
        ({"disclosed_at": None}, Verdict.NOT_DISCLOSED),
        ({"opted_out": True} | BY_OLGA, Verdict.OPTED_OUT),
        ({"opted_out": True, "parting": True}, Verdict.OPTED_OUT),
        ({"peer": TelegramId(501)}, Verdict.NO_INBOUND),
        ({"conversation_state": "closed"} | BY_OLGA, Verdict.CONVERSATION_CLOSED),
        ({"conversation_state": "closed", "parting": True}, Verdict.WELCOME),
        ({"conversation_state": "paused"}, Verdict.CONVERSATION_PAUSED),
        ({"conversation_state": "paused"} | BY_OLGA, Verdict.WELCOME),
        ({"conversation_state": "handed_over"}, Verdict.HANDED_OVER),
        ({"conversation_state": "handed_over", "parting": True}, Verdict.WELCOME),
        ({"conversation_state": "handed_over"} | BY_OLGA, Verdict.WELCOME),
        ({"conversation_state": "handed_over", "held_by": "olga"} | BY_OLGA, Verdict.WELCOME),
        ({"conversation_state": "handed_over", "held_by": "pavel"} | BY_OLGA, Verdict.HANDED_OVER),
        ({"parts_out": 2}, Verdict.WELCOME),
        ({"parts_out": 3}, Verdict.TOO_MANY_PARTS),
        ({"held_until": NOW + HOUR}, Verdict.HELD),
        ({"hours": NIGHT}, Verdict.OUTSIDE_WINDOW),
        ({"expires_at": NOW}, Verdict.TOO_OLD),
    ],
)
def test_an_answer_leaves_only_where_everything_allows_it(
    changes: dict[str, Any], verdict: Verdict
) -> None:
    assert judge_answer(replace(ANSWER, **changes), TERMS) is verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.WELCOME),
        ({"account_state": "public_stopped"}, Verdict.ACCOUNT_PARKED),
        ({"grant": replace(GRANT, scope="comments")}, Verdict.NO_GRANT),
        ({"grant": replace(GRANT, revoked=True)}, Verdict.GRANT_REVOKED),
        ({"grant": replace(GRANT, expires_at=NOW)}, Verdict.GRANT_EXPIRED),
        ({"grant": replace(GRANT, linked_group=TelegramId(901))}, Verdict.GROUP_CHANGED),
        ({"peer": TelegramId(901)}, Verdict.GROUP_CHANGED),
        ({"grant": replace(GRANT, suspended=True)}, Verdict.GRANT_SUSPENDED),
        ({"grant": replace(GRANT, verified_at=NOW - 72 * HOUR)}, Verdict.GRANT_UNVERIFIED),
        ({"group_active": False}, Verdict.GROUP_CLOSED),
        ({"has_role": False}, Verdict.NO_ROLE),
        ({"notice_pinned": False}, Verdict.NO_NOTICE),
        ({"held_until": NOW + HOUR}, Verdict.HELD),
    ],
)
def test_a_line_leaves_only_under_a_grant_in_a_role_that_a_notice_names(
    changes: dict[str, Any], verdict: Verdict
) -> None:
    assert judge_line(replace(LINE, **changes), TERMS) is verdict


def test_every_verdict_has_a_sentence_and_what_is_for_good_does_not_wait() -> None:
    assert set(SENTENCES) == set(Verdict)
    assert WAITS.isdisjoint(
        {Verdict.OPTED_OUT, Verdict.CONVERSATION_CLOSED, Verdict.HANDED_OVER, Verdict.GROUP_CLOSED}
    )
