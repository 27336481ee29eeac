"""Where the bot is admin, and what was granted through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.grants import grant_of, select_grants
from db.tables.channels import channels, grants
from orchestrator.errors import NotAllowed
from orchestrator.ids import ChannelId, TelegramId
from orchestrator.ports.bot_grants import BotChannel
from orchestrator.ports.grants import Grant, GrantProof

NOTE = text(
    """
    INSERT INTO bot_channels
        (bot_id, telegram_id, title, username, linked_group_id, added_by, present)
    VALUES (:bot, :channel, :title, :username, :linked, :added_by, :present)
    ON CONFLICT (bot_id, telegram_id) DO UPDATE
    SET title = excluded.title, username = excluded.username, added_by = excluded.added_by,
        linked_group_id = coalesce(excluded.linked_group_id, bot_channels.linked_group_id),
        present = excluded.present, changed_at = now()
    """
)
PRESENT = text(
    """
    SELECT telegram_id, title, username, linked_group_id FROM bot_channels
    WHERE bot_id = :bot AND present ORDER BY title, telegram_id
    """
)
PLACE = text(
    """
    INSERT INTO channels AS c (telegram_id, title, username, linked_group_id)
    VALUES (:channel, :title, :username, :linked)
    ON CONFLICT (telegram_id) DO UPDATE
    SET title = excluded.title, username = excluded.username,
        linked_group_id = excluded.linked_group_id
    WHERE c.removed_at IS NULL
    RETURNING id
    """
)
DISCLOSURES = text(
    """
    SELECT DISTINCT p.disclosure FROM accounts a JOIN personas p ON p.id = a.persona_id
    WHERE a.state = 'active' AND a.disclosed_at IS NOT NULL
    ORDER BY p.disclosure
    """
)


@dataclass(frozen=True, slots=True)
class PostgresBotGrants:
    """Implements `orchestrator.ports.bot_grants.BotGrantStore`."""

    engine: AsyncEngine

    async def note_bot_channel(
        self, bot: int, channel: BotChannel, added_by: TelegramId, *, present: bool
    ) -> None:
        """Store that the bot became an admin of a channel, or is none any more."""
        told = {"bot": bot, "added_by": added_by, "present": present, **shown(channel)}
        async with transaction(self.engine) as connection:
            await run(connection, NOTE, **told)

    async def bot_channels(self, bot: int) -> Sequence[BotChannel]:
        """Return the channels in which the bot is an admin, by title."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, PRESENT, bot=bot)
        return [
            BotChannel(row.telegram_id, row.title, row.username, row.linked_group_id)
            for row in found
        ]

    async def place_channel(self, channel: BotChannel) -> ChannelId:
        """Record a channel, or how it shows itself now."""
        async with transaction(self.engine) as connection:
            row = await one(connection, PLACE, **shown(channel))
        if row is None:
            raise NotAllowed(f"{channel.title} was removed here: its operators add it again first")
        return ChannelId(row.id)

    async def disclosures(self) -> Sequence[str]:
        """Return whom the accounts that run speak for, as their bios were seen to say."""
        async with transaction(self.engine) as connection:
            return [row.disclosure for row in await rows(connection, DISCLOSURES)]

    async def grants_given_by(self, person: TelegramId) -> Sequence[Grant]:
        """Return the grants of a person that nobody revoked, newest first."""
        return await self.find(live().where(grants.c.granted_by_telegram_id == person))

    async def bot_grants_of(self, channel: TelegramId) -> Sequence[Grant]:
        """Return the grants of a channel that were given through the bot and not revoked."""
        found = live().where(grants.c.proof == GrantProof.BOT)
        return await self.find(
            found.where(
                grants.c.channel_id.in_(
                    select(channels.c.id).where(channels.c.telegram_id == channel)
                )
            )
        )

    async def bot_grants_to_verify(self, older_than: datetime) -> Sequence[Grant]:
        """Return grants given through the bot whose proof was last read before that moment."""
        found = live().where(grants.c.proof == GrantProof.BOT)
        return await self.find(found.where(grants.c.verified_at < older_than).limit(100))

    async def find(self, query: Select[tuple[object, ...]]) -> Sequence[Grant]:
        """Run a query for grants."""
        async with transaction(self.engine) as connection:
            return [grant_of(row) for row in (await connection.execute(query)).all()]


def live() -> Select[tuple[object, ...]]:
    """Select grants that nobody revoked, newest first."""
    return select_grants().where(grants.c.revoked_at.is_(None)).order_by(grants.c.id.desc())


def shown(channel: BotChannel) -> dict[str, object]:
    """Lay a channel out for a statement."""
    return {
        "channel": channel.telegram_id,
        "title": channel.title,
        "username": channel.username,
        "linked": channel.linked_group,
    }
