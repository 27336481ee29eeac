"""One node leads what is done periodically, by the same rules by which accounts are held."""

from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.ids import NodeName
from orchestrator.leases.keeper import LETS_GO
from orchestrator.leases.vigil import Vigil
from orchestrator.ports.calendar import Leadership, LeaderStore
from orchestrator.ports.leases import Fence


@dataclass(slots=True)
class Candidate:
    """Stands for leader as long as its node runs."""

    node: NodeName
    store: LeaderStore
    clock: Clock
    lasts: float
    fence: Fence | None = None
    renewed: float = 0.0
    vigil: Vigil[str] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.vigil = Vigil(self.clock)

    @property
    def leads(self) -> bool:
        """Whether this node leads, for all it knows."""
        return (
            self.fence is not None and self.clock.monotonic() - self.renewed < self.lasts * LETS_GO
        )

    async def stand(self) -> bool:
        """Renew the leadership, or take it when it is free; tells whether this node leads now."""
        begun = self.clock.monotonic()
        if self.fence is not None:
            if not await self.store.renew_leadership(self.node, self.fence):
                self.fence = None
        else:
            seen = await self.store.leadership()
            if self.is_free(seen):
                self.fence = await self.store.take_leadership(self.node, seen)
        if self.fence is not None:
            self.renewed = begun
        return self.leads

    def is_free(self, seen: Leadership) -> bool:
        """Watch the leader; true when it left, or was not heard of for a whole lease."""
        return (
            seen.released or self.vigil.still_for("leader", (seen.fence, seen.beat)) >= self.lasts
        )

    async def step_down(self) -> None:
        """Leave the leadership to whoever comes first."""
        fence, self.fence = self.fence, None
        if fence is not None:
            await self.store.release_leadership(fence)
