"""A process that holds accounts: it keeps leases, runs lanes side by side, and does the jobs."""

import asyncio
import logging
import os
import socket
from dataclasses import dataclass, field

from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.ports.outbox import Holder
from orchestrator.stage import Stage
from orchestrator.supervisor.chores import Chores
from orchestrator.supervisor.guard import Guard
from orchestrator.supervisor.workers import Worker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Running:
    """A lane's guard and its task."""

    guard: Guard
    task: asyncio.Task[None]


@dataclass(slots=True)
class Node:
    """One `troupe run`."""

    stage: Stage
    name: NodeName
    worker: Worker
    version: str
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    running: dict[AccountId, Running] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until `asked` is set; then finish what was begun, and give every account back."""
        keeper = Keeper(
            self.name,
            self.stage.stores.leases,
            self.stage.clock,
            self.stage.tuning.lease.total_seconds(),
        )
        await self.stage.stores.leases.node_started(
            self.name, socket.gethostname(), os.getpid(), self.version
        )
        try:
            await self.work(keeper)
            # Nothing is taken any more, and the lease outlasts the lanes' time to finish.
            await self.stop_lanes(keeper, frozenset(self.running))
        finally:
            await self.cancel_lanes(frozenset(self.running))
        await self.stage.stores.leases.node_stopped(self.name)

    async def work(self, keeper: Keeper) -> None:
        """Keep leases, do jobs and chores side by side until asked to stop."""
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(self.keep(keeper), name="leases"),
                group.create_task(self.worker.run(), name="jobs"),
                group.create_task(Chores(self.stage).run(), name="chores"),
            )
            await self.asked.wait()
            for task in tasks:
                task.cancel()

    async def keep(self, keeper: Keeper) -> None:
        """Renew, take and let go, several times in each lease."""
        pause = self.stage.tuning.lease.total_seconds() / 6
        while True:
            try:
                async with asyncio.timeout(pause * 2):
                    await self.keep_once(keeper)
            except (ServersUnavailable, TimeoutError, OSError) as failed:
                log.warning("leases could not be renewed: %s", failed or "no answer in time")
            if keeper.has_run_out():
                await self.cancel_lanes(keeper.let_go())
            await self.rest(pause)

    async def keep_once(self, keeper: Keeper) -> None:
        """Do one round: what is lost stops at once, what is unwanted stops in order."""
        await self.cancel_lanes(await keeper.renew())
        draining = await self.stage.stores.leases.node_seen(self.name)
        may_take = not draining and not self.asked.is_set()
        taken, unwanted = await keeper.look_round(may_take=may_take)
        for account in taken:
            self.start_lane(keeper, account)
        ended = {account for account, lane in self.running.items() if lane.task.done()}
        await self.stop_lanes(keeper, unwanted | ended)

    def start_lane(self, keeper: Keeper, account: AccountId) -> None:
        """Start an account's lane beside the others; a stuck one holds up nobody."""
        holder = Holder(self.name, account, keeper.held[account])
        guard = Guard(self.stage, holder)
        self.running[account] = Running(
            guard, asyncio.create_task(guard.run(), name=f"lane:{account}")
        )

    async def stop_lanes(
        self, keeper: Keeper, accounts: frozenset[AccountId] | set[AccountId]
    ) -> None:
        """Ask lanes to stop, cancel those that take too long, and give their accounts back."""
        lanes = {account: self.running.pop(account) for account in accounts & set(self.running)}
        for lane in lanes.values():
            lane.guard.asked.set()
        await finish([lane.task for lane in lanes.values()], self.stage.tuning.stop.total_seconds())
        for account in accounts:
            await keeper.give_back(account)

    async def cancel_lanes(self, accounts: frozenset[AccountId]) -> None:
        """Stop lanes at once: their accounts belong to somebody else."""
        lanes = [self.running.pop(account) for account in accounts if account in self.running]
        for lane in lanes:
            lane.task.cancel()
        await finish([lane.task for lane in lanes], 0)

    async def rest(self, seconds: float) -> None:
        """Wait until the next round."""
        await self.stage.clock.sleep(seconds)


async def finish(tasks: list[asyncio.Task[None]], grace: float) -> None:
    """Let tasks end within `grace` seconds, then cancel the late ones and wait for them."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=grace)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
