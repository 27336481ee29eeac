"""The processes that hold accounts, as people see and direct them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from orchestrator.actor import Actor
from orchestrator.clock import Clock
from orchestrator.errors import NotFound
from orchestrator.ids import NodeName
from orchestrator.ports.calendar import LeaderStore
from orchestrator.ports.leases import LeaseStore, NodeRecord

WATCHED = 2.5
"""Seconds in which a node that lives gives a sign at least twice."""

LOOK = 0.2
"""Seconds between two looks."""


class NodeStanding(StrEnum):
    """How a node is."""

    ALIVE = "alive"
    DRAINING = "draining"
    SILENT = "silent"
    """It was killed, or cannot reach the database; its accounts go to others."""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node, and how it stands by the signs of life that were watched for."""

    name: NodeName
    standing: NodeStanding
    leads: bool
    """Whether it is the one that keeps the calendar."""
    accounts: int
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    unseen: timedelta
    """How long ago its last sign of life was."""
    free_at: datetime | None = None
    """By when a node that lives takes the accounts of one that is silent; None: nobody does."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Lists nodes, and has them give their accounts to others."""

    leases: LeaseStore
    calendar: LeaderStore
    clock: Clock
    lease: timedelta
    """How long what a silent node held is waited for."""

    async def list(self) -> Sequence[NodeSeen]:
        """Watch for signs of life until every node gave one, or had the time for two."""
        first = {node.name: mark(node) for node in await self.leases.nodes()}
        ends = self.clock.monotonic() + WATCHED
        while True:
            found = await self.leases.nodes()
            moved = {node.name for node in found if mark(node) != first.get(node.name)}
            late = self.clock.monotonic() >= ends
            if late or len(moved) == len(found):
                break
            await self.clock.sleep(LOOK)
        leader = await self.calendar.leadership()
        leads = None if leader.released else leader.node
        takers = [node.started_at for node in found if node.name in moved and not node.draining]
        begun = min(takers, default=None)
        listed = [seen(node, moved=node.name in moved, leads=node.name == leads) for node in found]
        return [replace(node, free_at=self.free_at(node, begun)) for node in listed]

    def free_at(self, node: NodeSeen, begun: datetime | None) -> datetime | None:
        """Tell by when the node that began first takes what a silent one held.

        It watches each silent node for a lease, and looks six times in each.
        """
        if node.standing is not NodeStanding.SILENT or not node.accounts or begun is None:
            return None
        return max(node.seen_at, begun) + self.lease * 4 / 3

    async def drain(self, actor: Actor, name: str) -> None:
        """Have a node give all its accounts to others and take no more; raises NotFound."""
        await self.ask(actor, name, draining=True)

    async def undrain(self, actor: Actor, name: str) -> None:
        """Let a node take accounts again; raises NotFound."""
        await self.ask(actor, name, draining=False)

    async def ask(self, actor: Actor, name: str, *, draining: bool) -> None:
        """Put the wish where the node looks for it every second."""
        if not await self.leases.drain_node(actor, NodeName(name), draining=draining):
            names = [node.name for node in await self.leases.nodes()]
            known = f"there are {', '.join(names)}" if names else "none runs"
            raise NotFound(f"There is no node {name}; {known}")

    async def watch_drain(self, name: str) -> AsyncIterator[int]:
        """Yield how many accounts the node still holds, until it holds none or is gone."""
        while True:
            held = [one.accounts for one in await self.leases.nodes() if one.name == name]
            left = held[0] if held else 0
            yield left
            if not left:
                return
            await self.clock.sleep(LOOK)


def mark(node: NodeRecord) -> tuple[int, int]:
    """Return what moves as long as the node lives."""
    return node.incarnation, node.beat


def seen(node: NodeRecord, *, moved: bool, leads: bool) -> NodeSeen:
    """Say how a node stands."""
    alive = NodeStanding.DRAINING if node.draining else NodeStanding.ALIVE
    return NodeSeen(
        name=node.name,
        standing=alive if moved else NodeStanding.SILENT,
        leads=leads and moved,
        accounts=node.accounts,
        host=node.host,
        pid=node.pid,
        version=node.version,
        started_at=node.started_at,
        seen_at=node.seen_at,
        unseen=node.unseen,
    )
