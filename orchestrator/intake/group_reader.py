"""Study groups compared with the server: what no update told of is heard too.

The account that created a group reads it: an account that only just entered one, or was not
connected, may have been told of nothing.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from orchestrator.ids import MessageId, StudyGroupId
from orchestrator.intake.reconciler import LATER
from orchestrator.jobs import KeepStudyGroup
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient, Peer
from orchestrator.refusals import Scope, TelegramRefused
from orchestrator.stage import Stage

EVERY: Final = 60.0
"""Seconds between two comparisons."""
PAGES: Final = 20
"""How many pages of one group are read at once; the next comparison goes on from there."""


@dataclass(slots=True)
class GroupReader:
    """Reads what was said in the groups that one account created."""

    stage: Stage
    holder: Holder
    client: AccountClient
    next_look: float = 0.0

    async def compare_due(self) -> None:
        """Read on where it is time."""
        now = self.stage.clock.monotonic()
        if now >= self.next_look:
            self.next_look = now + EVERY
            await self.compare()

    async def compare(self, *, keep: bool = False) -> None:
        """Record what was said since the last message on record; a closed group is passed over.

        With `keep` somebody looks at each notice too: what became of it may have been missed.
        """
        for group, peer, last in await self.stage.stores.study_groups.groups_of(
            self.holder.account
        ):
            try:
                await self.read(peer, last)
            except TelegramRefused as refused:
                if refused.refusal.action in LATER:
                    return
                if refused.refusal.scope is Scope.ACCOUNT:
                    raise
                await self.stage.stores.study_groups.doubt(group, str(refused))
            if keep:
                await self.keep(group)

    async def read(self, peer: Peer, last: MessageId) -> None:
        """Hand over page by page."""
        for _ in range(PAGES):
            page = await self.client.group_talk_after(peer, last)
            await asyncio.gather(*(self.stage.sink(told) for told in page.told))
            last = page.upto
            if not page.more:
                return

    async def keep(self, group: StudyGroupId) -> None:
        """Have somebody look at the group's notice."""
        await self.stage.stores.jobs.queue_job(KeepStudyGroup(group))
