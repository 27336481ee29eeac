"""How fast the bot may speak: so much in all, to one chat, and in one group.

The limits are Telegram's (https://core.telegram.org/bots/faq, "Broadcasting to users"). One process
sends, so the log of what was sent lies in its memory; whoever takes over begins with what
PostgreSQL knows of the last minute.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.clock import Clock
from support.ids import ChatId
from support.topics.budget import GROUP_BUDGET


@dataclass(frozen=True, slots=True)
class BotLimits:
    """Telegram's limits, with a little room for the way to Telegram."""

    in_a_second: int = 29
    chat_apart: float = 1.05
    """Seconds between two messages to one chat."""
    group_in_a_minute: int = 20
    minute: float = 61.0

    @classmethod
    def off(cls) -> "BotLimits | None":
        """No limits: for a Telegram of one's own that keeps none."""
        return None


SECOND = 1.05


@dataclass(slots=True)
class Pace:
    """Tells how long to wait before something is sent to a chat."""

    clock: Clock
    limits: BotLimits | None
    sent: deque[float] = field(default_factory=deque)
    by_chat: defaultdict[ChatId, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def wait_turn(self, chat: ChatId, acts: int = 1) -> None:
        """Wait until something may be sent to the chat, and count it."""
        if self.limits is None:
            return
        while (wait := self.wait(chat, acts)) > 0:
            await self.clock.sleep(wait)
        self.count(chat, acts)

    def wait(self, chat: ChatId, acts: int = 1) -> float:
        """Return the seconds until so much may be sent to a chat; 0: now."""
        if self.limits is None:
            return 0.0
        now, limits, mine = self.clock.monotonic(), self.limits, self.by_chat[chat]
        waits = [free_in(self.sent, limits.in_a_second, SECOND, acts, now)]
        if mine:
            waits.append(mine[-1] + limits.chat_apart - now)
        if chat < 0:
            waits.append(free_in(mine, limits.group_in_a_minute, limits.minute, acts, now))
        return max(*waits, 0.0)

    def wait_aside(self, chat: ChatId) -> float:
        """Return the seconds until a group has room for what leaves the way to messages."""
        if self.limits is None or chat >= 0:
            return 0.0
        most = min(GROUP_BUDGET.room_for_titles, self.limits.group_in_a_minute)
        now = self.clock.monotonic()
        return max(0.0, free_in(self.by_chat[chat], most, self.limits.minute, 1, now))

    def count(self, chat: ChatId, acts: int = 1) -> None:
        """Count what is sent now."""
        now = self.clock.monotonic()
        for log in (self.sent, self.by_chat[chat]):
            log.extend([now] * acts)
        self.forget(now)

    def arrived(self, chat: ChatId) -> None:
        """Count the last one from its arrival: the way there took its time."""
        if self.limits is not None and self.by_chat[chat]:
            self.by_chat[chat][-1] = self.clock.monotonic()

    def room(self, chat: ChatId) -> int:
        """Return how much a group takes in this minute still."""
        if self.limits is None:
            return 1000
        begin = self.clock.monotonic() - self.limits.minute
        return self.limits.group_in_a_minute - sum(at > begin for at in self.by_chat[chat])

    def remember(self, lately: Iterable[tuple[ChatId, timedelta]]) -> None:
        """Count what was sent before this process came."""
        now = self.clock.monotonic()
        for chat, ago in lately:
            at = now - ago.total_seconds()
            self.by_chat[chat].append(at)
            self.sent.append(at)

    def forget(self, now: float) -> None:
        """Drop what counts no more."""
        while self.sent and self.sent[0] < now - SECOND:
            self.sent.popleft()
        if len(self.by_chat) > 10_000:
            begin = now - 120
            stale = [chat for chat, log in self.by_chat.items() if not log or log[-1] < begin]
            for chat in stale:
                del self.by_chat[chat]


def free_in(log: deque[float], most: int, seconds: float, acts: int, now: float) -> float:
    """Return the seconds until `acts` more fit into any such stretch of time."""
    while log and log[0] <= now - seconds:
        log.popleft()
    over = len(log) + min(acts, most) - most
    return log[over - 1] + seconds - now if over > 0 else 0.0
