"""Logging what was done without slowing whoever does it."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.errors import TroupeError
from orchestrator.ports.logs import LogStore, Operation

log = logging.getLogger(__name__)


@dataclass(slots=True)
class BatchedOperations:
    """Takes operations at once and writes them in batches.

    At most `room` operations wait; when the database is away for longer than that, the oldest are
    dropped and counted: a log must never stop the work.
    """

    store: LogStore
    clock: Clock
    room: int = 10_000
    batch: int = 500
    every: float = 1.0
    dropped: int = 0
    waiting: deque[Operation] = field(default_factory=deque)

    def note(self, operation: Operation) -> None:
        """Take an operation; it is written with the next batch."""
        if len(self.waiting) >= self.room:
            self.waiting.popleft()
            self.dropped += 1
        self.waiting.append(operation)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["BatchedOperations"]:
        """Write batches for as long as the block lasts, and what is left at its end."""
        writing = asyncio.create_task(self.keep_writing(), name="operations")
        try:
            yield self
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self.try_to_flush()

    async def keep_writing(self) -> None:
        """Write what waits, rest, and begin again."""
        while True:
            await self.clock.sleep(self.every)
            await self.try_to_flush()

    async def try_to_flush(self) -> None:
        """Write everything that waits; what cannot be written now waits on."""
        try:
            await self.flush()
        except (TroupeError, OSError, TimeoutError) as failed:
            log.warning("%d operations could not be logged yet: %s", len(self.waiting), failed)

    async def flush(self) -> None:
        """Write everything that waits, a batch at a time; a batch that failed is kept."""
        self.report_dropped()
        while self.waiting:
            batch = [self.waiting.popleft() for _ in range(min(self.batch, len(self.waiting)))]
            try:
                await self.store.record_operations(batch)
            except BaseException:
                self.put_back(batch)
                raise

    def put_back(self, batch: list[Operation]) -> None:
        """Return a batch to the front, as far as there is room."""
        kept = batch[max(0, len(batch) + len(self.waiting) - self.room) :]
        self.dropped += len(batch) - len(kept)
        self.waiting.extendleft(reversed(kept))

    def report_dropped(self) -> None:
        """Say once how many were lost since the last time."""
        if self.dropped:
            log.warning(
                "%d operations were not logged: the database was away too long", self.dropped
            )
            self.dropped = 0
