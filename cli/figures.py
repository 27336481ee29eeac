"""What /metrics shows of a node and of the house."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from orchestrator.errors import ServersUnavailable
from orchestrator.operations import BatchedOperations
from orchestrator.ports.stats import StatsStore
from orchestrator.supervisor.node import Node
from web.metrics import HouseFigures, NodeFigures

PATIENCE = 2.0
"""Seconds after which a database that does not answer is left out."""


@dataclass(frozen=True, slots=True)
class NodesFigures:
    """Implements `web.metrics.Figures`."""

    node: Node
    operations: BatchedOperations
    stats: StatsStore

    def of_node(self) -> NodeFigures:
        """Look at this process."""
        lanes = Counter(
            "leaving"
            if lane.leaving is not None
            else "ready"
            if lane.guard.ready.is_set()
            else "starting"
            for lane in self.node.lanes.running.values()
        )
        return NodeFigures(
            node=self.node.name,
            accounts_held=len(self.node.keeper.held),
            lanes={state: lanes[state] for state in ("ready", "starting", "leaving")},
            draining=self.node.draining,
            operations=dict(self.operations.noted),
            entries_dropped=self.operations.dropped_ever,
        )

    async def of_house(self) -> HouseFigures | None:
        """Look into the database, for a bounded time."""
        try:
            async with asyncio.timeout(PATIENCE):
                standing = await self.stats.standing()
        except (ServersUnavailable, TimeoutError, OSError):
            return None
        sending = standing.sending
        return HouseFigures(
            outbox={
                "due": sending.due,
                "sending": sending.sending,
                "unknown": sending.unknown,
                "held": sending.held,
            },
            jobs=standing.jobs,
            recovered_late=standing.recovered_late,
        )
