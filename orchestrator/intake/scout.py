"""Finding stand-ins: which channels an account could read if the one that does no longer can.

Nobody joins anything for this: an account looks whether it is a member already, or may read
from outside.
"""

from dataclasses import dataclass

from orchestrator.clock import until_tick
from orchestrator.facts import ChannelLost
from orchestrator.intake.reconciler import CANNOT_READ
from orchestrator.ports.channels import Reading
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient
from orchestrator.refusals import Action, TelegramRefused
from orchestrator.stage import Stage

EVERY = 60.0
"""Seconds between two looks round."""


@dataclass(slots=True)
class Scout:
    """Looks at channels that have few readers for one account."""

    stage: Stage
    holder: Holder
    client: AccountClient
    look_at: float = 0.0

    async def look_round(self) -> None:
        """Look at the channels that want stand-ins and for which this account was chosen."""
        now = self.stage.clock.monotonic()
        if now < self.look_at:
            return
        self.look_at = now + until_tick(self.stage.clock, EVERY)
        for reading in await self.stage.stores.channels.take_scouting(self.holder.account):
            if not await self.look(reading):
                return

    async def look(self, reading: Reading) -> bool:
        """Store what the account is in one channel; False when Telegram wants us to wait."""
        try:
            seen = await self.client.channel(reading.telegram_id, username=reading.username)
        except TelegramRefused as refused:
            if refused.refusal.action is Action.WAIT:
                return False
            if refused.refusal.action not in CANNOT_READ:
                raise
            why = refused.refusal.sentence
            await self.stage.sink(ChannelLost(self.holder.account, reading.telegram_id, why))
            return True
        await self.stage.stores.channels.record_role(
            reading.channel, self.holder.account, seen.role
        )
        return True
