"""Time, passed in: steps that measure use a clock that counts sleep and never jumps."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the time is, and a way to let it pass."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC: for records, never for deciding order."""

    def monotonic(self) -> float:
        """Return seconds that only grow and go on while the machine sleeps."""

    async def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


def until_tick(clock: Clock, every: float) -> float:
    """Return the seconds until everybody who looks so often looks: all at the same moments.

    Lanes of one process that ask together are answered by one statement.
    """
    return every - clock.monotonic() % every


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds of the clock that counts sleep; the watchdog process reads the same.

        On Linux that is CLOCK_BOOTTIME, for CLOCK_MONOTONIC stands still in a suspend. On macOS it
        is CLOCK_MONOTONIC, for Python's own stands still there; on Windows Python's own counts.
        """
        counting = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if counting is None else time.clock_gettime(counting)

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)
