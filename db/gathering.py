"""Answering what many ask at about the same time by one statement."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)

CONFLICTS = frozenset({"40P01", "40001"})
"""SQLSTATE of a transaction that PostgreSQL undid so that another could go on."""
TRIES = 3

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(slots=True)
class Gathering(Generic[Q, A]):
    """Takes questions one by one and has them answered together, in the order they were asked.

    While as many batches are being answered as may be at the same time the next one gathers, and
    for `linger` seconds longer: what comes in crowds is answered in larger batches, while who asks
    after a quiet moment is answered at once. A batch that fails fails for everybody in it.
    """

    name: str
    answer_all: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]
    unheard: Callable[[Q, A], Awaitable[None]] | None = None
    """What becomes of an answer whose asker was cancelled meanwhile."""
    limit: int = 100
    linger: float = 0.0
    abreast: int = 1
    """How many batches are answered at the same time; with more than one, a later one may end
    first."""
    waiting: list[tuple[Q, "asyncio.Future[A]"]] = field(default_factory=list)
    orphans: list[tuple[Q, A]] = field(default_factory=list)
    answering: list[asyncio.Task[None]] = field(default_factory=list)
    """Run as long as somebody waits, and end by themselves."""
    moved_at: float = -inf
    """When a batch was last begun or answered, on the loop's clock."""

    async def ask(self, question: Q) -> A:
        """Return the answer; raises what answering the batch raised."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self.waiting.append((question, future))
        self.begin()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.orphans.append((question, future.result()))
                self.begin()
            raise

    def begin(self) -> None:
        """Have somebody answer, unless as many do as may."""
        self.answering = [task for task in self.answering if not task.done()]
        if len(self.answering) < self.abreast:
            task = asyncio.create_task(self.answer(), name=f"gathering:{self.name}")
            self.answering.append(task)

    async def answer(self) -> None:
        """Answer batches until nobody waits."""
        while self.waiting or self.orphans:
            await self.gather()
            batch, self.waiting = self.waiting[: self.limit], self.waiting[self.limit :]
            if batch:
                self.moved_at = asyncio.get_running_loop().time()
                await self.answer_batch([asked for asked in batch if not asked[1].done()])
                self.moved_at = asyncio.get_running_loop().time()
            await self.bury_orphans()

    async def gather(self) -> None:
        """Wait while others are likely to come; not when there was nobody for a while."""
        since = asyncio.get_running_loop().time() - self.moved_at
        if since < self.linger and len(self.waiting) < self.limit:
            await asyncio.sleep(self.linger - since)

    async def answer_batch(self, batch: list[tuple[Q, "asyncio.Future[A]"]]) -> None:
        """Answer one batch, or tell everybody in it why not."""
        if not batch:
            return
        try:
            answers = await self.try_to_answer([question for question, _ in batch])
        except BaseException as failed:
            tell_all([future for _, future in batch], failed)
            if not isinstance(failed, Exception):
                raise
            return
        for (question, future), answer in zip(batch, answers, strict=True):
            if future.done():
                self.orphans.append((question, answer))
            else:
                future.set_result(answer)

    async def try_to_answer(self, questions: Sequence[Q]) -> Sequence[A]:
        """Answer, and again where the transaction met another's and was undone as a whole."""
        return await after_conflicts(partial(self.answer_all, questions))

    async def bury_orphans(self) -> None:
        """See to the answers that nobody waited for."""
        orphans, self.orphans = self.orphans, []
        if self.unheard is None:
            return
        for question, answer in orphans:
            try:
                await self.unheard(question, answer)
            except Exception:
                log.warning("%s: an answer that nobody took is left", self.name, exc_info=True)


async def after_conflicts(act: Callable[[], Awaitable[A]]) -> A:
    """Run a transaction, and again where it was undone so that another could go on."""
    for _ in range(TRIES - 1):
        try:
            return await act()
        except DBAPIError as failed:
            if not is_conflict(failed):
                raise
            log.info("asked again after a conflict: %s", failed.orig)
    return await act()


def is_conflict(failed: DBAPIError) -> bool:
    """Tell whether a transaction was undone so that another could go on."""
    return getattr(failed.orig, "sqlstate", None) in CONFLICTS


def tell_all(futures: Sequence["asyncio.Future[A]"], failed: BaseException) -> None:
    """Pass a failure on to whoever still waits."""
    for future in futures:
        if future.done():
            continue
        if isinstance(failed, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(failed)
