"""Asking something of an account from outside its lane.

Only the holder of the lease opens the session. So what another door wants is put as a command and
awaited; when nobody holds the account, or its holder is dead, the door takes the lease itself for
a moment.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestrator.commands import Command, CommandResult, Failed
from orchestrator.errors import AccountBusy, NotAllowed, ServersUnavailable
from orchestrator.ids import AccountId, CommandId, NodeName
from orchestrator.lanes.errands import run_errand
from orchestrator.leases.keeper import Keeper
from orchestrator.leases.telling import ANOTHER, wait_told
from orchestrator.ports.leases import Fence, Lease
from orchestrator.ports.work import Topic
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

BEATS = 12
"""Renewals in one lease."""
IN_SILENCE = 3.0
"""Seconds of waiting after which a person is told for what."""


@dataclass(frozen=True, slots=True)
class AccountDoor:
    """The way to an account for whoever does not hold it."""

    stage: Stage
    node: NodeName
    """A name of this door's own, under which it takes leases."""

    async def ask(self, account: AccountId, command: Command) -> CommandResult:
        """Have the command carried out; raises NotAllowed with what went wrong, or AccountBusy."""
        return await self.await_result(account, command, self.patience(), self.keeper())

    async def ask_holder(self, account: AccountId, command: Command) -> CommandResult:
        """Have the command carried out by whoever holds the account; never opens it here."""
        patience = self.stage.tuning.answer.total_seconds()
        return await self.await_result(account, command, patience, None)

    async def await_result(
        self, account: AccountId, command: Command, patience: float, keeper: Keeper | None
    ) -> CommandResult:
        """Put the command where the holder finds it; with a keeper, do it here if nobody holds."""
        waiting = await self.stage.stores.commands.put_command(account, command, self.node)
        begun = self.stage.clock.monotonic()
        told = False
        while self.stage.clock.monotonic() < begun + patience:
            result = await self.stage.stores.commands.command_result(waiting)
            if result is not None:
                return checked(result)
            if keeper is not None:
                lease = await self.stage.stores.leases.lease_of(account)
                if await keeper.try_to_take(lease):
                    return await self.do_it_here(keeper, account, waiting, command)
                told = told or await self.told(account, lease, begun, begun + patience)
            await self.stage.bell.wait(Topic.RESULTS, 0.2)
        return await self.give_up(account, waiting)

    async def do_it_here(
        self, keeper: Keeper, account: AccountId, waiting: CommandId, command: Command
    ) -> CommandResult:
        """Run the errand under the lease that was just taken, unless it is done already."""
        commands = self.stage.stores.commands
        async with self.renewing(keeper, account):
            if not await commands.withdraw_command(waiting):
                result = await commands.command_result(waiting)
                if result is not None:
                    return checked(result)
            async with self.stage.telegram.open(account, None) as client:
                return checked(await run_errand(client, command))

    async def give_up(self, account: AccountId, waiting: CommandId) -> CommandResult:
        """Take the command back; if it was taken meanwhile, its last word counts."""
        if not await self.stage.stores.commands.withdraw_command(waiting):
            result = await self.stage.stores.commands.command_result(waiting)
            if result is not None:
                return checked(result)
        name = (await self.stage.stores.accounts.account(account)).name
        raise AccountBusy(
            f"the process that holds {name} does not answer: "
            f"see `troupe accounts show {name}` and try again"
        )

    @asynccontextmanager
    async def holding(self, account: AccountId) -> AsyncIterator[Fence]:
        """Hold the account's lease for as long as a person takes to answer; raises AccountBusy.

        A lease that moves is a living holder's; one that stands still is waited for.
        """
        keeper = self.keeper()
        begun, told = self.stage.clock.monotonic(), False
        first = lease = await self.stage.stores.leases.lease_of(account)
        while not await keeper.try_to_take(lease):
            if lease != first:
                name = (await self.stage.stores.accounts.account(account)).name
                raise AccountBusy(
                    f"{name} is in use by {lease.node or ANOTHER}: "
                    f"`troupe accounts pause {name}` comes first"
                )
            free = self.stage.clock.monotonic() + keeper.left(lease)
            told = told or await self.told(account, lease, begun, free)
            await self.stage.bell.wait(Topic.RESULTS, 0.2)
            lease = await self.stage.stores.leases.lease_of(account)
        fence = keeper.held[account]
        async with self.renewing(keeper, account):
            yield fence

    async def told(self, account: AccountId, lease: Lease, begun: float, ends: float) -> bool:
        """Say what is waited for, once that has taken a moment; returns whether it was said."""
        clock = self.stage.clock
        if clock.monotonic() < begun + IN_SILENCE:
            return False
        name = (await self.stage.stores.accounts.account(account)).name
        log.warning("%s", wait_told(f"{name} is", lease.node, clock, ends - clock.monotonic()))
        return True

    @asynccontextmanager
    async def renewing(self, keeper: Keeper, account: AccountId) -> AsyncIterator[None]:
        """Keep the lease alive meanwhile, and give it back afterwards."""
        renewal = asyncio.create_task(self.renew(keeper), name=f"renewing:{account}")
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            await keeper.give_back(account)

    async def renew(self, keeper: Keeper) -> None:
        """Renew until cancelled; what could not be renewed in time is cut off and let go."""
        while True:
            await self.stage.clock.sleep(keeper.lasts / BEATS)
            try:
                async with asyncio.timeout(keeper.lasts / 6):
                    await keeper.renew()
            except (ServersUnavailable, TimeoutError, OSError) as failed:
                log.info("the lease could not be renewed: %s", failed or "no answer in time")
            if keeper.has_run_out():
                keeper.let_go()

    def keeper(self) -> Keeper:
        """Watch leases under this door's name."""
        return Keeper(
            self.node,
            self.stage.stores.leases,
            self.stage.clock,
            self.stage.tuning.lease.total_seconds(),
            self.stage.tenure,
        )

    def patience(self) -> float:
        """Return how long to wait: long enough to tell a dead holder from a slow one."""
        return (self.stage.tuning.lease + self.stage.tuning.answer).total_seconds()


def checked(result: CommandResult) -> CommandResult:
    """Raise NotAllowed for a command that failed; the sentence says why."""
    if isinstance(result, Failed):
        raise NotAllowed(result.sentence)
    return result
