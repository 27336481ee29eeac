"""Study groups compared with the server: what no update told of is heard too.

The account that created a group reads it: an account that only just entered one, or was not
connected, may have been told of nothing.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.facts import Fact, GroupMessageEdited, PostsDeleted
from orchestrator.ids import MessageId, StudyGroupId
from orchestrator.intake.reconciler import LATER
from orchestrator.jobs import KeepStudyGroup
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient, GroupPage, Peer
from orchestrator.refusals import Scope, TelegramRefused
from orchestrator.stage import Stage

EVERY: Final = 60.0
"""Seconds between two comparisons."""
PAGES: Final = 20
"""How many pages of one group are read at once; the next comparison goes on from there."""
RECENT: Final = 50
"""How many of a group's newest messages are looked at again: one may have been missed between
others, changed, or deleted, without anybody telling of it."""


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
        """Record what was said, changed and deleted of late; a closed group is passed over.

        With `keep` somebody looks at each notice too: what became of it may have been missed.
        """
        for group, peer, last in await self.stage.stores.study_groups.groups_of(
            self.holder.account
        ):
            try:
                await self.read(group, peer, MessageId(max(0, last - RECENT)))
            except TelegramRefused as refused:
                if refused.refusal.action in LATER:
                    return
                if refused.refusal.scope is Scope.ACCOUNT:
                    raise
                await self.stage.stores.study_groups.doubt(group, str(refused))
            if keep:
                await self.keep(group)

    async def read(self, group: StudyGroupId, peer: Peer, last: MessageId) -> None:
        """Hand over page by page what is new there.

        What we know is read first: what is told of meanwhile does not look deleted.
        """
        known = await self.stage.stores.study_groups.known_talk(group, last)
        for _ in range(PAGES):
            page = await self.client.group_talk_after(peer, last)
            facts = self.news(peer, last, page, known)
            await asyncio.gather(*(self.stage.sink(fact) for fact in facts))
            last = page.upto
            if not page.more:
                return

    def news(
        self, peer: Peer, last: MessageId, page: GroupPage, known: Mapping[MessageId, str]
    ) -> Iterator[Fact]:
        """Tell what a page says that is not known, and what it says no more."""
        account = self.holder.account
        for told in page.told:
            if told.message not in known:
                yield told
            elif told.text != known[told.message]:
                when = told.edited_at or told.sent_at
                yield GroupMessageEdited(
                    account, peer.telegram_id, told.message, told.text, when, told.author
                )
        there = {told.message for told in page.told}
        gone = tuple(
            message
            for message in sorted(known.keys() - there)
            if message > last and (message <= page.upto or not page.more)
        )
        if gone:
            yield PostsDeleted(account, peer.telegram_id, gone, late=True)

    async def keep(self, group: StudyGroupId) -> None:
        """Have somebody look at the group's notice."""
        await self.stage.stores.jobs.queue_job(KeepStudyGroup(group))
