"""How it goes: what `troupe stats` shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orchestrator.ids import AccountId


@dataclass(frozen=True, slots=True)
class StatsFilter:
    """Which part of the work is looked at, from `since` to `until`."""

    since: datetime
    until: datetime
    account: AccountId | None = None
    user: str | None = None
    """What this person approved or edited, and what their campaigns said."""


@dataclass(frozen=True, slots=True)
class SessionStats:
    """Accounts and who holds them now."""

    states: Mapping[str, int]
    active: int
    """Held by a process that was seen within the last minute."""
    by_node: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SendingStats:
    """What is on its way out now."""

    due: int
    sending: int
    unknown: int
    held: int
    """Of those that are due: messages whose account Telegram told to wait."""


@dataclass(frozen=True, slots=True)
class OperationStats:
    """One kind of act in the time looked at."""

    kind: str
    count: int
    failed: int
    p50: timedelta
    p95: timedelta

    @property
    def success_rate(self) -> float:
        """The part that succeeded, from 0 to 1."""
        return 1 - self.failed / self.count if self.count else 1.0


@dataclass(frozen=True, slots=True)
class ErrorStats:
    """One cause of failures."""

    name: str
    count: int
    kinds: tuple[str, ...]
    last_at: datetime
    example: str


@dataclass(frozen=True, slots=True)
class AccountStats:
    """What one account said, and how that was received."""

    account: str
    sent: int
    failed: int
    likes: int
    replies: int
    views: int

    @property
    def per_comment(self) -> float:
        """Likes and replies for each comment that was sent."""
        return (self.likes + self.replies) / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class PostStats:
    """One post under which a comment of ours was received well."""

    channel: str
    post: str
    account: str
    comment: str
    likes: int
    replies: int
    views: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of time: what was sent and what failed in it."""

    at: datetime
    sent: int
    failed: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything that `troupe stats` shows."""

    since: datetime
    until: datetime
    sessions: SessionStats
    sending: SendingStats
    operations: Sequence[OperationStats]
    errors: Sequence[ErrorStats]
    accounts: Sequence[AccountStats]
    posts: Sequence[PostStats]
    comments: Mapping[str, int]
    """By status, of those made in the time looked at."""
    course: Sequence[Bucket]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is open now; cheap enough to be asked every few seconds."""

    sending: SendingStats
    jobs: Mapping[str, int]
    recovered_late: int
    """Updates that were missed and found by comparing with Telegram, ever."""


class StatsStore(Protocol):
    """Looks at what is stored and adds up."""

    async def standing(self) -> Standing:
        """Count what is open, by indexes that hold nothing else."""

    async def stats(self, wanted: StatsFilter) -> Stats:
        """Add up one part of the work; every query is bounded by its time or by what is open."""
