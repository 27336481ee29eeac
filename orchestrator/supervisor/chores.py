"""What has to be done again and again: by whoever leads, or as jobs that the calendar leaves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.jobs import (
    AskForProofs,
    LookAtComments,
    LookAtStudyGroups,
    OpenWindow,
    SweepTables,
    VerifyGrant,
)
from orchestrator.ports.calendar import Daily, Entry, Every
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

STANDING = (
    Entry("proofs", AskForProofs(), Every(timedelta(minutes=1))),
    Entry("engagement", LookAtComments(), Every(timedelta(minutes=1))),
    Entry("study groups", LookAtStudyGroups(), Every(timedelta(minutes=1))),
    Entry("sweep", SweepTables(), Every(timedelta(hours=1))),
)
"""What is in the calendar whatever the database says."""


def calendar_entries(openings: Sequence[Daily]) -> tuple[Entry, ...]:
    """Return everything that is periodic: what always is, and each opening of a window."""
    windows = (
        Entry(f"window {one.at} {one.zone}", OpenWindow(one.at, one.zone), one) for one in openings
    )
    return (*STANDING, *windows)


Chore = AskForProofs | LookAtComments | SweepTables | OpenWindow


async def do_chore(stage: Stage, chore: Chore) -> None:
    """Do what a firing of the calendar left to be done."""
    match chore:
        case AskForProofs():
            await ask_for_proofs(stage)
        case LookAtComments():
            await stage.stores.comments.queue_looks(stage.tuning.engagement_checks)
        case SweepTables():
            await stage.stores.housekeeper.sweep()
        case OpenWindow(at, zone):
            opened = await stage.stores.calendar.open_window(Daily(at, zone))
            log.info("windows of %s open in %s; %d messages waited for it", at, zone, opened)


async def ask_for_proofs(stage: Stage) -> None:
    """Queue a job for each grant whose proof has grown old; the same one is queued once."""
    limit = stage.clock.now() - stage.tuning.verification_check
    for grant in await stage.stores.grants.grants_to_verify(limit):
        await stage.stores.jobs.queue_job(VerifyGrant(grant))


@dataclass(slots=True)
class Readers:
    """Gives channels readers, and complains once about each that stays unread."""

    stage: Stage
    complaints: dict[str, float] = field(default_factory=dict)
    """Since when each complaint stands; it is told once, when it has stood for a whole lease."""
    told: set[str] = field(default_factory=set)

    async def assign(self) -> None:
        """Give each channel somebody who reads it."""
        now = self.stage.clock.monotonic()
        standing = await self.stage.stores.channels.assign_readers()
        self.complaints = {one: self.complaints.get(one, now) for one in standing}
        self.told &= set(standing)
        patience = self.stage.tuning.lease.total_seconds()
        for complaint, since in self.complaints.items():
            if now - since >= patience and complaint not in self.told:
                self.told.add(complaint)
                log.warning("%s", complaint)
