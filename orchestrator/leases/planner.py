"""How accounts are spread over nodes: evenly, with no more moves than that needs.

Every node plans for itself from what it sees. Nodes that see different things for a moment only
take or give a little too few; no two ever run the same account, for that is the leases' matter.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.ids import NodeName

SLOWLY = 10
"""One node gives up at most the tenth part of its accounts at a time, so that most always work."""

AT_LEAST = 4
"""Or this many, where a tenth would be less."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one node does now."""

    take: int
    """At most this many of the free accounts."""
    give: int
    """So many of its own, to others that have fewer."""


def target_shares(shares: Mapping[NodeName, int], accounts: int) -> dict[NodeName, int]:
    """Say how many accounts each node should hold; no two differ by more than one.

    What cannot be divided stays with those that hold the most, so that it need not move.
    """
    if not shares:
        return {}
    each, rest = divmod(accounts, len(shares))
    by_size = sorted(shares, key=lambda node: (-shares[node], node))
    return {node: each + (place < rest) for place, node in enumerate(by_size)}


def plan(
    node: NodeName, shares: Mapping[NodeName, int], free: int, draining: Collection[NodeName] = ()
) -> Plan:
    """Say what `node` does, when living nodes hold these shares and nobody holds `free` more."""
    own = shares.get(node, 0)
    if node in draining:
        return Plan(take=0, give=own)
    takers = {one: held for one, held in shares.items() if one not in draining}
    takers.setdefault(node, 0)
    target = target_shares(takers, sum(shares.values()) + free)[node]
    return Plan(take=min(free, max(0, target - own)), give=min(max(0, own - target), few(own)))


def few(own: int) -> int:
    """Return how many accounts a node may give up at a time."""
    return max(AT_LEAST, own // SLOWLY)
