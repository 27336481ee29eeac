"""The gate, as a pure rule: what must hold for one message to go out now (charter rules 1 to 5).

The rule that really decides is SQL (`claim_if_welcome`), one statement for each kind of message,
because only there the rows can be locked while they are read. Property tests hold the statements
against `judge` here, `judge_answer` in `answers` and `judge_line` in `lines`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from orchestrator.campaigns.window import Window
from orchestrator.ids import TelegramId


class Verdict(StrEnum):
    """Why a message may go out now, or the first reason why not."""

    WELCOME = "welcome"
    NOT_DUE = "not_due"
    LEASE_LOST = "lease_lost"
    TOO_OLD = "too_old"
    ACCOUNT_PARKED = "account_parked"
    NOT_DISCLOSED = "not_disclosed"
    NO_GRANT = "no_grant"
    GRANT_REVOKED = "grant_revoked"
    GRANT_SUSPENDED = "grant_suspended"
    GRANT_EXPIRED = "grant_expired"
    GRANT_UNVERIFIED = "grant_unverified"
    GROUP_CHANGED = "group_changed"
    SLOT_NOT_GRANTED = "slot_not_granted"
    CHANNEL_PAUSED = "channel_paused"
    CAMPAIGN_STOPPED = "campaign_stopped"
    SCHEDULE_OFF = "schedule_off"
    HELD = "held"
    OUTSIDE_WINDOW = "outside_window"
    DAILY_LIMIT = "daily_limit"
    OPTED_OUT = "opted_out"
    NO_INBOUND = "no_inbound"
    CONVERSATION_CLOSED = "conversation_closed"
    CONVERSATION_PAUSED = "conversation_paused"
    HANDED_OVER = "handed_over"
    TOO_MANY_PARTS = "too_many_parts"
    GROUP_CLOSED = "group_closed"
    NO_ROLE = "no_role"
    NO_NOTICE = "no_notice"


WAITS = frozenset(
    {
        Verdict.NOT_DUE,
        Verdict.LEASE_LOST,
        Verdict.ACCOUNT_PARKED,
        Verdict.NOT_DISCLOSED,
        Verdict.GRANT_SUSPENDED,
        Verdict.GRANT_UNVERIFIED,
        Verdict.CHANNEL_PAUSED,
        Verdict.CAMPAIGN_STOPPED,
        Verdict.SCHEDULE_OFF,
        Verdict.HELD,
        Verdict.OUTSIDE_WINDOW,
        Verdict.DAILY_LIMIT,
        Verdict.CONVERSATION_PAUSED,
        Verdict.NO_NOTICE,
    }
)
"""After these the message stays in the outbox.

What forbids it now may pass before it is too old.
"""


SENTENCES = {
    Verdict.WELCOME: "it may go out now: it waits for its turn, or for its node",
    Verdict.NOT_DUE: "its time has not come",
    Verdict.LEASE_LOST: "no node holds the account",
    Verdict.TOO_OLD: "it is too old to be said",
    Verdict.ACCOUNT_PARKED: "the account may not speak",
    Verdict.NOT_DISCLOSED: "the account's bio does not say whom it speaks for, as far as is known",
    Verdict.NO_GRANT: "no grant allows it",
    Verdict.GRANT_REVOKED: "its grant was revoked",
    Verdict.GRANT_SUSPENDED: "its grant is suspended until a person has looked",
    Verdict.GRANT_EXPIRED: "its grant has expired",
    Verdict.GRANT_UNVERIFIED: "its grant has to be proved again",
    Verdict.GROUP_CHANGED: "its grant speaks of another group",
    Verdict.SLOT_NOT_GRANTED: "its grant allows fewer comments under a post",
    Verdict.CHANNEL_PAUSED: "the channel is paused",
    Verdict.CAMPAIGN_STOPPED: "its campaign is not running",
    Verdict.SCHEDULE_OFF: "its schedule is switched off",
    Verdict.HELD: "Telegram asked the account to wait",
    Verdict.OUTSIDE_WINDOW: "it waits for the hours in which the account may speak",
    Verdict.DAILY_LIMIT: "the account has said all that its schedule allows for today",
    Verdict.OPTED_OUT: "the person wants to hear no more of us",
    Verdict.NO_INBOUND: "it answers no message of the person to whom it is addressed",
    Verdict.CONVERSATION_CLOSED: "its conversation is closed",
    Verdict.CONVERSATION_PAUSED: "its conversation is paused",
    Verdict.HANDED_OVER: "a person answers in its conversation",
    Verdict.TOO_MANY_PARTS: "the message that it answers was answered often enough",
    Verdict.GROUP_CLOSED: "its study group is closed",
    Verdict.NO_ROLE: "the account has no role in the study group",
    Verdict.NO_NOTICE: "no pinned notice in the study group says who is ours, as far as is known",
}
"""The verdicts as a person reads them, in `troupe outbox show` and as the reason of a failure."""


def waits_for(verdict: Verdict) -> str:
    """Say of a message that stays in the outbox what it waits for."""
    return f"waits: {SENTENCES[verdict]}"


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What the gate looks at of a grant."""

    scope: str
    comments_per_post: int
    linked_group: TelegramId
    starts_at: datetime
    expires_at: datetime | None
    verified_at: datetime
    suspended: bool
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What the gate looks at of every message, whatever its kind: the row itself, and who asks."""

    now: datetime
    state: str
    due_at: datetime
    expires_at: datetime
    peer: TelegramId | None
    node_holds_lease: bool
    account_state: str
    disclosed_at: datetime | None
    disclosed_under_this_fence: bool
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts(RowFacts):
    """Everything that the gate looks at for one comment, read under one set of locks."""

    slot: int
    grant: GrantFacts | None
    channel_active: bool
    channel_group: TelegramId | None
    campaign_state: str
    schedule_active: bool
    window: Window
    zone: ZoneInfo
    comments_per_day: int
    counted_today: int


@dataclass(frozen=True, slots=True)
class GateTerms:
    """How long what was read from Telegram counts as known, and how much an answer may be."""

    disclosure_lasts: timedelta = timedelta(minutes=75)
    """How old the last look at an account's bio may be before it speaks."""
    verification_lasts: timedelta = timedelta(days=2)
    """How old the proof of a grant may be before something goes out under it."""
    answer_parts: int = 5
    """How many messages of ours one message of a person's permits (charter rule 3)."""


