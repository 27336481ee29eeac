"""Keeping one lane alive: a failure stays in its lane, and a parked account stays parked."""

import asyncio
import logging
from dataclasses import dataclass, field

from orchestrator.errors import TroupeError
from orchestrator.lanes.aftermath import park
from orchestrator.lanes.lane import Lane
from orchestrator.ports.accounts import RUNS
from orchestrator.ports.outbox import Holder
from orchestrator.refusals import TelegramRefused
from orchestrator.stage import Stage
from orchestrator.whereabouts import settle

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Guard:
    """Runs an account's lane again after each failure, with growing delays."""

    stage: Stage
    holder: Holder
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0

    async def run(self) -> None:
        """Keep the lane going until asked to stop or until the account is parked."""
        settle(node=self.holder.node, account=self.holder.account)
        while not self.asked.is_set():
            try:
                await Lane(self.stage, self.holder, self.asked, self.ready).run()
                self.failures = 0
            except TelegramRefused as refused:
                await park(self.stage, self.holder, refused.refusal)
                if await self.is_parked():
                    return
                await self.wait_to_restart(refused)
            except (TroupeError, OSError) as failed:
                await self.wait_to_restart(failed)
            except Exception as bug:
                log.exception("lane of account %s failed", self.holder.account)
                await self.wait_to_restart(bug)

    async def is_parked(self) -> bool:
        """Tell whether a person has to act before the account may be connected again."""
        account = await self.stage.stores.accounts.account(self.holder.account)
        return account.state not in RUNS

    async def wait_to_restart(self, failure: Exception) -> None:
        """Let a growing delay pass, unless asked to stop meanwhile."""
        self.failures = 1 if self.ready.is_set() else self.failures + 1
        self.ready.clear()
        delay = self.stage.tuning.restart.delay_after(self.failures).total_seconds()
        log.info("account %s starts again in %.0f s: %s", self.holder.account, delay, failure)
        pause = asyncio.create_task(
            self.stage.clock.sleep(delay), name=f"restart:{self.holder.account}"
        )
        asked = asyncio.create_task(self.asked.wait(), name=f"asked:{self.holder.account}")
        try:
            await asyncio.wait({pause, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            asked.cancel()
            await asyncio.gather(pause, asked, return_exceptions=True)
