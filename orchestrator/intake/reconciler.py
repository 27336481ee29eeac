"""Telegram forgets to tell: what updates missed is fetched by comparing with the server."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from orchestrator.facts import ChannelLost, Fact, PostEdited, PostsDeleted, PostSeen
from orchestrator.ids import MessageId
from orchestrator.ports.channels import Reading
from orchestrator.ports.intake import KnownPost
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient, RecentPosts
from orchestrator.refusals import Action, Refusal, TelegramRefused
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

CANNOT_READ = frozenset({Action.SUSPEND_CHAT, Action.NEEDS_JOIN})
LATER = frozenset({Action.WAIT, Action.BACK_OFF})
"""After these a comparison is tried again another time; the account goes on."""

AT_ONCE: Final = 1_000
"""How many posts of one channel are fetched before the other channels have their turn."""

RECENT: Final = 50
"""How many of the newest posts are looked at for edits and deletions that nobody told of."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a comparison came."""

    upto: MessageId | None
    whole: bool = True
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Compares the channels that one account reads."""

    stage: Stage
    holder: Holder
    client: AccountClient

    async def compare_all(self) -> None:
        """Compare each channel, whenever that was done last."""
        for reading in await self.stage.stores.channels.readings_of(self.holder.account):
            await self.compare(reading)

    async def compare_due(self) -> None:
        """Compare each channel whose interval has passed."""
        for reading in await self.stage.stores.channels.readings_of(self.holder.account):
            if reading.due:
                await self.compare(reading)

    async def compare(self, reading: Reading) -> None:
        """Fetch what was missed in one channel; one that cannot be read goes to a stand-in."""
        begun = self.stage.clock.monotonic()
        reached = await self.try_to_compare(reading)
        total = await self.stage.stores.channels.note_checked(
            reading.channel, self.stage.clock.now(), reached.upto, whole=reached.whole
        )
        self.note(OperationKind.READ_CHANNEL, begun, reached.refusal)
        if recovered := total - reading.recovered_late:
            log.warning("%d updates of channel %s came late", recovered, reading.telegram_id)
            self.note(OperationKind.RECOVER_UPDATES, begun)

    async def try_to_compare(self, reading: Reading) -> Reached:
        """Compare one channel as far as Telegram lets us."""
        try:
            return await self.look_and_fetch(reading)
        except TelegramRefused as refused:
            refusal = refused.refusal
            if refusal.action in CANNOT_READ:
                await self.stage.sink(
                    ChannelLost(self.holder.account, reading.telegram_id, refusal.sentence)
                )
            elif refusal.action not in LATER:
                raise
            return Reached(None, whole=refusal.action is not Action.BACK_OFF, refusal=refusal)

    async def look_and_fetch(self, reading: Reading) -> Reached:
        """Store how the channel looks now, then record what happened since it was compared."""
        seen = await self.client.channel(reading.telegram_id, username=reading.username)
        suspended = await self.stage.stores.channels.record_channel_seen(
            self.holder.account, seen, self.stage.clock.now()
        )
        for sentence in suspended:
            log.warning("%s", sentence)
        if seen.last_message > reading.last_message:
            last = await self.fetch(reading)
            if last is not None:
                return Reached(last, whole=False)
        await self.find_changes(reading)
        return Reached(seen.last_message)

    async def fetch(self, reading: Reading) -> MessageId | None:
        """Record the posts that no update told of; returns where it stopped, if before the end."""
        posts: list[PostSeen] = []
        last: MessageId | None = None
        told = self.client.posts_after(reading.telegram_id, reading.last_message, limit=AT_ONCE)
        async for post in told:
            posts.append(post)
            last = post.message
        await self.record(posts)
        return last if len(posts) >= AT_ONCE else None

    async def find_changes(self, reading: Reading) -> None:
        """Record the edits and deletions among the newest posts that no update told of.

        What we know is read first: a post that is told of meanwhile does not look deleted.
        """
        known = await self.stage.stores.intake.known_posts(reading.channel, RECENT)
        if known:
            recent = await self.client.recent_posts(reading.telegram_id, limit=RECENT)
            await self.record(list(self.changes(reading, known, recent)))

    def changes(
        self, reading: Reading, known: Sequence[KnownPost], recent: RecentPosts
    ) -> Iterator[Fact]:
        """Tell what became of the posts that we know, as far down as the server was read."""
        account, channel = self.holder.account, reading.telegram_id
        now = {post.message: post for post in recent.posts}
        for post in known:
            found = now.get(post.message)
            if found is not None and found.text != post.text:
                when = found.edited_at or found.published_at
                yield PostEdited(account, channel, post.message, found.text, when, late=True)
        gone = tuple(
            post.message
            for post in known
            if recent.posts and post.message >= recent.lowest and post.message not in now
        )
        if gone:
            yield PostsDeleted(account, channel, gone, late=True)

    async def record(self, facts: Sequence[Fact]) -> None:
        """Have facts recorded, many in one transaction."""
        await asyncio.gather(*(self.stage.sink(fact) for fact in facts))

    def note(self, kind: OperationKind, begun: float, refusal: Refusal | None = None) -> None:
        """Log what was done."""
        duration = timedelta(seconds=self.stage.clock.monotonic() - begun)
        said = (refusal.sentence, refusal.name) if refusal else (None, None)
        self.stage.operations.note(
            Operation(kind, self.holder.account, refusal is None, duration, *said)
        )
