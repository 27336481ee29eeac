"""The beat by which a node watches itself and is watched.

The watchdog ends the process half a lease after the last beat, and in any case before what the
process holds could be taken by another. So a beat is only given after a look at the clock, and
what could not be renewed is let go before.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orchestrator.clock import Clock
from orchestrator.errors import NotAllowed
from orchestrator.ids import AccountId
from orchestrator.leases.keeper import Keeper
from orchestrator.ports.watchdog import Watchdog

log = logging.getLogger(__name__)

BEATS = 12
"""Beats in one lease."""


@dataclass(slots=True)
class Heart:
    """Feeds the watchdog from the event loop, and lets go what ran out."""

    keeper: Keeper
    clock: Clock
    watchdog: Watchdog
    lose: Callable[[Iterable[AccountId]], None]
    guarded: bool = False
    """Whether a watchdog watches; without one nothing is held."""

    async def start(self) -> None:
        """Start the watchdog; raises NotAllowed when there can be none."""
        await self.watchdog.start(self.end())
        self.guarded = True

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            self.let_go_what_ran_out()
            if self.watchdog.is_awake():
                self.watchdog.feed(self.end())
            else:
                await self.start_again()
            await self.clock.sleep(self.keeper.lasts / BEATS)

    def let_go_what_ran_out(self) -> None:
        """Break the connections of what could not be renewed in time, before anything else."""
        if self.keeper.has_run_out():
            lost = self.keeper.let_go()
            self.lose(lost)
            log.warning("%d accounts were let go: their leases could not be renewed", len(lost))

    def end(self) -> float:
        """Return when the watchdog ends this process if it hears nothing more."""
        silence = self.clock.monotonic() + self.keeper.lasts / 2
        return min(silence, self.keeper.ends) if self.keeper.held else silence

    async def start_again(self) -> None:
        """Start another watchdog in place of one that died; if that fails, hold nothing."""
        log.warning("the watchdog process is gone; another one is started")
        try:
            async with asyncio.timeout(self.keeper.lasts / 6):
                await self.watchdog.start(self.end())
        except (NotAllowed, TimeoutError) as failed:
            self.guarded = False
            lost = self.keeper.let_go()
            self.lose(lost)
            why = failed or "no watchdog process was there in time"
            log.warning("%d accounts were let go: %s", len(lost), why)
        else:
            self.guarded = True
