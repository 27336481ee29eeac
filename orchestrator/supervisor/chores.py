"""What has to be done again and again, whoever does it.

Each chore leaves a job or changes one row.
"""

import logging
from dataclasses import dataclass

from orchestrator.jobs import VerifyGrant
from orchestrator.stage import Stage

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Chores:
    """Gives channels readers, and asks for proofs that have grown old."""

    stage: Stage
    complained: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Do every chore, rest, and begin again."""
        while True:
            await self.assign_readers()
            await self.ask_for_proofs()
            await self.stage.clock.sleep(self.stage.tuning.poll.total_seconds())

    async def assign_readers(self) -> None:
        """Give each channel somebody who reads it; complain once about one that nobody can read."""
        complaints = frozenset(await self.stage.stores.channels.assign_readers())
        for complaint in complaints - self.complained:
            log.warning("%s", complaint)
        self.complained = complaints

    async def ask_for_proofs(self) -> None:
        """Queue a job for each grant whose proof has grown old; the same one is queued once."""
        limit = self.stage.clock.now() - self.stage.tuning.verification_check
        for grant in await self.stage.stores.grants.grants_to_verify(limit):
            await self.stage.stores.jobs.queue_job(VerifyGrant(grant))
