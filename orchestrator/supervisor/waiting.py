"""What a node waits for: the leases of another that ended without a word."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.clock import Clock
from orchestrator.ids import NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.leases.telling import wait_told
from orchestrator.ports.leases import Lease

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Waiting:
    """Tells once of each silent node how many accounts it held, and when they may be taken."""

    keeper: Keeper
    clock: Clock
    told: frozenset[NodeName] = frozenset()
    """Whose accounts are being waited for, as was said."""
    seen: frozenset[NodeName] = frozenset()
    """Who did not move before the last look: at a node's first, nobody was seen moving yet."""

    def look(self, leases: Sequence[Lease]) -> None:
        """Watch the leases of nodes that do not move, from the first look on."""
        left: dict[NodeName, list[float]] = {}
        for lease in leases:
            if lease.node is None or lease.released or lease.account in self.keeper.held:
                continue
            left.setdefault(lease.node, []).append(self.keeper.left(lease))
        silent = left.keys() & {self.keeper.node, *self.seen}
        for node in silent - self.told:
            self.tell(node, left[node])
        self.told, self.seen = frozenset(silent), frozenset(left)

    def tell(self, node: NodeName, left: Sequence[float]) -> None:
        """Say in one line what is waited for, and until when."""
        whose = "this name's process before" if node == self.keeper.node else f"node {node}"
        several = "1 account is" if len(left) == 1 else f"{len(left)} accounts are"
        log.info("%s", wait_told(several, whose, self.clock, max(left)))
