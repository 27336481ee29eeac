"""Two nodes as processes of their own, on one database and one simulated Telegram."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from orchestrator.commands import ReadProfile
from orchestrator.ports.telegram import Profile
from orchestrator.service.nodes import NodeStanding
from tests.e2e.conftest import ANNA, BORIS, OLGA, Play

TROUPE = str(Path(sys.executable).with_name("troupe"))
CLARA = ANNA.model_copy(update={"key": "clara", "name": "Clara"})
LEASE = 8.0
PATIENCE = 240.0
TUNED = {"claim": "1", "stop": "3", "poll": "0.5", "answer": "5", "lease": f"{LEASE}"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@dataclass(slots=True)
class Process:
    """A `troupe run`."""

    process: asyncio.subprocess.Process
    port: int

    async def readiness(self) -> int:
        """Return the status of /readyz."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code

    async def ended(self, within: float) -> int:
        """Wait for its end; returns the exit status."""
        async with asyncio.timeout(within):
            return await self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def environment(play: Play, address: str, port: int) -> dict[str, str]:
    """Return what a process must be told to join the play."""
    told = play.company.settings
    kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "DATABASE_URL": str(told.database_url),
        "REDIS_URL": str(told.redis_url),
        "TROUPE_HOME": str(told.home),
        "TELEGRAM_API_ID": str(told.telegram_api_id),
        "TELEGRAM_API_HASH": str(told.telegram_api_hash),
        "TELEGRAM_SERVER": str(told.telegram_server),
        "TELEGRAM_DC_ID": str(told.telegram_dc_id),
        "TELEGRAM_PUBLIC_KEY_FILE": str(told.telegram_public_key_file),
        "TELEGRAM_LOCAL_ADDRESS": address,
        "WEB_PORT": str(port),
    }


@asynccontextmanager
async def running(play: Play, name: str, address: str = "127.0.0.1") -> AsyncIterator[Process]:
    """Run a node; whatever becomes of it, nothing of it is left."""
    port, home = free_port(), play.company.settings.home
    with (home / f"{name}-{port}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(TROUPE, "run", "--node", name),
            env=environment(play, address, port),
            cwd=home,
            stderr=log,
        )
    try:
        yield Process(process, port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def trio(play: Play) -> Play:
    """Three accounts, and leases short enough to be waited for."""
    for persona in (ANNA, BORIS, CLARA):
        await play.engage(persona)
    for key, value in TUNED.items():
        await play.service.settings.put(OLGA, key, value)
    return play


async def until_shared(play: Play, wanted: Callable[[dict[str, int]], bool]) -> None:
    """Wait until the nodes hold so many accounts each."""

    async with asyncio.timeout(PATIENCE):
        while True:
            nodes = await play.company.stage.stores.leases.nodes()
            if wanted({node.name: node.accounts for node in nodes}):
                return
            await asyncio.sleep(0.05)


async def test_nodes_share_accounts_hand_them_over_and_leave_in_order(trio: Play) -> None:
    async with running(trio, "a", "127.0.0.2") as a, running(trio, "b", "127.0.0.3") as b:
        await until_shared(trio, lambda held: sorted(held.values()) == [1, 2])

        # A third process may not go by the name of one that lives.
        async with running(trio, "a") as twin:
            assert await twin.ended(within=30) == 1

        # What another door wants of an account goes through its lane, whichever node holds it.
        for name in trio.names:
            account = await trio.company.stage.stores.accounts.account_named(name)
            answer = await trio.company.door.ask(account.id, ReadProfile())
            assert isinstance(answer, Profile)
        assert sorted((await trio.service.nodes.list()), key=lambda one: one.name)[0].standing == (
            NodeStanding.ALIVE
        )

        await trio.service.nodes.drain(OLGA, "a")
        async for left in trio.service.nodes.watch_drain("a"):
            assert left <= 2
        await until_shared(trio, lambda held: held == {"a": 0, "b": 3})
        assert (await a.readiness(), await b.readiness()) == (503, 200)

        await trio.service.nodes.undrain(OLGA, "a")
        await until_shared(trio, lambda held: sorted(held.values()) == [1, 2])

        a.process.send_signal(signal.SIGTERM)
        assert await a.ended(within=10) == 0
        await until_shared(trio, lambda held: held == {"b": 3})
        b.process.send_signal(signal.SIGTERM)
        assert await b.ended(within=10) == 0
        leases = await trio.company.stage.stores.leases.leases()
        assert [lease.released for lease in leases] == [True] * 3


async def test_a_node_that_is_stopped_is_killed_before_another_takes_its_accounts(
    trio: Play,
) -> None:
    async with running(trio, "a", "127.0.0.2") as a, running(trio, "b", "127.0.0.3") as b:
        await until_shared(trio, lambda held: sorted(held.values()) == [1, 2])
        before = {one.account: one for one in await trio.company.stage.stores.leases.leases()}
        os.kill(b.process.pid, signal.SIGSTOP)
        assert await b.ended(within=LEASE) == -signal.SIGKILL
        now = await trio.company.stage.stores.leases.leases()
        assert {one.account for one in now if one.node == "b"} == {
            one.account for one in before.values() if one.node == "b"
        }
        await until_shared(trio, lambda held: held.get("a") == 3)
        standings = {one.name: one.standing for one in await trio.service.nodes.list()}
        assert standings == {"a": NodeStanding.ALIVE, "b": NodeStanding.SILENT}
        a.process.send_signal(signal.SIGTERM)
        assert await a.ended(within=10) == 0
