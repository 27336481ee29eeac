"""/metrics, in the text format that Prometheus and OpenTelemetry collectors read.

Figures of the house (outbox, jobs, what came late) are the same on every node, since all read one
database: take `max`, not `sum`, of them. Figures of a node are its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """What this process does."""

    node: str
    accounts_held: int
    lanes: Mapping[str, int]
    """By state: `ready`, `starting`, `leaving`."""
    draining: bool
    operations: Mapping[tuple[str, str], tuple[int, float]]
    """Kind and outcome (`success`, `failed`) → how many, and how many seconds they took."""
    entries_dropped: int
    """Log entries that were lost because the database was away for too long."""


@dataclass(frozen=True, slots=True)
class HouseFigures:
    """What stands in the database."""

    outbox: Mapping[str, int]
    """By state: `due`, `sending`, `unknown`, and `held`, which are due too."""
    jobs: Mapping[str, int]
    recovered_late: int
    """Updates that Telegram did not tell of, and that a comparison found."""


class Figures(Protocol):
    """What /metrics shows; `house` may fail, then a node's own figures are shown without it."""

    def of_node(self) -> NodeFigures:
        """Look at this process."""

    async def of_house(self) -> HouseFigures | None:
        """Look into the database; None when it does not answer."""


NAMESPACE: Final = "troupe"


def metrics_router(figures: Figures) -> APIRouter:
    """Serve /metrics."""
    router = APIRouter(tags=["health"])
    process = CollectorRegistry()
    ProcessCollector(registry=process)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Show the figures as they are now."""
        shown = CollectorRegistry()
        shown.register(Snapshot(figures.of_node(), await figures.of_house()))
        text = generate_latest(shown) + generate_latest(process)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot(Collector):
    """Figures of one moment, as families of metrics."""

    node: NodeFigures
    house: HouseFigures | None

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from node_families(self.node)
        yield gauge(
            "database_answers", "Whether the database answers.", int(self.house is not None)
        )
        if self.house is not None:
            yield from house_families(self.house)


def node_families(node: NodeFigures) -> Iterator[Metric]:
    """Write what this process does."""
    yield InfoMetricFamily(f"{NAMESPACE}_node", "Which node this is.", {"node": node.node})
    yield gauge("accounts_held", "Accounts that this node holds.", node.accounts_held)
    yield gauge("draining", "Whether this node gives its accounts away.", int(node.draining))
    yield by_label("lanes", "Lanes of this node by state.", "state", node.lanes)
    count = CounterMetricFamily(
        f"{NAMESPACE}_operations", "Operations by kind and outcome.", labels=["kind", "outcome"]
    )
    seconds = CounterMetricFamily(
        f"{NAMESPACE}_operation_seconds", "Time that operations took.", labels=["kind", "outcome"]
    )
    for (kind, outcome), (number, took) in sorted(node.operations.items()):
        count.add_metric([kind, outcome], number)
        seconds.add_metric([kind, outcome], took)
    yield count
    yield seconds
    yield CounterMetricFamily(
        f"{NAMESPACE}_log_entries_dropped",
        "Log entries lost while the database was away.",
        value=node.entries_dropped,
    )


def house_families(house: HouseFigures) -> Iterator[Metric]:
    """Write what stands in the database."""
    yield by_label("outbox_messages", "Messages on their way, by state.", "state", house.outbox)
    yield by_label("jobs", "Jobs by state.", "state", house.jobs)
    yield CounterMetricFamily(
        f"{NAMESPACE}_updates_recovered_late",
        "Updates that were missed and found by comparing with Telegram.",
        value=house.recovered_late,
    )


def gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    """Write one number."""
    return GaugeMetricFamily(f"{NAMESPACE}_{name}", meaning, value=value)


def by_label(name: str, meaning: str, label: str, numbers: Mapping[str, int]) -> GaugeMetricFamily:
    """Write several numbers under one name."""
    family = GaugeMetricFamily(f"{NAMESPACE}_{name}", meaning, labels=[label])
    for value, number in sorted(numbers.items()):
        family.add_metric([value], number)
    return family
