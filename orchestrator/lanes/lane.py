"""One account, connected: it reads its channels, sends what is welcome, and runs errands."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.clock import until_tick
from orchestrator.intake.correspondence import Correspondence
from orchestrator.intake.group_reader import GroupReader
from orchestrator.intake.reconciler import Reconciler
from orchestrator.intake.scout import Scout
from orchestrator.intake.sentry import Sentry
from orchestrator.lanes.delivery import Delivery
from orchestrator.lanes.disclosure import read_disclosure
from orchestrator.lanes.errands import run_errand
from orchestrator.ports.outbox import Holder, Waiting
from orchestrator.ports.telegram import AccountClient
from orchestrator.ports.work import Topic
from orchestrator.refusals import OutcomeUnknown, TelegramRefused
from orchestrator.stage import Stage

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Lane:
    """Runs one account for as long as this process holds it and `asked` is not set."""

    stage: Stage
    holder: Holder
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Connect and work until asked to stop; raises what ended the connection."""
        await self.stage.stores.outbox.abandon_claims(self.holder)
        async with self.stage.telegram.open(self.holder.account, self.stage.sink) as client:
            try:
                await self.work(client)
            except ExceptionGroup as group:
                raise the_reason(group) from group

    async def work(self, client: AccountClient) -> None:
        """Run the lane's tasks side by side; the first that fails ends the others."""
        await self.introduce(client)
        self.ready.set()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work, name=f"{name}:{self.holder.account}")
                for name, work in (
                    ("errands", self.run_errands(client)),
                    ("reading", self.read(client)),
                    ("disclosure", self.keep_disclosed(client)),
                    ("connection", watch(client)),
                )
            ]
            sending = group.create_task(self.send(client), name=f"sending:{self.holder.account}")
            await asyncio.wait([sending])
            for task in tasks:
                task.cancel()

    async def introduce(self, client: AccountClient) -> None:
        """Read who the account is and whether it may speak."""
        await read_disclosure(client, self.stage.stores, self.holder.account, self.holder.fence)

    async def send(self, client: AccountClient) -> None:
        """Deliver what is due, one message at a time, until asked to stop."""
        delivery = Delivery(self.stage, self.holder, client)
        try:
            while not self.asked.is_set():
                waiting = self.stage.feeder.take(self.holder)
                if waiting is None:
                    await delivery.recorded()
                    waiting = await self.next_waiting()
                if waiting is not None:
                    await delivery.send_on(waiting)
        finally:
            await delivery.recorded()

    async def run_errands(self, client: AccountClient) -> None:
        """Carry out what other doors ask of this account."""
        commands = self.stage.stores.commands
        while True:
            for taken in await commands.take_commands([self.holder.account]):
                await commands.finish_command(taken.id, await run_errand(client, taken.command))
            await self.stage.bell.wait(Topic.COMMANDS, self.until_poll())

    async def read(self, client: AccountClient) -> None:
        """Compare dialogues and channels with the server: first all of them, then what is due.

        Telegram tells of what was missed while nobody was connected only where it feels like it.
        """
        await client.caught_up()
        correspondence = Correspondence(self.stage, self.holder, client)
        await correspondence.compare()
        reconciler = Reconciler(self.stage, self.holder, client)
        await reconciler.compare_all()
        groups = GroupReader(self.stage, self.holder, client)
        await groups.compare(keep=True)
        scout = Scout(self.stage, self.holder, client)
        sentry = Sentry(self.stage, self.holder, client)
        while True:
            await correspondence.compare_due()
            await reconciler.compare_due()
            await groups.compare_due()
            await scout.look_round()
            await sentry.look_if_due()
            await self.stage.clock.sleep(self.until_poll())

    def until_poll(self) -> float:
        """Return the seconds until this lane looks again, with all others of its process."""
        return until_tick(self.stage.clock, self.stage.tuning.poll.total_seconds())

    async def keep_disclosed(self, client: AccountClient) -> None:
        """Read the bio again from time to time."""
        while True:
            await self.stage.clock.sleep(self.stage.tuning.disclosure_check.total_seconds())
            await self.introduce(client)

    async def next_waiting(self) -> Waiting | None:
        """Wait for something to send, or for being asked to stop."""
        asked = asyncio.create_task(self.asked.wait(), name=f"asked:{self.holder.account}")
        fed = asyncio.create_task(
            self.stage.feeder.next_waiting(self.holder), name=f"fed:{self.holder.account}"
        )
        try:
            await asyncio.wait({asked, fed}, return_when=asyncio.FIRST_COMPLETED)
            return fed.result() if fed.done() else None
        finally:
            asked.cancel()
            fed.cancel()
            await asyncio.gather(asked, fed, return_exceptions=True)


async def watch(client: AccountClient) -> None:
    """Raise when the connection has ended, whatever the reason."""
    await client.wait_closed()
    raise OutcomeUnknown("the connection to Telegram ended")


def the_reason(group: ExceptionGroup[Exception]) -> Exception:
    """Return the exception that says most.

    An answer of Telegram's, a lost connection, or all of them.
    """
    for kind in (TelegramRefused, OutcomeUnknown):
        matching = group.subgroup(kind)
        if matching is not None:
            return next(leaves(matching))
    return group


def leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """Walk through the exceptions in a group, however deep."""
    for inner in group.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from leaves(inner)
        else:
            yield inner
