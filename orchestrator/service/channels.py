"""What doors may ask about channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.actor import Actor
from orchestrator.commands import FindChannel
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.channels import Channel
from orchestrator.ports.telegram import ChannelSeen, Role
from orchestrator.stage import Stage


@dataclass(frozen=True, slots=True)
class Channels:
    """Watches channels, and stops watching them. Nobody joins by itself."""

    stage: Stage
    door: AccountDoor

    async def add(self, actor: Actor, name: str, account: str, every: timedelta) -> Channel:
        """Watch a channel that `account` can read, from the next post on."""
        if not timedelta(minutes=1) <= every <= timedelta(days=1):
            raise BadInput("the interval lies between 1 and 1440 minutes")
        reader = await self.stage.stores.accounts.account_named(account)
        seen = await self.door.ask(reader.id, FindChannel(name))
        if not isinstance(seen, ChannelSeen) or seen.role is Role.NONE:
            raise NotAllowed(f"{account} cannot read {name}: have a person join it there first")
        return await self.stage.stores.channels.add_channel(actor, seen, reader.id, every)

    async def list(self) -> Sequence[Channel]:
        """Return all channels by title."""
        return await self.stage.stores.channels.channels()

    async def show(self, name: str) -> Channel:
        """Return one channel; raises NotFound."""
        return await self.stage.stores.channels.channel_named(name)

    async def set_active(self, actor: Actor, name: str, *, active: bool) -> Channel:
        """Pause or resume watching; a paused channel gets no comments either."""
        channel = await self.stage.stores.channels.channel_named(name)
        await self.stage.stores.channels.set_channel_active(actor, channel.id, active=active)
        return channel

    async def remove(self, actor: Actor, name: str) -> Channel:
        """Stop watching for good; raises NotAllowed while a grant for it lives."""
        channel = await self.stage.stores.channels.channel_named(name)
        await self.stage.stores.channels.remove_channel(actor, channel.id)
        return channel
