"""Every number that an operator may set, with the value that holds when nobody did."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import random

from orchestrator.conversations.terms import BurstTerms, TalkTerms
from orchestrator.outbox.gate import GateTerms
from orchestrator.spans import write_span
from support.terms import DeskTerms


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and after which delays, something is tried again."""

    attempts: int
    """How many attempts there are; lanes do not count them."""
    first: timedelta
    """How long after the first attempt the second begins."""
    growth: float = 2.0
    """By what each delay is longer than the one before."""
    longest: timedelta = timedelta(hours=2)
    """How long a delay becomes at most."""
    jitter: float = 0.0
    """By which part of itself a delay is lengthened at random, so that crowds come apart."""

    def delay_after(self, attempts: int, chance: Callable[[], float] = random) -> timedelta:
        """Return how long to wait after that many attempts (from 1)."""
        grown = self.first.total_seconds() * self.growth ** max(0, attempts - 1)
        spread = 1 + self.jitter * chance()
        return timedelta(seconds=min(grown, self.longest.total_seconds()) * spread)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most one message each `apart`, after a burst of `burst`."""

    apart: timedelta
    """How long after a message the next one may go."""
    burst: int = 1
    """How many may go together after a time of rest."""


MOST_PERMITTED = 10
"""How many messages of ours one message of a person's can ever permit (charter rule 3)."""