SPEAKING_STATES = frozenset({"active"})
ANSWERING_STATES = SPEAKING_STATES | {"public_stopped"}
"""Whom Telegram lets say nothing in public may still answer those who write in private."""

SEND_METHOD = "messages.SendMessage"
"""The request that carries a message, as holds name it."""


def judge(facts: GateFacts, terms: GateTerms) -> Verdict:
    """Say whether the comment may go out now; the first rule that forbids it names the reason."""
    return (
        judge_row(facts)
        or judge_account(facts, terms)
        or judge_grant(facts, terms)
        or judge_campaign(facts)
        or Verdict.WELCOME
    )


def judge_row(facts: RowFacts) -> Verdict | None:
    """Look at the outbox row itself and at who asks."""
    if facts.state not in {"due", "unknown"} or facts.due_at > facts.now:
        return Verdict.NOT_DUE
    if not facts.node_holds_lease:
        return Verdict.LEASE_LOST
    return Verdict.TOO_OLD if facts.expires_at <= facts.now else None


def judge_account(
    facts: RowFacts, terms: GateTerms, speaking: frozenset[str] = SPEAKING_STATES
) -> Verdict | None:
    """Look at the account: may it speak, and does its bio say for whom."""
    if facts.account_state not in speaking:
        return Verdict.ACCOUNT_PARKED
    fresh = (
        facts.disclosed_at is not None and facts.now < facts.disclosed_at + terms.disclosure_lasts
    )
    return None if fresh and facts.disclosed_under_this_fence else Verdict.NOT_DISCLOSED


def judge_grant(  # noqa: PLR0911 - one line for each reason reads best
    facts: GateFacts, terms: GateTerms
) -> Verdict | None:
    """Look at the grant: is it there, alive, proved of late, and for this group."""
    grant = facts.grant
    if grant is None or grant.scope != "comments" or grant.starts_at > facts.now:
        return Verdict.NO_GRANT
    if grant.revoked:
        return Verdict.GRANT_REVOKED
    if grant.expires_at is not None and grant.expires_at <= facts.now:
        return Verdict.GRANT_EXPIRED
    if facts.peer != grant.linked_group or facts.channel_group != grant.linked_group:
        return Verdict.GROUP_CHANGED
    if facts.slot > grant.comments_per_post:
        return Verdict.SLOT_NOT_GRANTED
    if grant.suspended:
        return Verdict.GRANT_SUSPENDED
    fresh = facts.now < grant.verified_at + terms.verification_lasts
    return None if fresh else Verdict.GRANT_UNVERIFIED


def judge_campaign(facts: GateFacts) -> Verdict | None:
    """Look at what the campaign allows at this hour, and at Telegram's own waits."""
    if not facts.channel_active:
        return Verdict.CHANNEL_PAUSED
    if facts.campaign_state != "running":
        return Verdict.CAMPAIGN_STOPPED
    if not facts.schedule_active:
        return Verdict.SCHEDULE_OFF
    if is_held(facts):
        return Verdict.HELD
    if not facts.window.holds(facts.now, facts.zone):
        return Verdict.OUTSIDE_WINDOW
    return Verdict.DAILY_LIMIT if facts.counted_today >= facts.comments_per_day else None


def is_held(facts: RowFacts) -> bool:
    """Tell whether Telegram still wants the account to wait."""
    return facts.held_until is not None and facts.held_until > facts.now
