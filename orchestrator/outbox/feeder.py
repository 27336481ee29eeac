"""Handing every lane of this process its next message, out of one query for all of them."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, OutboxId
from orchestrator.ports.outbox import Holder, OutboxStore, Waiting
from orchestrator.ports.work import Bell, Topic

log = logging.getLogger(__name__)

BATCH = 100
"""How many messages are fetched at once at most, for all lanes together."""

SWEEP_EVERY = timedelta(minutes=1)
LATE = timedelta(hours=1)
"""How long after its time was over a message may still be settled by its lane."""


@dataclass(slots=True)
class Feeder:
    """Knows which lanes have nothing to send, and looks for all of them at once.

    What it hands out is not claimed: the gate still decides about each message just before it is
    sent, so what has changed meanwhile is refused there. A lane that takes the last of what is at
    hand is asked about while it sends that; one that is busy otherwise is not.
    """

    store: OutboxStore
    bell: Bell
    clock: Clock
    poll: timedelta
    hungry: dict[Holder, "asyncio.Future[Waiting]"] = field(default_factory=dict)
    unasked: set[Holder] = field(default_factory=set)
    """Those of the hungry for whom the outbox has to be looked at."""
    stock: dict[AccountId, tuple[Holder, deque[Waiting]]] = field(default_factory=dict)
    """What is at hand for lanes that are busy still."""
    in_hand: dict[AccountId, OutboxId] = field(default_factory=dict)
    """What each lane was given last: it is due until it is claimed, and not to be given twice."""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    sweep_at: float = 0.0

    def take(self, holder: Holder) -> Waiting | None:
        """Return what is at hand already, if anything is."""
        owner, messages = self.stock.get(holder.account, (holder, deque[Waiting]()))
        if owner != holder or not messages:
            self.stock.pop(holder.account, None)
            return None
        taken = messages.popleft()
        self.in_hand[holder.account] = taken.id
        if not messages:
            self.stir([holder])
        return taken

    async def next_waiting(self, holder: Holder) -> Waiting:
        """Wait for the account's next message."""
        ready = self.take(holder)
        if ready is not None:
            return ready
        future: asyncio.Future[Waiting] = asyncio.get_running_loop().create_future()
        self.hungry[holder] = future
        self.stir([holder])
        try:
            return await future
        finally:
            if self.hungry.get(holder) is future:
                del self.hungry[holder]
                self.unasked.discard(holder)

    def stir(self, holders: Sequence[Holder]) -> None:
        """Have the outbox looked at for these."""
        self.unasked.update(holders)
        self.stirred.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Feeder"]:
        """Feed lanes for as long as the block lasts."""
        task = asyncio.create_task(self.run(), name="feeder")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self) -> None:
        """Feed, and listen for more to come; in a process without lanes there is nothing to do."""
        await self.stirred.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.keep_feeding(), name="feeder: feeding")
            group.create_task(self.keep_listening(), name="feeder: listening")

    async def keep_listening(self) -> None:
        """Look for everybody when the bell rings, and now and then without."""
        while True:
            await self.bell.wait(Topic.OUTBOX, self.poll.total_seconds())
            if self.hungry:
                self.stir(list(self.hungry))

    async def keep_feeding(self) -> None:
        """Look for those who ask; while the database is away, lanes wait."""
        while True:
            await self.stirred.wait()
            self.stirred.clear()
            asked = [holder for holder in self.unasked if self.has_use_for(holder)]
            self.unasked.clear()
            try:
                await self.feed(asked)
                await self.sweep()
            except ServersUnavailable as away:
                log.warning("nothing can be sent: %s", away)
                await self.pause(asked)
            except Exception:
                log.exception("the outbox could not be looked at")
                await self.pause(asked)

    async def pause(self, asked: Sequence[Holder]) -> None:
        """Let some time pass, then look again for whoever still waits."""
        await self.clock.sleep(self.poll.total_seconds())
        self.stir([holder for holder in asked if self.has_use_for(holder)])

    def has_use_for(self, holder: Holder) -> bool:
        """Tell whether a lane has nothing at hand, or will have nothing after this message."""
        return holder in self.hungry or self.stock.get(holder.account) == (holder, deque())

    async def feed(self, asked: Sequence[Holder]) -> None:
        """Hand out what is due; where there was more than a batch, the others are next."""
        for node in {holder.node for holder in asked}:
            holders = [holder for holder in asked if holder.node == node]
            found = await self.store.gather_waiting(holders, BATCH)
            self.hand_out(holders, found)
            if len(found) >= BATCH:
                self.stir([holder for holder in holders if self.is_waiting(holder)])

    def hand_out(self, holders: Sequence[Holder], found: Sequence[Waiting]) -> None:
        """Give each lane its first message, and keep the others at hand."""
        by_account = {holder.account: holder for holder in holders}
        for waiting in found:
            holder = by_account[waiting.account]
            if self.is_waiting(holder):
                self.hungry.pop(holder).set_result(waiting)
                self.stock[waiting.account] = (holder, deque())
                self.in_hand[waiting.account] = waiting.id
            elif self.stock.get(waiting.account, (None,))[0] == holder:
                self.keep(waiting)

    def keep(self, waiting: Waiting) -> None:
        """Lay a message aside for a lane that is busy, unless it has that one already."""
        _, messages = self.stock[waiting.account]
        if waiting.id != self.in_hand[waiting.account] and waiting not in messages:
            messages.append(waiting)

    def is_waiting(self, holder: Holder) -> bool:
        """Tell whether a lane still waits for its next message."""
        future = self.hungry.get(holder)
        return future is not None and not future.done()

    async def sweep(self) -> None:
        """Once in a while, end what nobody came to in time: parked accounts have no lane."""
        now = self.clock.monotonic()
        if now < self.sweep_at:
            return
        self.sweep_at = now + SWEEP_EVERY.total_seconds()
        ended = await self.store.give_up_expired(LATE)
        if ended:
            log.warning("%d messages were given up: their time was over", ended)