LEAST_HISTORY = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is over is kept; logs go by whole months."""

    operations: timedelta = timedelta(days=180)
    """Also what was asked of models."""
    sessions: timedelta = timedelta(days=180)
    jobs: timedelta = timedelta(days=7)
    """Also commands, firings, holds and nodes that are over."""
    history: timedelta = timedelta(days=730)
    """What clients and we wrote to each other."""

    def __post_init__(self) -> None:
        """Refuse to forget too early."""
        if self.history < LEAST_HISTORY:
            raise ValueError(
                "history of tickets and dialogues is kept for at least 180 days (P180D)"
            )
        if min(self.operations, self.sessions, self.jobs) < timedelta(days=1):
            raise ValueError("logs and jobs are kept for at least a day (P1D)")


@dataclass(frozen=True, slots=True)
class Tuning:
    """The numbers; times are durations."""

    lease: timedelta = timedelta(seconds=30)
    """How long a lease holds after the moment its renewal was begun."""
    claim: timedelta = timedelta(seconds=5)
    """How long after the gate was asked a send may still begin."""
    answer: timedelta = timedelta(seconds=15)
    """How long an answer of Telegram's is waited for before its outcome counts as unknown."""
    start: timedelta = timedelta(seconds=60)
    """How long one account may take to come up; it holds up nobody else."""
    stop: timedelta = timedelta(seconds=8)
    """How long lanes get to finish when asked to stop, before they are cancelled."""
    poll: timedelta = timedelta(seconds=2)
    """How often the queues are looked at when no notice came."""
    disclosure_check: timedelta = timedelta(hours=1)
    """How often each account's bio is read from Telegram."""
    dialogues_check: timedelta = timedelta(minutes=10)
    """How often each account's dialogues are compared with the server."""
    security_check: timedelta = timedelta(hours=1)
    """How often each account's sessions and password are looked at."""
    verification_check: timedelta = timedelta(hours=12)
    """How old the proof of a grant may be before Telegram is asked again."""
    comment_lasts: timedelta = timedelta(hours=24)
    """How long after its post a comment may still be sent."""
    gate: GateTerms = field(default_factory=GateTerms)
    bursts: BurstTerms = field(default_factory=BurstTerms)
    conversations: TalkTerms = field(default_factory=TalkTerms)
    sending: Retries = field(default_factory=lambda: Retries(3, timedelta(minutes=5), jitter=0.25))
    """After an error of Telegram's own making; then the message has failed."""
    settling: Retries = field(
        default_factory=lambda: Retries(5, timedelta(seconds=2), longest=timedelta(minutes=2))
    )
    """Of messages whose outcome is not known."""
    fresh_post: Retries = field(
        default_factory=lambda: Retries(6, timedelta(seconds=1), longest=timedelta(seconds=30))
    )
    """While the linked group may not have the copy of a new post yet."""
    restart: Retries = field(
        default_factory=lambda: Retries(0, timedelta(seconds=1), longest=timedelta(minutes=5))
    )
    """Of a lane that failed."""
    job_lasts: timedelta = timedelta(minutes=5)
    """How long one job may take before it is put off."""
    jobs: Retries = field(default_factory=lambda: Retries(5, timedelta(seconds=10)))
    """Of jobs that failed; then they are buried with their error."""
    account_pace: Pace = field(default_factory=lambda: Pace(timedelta(seconds=20), burst=2))
    """Of one account's messages."""
    chat_pace: Pace = field(default_factory=lambda: Pace(timedelta(seconds=5)))
    """Of messages to one chat."""
    overall_pace: Pace = field(default_factory=lambda: Pace(timedelta(seconds=1 / 30), burst=30))
    """Of messages of all accounts, on all nodes together."""
    method_pace: Pace = field(default_factory=lambda: Pace(timedelta(seconds=0.2), burst=10))
    """Of one account's requests by one of Telegram's methods."""
    request_pace: Pace = field(default_factory=lambda: Pace(timedelta(seconds=0.1), burst=20))
    """Of one account's requests that are no messages: reading, resolving, reacting, deleting."""
    pacing_horizon: timedelta = timedelta(minutes=1)
    """How far ahead a turn may be reserved."""
    engagement_checks: tuple[timedelta, ...] = (
        timedelta(hours=1),
        timedelta(hours=24),
        timedelta(days=7),
    )
    """How long after a comment was sent it is looked up how it was received."""
    retention: Retention = field(default_factory=Retention)
    """How long logs, jobs and dialogues are kept."""
    desk: DeskTerms = field(default_factory=DeskTerms)
    """How the support desk works."""
    recent_comments: int = 50
    """How many earlier comments a new one must differ from."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, and those that would turn off the charter."""
        limits = {
            "lease": (timedelta(seconds=3), timedelta(minutes=10), self.lease),
            "claim": (timedelta(milliseconds=100), self.lease / 2, self.claim),
            "job_lasts": (timedelta(seconds=10), timedelta(hours=1), self.job_lasts),
            "answer": (timedelta(seconds=1), timedelta(minutes=2), self.answer),
            "sending.first": (
                timedelta(milliseconds=1),
                self.sending.longest,
                self.sending.first,
            ),
            "stop": (timedelta(0), self.lease, self.stop),
            "pacing_horizon": (timedelta(seconds=1), timedelta(minutes=10), self.pacing_horizon),
            "poll": (timedelta(milliseconds=50), timedelta(minutes=1), self.poll),
            "disclosure_check": (timedelta(seconds=1), timedelta(hours=1), self.disclosure_check),
            "verification_check": (
                timedelta(minutes=1),
                timedelta(days=1),
                self.verification_check,
            ),
            "dialogues_check": (timedelta(seconds=1), timedelta(days=1), self.dialogues_check),
            "security_check": (timedelta(seconds=1), timedelta(days=1), self.security_check),
            "gate.disclosure_lasts": (
                timedelta(seconds=1),
                timedelta(hours=2),
                self.gate.disclosure_lasts,
            ),
            "gate.verification_lasts": (
                timedelta(minutes=1),
                timedelta(days=7),
                self.gate.verification_lasts,
            ),
        }
        for name, (least, most, value) in limits.items():
            if not least <= value <= most:
                between = f"{write_span(least)} and {write_span(most)}"
                raise ValueError(f"{name} must lie between {between}")
        if not 1 <= self.gate.answer_parts <= MOST_PERMITTED:
            raise ValueError(f"gate.answer_parts must lie between 1 and {MOST_PERMITTED}")
        for name in ("sending", "settling", "fresh_post"):
            retries: Retries = getattr(self, name)
            if not 1 <= retries.attempts <= 100 or retries.growth < 1 or retries.jitter < 0:
                raise ValueError(
                    f"{name} needs 1 to 100 attempts, a growth of 1 or more, and no negative jitter"
                )
