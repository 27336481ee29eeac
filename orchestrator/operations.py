"""Logging what was done without slowing whoever does it."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from orchestrator.clock import Clock
from orchestrator.errors import TroupeError
from orchestrator.ports.logs import Entry, LogStore, Operation, OperationKind, OperationLog
from orchestrator.refusals import TelegramRefused
from orchestrator.whereabouts import Whereabouts, here, post_of

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class BatchedOperations:
    """Takes operations and session events at once and writes them in batches.

    At most `room` entries wait; when the database is away for longer than that, the oldest are
    dropped and counted: a log must never stop the work.
    """

    store: LogStore
    clock: Clock
    room: int = 10_000
    batch: int = 500
    every: float = 1.0
    grace: float = 5.0
    """Seconds that the last batches may take; a log must not keep a process from ending."""
    dropped: int = 0
    """Since the last report."""
    dropped_ever: int = 0
    waiting: deque[Entry] = field(default_factory=deque)
    noted: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    """Kind and outcome → how many since the process began, and how many seconds they took."""

    def note(self, entry: Entry) -> None:
        """Take an entry, with the moment and whereabouts; it is written with the next batch."""
        if len(self.waiting) >= self.room:
            self.waiting.popleft()
            self.drop(1)
        if isinstance(entry, Operation):
            self.count(entry)
        self.waiting.append(self.placed(entry))

    def count(self, operation: Operation) -> None:
        """Add an operation to what was noted, whether it can be written or not."""
        key = (str(operation.kind), "success" if operation.succeeded else "failed")
        number, seconds = self.noted.get(key, (0, 0.0))
        self.noted[key] = (number + 1, seconds + operation.duration.total_seconds())

    def placed(self, entry: Entry) -> Entry:
        """Fill in when this was, and on whose behalf, where the entry does not say so itself."""
        task = here()
        return replace(
            entry,
            at=entry.at or self.clock.now(),
            node=entry.node or task.node,
            account=entry.account or task.account,
            **(subject_of(entry, task) if isinstance(entry, Operation) else {}),
        )

    def drop(self, count: int) -> None:
        """Count what is lost."""
        self.dropped += count
        self.dropped_ever += count

    @asynccontextmanager
    async def running(self) -> AsyncIterator["BatchedOperations"]:
        """Write batches for as long as the block lasts, and what is left at its end.

        A batch that is being written then is let finish: cancelled and written again, it might
        stand twice.
        """
        ending = asyncio.Event()
        writing = asyncio.create_task(self.keep_writing(ending), name="operations")
        try:
            yield self
        finally:
            ending.set()
            await asyncio.wait({writing}, timeout=self.grace)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def keep_writing(self, ending: asyncio.Event) -> None:
        """Write what waits, rest, and begin again; once more at the end."""
        while not ending.is_set():
            await self.try_to_flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.every):
                    await ending.wait()
        await self.try_to_flush()

    async def try_to_flush(self) -> None:
        """Write everything that waits; what cannot be written now waits on."""
        try:
            await self.flush()
        except (TroupeError, OSError, TimeoutError) as failed:
            logger.warning("%d operations could not be logged yet: %s", len(self.waiting), failed)

    async def flush(self) -> None:
        """Write everything that waits, a batch at a time; a batch that failed is kept."""
        self.report_dropped()
        while self.waiting:
            batch = [self.waiting.popleft() for _ in range(min(self.batch, len(self.waiting)))]
            try:
                await self.store.record_entries(batch)
            except BaseException:
                self.put_back(batch)
                raise

    def put_back(self, batch: list[Entry]) -> None:
        """Return a batch to the front, as far as there is room."""
        kept = batch[max(0, len(batch) + len(self.waiting) - self.room) :]
        self.drop(len(batch) - len(kept))
        self.waiting.extendleft(reversed(kept))

    def report_dropped(self) -> None:
        """Say once how many were lost since the last time."""
        if self.dropped:
            logger.warning(
                "%d operations were not logged: the database was away too long", self.dropped
            )
            self.dropped = 0


def subject_of(operation: Operation, task: Whereabouts) -> dict[str, Any]:
    """Say what the operation was about, as far as it or the running task knows."""
    correlation = operation.correlation or task.correlation
    return {
        "correlation": correlation,
        "post": operation.post or task.post or (post_of(correlation) if correlation else None),
        "comment": operation.comment or task.comment,
        "outbox": operation.outbox or task.outbox,
    }


@contextmanager
def logged(log: OperationLog, clock: Clock, kind: OperationKind) -> Iterator[None]:
    """Note what the block does as one operation, however it ends."""
    begun = clock.monotonic()
    failure: BaseException | None = None
    try:
        yield
    except BaseException as failed:
        failure = failed
        raise
    finally:
        duration = timedelta(seconds=clock.monotonic() - begun)
        error = (sentence_of(failure), name_of(failure)) if failure else (None, None)
        log.note(Operation(kind, None, failure is None, duration, *error))


def name_of(error: BaseException) -> str:
    """Return what statistics count an error by: Telegram's own name, or that of its kind."""
    return error.refusal.name if isinstance(error, TelegramRefused) else type(error).__name__


def sentence_of(error: BaseException) -> str:
    """Return what the error says, or at least its kind."""
    return str(error) or type(error).__name__
