"""Holding accounts by lease: who may be taken, and what must be let go.

The wall clock decides nothing here. A holder counts its lease from before it asked for the
renewal; a challenger waits a whole lease on its own clock in which neither fence nor beat moved
(DESIGN.md §3). The holder uses less of it than the challenger waits: it lets go after two thirds,
and after five sixths nothing of it can leave (`Tenure`) and its watchdog has ended it. The last
sixth is for clocks that differ in pace, and for what a kill takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.tenure import Tenure
from orchestrator.leases.vigil import Vigil
from orchestrator.ports.leases import Fence, Lease, LeaseStore

LETS_GO = 2 / 3
"""The part of a lease after which a holder that could not renew gives its accounts up."""

ENDS = 5 / 6
"""The part of a lease after which nothing of the holder's leaves any more."""


@dataclass(slots=True)
class Keeper:
    """Takes, renews and gives back leases for one process."""

    node: NodeName
    store: LeaseStore
    clock: Clock
    lasts: float
    """How long a lease holds, in seconds."""
    tenure: Tenure
    held: dict[AccountId, Fence] = field(default_factory=dict)
    renewed: float = 0.0
    """When the last renewal that succeeded was begun."""
    vigil: Vigil[AccountId] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.vigil = Vigil(self.clock)

    @property
    def ends(self) -> float:
        """The moment after which what is held now may not be used, unless it is renewed."""
        return self.renewed + self.lasts * ENDS

    async def renew(self) -> frozenset[AccountId]:
        """Renew what is held; returns the accounts that are no longer ours."""
        asked = dict(self.held)
        begun = self.clock.monotonic()
        ours = await self.store.renew_leases(self.node, asked)
        lost = {one for one in asked.keys() - ours if self.held.get(one) == asked[one]}
        for account in lost:
            self.drop(account)
        if self.held.items() <= asked.items() and not self.has_run_out():
            self.count_from(begun)
        return frozenset(lost)

    def has_run_out(self) -> bool:
        """Tell whether it is time to let go: the leases will soon be somebody else's."""
        return bool(self.held) and self.clock.monotonic() - self.renewed >= self.lasts * LETS_GO

    def let_go(self) -> frozenset[AccountId]:
        """Count everything as lost: the leases ran out before they could be renewed."""
        lost = frozenset(self.held)
        for account in lost:
            self.drop(account)
        return lost

    async def take(self, leases: Iterable[Lease], limit: int) -> frozenset[AccountId]:
        """Take at most that many that are free or stood still for a lease; returns those taken.

        Leases that are neither are watched from now on.
        """
        free = [lease for lease in leases if lease.account not in self.held and self.is_free(lease)]
        if not free[:limit]:
            return frozenset()
        begun = self.clock.monotonic()
        fences = await self.store.take_leases(self.node, free[:limit])
        self.receive(fences, begun)
        return frozenset(fences)

    async def try_to_take(self, lease: Lease) -> bool:
        """Take a lease that is free, or that did not move for as long as it lasts."""
        if not self.is_free(lease):
            return False
        begun = self.clock.monotonic()
        fence = await self.store.take_lease(self.node, lease)
        if fence is None:
            return False
        self.receive({lease.account: fence}, begun)
        return True

    def receive(self, fences: Mapping[AccountId, Fence], begun: float) -> None:
        """Hold what was taken; beside older leases it counts as old as they are."""
        if not self.held:
            self.renewed = begun
        self.held.update(fences)
        for account in fences:
            self.vigil.forget(account)
        self.count_from(self.renewed)

    def is_free(self, lease: Lease) -> bool:
        """Watch a lease; true when it was given back, or stood still for as long as it lasts."""
        return self.left(lease) <= 0

    def left(self, lease: Lease) -> float:
        """Watch a lease; returns the seconds until it may be taken, if it stands still."""
        if lease.released:
            return 0.0
        return self.lasts - self.vigil.still_for(lease.account, (lease.fence, lease.beat))

    def count_from(self, begun: float) -> None:
        """Count every lease that is held from then on."""
        self.renewed = begun
        self.tenure.extend(self.held, self.ends)

    def drop(self, account: AccountId) -> None:
        """Hold the account no more, whatever the database says."""
        self.held.pop(account, None)
        self.tenure.end(account)

    async def give_back(self, account: AccountId) -> None:
        """Release one account in order, after nothing of it runs any more."""
        fence = self.held.get(account)
        self.drop(account)
        if fence is not None:
            await self.store.release_lease(account, fence)
