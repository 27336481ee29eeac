"""The 20 messages a minute that a bot may send into one group.

Creating and editing a forum topic counts as a message there. What people say goes first: a title
waits while little is left, and only the newest title of each topic is worth sending. Several main
groups share the load.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from support.ids import ChatId


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be sent into one group in a minute."""

    acts: int = 20
    kept_for_talk: int = 8
    """Acts that titles leave to messages."""
    settling: timedelta = timedelta(seconds=3)
    """How long a title waits for a newer one before it is sent."""

    def __post_init__(self) -> None:
        """Refuse a budget under which titles could never change."""
        if not 0 <= self.kept_for_talk < self.acts:
            raise ValueError("a group's budget leaves at least one act to titles")

    @property
    def room_for_titles(self) -> int:
        """Return how many acts a minute may hold for a further title to be sent."""
        return self.acts - self.kept_for_talk


GROUP_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """How busy a main group is."""

    group: ChatId
    lately: int = 0
    """Acts of the last minute, and what waits to be sent there."""
    open_tickets: int = 0


def choose_group(loads: Sequence[GroupLoad], budget: Budget = GROUP_BUDGET) -> ChatId | None:
    """Choose the group for a new topic: one with room now, and of those the fewest tickets."""
    if not loads:
        return None

    def busy(load: GroupLoad) -> tuple[int, int, int]:
        over = max(0, load.lately - budget.room_for_titles)
        return over, load.open_tickets, load.lately

    return min(loads, key=busy).group
