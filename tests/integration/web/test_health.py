"""Health, asked over real HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from orchestrator.errors import BadInput, ServersUnavailable
from web.health import create_app
from web.serving import serving


@dataclass
class SetProbes:
    """Probes that answer as a test wants."""

    broken: dict[str, Exception] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)

    async def answer(self, name: str) -> None:
        if name in self.stuck:
            await asyncio.Event().wait()
        if name in self.broken:
            raise self.broken[name]

    async def database(self) -> None:
        await self.answer("database")

    async def redis(self) -> None:
        await self.answer("redis")

    async def migrations(self) -> None:
        await self.answer("migrations")

    async def listener(self) -> None:
        await self.answer("listener")

    async def node_takes(self) -> None:
        await self.answer("node")

    def pacing(self) -> str:
        return "shared by all nodes"


@pytest.fixture
def probes() -> SetProbes:
    return SetProbes()


@pytest.fixture
async def client(probes: SetProbes) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(create_app(probes), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


async def test_a_process_that_lives_says_so_even_when_nothing_works(
    client: httpx.AsyncClient, probes: SetProbes
) -> None:
    probes.stuck = {"database", "redis", "migrations", "listener"}
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_a_process_that_can_work_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": dict.fromkeys(["database", "redis", "migrations", "listener", "node"], "ok"),
        "pacing": "shared by all nodes",
    }


async def test_what_is_not_ready_is_named(client: httpx.AsyncClient, probes: SetProbes) -> None:
    probes.broken = {
        "redis": ServersUnavailable("Redis cannot be reached"),
        "listener": ConnectionResetError("lost"),
    }
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "redis": "Redis cannot be reached",
        "migrations": "ok",
        "listener": "lost",
        "node": "ok",
    }


async def test_without_redis_a_node_is_ready_and_says_which_pacing_holds(
    client: httpx.AsyncClient, probes: SetProbes
) -> None:
    probes.broken = {"redis": ServersUnavailable("Redis cannot be reached")}
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["checks"]["redis"] == "Redis cannot be reached"
    assert answer.json()["pacing"] == "shared by all nodes"


async def test_a_node_that_drains_is_not_ready(
    client: httpx.AsyncClient, probes: SetProbes
) -> None:
    probes.broken = {"node": ServersUnavailable("the node is draining")}
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["node"]) == (503, "the node is draining")


async def test_a_probe_without_an_answer_is_not_waited_for_without_end(
    client: httpx.AsyncClient, probes: SetProbes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.health.PATIENCE", 0.05)
    probes.stuck = {"database"}
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"].startswith("no answer within")


async def test_a_taken_address_is_a_plain_sentence(client: httpx.AsyncClient) -> None:
    port = client.base_url.port
    assert port is not None
    with pytest.raises(BadInput, match=r"is taken, perhaps by another node.*WEB_PORT"):
        async with serving(create_app(SetProbes()), "127.0.0.1", port):
            pytest.fail("two servers listen on one port")
