"""Grants that a channel's admin gives through the bot, and the channels that the bot is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.ids import ChannelId, TelegramId
from orchestrator.ports.grants import Grant


@dataclass(frozen=True, slots=True)
class BotChannel:
    """A channel as Telegram shows it to the bot."""

    telegram_id: TelegramId
    title: str
    username: str | None
    linked_group: TelegramId | None
    """The group in which its posts are discussed."""


class BotGrantStore(Protocol):
    """Where the bot is admin, and what was granted through it."""

    async def note_bot_channel(
        self, bot: int, channel: BotChannel, added_by: TelegramId, *, present: bool
    ) -> None:
        """Store that the bot became an admin of a channel, or is none any more."""

    async def bot_channels(self, bot: int) -> Sequence[BotChannel]:
        """Return the channels in which the bot is an admin, by title."""

    async def place_channel(self, channel: BotChannel) -> ChannelId:
        """Record a channel, or how it shows itself now; one that operators removed stays removed.

        Raises NotAllowed for that one.
        """

    async def disclosures(self) -> Sequence[str]:
        """Return whom the accounts that run speak for, as their bios were seen to say."""

    async def grants_given_by(self, person: TelegramId) -> Sequence[Grant]:
        """Return the grants of a person that nobody revoked, newest first."""

    async def bot_grants_of(self, channel: TelegramId) -> Sequence[Grant]:
        """Return the grants of a channel that were given through the bot and not revoked."""

    async def bot_grants_to_verify(self, older_than: datetime) -> Sequence[Grant]:
        """Return grants given through the bot whose proof was last read before that moment."""
