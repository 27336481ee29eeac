"""Who holds which account (DESIGN.md §3).

Leases with a fence, measured on everybody's own clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from orchestrator.ids import AccountId, NodeName

Fence = NewType("Fence", int)


@dataclass(frozen=True, slots=True)
class Lease:
    """What a node sees of an account's lease; it moved if `fence` or `beat` did."""

    account: AccountId
    node: NodeName | None
    fence: int
    beat: int
    released: bool
    """Nobody holds it: given back in order, or never taken."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A process that holds accounts."""

    name: NodeName
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    draining: bool
    accounts: int


class LeaseStore(Protocol):
    """Leases and nodes."""

    async def leases(self) -> Sequence[Lease]:
        """Return the leases of all accounts to be connected (states RUNS and a session)."""

    async def lease_of(self, account: AccountId) -> Lease:
        """Return one account's lease, whatever its state."""

    async def take_lease(self, node: NodeName, seen: Lease) -> Fence | None:
        """Take the lease if it did not move since `seen`; returns the new fence."""

    async def renew_leases(
        self, node: NodeName, held: Mapping[AccountId, Fence]
    ) -> frozenset[AccountId]:
        """Move the beat of each; returns the accounts that are still this node's."""

    async def release_lease(self, account: AccountId, fence: Fence) -> None:
        """Give the account back, so that the next taker need not wait."""

    async def node_started(self, node: NodeName, host: str, pid: int, version: str) -> None:
        """Record that a node lives."""

    async def node_seen(self, node: NodeName) -> bool:
        """Record that it still lives; returns whether it was asked to drain."""

    async def node_stopped(self, node: NodeName) -> None:
        """Record that it ended in order."""

    async def nodes(self) -> Sequence[NodeRecord]:
        """Return the nodes that are recorded as living."""
