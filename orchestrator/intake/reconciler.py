"""Telegram forgets to tell: what updates missed is fetched by comparing with the server."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.facts import ChannelLost
from orchestrator.ids import MessageId
from orchestrator.ports.channels import Reading
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient
from orchestrator.refusals import Action, TelegramRefused
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

CANNOT_READ = frozenset({Action.SUSPEND_CHAT, Action.NEEDS_JOIN})


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
        error: str | None = None
        upto: MessageId | None = None
        try:
            upto = await self.look_and_fetch(reading)
        except TelegramRefused as refused:
            error = refused.refusal.sentence
            if refused.refusal.action in CANNOT_READ:
                await self.stage.sink(ChannelLost(self.holder.account, reading.telegram_id, error))
            elif refused.refusal.action is not Action.WAIT:
                raise
        await self.stage.stores.channels.note_checked(reading.channel, self.stage.clock.now(), upto)
        self.note(begun, error)

    async def look_and_fetch(self, reading: Reading) -> MessageId:
        """Store how the channel looks now, then record every post since it was last compared."""
        seen = await self.client.channel(reading.telegram_id, username=reading.username)
        suspended = await self.stage.stores.channels.record_channel_seen(
            self.holder.account, seen, self.stage.clock.now()
        )
        for sentence in suspended:
            log.warning("%s", sentence)
        if seen.last_message > reading.last_message:
            await self.fetch(reading, seen.last_message)
        return seen.last_message

    async def fetch(self, reading: Reading, upto: MessageId) -> None:
        """Record the posts that no update told of."""
        missed = upto - reading.last_message
        posts = self.client.posts_after(reading.telegram_id, reading.last_message, limit=missed)
        async for post in posts:
            await self.stage.sink(post)

    def note(self, begun: float, error: str | None) -> None:
        """Log the comparison."""
        duration = timedelta(seconds=self.stage.clock.monotonic() - begun)
        self.stage.operations.note(
            Operation(
                OperationKind.READ_CHANNEL, self.holder.account, error is None, duration, error
            )
        )
