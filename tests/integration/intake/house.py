"""Accounts on a simulated Telegram whose facts are recorded in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts.client import TelethonAccount
from accounts.telegram import TelethonTelegram
from accounts.updates import ReceivingClient, UpdateFlow
from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, new_key, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from orchestrator.actor import SYSTEM
from orchestrator.clock import SystemClock
from orchestrator.ids import AccountId, ChannelId, MessageId, NodeName, TelegramId
from orchestrator.intake.correspondence import Correspondence
from orchestrator.intake.reception import Reception
from orchestrator.intake.reconciler import Reconciler
from orchestrator.intake.sentry import Sentry
from orchestrator.leases.tenure import Tenure
from orchestrator.library.node_library import NodeLibrary
from orchestrator.library.numbers import Numbers
from orchestrator.outbox.feeder import Feeder
from orchestrator.pacing.pacer import LocalPacer
from orchestrator.ports.leases import Fence
from orchestrator.ports.logs import Operation, OperationKind, SessionEvent, SessionKind
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import ChannelSeen, Role
from orchestrator.stage import Stage
from orchestrator.tuning import Tuning
from personas.persona import Persona
from simulator.server import TelegramServer
from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.accounts.cast import QUICK, Prompter, endpoint

PHONE = "+9996611111"


@dataclass
class Operations:
    """Keeps what was logged."""

    noted: list[Operation | SessionEvent] = field(default_factory=list)

    def note(self, entry: Operation | SessionEvent) -> None:
        self.noted.append(entry)

    def kinds(self) -> list[OperationKind | SessionKind]:
        return [entry.kind for entry in self.noted]


@dataclass
class House:
    """Anna's account, signed in, on stores and a Telegram of the test's own."""

    server: TelegramServer
    engine: AsyncEngine
    stage: Stage
    operations: Operations
    anna: Person
    account: AccountId
    owner: Person

    @property
    def world(self) -> Any:
        return self.server.world

    @property
    def holder(self) -> Holder:
        return Holder(NodeName("north"), self.account, Fence(1))

    async def sign_in(self) -> None:
        code = self.world.logins.code_for(PHONE)
        await self.stage.telegram.sign_in(self.account, PHONE, Prompter(code))

    async def watch(self, title: str = "Science") -> Channel:
        """Make a channel that Anna follows and the house watches."""
        channel: Channel = self.world.add_channel(title, owner=self.owner)
        self.world.join(channel, self.anna)
        self.world.publish(channel, "to begin with")
        seen = ChannelSeen(
            TelegramId(channel.id), title, "", None, 2, None, Role.MEMBER,
            MessageId(channel.history.ids[-1]),
        )  # fmt: skip
        await self.stage.stores.channels.add_channel(
            SYSTEM, seen, self.account, timedelta(minutes=10)
        )
        return channel

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TelethonAccount]:
        """Connect Anna's account and let it catch up."""
        telegram = self.stage.telegram
        assert isinstance(telegram, TelethonTelegram)
        async with telegram.open(self.account, self.stage.sink) as client:
            await client.caught_up()
            yield client

    def reconciler(self, client: TelethonAccount) -> Reconciler:
        return Reconciler(self.stage, self.holder, client)

    def correspondence(self, client: TelethonAccount) -> Correspondence:
        return Correspondence(self.stage, self.holder, client)

    def sentry(self, client: TelethonAccount) -> Sentry:
        return Sentry(self.stage, self.holder, client)

    async def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result.all()] if result.returns_rows else []

    async def posts(self) -> list[str]:
        rows = await self.sql("SELECT text FROM posts WHERE deleted_at IS NULL ORDER BY message_id")
        return [row[0] for row in rows]

    async def messages(self) -> list[str]:
        rows = await self.sql("SELECT text FROM messages ORDER BY telegram_message_id")
        return [row[0] for row in rows]

    async def late(self) -> int:
        """How much was recovered late in all channels."""
        return int((await self.sql("SELECT sum(recovered_late) FROM channels"))[0][0])

    async def late_messages(self) -> int:
        rows = await self.sql("SELECT coalesce(sum(recovered_late), 0) FROM account_watch")
        return int(rows[0][0])

    async def channel(self) -> ChannelId:
        return ChannelId((await self.sql("SELECT min(id) FROM channels"))[0][0])

    async def until(self, condition: str) -> None:
        """Wait until a question to the database is answered with yes; nobody announces it."""
        async with asyncio.timeout(60):
            while not (await self.sql(condition))[0][0]:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)

    async def until_quiet(self, client: TelethonAccount) -> None:
        """Wait until every update that arrived was committed, and no gap is being filled."""
        connection = client.connection
        assert connection.flow is not None
        async with asyncio.timeout(60):
            while not is_quiet(connection.client, connection.flow):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    async def until_recorded(self, messages: int) -> None:
        await self.until(f"SELECT count(*) = {messages} FROM messages")

    def tuned(self, **numbers: Any) -> None:
        """Work with other numbers from here on."""
        self.stage = replace(self.stage, numbers=Numbers(replace(self.stage.tuning, **numbers)))


def is_quiet(client: ReceivingClient, flow: UpdateFlow) -> bool:
    """Tell whether nothing of what was told is left to be handled."""
    box = client._message_box
    return not (
        flow.in_flight or box.possible_gaps or box.getting_diff_for or not client.queue.empty()
    )


def set_stage(server: TelegramServer, engine: AsyncEngine, database_url: str, key: str) -> Stage:
    """Build a stage as a node has it."""
    clock, tuning, notices = SystemClock(), Tuning(), Notices(database_url)
    stores = postgres_stores(engine, Cipher(Keyring(read_keys(key, "a test"), "a test")), notices)
    return Stage(
        stores=stores,
        telegram=TelethonTelegram(endpoint(server), stores.sessions, QUICK),
        pacer=LocalPacer(tuning, clock),
        bell=notices,
        clock=clock,
        operations=Operations(),
        numbers=Numbers(tuning),
        sink=Reception(stores.intake, stores.channels, stores.security).take,
        tenure=Tenure(clock),
        feeder=Feeder(stores.outbox, notices, clock, tuning.poll),
        library=NodeLibrary(stores.labels),
    )


@asynccontextmanager
async def build_house(
    server: TelegramServer, database_url: str, key: str | None = None
) -> AsyncIterator[House]:
    """Sign Anna in on empty stores."""
    engine = create_engine(database_url, pool_size=5, overflow=5)
    stage = set_stage(server, engine, database_url, key or new_key())
    stores = stage.stores
    await stores.library.put_persona(SYSTEM, Persona(key="p", name="P", disclosure="a machine"))
    account = (await stores.accounts.add_account(SYSTEM, "anna", PHONE, "p")).id
    anna = server.world.add_person(PHONE, "Anna")
    owner = server.world.add_person("+9996633333", "Olga", username="olga_here")
    assert isinstance(stage.operations, Operations)
    house = House(server, engine, stage, stage.operations, anna, account, owner)
    await house.sign_in()
    yield house
    await engine.dispose()
