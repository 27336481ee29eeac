"""What is done periodically, by one node at a time.

Every firing inserts a job under a unique (schedule, time), so that two leaders for a moment do no
harm, and neither does a wall clock that jumps.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orchestrator.ids import NodeName
from orchestrator.jobs import Task
from orchestrator.ports.leases import Fence


@dataclass(frozen=True, slots=True)
class Every:
    """At every multiple of this period since 1970, the same moments on every node."""

    period: timedelta


@dataclass(frozen=True, slots=True)
class Daily:
    """At this time of the day ("HH:MM") in this time zone."""

    at: str
    zone: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the calendar: a task with its rhythm; its key names it in every firing."""

    key: str
    task: Task
    rhythm: Every | Daily


@dataclass(frozen=True, slots=True)
class Leadership:
    """The leader's lease."""

    node: NodeName | None
    fence: int
    beat: int
    released: bool


Fire = Callable[[Entry, datetime], Awaitable[None]]


class Calendar(Protocol):
    """Says when something is due."""

    async def run(
        self, entries: Sequence[Entry], fired: Mapping[str, datetime], fire: Fire
    ) -> None:
        """Fire each entry at its times, until cancelled.

        `fired` holds the last time at which each fired: what was missed since is made up for, for
        a day at most. `fire` may be called twice for the same time.
        """


class LeaderStore(Protocol):
    """Who leads."""

    async def leadership(self) -> Leadership:
        """Return the leader's lease."""

    async def take_leadership(self, node: NodeName, seen: Leadership) -> Fence | None:
        """Take it if it did not move since `seen`; returns the new fence."""

    async def renew_leadership(self, node: NodeName, fence: Fence) -> bool:
        """Move its beat; False when somebody else has it."""

    async def release_leadership(self, fence: Fence) -> None:
        """Give it back."""


class CalendarStore(LeaderStore, Protocol):
    """What the calendar is made of, and what came of it."""

    async def openings(self) -> Sequence[Daily]:
        """Return when windows of running campaigns open, each time once."""

    async def last_firings(self, before: datetime) -> Mapping[str, datetime]:
        """Return the last time, not after `before`, at which each schedule fired."""

    async def fire(self, schedule: str, at: datetime, task: Task, node: NodeName) -> bool:
        """Record a firing and queue its job, in one transaction; False when it fired already."""

    async def open_window(self, opening: Daily) -> int:
        """Let go at once what waited for this opening; returns how many messages that are."""
