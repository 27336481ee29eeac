"""The 20 messages a minute that a bot may send into one group.

Creating and editing a forum topic counts as a message there. What people say goes first: a title
waits while little is left, and only the newest title of each topic is worth sending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from support.ids import ChatId, ThreadId

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be sent into one group."""

    acts: int = 20
    within: timedelta = MINUTE
    kept_for_talk: int = 8
    """Acts that titles leave to messages."""
    settling: timedelta = timedelta(seconds=3)
    """How long a title waits for a newer one before it is sent."""

    def __post_init__(self) -> None:
        """Refuse a budget under which titles could never change."""
        if not 0 <= self.kept_for_talk < self.acts or self.within <= timedelta():
            raise ValueError("a group's budget leaves at least one act to titles")

    def talk_at(self, spent: Sequence[datetime], now: datetime) -> datetime:
        """Return when the next message may leave; `spent` are the moments of earlier acts."""
        return self.free_at(spent, now, self.acts)

    def title_at(self, spent: Sequence[datetime], now: datetime) -> datetime:
        """Return when the next title may change."""
        return self.free_at(spent, now, self.acts - self.kept_for_talk)

    def free_at(self, spent: Sequence[datetime], now: datetime, acts: int) -> datetime:
        """Return the first moment from now on with fewer than so many acts behind it."""
        recent = sorted(moment for moment in spent if moment > now - self.within)
        if len(recent) < acts:
            return now
        return recent[len(recent) - acts] + self.within


GROUP_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class WantedTitle:
    """A title that a topic shall have."""

    title: str
    since: datetime
    """When the topic's title first began to differ."""


@dataclass(frozen=True, slots=True)
class Titles:
    """What a group's topics are called, and what they shall be called."""

    shown: Mapping[ThreadId, str] = field(default_factory=dict)
    wanted: Mapping[ThreadId, WantedTitle] = field(default_factory=dict)

    def want(self, thread: ThreadId, title: str, now: datetime) -> "Titles":
        """Let a topic be called so: a newer wish replaces an older one and keeps its turn."""
        wanted = dict(self.wanted)
        earlier = wanted.pop(thread, None)
        if self.shown.get(thread) != title:
            wanted[thread] = WantedTitle(title, earlier.since if earlier else now)
        return replace(self, wanted=wanted)

    def next(self, now: datetime, budget: Budget) -> ThreadId | None:
        """Return the topic whose title has waited the longest and has settled."""
        ready = [
            (wish.since, thread)
            for thread, wish in self.wanted.items()
            if wish.since + budget.settling <= now
        ]
        return min(ready)[1] if ready else None

    def showing(self, thread: ThreadId) -> "Titles":
        """Note that a topic's wanted title was sent."""
        wanted = dict(self.wanted)
        shown = {**self.shown, thread: wanted.pop(thread).title}
        return Titles(shown, wanted)


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """How busy a main group is."""

    group: ChatId
    spent: int = 0
    """Acts of the last minute, and what waits to be sent there."""
    open_tickets: int = 0


def choose_group(loads: Sequence[GroupLoad], budget: Budget = GROUP_BUDGET) -> ChatId | None:
    """Choose the group for a new topic: one with room now, and of those the fewest tickets."""
    if not loads:
        return None
    room = budget.acts - budget.kept_for_talk
    busy = sorted(loads, key=lambda one: (max(0, one.spent - room), one.open_tickets, one.spent))
    return busy[0].group
