"""Everything a trial needs: servers, a Telegram, nodes that can be killed, and books to read."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cli.compose import Company, company
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.tuning import Pace, Retries, Tuning
from tests.chaos import node as node_process
from tests.chaos import telegram as telegram_process
from tests.chaos.node import NodeConfig
from tests.chaos.population import Books, Population
from tests.chaos.remote import Remote
from tests.chaos.telegram import Evidence, Pointers

AT_ONCE = Pace(timedelta(milliseconds=1), burst=1000)
OPEN = "SELECT count(*) FROM outbox WHERE finished_at IS NULL"
SHORT = timedelta(milliseconds=300)
TUNING = Tuning(
    lease=timedelta(seconds=4),
    claim=timedelta(seconds=1),
    answer=timedelta(seconds=2),
    start=timedelta(seconds=15),
    stop=timedelta(seconds=2),
    poll=timedelta(milliseconds=250),
    sending=Retries(12, SHORT, longest=timedelta(seconds=3)),
    settling=Retries(12, SHORT, longest=timedelta(seconds=3)),
    fresh_post=Retries(12, SHORT, longest=timedelta(seconds=3)),
    restart=Retries(0, SHORT, longest=timedelta(seconds=3)),
    account_pace=AT_ONCE,
    chat_pace=AT_ONCE,
    overall_pace=AT_ONCE,
    method_pace=AT_ONCE,
    request_pace=AT_ONCE,
)
"""A trial cannot wait for minutes; nothing else is other than in earnest."""
PATIENT = replace(
    TUNING,
    lease=timedelta(seconds=8),
    stop=timedelta(seconds=4),
    poll=timedelta(seconds=1),
)
"""Where a busy machine must not look like a dead node all the time."""
CROWDED = replace(PATIENT, lease=timedelta(seconds=16), poll=timedelta(seconds=3))
"""Where dozens of accounts start at once."""


def paced(accounts: int, per_second: float, tuning: Tuning = PATIENT) -> Tuning:
    """Let so many messages a second go out in all, so that there is time for things to go wrong."""
    apart = timedelta(seconds=accounts / per_second)
    return replace(tuning, account_pace=Pace(apart, burst=2))


@dataclass(slots=True)
class Player:
    """A node, which may have died or been replaced."""

    config: NodeConfig
    remote: Remote


@dataclass(slots=True)
class Rig:
    """The trial's hands."""

    folder: Path
    settings: Settings
    telegram: Remote
    pointers: Pointers
    books: Books
    tuning: Tuning = TUNING
    nodes: dict[str, Player] = field(default_factory=dict)
    left_alone: set[str] = field(default_factory=set)

    async def populate(self, people: int, posts: int) -> Population:
        """Have so many accounts signed in, each with a channel of its own."""
        enlisted = await self.telegram.call("enlist", people, posts)
        return await self.books.populate(self.pointers, enlisted)

    async def start_node(self, name: str, address: str, **fate: Any) -> Player:
        """Start a node that speaks from an address of its own; see `NodeConfig` for its fate."""
        config = NodeConfig(
            name=name,
            address=address,
            settings=self.settings_from(address),
            tuning=self.tuning,
            log=self.folder / f"{name}.log",
            **fate,
        )
        return await self.run_node(config)

    def settings_from(self, address: str) -> Settings:
        """Speak from that address."""
        said = self.settings.model_dump() | {"telegram_local_address": address}
        return Settings.model_validate(said, by_name=True)

    async def run_node(self, config: NodeConfig) -> Player:
        """Start a node, perhaps in the place of one that has ended."""
        player = Player(config, await Remote.start(node_process.main, config))
        self.nodes[config.name] = player
        return player

    async def restart(self, name: str, **fate: Any) -> Player:
        """Start a node again that has died, with another fate."""
        earlier = self.nodes.pop(name)
        await earlier.remote.kill()
        plain: dict[str, Any] = {"dies_at": None, "passes": 0} | fate
        return await self.run_node(replace(earlier.config, **plain))

    @asynccontextmanager
    async def tended(self) -> AsyncIterator[None]:
        """Start nodes again that have ended, as an operating system's service manager does."""
        tending = asyncio.create_task(self.tend(), name="caretaker")
        try:
            yield
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    async def tend(self) -> None:
        """Look after the nodes for ever, but for those that are left alone."""
        while True:
            for name, player in list(self.nodes.items()):
                if not player.remote.lives and name not in self.left_alone:
                    await self.restart(name)
            await asyncio.sleep(0.1)

    async def kill_all(self) -> None:
        """End every process that was started."""
        await asyncio.gather(*(player.remote.kill() for player in self.nodes.values()))
        self.nodes.clear()

    async def stop_all(self) -> None:
        """Let every node end in order, as SIGTERM would; kill those that do not."""
        for player in self.nodes.values():
            player.remote.send_signal(signal.SIGCONT)
            if player.remote.lives:
                await player.remote.call("stop")
        await asyncio.wait(
            [asyncio.ensure_future(player.remote.ended()) for player in self.nodes.values()],
            timeout=15,
        )
        await self.kill_all()

    async def evidence(self) -> Evidence:
        """Ask the judge."""
        found: Evidence = await self.telegram.call("evidence")
        return found

    async def until_settled(self, seconds: float) -> bool:
        """Wait until nothing waits in the outbox any more; False when that takes too long."""

        async def settled() -> bool:
            return not await self.books.count(OPEN)

        return await until(settled, seconds)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait for what only a database or another process knows; False when it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.1)
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def rig(servers: Servers, folder: Path, tuning: Tuning = PATIENT) -> AsyncIterator[Rig]:
    """Put a Telegram and a company without nodes on those servers."""
    telegram = await Remote.start(telegram_process.main, str(folder / "telegram.log"))
    try:
        pointers: Pointers = await telegram.call("pointers")
        settings = settings_for(servers, pointers, folder)
        async with company(settings, tuning=tuning, migrate=True) as found:
            made = Rig(folder, settings, telegram, pointers, books_of(found), tuning)
            try:
                yield made
            finally:
                await made.kill_all()
    finally:
        await telegram.kill()


def books_of(found: Company) -> Books:
    """Open the books."""
    return Books(found)


def settings_for(servers: Servers, pointers: Pointers, folder: Path) -> Settings:
    """Point a company at these servers and this Telegram."""
    key_file = folder / "telegram-key.pem"
    key_file.write_text(pointers.public_key)
    return Settings.model_validate(
        {
            "home": folder,
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "db_pool_size": 10,
            "db_max_overflow": 20,
            "encryption_key": None,
            "telegram_api_id": pointers.api_id,
            "telegram_api_hash": pointers.api_hash,
            "telegram_server": f"{pointers.host}:{pointers.port}",
            "telegram_dc_id": pointers.dc_id,
            "telegram_public_key_file": key_file,
            "web_port": 0,
        },
        by_name=True,
    )


def new_database_name() -> str:
    """Name a database that nobody else has."""
    return f"chaos_{secrets.token_hex(4)}"
