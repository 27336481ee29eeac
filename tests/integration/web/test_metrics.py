"""/metrics, asked over real HTTP on loopback and read with a parser of Prometheus' own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.web.test_health import SetProbes
from web.health import create_app
from web.metrics import HouseFigures, NodeFigures
from web.serving import serving

HOUSE = HouseFigures({"due": 7, "held": 2}, {"waiting": 5}, recovered_late=3)
NODE = NodeFigures(
    node="north",
    accounts_held=60,
    lanes={"ready": 58, "starting": 2},
    draining=False,
    operations={("send_message", "success"): (10, 2.5), ("send_message", "failed"): (1, 0.5)},
    entries_dropped=4,
)


@dataclass
class SetFigures:
    house: HouseFigures | None = field(default=HOUSE)

    def of_node(self) -> NodeFigures:
        return NODE

    async def of_house(self) -> HouseFigures | None:
        return self.house


Read = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def read(client: httpx.AsyncClient) -> Read:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def figures() -> SetFigures:
    return SetFigures()


@pytest.fixture
async def client(figures: SetFigures) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(create_app(SetProbes(), figures), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


async def test_figures_of_the_node_and_of_the_house_are_shown(client: httpx.AsyncClient) -> None:
    found = await read(client)
    assert found["troupe_accounts_held", ()] == 60
    assert found["troupe_node_info", (("node", "north"),)] == 1
    assert found["troupe_lanes", (("state", "ready"),)] == 58
    assert found["troupe_outbox_messages", (("state", "due"),)] == 7
    assert found["troupe_jobs", (("state", "waiting"),)] == 5
    assert found["troupe_updates_recovered_late_total", ()] == 3
    assert found["troupe_log_entries_dropped_total", ()] == 4
    failed = (("kind", "send_message"), ("outcome", "failed"))
    assert found["troupe_operations_total", failed] == 1
    assert found["troupe_operation_seconds_total", failed] == 0.5
    assert found["process_resident_memory_bytes", ()] > 0


async def test_a_node_shows_its_own_figures_while_the_database_is_away(
    client: httpx.AsyncClient, figures: SetFigures
) -> None:
    assert (await read(client))["troupe_database_answers", ()] == 1
    figures.house = None
    found = await read(client)
    assert found["troupe_database_answers", ()] == 0
    assert found["troupe_accounts_held", ()] == 60
    assert ("troupe_jobs", (("state", "waiting"),)) not in found


async def test_a_door_without_figures_has_no_metrics() -> None:
    async with (
        serving(create_app(SetProbes()), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        assert (await client.get("/metrics")).status_code == 404
