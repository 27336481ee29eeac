"""One time for a rehearsal's Telegram, its database and its node."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from db.movable_clock import MovableClock
from orchestrator.clock import SystemClock
from simulator.world.world import World


@dataclass(slots=True)
class ShiftedClock:
    """Implements `Clock`: the wall clock is moved, what measures is the machine's own."""

    machine: SystemClock = field(default_factory=SystemClock)
    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the world's time."""
        return self.machine.now() + self.shift

    def monotonic(self) -> float:
        """Return seconds that nobody moves."""
        return self.machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)

    def move(self, moment: datetime) -> None:
        """Make it `moment`; the clock goes on from then."""
        self.shift = moment - datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WorldTime:
    """Moves all three clocks together; time never goes back."""

    world: World
    clock: ShiftedClock
    database: MovableClock

    async def move(self, moment: datetime) -> None:
        """Let the time until `moment` pass."""
        if moment <= self.clock.now():
            return
        # The database first: what it lets out is then never later than Telegram's own time.
        await self.database.move(moment)
        self.clock.move(moment)
        self.world.clock.set(moment)
