"""Who holds which account (DESIGN.md §3).

Leases with a fence, measured on everybody's own clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType, Protocol

from orchestrator.actor import Actor
from orchestrator.ids import AccountId, NodeName

Fence = NewType("Fence", int)

Incarnation = NewType("Incarnation", int)
"""Which of the processes that went by one node's name, one after another; it grows."""


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
class Pulse:
    """A node's sign of life; it lives if `beat` or `incarnation` moves."""

    node: NodeName
    incarnation: Incarnation
    beat: int
    draining: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What a node looks at to know what it should hold."""

    pulses: tuple[Pulse, ...]
    leases: tuple[Lease, ...]
    """Those of accounts to be connected, but for what moving nodes hold; the asker's are there."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A process that holds accounts, or that ended without a word."""

    name: NodeName
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    """By PostgreSQL's clock."""
    draining: bool
    accounts: int
    incarnation: Incarnation
    beat: int
    unseen: timedelta
    """How long ago it was seen, also by PostgreSQL's clock; for people, it decides nothing."""


class LeaseStore(Protocol):
    """Leases and nodes."""

    async def leases(self) -> Sequence[Lease]:
        """Return the leases of all accounts to be connected (states RUNS and a session)."""

    async def lease_of(self, account: AccountId) -> Lease:
        """Return one account's lease, whatever its state."""

    async def survey(self, node: NodeName, moving: frozenset[NodeName]) -> Survey:
        """Look at nodes, and at each lease that no other of the `moving` nodes holds."""

    async def shares(self) -> Mapping[NodeName, int]:
        """Count how many leases each node holds; a node without any may be missing."""

    async def take_lease(self, node: NodeName, seen: Lease) -> Fence | None:
        """Take the lease if it did not move since `seen`; returns the new fence."""

    async def take_leases(self, node: NodeName, seen: Sequence[Lease]) -> Mapping[AccountId, Fence]:
        """Take those that did not move since `seen`, in one statement; returns the new fences."""

    async def renew_leases(
        self, node: NodeName, held: Mapping[AccountId, Fence]
    ) -> frozenset[AccountId]:
        """Move the beat of each, in one statement; returns those that are still this node's."""

    async def release_lease(self, account: AccountId, fence: Fence) -> None:
        """Give the account back, so that the next taker need not wait, and say so."""

    async def pulse_of(self, node: NodeName) -> Pulse | None:
        """Return the last sign of life under that name."""

    async def node_started(
        self, node: NodeName, host: str, pid: int, version: str, *, after: Pulse | None = None
    ) -> Incarnation | None:
        """Record that a node lives, if nobody moved under its name since `after` was seen."""

    async def node_seen(self, node: NodeName, incarnation: Incarnation) -> Pulse | None:
        """Move the node's beat; returns None when it is not this process's name any more."""

    async def node_stopped(self, node: NodeName, incarnation: Incarnation) -> None:
        """Record that it ended in order."""

    async def drain_node(self, actor: Actor, node: NodeName, *, draining: bool) -> bool:
        """Ask a node to give its accounts to others, or to take again; False: there is none."""

    async def nodes(self) -> Sequence[NodeRecord]:
        """Return every node that did not end in order, and those that live."""
