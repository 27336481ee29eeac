"""Where turns are written down: in one process, or in a place that all nodes share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from orchestrator.clock import Clock
from orchestrator.pacing.gcra import Kept, Later, Limit, Turn, give_back, take


class TurnBook(Protocol):
    """Reserves turns; every method may raise ServersUnavailable, within a short time."""

    async def take(self, limits: Sequence[Limit], horizon: timedelta) -> Turn | Later:
        """Reserve the earliest turn under all limits, or nothing when it lies past the horizon."""

    async def knows(self, turn: Turn) -> bool:
        """Tell whether the turn still stands: a book that was lost forgets what was reserved."""

    async def give_back(self, turn: Turn, horizon: timedelta) -> object:
        """Let others have a turn that will not be used; at most once."""


@dataclass(slots=True)
class LocalBook:
    """Implements `TurnBook` for one process; bursts that may have been before `since` count."""

    clock: Clock
    since: int = 0
    kept: dict[str, Kept] = field(default_factory=dict)

    async def take(self, limits: Sequence[Limit], horizon: timedelta) -> Turn | Later:
        """Reserve without waiting for anybody, so in order."""
        turn, after = take(limits, self.kept, now=self.now(), **self.terms(horizon))
        self.kept.update(after)
        self.forget_passed()
        return turn

    async def knows(self, turn: Turn) -> bool:
        """Tell whether it is this book's."""
        return turn.since == self.since

    async def give_back(self, turn: Turn, horizon: timedelta) -> None:
        """Open the turn's slots again."""
        self.kept.update(give_back(turn, self.kept, now=self.now(), **self.terms(horizon)))

    def terms(self, horizon: timedelta) -> dict[str, int]:
        """Lay out what the rule asks besides the time."""
        return {"since": self.since, "horizon": horizon // timedelta(microseconds=1)}

    def now(self) -> int:
        """Return microseconds on the clock that never jumps."""
        return int(self.clock.monotonic() * 1_000_000)

    def forget_passed(self) -> None:
        """Drop limits that no longer bind, so that memory does not grow with every chat."""
        if len(self.kept) > 10_000:
            now = self.now()
            self.kept = {name: kept for name, kept in self.kept.items() if kept.end > now}


def book_begun_now(clock: Clock) -> LocalBook:
    """Begin a book in the middle of things: what was sent before is not known, so no burst."""
    book = LocalBook(clock)
    book.since = book.now()
    return book
