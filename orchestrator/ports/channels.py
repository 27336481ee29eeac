"""Channels that are watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.facts import ChannelLost, UpdatesSkipped
from orchestrator.ids import AccountId, ChannelId, MessageId, TelegramId
from orchestrator.ports.telegram import ChannelSeen, Role


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is stored."""

    id: ChannelId
    telegram_id: TelegramId
    title: str
    username: str | None
    description: str
    members_count: int | None
    is_active: bool
    last_checked: datetime | None
    monitoring_interval: timedelta
    linked_group: TelegramId | None
    last_message: MessageId
    reader: str | None
    """The name of the account that reads it now."""
    recovered_late: int = 0
    """How much no update told of and a comparison found: posts, edits and deletions."""
    reader_role: Role | None = None
    """What the reader is there; Telegram tells only members of new posts as they come."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A channel that an account is to read: where reading stands and how often to ask."""

    channel: ChannelId
    telegram_id: TelegramId
    username: str | None
    last_message: MessageId
    """Up to here it was compared with the server; what updates told of later may have gaps."""
    recovered_late: int
    """How much no update told of so far."""
    due: bool
    """Whether `monitoring_interval` has passed since it was last compared with the server."""


class ChannelStore(Protocol):
    """Channels, who may read them and who does."""

    async def add_channel(
        self, actor: Actor, seen: ChannelSeen, account: AccountId, interval: timedelta
    ) -> Channel:
        """Record a channel to watch, from now on, read by `account`; raises AlreadyExists."""

    async def channel_named(self, name: str) -> Channel:
        """Return the channel by @username, title or number; raises NotFound with what there is."""

    async def channels(self) -> Sequence[Channel]:
        """Return all channels by title."""

    async def set_channel_active(self, actor: Actor, channel: ChannelId, *, active: bool) -> None:
        """Pause or resume watching."""

    async def remove_channel(self, actor: Actor, channel: ChannelId) -> None:
        """Stop watching for good; raises NotAllowed while a live grant speaks of it."""

    async def record_channel_seen(
        self, account: AccountId, seen: ChannelSeen, at: datetime
    ) -> Sequence[str]:
        """Refresh what is known, and the account's role there.

        Another linked group than a grant speaks of suspends the grant (charter rule 1); returns a
        sentence for each grant that was suspended.
        """

    async def record_channel_lost(self, lost: ChannelLost) -> None:
        """Store that an account cannot read a channel any more, which makes way for a stand-in."""

    async def ask_for_comparison(self, skipped: UpdatesSkipped) -> None:
        """Make the comparison of what the account reads due now: updates were skipped there."""

    async def record_role(self, channel: ChannelId, account: AccountId, role: Role) -> None:
        """Store what an account is in a channel."""

    async def assign_readers(self) -> Sequence[str]:
        """Give each active channel without an able reader one that is a member, or may read it.

        Able means: the account runs (RUNS), is leased, and its role allows reading. Returns a
        sentence for each channel that nobody can read.
        """

    async def readings_of(self, account: AccountId) -> Sequence[Reading]:
        """Return the active channels that this account reads."""

    async def take_scouting(self, account: AccountId) -> Sequence[Reading]:
        """Return channels with few able readers at which this account is to look now.

        A few accounts are chosen for a channel, and a few channels for an account, in an hour; who
        was chosen for a channel is not asked about it again for a day.
        """

    async def note_checked(
        self, channel: ChannelId, at: datetime, upto: MessageId | None, *, whole: bool = True
    ) -> int:
        """Store that the channel was compared with the server, without a gap up to that post.

        Returns how much was recovered late there so far. Not `whole`: there was more than one
        comparison may fetch, and the next is due at once.
        """
