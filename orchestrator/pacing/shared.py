"""Pacing between nodes, and what holds while the place that they share is gone."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.book import LocalBook, TurnBook, book_begun_now
from orchestrator.pacing.gcra import Later, Limit, Turn
from orchestrator.pacing.limits import SEND, limits_of
from orchestrator.ports.leases import NodeRecord
from orchestrator.tuning import Retries, Tuning

log = logging.getLogger(__name__)

RECOUNT = 30.0
"""Seconds for which a count of the living nodes is believed."""

RETURNING = Retries(0, timedelta(seconds=0.5), longest=timedelta(seconds=15))
"""How often somebody tries whether the shared book is back; nobody else waits for the answer."""


UNLIMITED = Turn(at=0, now=0, since=0, limits=(), slots=())
"""The turn of a request that is under no limit."""


@dataclass(slots=True)
class Outage:
    """The time without the shared book: a book of this node's own, for its share."""

    book: LocalBook
    nodes: int
    counted_at: float
    next_try: float
    tries: int = 1


@dataclass(slots=True)
class SharedPacer:
    """Keeps the pace in a book that all nodes share; without it, this node's share of the limits.

    Implements `Pacer`. A reservation in a book that was lost meanwhile is made anew, so that what
    is new and what was waiting never add up to more than the limits.
    """

    tuning: Tuning
    clock: Clock
    shared: TurnBook
    count_nodes: Callable[[], Awaitable[int]]
    """Counts the nodes that live; may raise ServersUnavailable."""
    outage: Outage | None = None
    known_nodes: int = field(default=1)

    async def wait_turn(
        self, account: AccountId, peer: TelegramId | None = None, method: str = SEND
    ) -> Turn:
        """Reserve a turn under all limits at once, and wait for it; under none, nobody is asked."""
        if not limits_of(self.tuning, account, method, peer):
            return UNLIMITED
        while True:
            book, turn = await self.reserve(account, method, peer)
            if turn.wait <= 0 and isinstance(turn, Turn):
                return turn
            await self.clock.sleep(max(turn.wait, 0.0))
            if isinstance(turn, Turn) and await self.stands(book, turn):
                return turn

    async def reserve(
        self, account: AccountId, method: str, peer: TelegramId | None
    ) -> tuple[TurnBook, Turn | Later]:
        """Ask the shared book; when it does not answer, this node's own."""
        whole = limits_of(self.tuning, account, method, peer)
        if self.is_worth_asking():
            turn = await self.ask_shared(whole)
            if turn is not None:
                return self.shared, turn
        outage = await self.during_outage()
        mine = limits_of(self.tuning, account, method, peer, outage.nodes)
        return outage.book, await outage.book.take(mine, self.tuning.pacing_horizon)

    def is_worth_asking(self) -> bool:
        """Tell whether the shared book may be there; during an outage one asker at a time tries."""
        if self.outage is None:
            return True
        now = self.clock.monotonic()
        if now < self.outage.next_try:
            return False
        self.outage.tries += 1
        pause = RETURNING.delay_after(self.outage.tries).total_seconds()
        self.outage.next_try = now + pause
        return True

    async def ask_shared(self, limits: Sequence[Limit]) -> Turn | Later | None:
        """Reserve in the shared book; returns None when it is not there."""
        try:
            turn = await self.shared.take(limits, self.tuning.pacing_horizon)
        except ServersUnavailable as away:
            self.note_outage(away)
            return None
        if self.outage is not None:
            self.outage = None
            log.info("pacing is shared by all nodes again")
        return turn

    def note_outage(self, away: ServersUnavailable) -> None:
        """Begin a book of this node's own, and say so once."""
        if self.outage is not None:
            return
        now = self.clock.monotonic()
        pause = RETURNING.first.total_seconds()
        self.outage = Outage(
            book_begun_now(self.clock), self.known_nodes, now - RECOUNT, now + pause
        )
        log.warning("pacing is not shared: this node keeps to its share of the limits (%s)", away)

    async def during_outage(self) -> Outage:
        """Return the outage, with a count of the nodes that is not too old."""
        if self.outage is None:
            self.note_outage(ServersUnavailable("it went away again"))
        outage = self.outage
        if outage is None:
            raise RuntimeError("an outage was noted")
        now = self.clock.monotonic()
        if now - outage.counted_at >= RECOUNT:
            outage.counted_at = now
            try:
                self.known_nodes = outage.nodes = max(1, await self.count_nodes())
            except ServersUnavailable as away:
                log.info("the nodes could not be counted: %s", away)
        return outage

    async def stands(self, book: TurnBook, turn: Turn) -> bool:
        """Tell whether a turn that was waited for may be used."""
        if book is not self.shared:
            return self.outage is not None and self.outage.book is book
        try:
            return self.outage is None and await self.shared.knows(turn)
        except ServersUnavailable as away:
            self.note_outage(away)
            return False

    async def give_back(self, turn: Turn) -> None:
        """Let others have a turn that will not be used; without its book it lapses."""
        if turn is UNLIMITED:
            return
        outage = self.outage
        try:
            if outage is None:
                await self.shared.give_back(turn, self.tuning.pacing_horizon)
            elif await outage.book.knows(turn):
                await outage.book.give_back(turn, self.tuning.pacing_horizon)
        except ServersUnavailable as away:
            self.note_outage(away)

    def describe(self) -> str:
        """Say which pacing holds."""
        if self.outage is None:
            return "shared by all nodes"
        nodes = self.outage.nodes
        return f"this node's share, one of {nodes}: what nodes share does not answer"


def living(nodes: Sequence[NodeRecord], lease: timedelta) -> int:
    """Count the nodes that were seen within a lease."""
    return sum(node.unseen < lease for node in nodes)
