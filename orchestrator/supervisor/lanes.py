"""The lanes that run in this process, from the taking of an account until nothing of it runs."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.ports.outbox import Holder
from orchestrator.stage import Stage
from orchestrator.supervisor.guard import Guard

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Running:
    """A lane's guard and its task; and the task that ends it, once something does."""

    guard: Guard
    task: asyncio.Task[None]
    leaving: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Lanes:
    """Starts and ends lanes; nothing here waits for a slow one, but `wait_empty`."""

    stage: Stage
    node: NodeName
    keeper: Keeper
    running: dict[AccountId, Running] = field(default_factory=dict)

    @property
    def at_work(self) -> list[AccountId]:
        """The accounts that are not leaving, those first that were taken last."""
        return [one for one, lane in reversed(self.running.items()) if lane.leaving is None]

    def ended(self) -> list[AccountId]:
        """Return the accounts whose lanes ended by themselves: a person has to act first."""
        return [account for account in self.at_work if self.running[account].task.done()]

    def start(self, account: AccountId) -> None:
        """Start an account's lane beside the others; a stuck one holds up nobody."""
        holder = Holder(self.node, account, self.keeper.held[account])
        guard = Guard(self.stage, holder)
        task = asyncio.create_task(guard.run(), name=f"lane:{account}")
        self.running[account] = Running(guard, task)

    def leave(self, accounts: Iterable[AccountId]) -> None:
        """Stop these in order and give them back; their leases are renewed meanwhile."""
        for account in accounts:
            lane = self.running.get(account)
            if lane is not None and lane.leaving is None:
                lane.leaving = asyncio.create_task(
                    self.hand_over(account, lane), name=f"leaving:{account}"
                )

    async def hand_over(self, account: AccountId, lane: Running) -> None:
        """Ask a lane to stop, cancel it when it takes too long, and give its account back."""
        lane.guard.asked.set()
        try:
            await finish(lane.task, self.stage.tuning.stop.total_seconds())
            await self.keeper.give_back(account)
        except (ServersUnavailable, OSError) as away:
            log.warning("account %s is free when its lease is over: %s", account, away)
        finally:
            self.forget(account, lane)

    def lose(self, accounts: Iterable[AccountId]) -> None:
        """Stop these at once: they are, or will soon be, somebody else's.

        Their connections were broken when their tenure ended; what is cancelled here only tidies.
        """
        for account in accounts:
            lane = self.running.get(account)
            if lane is None:
                continue
            # A broken connection may turn the cancelling into a failure, and the guard would go on.
            lane.guard.asked.set()
            lane.task.cancel()
            if lane.leaving is None:
                lane.leaving = asyncio.create_task(
                    self.bury(account, lane), name=f"losing:{account}"
                )

    async def bury(self, account: AccountId, lane: Running) -> None:
        """Wait for what is left of a lane; only then may its account be taken again."""
        try:
            await asyncio.gather(lane.task, return_exceptions=True)
        finally:
            self.forget(account, lane)

    def forget(self, account: AccountId, lane: Running) -> None:
        """Forget a lane of which nothing runs any more."""
        if self.running.get(account) is lane:
            del self.running[account]

    async def wait_empty(self) -> None:
        """Wait until nothing of any lane that leaves runs any more."""
        while leaving := [lane.leaving for lane in self.running.values() if lane.leaving]:
            await asyncio.wait(leaving)


async def finish(task: asyncio.Task[None], grace: float) -> None:
    """Let a task end within `grace` seconds, then cancel it, and wait for it."""
    await asyncio.wait({task}, timeout=grace)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
