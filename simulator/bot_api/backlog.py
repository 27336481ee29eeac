"""The updates that wait for one bot, and the one poll that may wait for them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from simulator.bot_api.errors import CONFLICT, BotApiError

KEPT = timedelta(hours=24)
MOST = 100


class UpdateKind(StrEnum):
    """What an update tells of; the values are its field's names."""

    MESSAGE = "message"
    EDITED_MESSAGE = "edited_message"
    CHANNEL_POST = "channel_post"
    EDITED_CHANNEL_POST = "edited_channel_post"
    CALLBACK_QUERY = "callback_query"
    MY_CHAT_MEMBER = "my_chat_member"
    CHAT_MEMBER = "chat_member"
    MESSAGE_REACTION = "message_reaction"
    CHAT_JOIN_REQUEST = "chat_join_request"
    POLL = "poll"
    POLL_ANSWER = "poll_answer"


ON_REQUEST = frozenset({UpdateKind.CHAT_MEMBER, UpdateKind.MESSAGE_REACTION})
USUAL = frozenset(map(str, UpdateKind)) - ON_REQUEST


@dataclass(frozen=True, slots=True)
class Update:
    """One thing that a bot is told."""

    id: int
    kind: UpdateKind
    content: dict[str, Any]
    at: datetime

    def show(self) -> dict[str, Any]:
        """Give the update as the bot reads it."""
        return {"update_id": self.id, self.kind.value: self.content}


@dataclass(slots=True, eq=False)
class Poll:
    """A poll that waits; `reason` says why it must end, if it must."""

    reason: str = ""


@dataclass(slots=True, eq=False)
class Backlog:
    """Updates under growing ids; what is confirmed is gone, what is a day old too."""

    waiting: deque[Update] = field(default_factory=deque)
    allowed: frozenset[str] = USUAL
    last_id: int = 0
    poll: Poll | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    polled: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: UpdateKind, content: dict[str, Any], at: datetime) -> None:
        """Keep an update if the bot wants its kind, and wake whoever waits."""
        if kind not in self.allowed:
            return
        self.last_id += 1
        self.waiting.append(Update(self.last_id, kind, content, at))
        self.bell.set()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Choose the kinds of the updates to come: none named means the usual, None as before."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or USUAL

    def confirm(self, offset: int) -> None:
        """Forget what is older than `offset`; a negative one counts from the end."""
        first = offset if offset >= 0 else self.last_id + 1 + offset
        while self.waiting and self.waiting[0].id < first:
            self.waiting.popleft()

    def expire(self, now: datetime) -> None:
        """Forget what nobody fetched in a day."""
        while self.waiting and self.waiting[0].at < now - KEPT:
            self.waiting.popleft()

    def interrupt(self, reason: str) -> None:
        """End the poll that waits, which is told why."""
        if self.poll is not None:
            self.poll.reason = reason
            self.bell.set()

    async def fetch(self, limit: int, seconds: float) -> list[Update]:
        """Give what waits, or wait for it; a later poll ends this one with 409."""
        self.interrupt(
            "terminated by other getUpdates request; make sure that only one bot "
            "instance is running"
        )
        mine = self.poll = Poll()
        self.polled.set()
        try:
            async with asyncio.timeout(seconds):
                await self.wait_for_news(mine)
        except TimeoutError:
            pass
        finally:
            if self.poll is mine:
                self.poll = None
        if mine.reason:
            raise BotApiError(CONFLICT, f"Conflict: {mine.reason}")
        return list(self.waiting)[: min(limit, MOST)]

    async def wait_for_news(self, poll: Poll) -> None:
        """Wait until there is an update or the poll must end."""
        while not self.waiting and not poll.reason:
            self.bell.clear()
            await self.bell.wait()
