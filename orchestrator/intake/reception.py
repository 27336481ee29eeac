"""The sink of all facts: each is recorded once, and what follows from it is a job.

Facts that arrive while others are being written go into the next transaction together (group
commit): one account alone waits for its own commit, a thousand share one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

from orchestrator.facts import (
    ChannelLost,
    Fact,
    PostsDeleted,
    Recordable,
    SecurityChanged,
    UpdatesSkipped,
)
from orchestrator.ports.channels import ChannelStore
from orchestrator.ports.intake import IntakeStore, Recorded
from orchestrator.ports.security import SecurityStore

log = logging.getLogger(__name__)

BATCH: Final = 500
"""The most facts in one transaction."""

MOMENT: Final = 0.02
"""Seconds for which a transaction waits for more facts, unless it is full."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact, and whoever waits for its commit."""

    fact: Recordable
    taken: asyncio.Future[None]


@dataclass(slots=True)
class Reception:
    """Takes facts from all accounts; `take` returns when the fact is committed."""

    intake: IntakeStore
    channels: ChannelStore
    security: SecurityStore
    waiting: deque[Waiting] = field(default_factory=deque)
    writing: asyncio.Task[None] | None = None

    def take(self, fact: Fact) -> Awaitable[None]:
        """Record one fact: what is returned is done when it is committed.

        Facts are recorded in the order in which they were taken, whoever awaits them.
        """
        match fact:
            case ChannelLost() | UpdatesSkipped() | SecurityChanged():
                return self.act_on(fact)
            case _:
                return self.enqueue(fact)

    async def act_on(self, fact: ChannelLost | UpdatesSkipped | SecurityChanged) -> None:
        """Store what a fact asks for; such facts are rare."""
        match fact:
            case ChannelLost():
                log.warning("account %s lost channel %s", fact.account, fact.channel)
                await self.channels.record_channel_lost(fact)
            case UpdatesSkipped():
                await self.channels.ask_for_comparison(fact)
            case SecurityChanged():
                await self.security.ask_for_look(fact.account)

    def enqueue(self, fact: Recordable) -> asyncio.Future[None]:
        """Put a fact into the next transaction."""
        taken = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(fact, taken))
        if self.writing is None:
            # It ends by itself as soon as nothing waits, so that nobody has to stop it.
            self.writing = asyncio.create_task(self.write(), name="intake")
        return taken

    async def write(self) -> None:
        """Write batches until nothing waits."""
        try:
            while self.waiting:
                if len(self.waiting) < BATCH:
                    await asyncio.sleep(MOMENT)
                count = min(BATCH, len(self.waiting))
                await self.write_batch([self.waiting.popleft() for _ in range(count)])
        finally:
            self.writing = None
            for left in self.waiting:
                left.taken.cancel()
            self.waiting.clear()

    async def write_batch(self, batch: list[Waiting]) -> None:
        """Write one batch and tell everybody who waits for it what came of it."""
        facts = [each.fact for each in batch]
        try:
            outcomes = await self.intake.record(facts)
        except asyncio.CancelledError:
            settle(batch, None)
            raise
        except Exception as error:  # noqa: BLE001 - told to everybody who waits for this batch
            settle(batch, error)
            return
        for fact, outcome in zip(facts, outcomes, strict=True):
            if outcome is Recorded.REFUSED:
                log.error("could not record what account %s was told: %s", fact.account, name(fact))
        settle(batch, None, committed=True)


def settle(batch: list[Waiting], error: Exception | None, *, committed: bool = False) -> None:
    """Wake those who wait, unless they gave up meanwhile."""
    for each in batch:
        if each.taken.done():
            continue
        if committed:
            each.taken.set_result(None)
        elif error is None:
            each.taken.cancel()
        else:
            each.taken.set_exception(error)


def name(fact: Recordable) -> str:
    """Name a fact without what it says, which is nobody's business in a log."""
    numbers = fact.messages if isinstance(fact, PostsDeleted) else getattr(fact, "message", None)
    return f"{type(fact).__name__} {numbers}"
