"""What has to be done again and again, whoever does it.

Each chore leaves a job or changes one row.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.errors import ServersUnavailable
from orchestrator.jobs import VerifyGrant
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class Chores:
    """Gives channels readers, and asks for proofs that have grown old."""

    stage: Stage
    complaints: dict[str, float] = field(default_factory=dict)
    """Since when each complaint stands; it is told once, when it has stood for a whole lease."""
    told: set[str] = field(default_factory=set)
    sweep_at: float = 0.0
    """When the tables are swept next, on the clock that never jumps."""

    async def run(self) -> None:
        """Do every chore, rest, and begin again; while the database is away, chores wait."""
        while True:
            try:
                await self.assign_readers()
                await self.ask_for_proofs()
                await self.sweep()
            except ServersUnavailable as away:
                log.warning("chores wait: %s", away)
            await self.stage.clock.sleep(self.stage.tuning.poll.total_seconds())

    async def assign_readers(self) -> None:
        """Give each channel somebody who reads it; complain once about one that stays unread."""
        now = self.stage.clock.monotonic()
        standing = await self.stage.stores.channels.assign_readers()
        self.complaints = {one: self.complaints.get(one, now) for one in standing}
        self.told &= set(standing)
        patience = self.stage.tuning.lease.total_seconds()
        for complaint, since in self.complaints.items():
            if now - since >= patience and complaint not in self.told:
                self.told.add(complaint)
                log.warning("%s", complaint)

    async def ask_for_proofs(self) -> None:
        """Queue a job for each grant whose proof has grown old; the same one is queued once."""
        limit = self.stage.clock.now() - self.stage.tuning.verification_check
        for grant in await self.stage.stores.grants.grants_to_verify(limit):
            await self.stage.stores.jobs.queue_job(VerifyGrant(grant))

    async def sweep(self) -> None:
        """Have the tables kept small, at the start and once in a while."""
        now = self.stage.clock.monotonic()
        if now >= self.sweep_at:
            await self.stage.stores.housekeeper.sweep()
            self.sweep_at = now + SWEEP_EVERY.total_seconds()
