"""Holding accounts by lease: who may be taken, and what must be let go.

The wall clock decides nothing here. A holder counts its lease from before it asked for the
renewal; a challenger waits a whole lease on its own clock in which neither fence nor beat moved
(DESIGN.md §3).
"""

from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.ids import AccountId, NodeName
from orchestrator.ports.leases import Fence, Lease, LeaseStore


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody else's lease, and since when it has not moved on our clock."""

    lease: Lease
    since: float


@dataclass(slots=True)
class Keeper:
    """Takes, renews and gives back leases for one process."""

    node: NodeName
    store: LeaseStore
    clock: Clock
    lasts: float
    """How long a lease holds, in seconds."""
    held: dict[AccountId, Fence] = field(default_factory=dict)
    renewed: float = 0.0
    """When the last renewal that succeeded was begun."""
    watched: dict[AccountId, Watched] = field(default_factory=dict)

    async def renew(self) -> frozenset[AccountId]:
        """Renew what is held; returns the accounts that are no longer ours."""
        begun = self.clock.monotonic()
        ours = await self.store.renew_leases(self.node, self.held)
        lost = frozenset(self.held) - ours
        for account in lost:
            del self.held[account]
        self.renewed = begun
        return lost

    def has_run_out(self) -> bool:
        """Tell whether the leases may be somebody else's already."""
        return bool(self.held) and self.clock.monotonic() - self.renewed >= self.lasts

    def let_go(self) -> frozenset[AccountId]:
        """Count everything as lost: the leases ran out before they could be renewed."""
        lost = frozenset(self.held)
        self.held.clear()
        return lost

    async def look_round(
        self, *, may_take: bool
    ) -> tuple[frozenset[AccountId], frozenset[AccountId]]:
        """Take what is free; returns the accounts newly held, and held ones that should not run."""
        leases = {lease.account: lease for lease in await self.store.leases()}
        unwanted = frozenset(self.held) - frozenset(leases)
        taken = [
            lease.account
            for lease in leases.values()
            if may_take and lease.account not in self.held and await self.try_to_take(lease)
        ]
        return frozenset(taken), unwanted

    async def try_to_take(self, lease: Lease) -> bool:
        """Take a lease that is free, or that did not move for as long as it lasts."""
        if not lease.released and not self.is_stale(lease):
            return False
        begun = self.clock.monotonic()
        fence = await self.store.take_lease(self.node, lease)
        self.watched.pop(lease.account, None)
        if fence is None:
            return False
        if not self.held:
            self.renewed = begun
        self.held[lease.account] = fence
        return True

    def is_stale(self, lease: Lease) -> bool:
        """Watch a lease; true once it has stood still for a whole lease on our own clock."""
        now = self.clock.monotonic()
        watched = self.watched.get(lease.account)
        if watched is None or watched.lease != lease:
            self.watched[lease.account] = Watched(lease, now)
            return False
        return now - watched.since >= self.lasts

    async def give_back(self, account: AccountId) -> None:
        """Release one account in order."""
        fence = self.held.pop(account, None)
        if fence is not None:
            await self.store.release_lease(account, fence)
