"""Channels, who may read them and who does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.gathering import Gathering
from db.stores.audit import write_audit
from db.stores.base import Rows, not_found, one, rows, run
from db.stores.leases import RUNNING
from orchestrator.actor import SYSTEM, Actor
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed
from orchestrator.facts import ChannelLost, UpdatesSkipped
from orchestrator.ids import AccountId, ChannelId, MessageId, TelegramId
from orchestrator.ports.channels import Channel, Reading
from orchestrator.ports.telegram import ChannelSeen, Role

COLUMNS = """
    SELECT c.id, c.telegram_id, c.title, c.username, c.description, c.members_count, c.is_active,
           c.last_checked, c.monitoring_interval, c.linked_group_id, c.last_message_id,
           c.recovered_late, a.name AS reader, ca.role AS reader_role
    FROM channels c
    LEFT JOIN accounts a ON a.id = c.reader_account_id
    LEFT JOIN channel_access ca ON ca.channel_id = c.id AND ca.account_id = a.id
    WHERE c.removed_at IS NULL
"""
ALL = text(COLUMNS + " ORDER BY c.title, c.id")
BY_ID = text(COLUMNS + " AND c.id = :channel")
BY_NAME = text(
    COLUMNS
    + """
      AND (lower(c.username) = lower(:name) OR lower(c.title) = lower(:title)
           OR CAST(c.id AS text) = :name OR CAST(c.telegram_id AS text) = :name)
    ORDER BY (lower(c.username) = lower(:name)) DESC NULLS LAST, c.id
    """
)
NAMES = text(
    """
    SELECT coalesce('@' || username, title) AS name FROM channels
    WHERE removed_at IS NULL ORDER BY 1
    """
)
# A channel that was removed comes back with its history, watched from now on.
ADD = text(
    """
    INSERT INTO channels
        (telegram_id, title, description, username, members_count, monitoring_interval,
         linked_group_id, last_message_id, compared_upto, reader_account_id)
    VALUES (:telegram_id, :title, :description, :username, :members, :minutes,
            :linked_group, :last_message, :last_message, :account)
    ON CONFLICT (telegram_id) DO UPDATE
    SET title = excluded.title, description = excluded.description, username = excluded.username,
        members_count = excluded.members_count, linked_group_id = excluded.linked_group_id,
        monitoring_interval = excluded.monitoring_interval, is_active = true,
        last_message_id = excluded.last_message_id, compared_upto = excluded.compared_upto,
        reader_account_id = excluded.reader_account_id, removed_at = NULL
    WHERE channels.removed_at IS NOT NULL
    RETURNING id
    """
)
SET_ACTIVE = text(
    """
    UPDATE channels SET is_active = :active WHERE id = :channel AND removed_at IS NULL
    RETURNING title
    """
)
LIVE_GRANT = text(
    "SELECT id FROM grants WHERE channel_id = :channel AND revoked_at IS NULL LIMIT 1"
)
REMOVE = text(
    """
    WITH off AS (UPDATE schedules SET is_active = false WHERE channel_id = :channel)
    UPDATE channels SET is_active = false, removed_at = now(), reader_account_id = NULL
    WHERE id = :channel AND removed_at IS NULL RETURNING title
    """
)
REFRESH = text(
    """
    UPDATE channels
    SET title = :title, description = :description, username = :username,
        members_count = coalesce(:members, members_count), linked_group_id = :linked_group
    WHERE telegram_id = :telegram_id RETURNING id
    """
)
# Charter rule 1: a grant speaks of the group that was linked when it was given.
SUSPEND_FOR_GROUP = text(
    """
    UPDATE grants
    SET suspended_at = now(), suspended_for = 'group',
        suspended_reason = 'another discussion group was linked to the channel'
    WHERE channel_id = :channel AND revoked_at IS NULL
      AND linked_group_id IS DISTINCT FROM :linked_group
      AND suspended_for IS DISTINCT FROM 'group'
    RETURNING id
    """
)
RECORD_ROLE = text(
    """
    INSERT INTO channel_access (account_id, channel_id, role) VALUES (:account, :channel, :role)
    ON CONFLICT (account_id, channel_id) DO UPDATE
    SET role = excluded.role, since = now(), lost_reason = NULL
    WHERE channel_access.role <> excluded.role
    """
)
RECORD_LOST = text(
    """
    WITH lost AS (
        UPDATE channels
        SET reader_account_id = CASE WHEN reader_account_id <> :account THEN reader_account_id END
        WHERE telegram_id = :telegram_id RETURNING id
    )
    INSERT INTO channel_access (account_id, channel_id, role, lost_reason)
    SELECT :account, id, 'none', :reason FROM lost
    ON CONFLICT (account_id, channel_id) DO UPDATE
    SET role = excluded.role, lost_reason = excluded.lost_reason, since = now()
    """
)
ABLE = """
    WITH able AS (
        SELECT ca.channel_id, ca.account_id, ca.role = 'public' AS outside
        FROM channel_access ca
        JOIN accounts a ON a.id = ca.account_id AND a.state = ANY(CAST(:running AS text[]))
        JOIN leases l ON l.account_id = a.id AND NOT l.released
        WHERE ca.role <> 'none'
    )
"""
LOCK_UNREAD = text(
    ABLE  # noqa: S608 - both parts are constants
    + """
    SELECT c.id, c.title FROM channels c
    WHERE c.is_active AND c.removed_at IS NULL AND NOT EXISTS (
        SELECT FROM able WHERE able.channel_id = c.id AND able.account_id = c.reader_account_id)
    ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED
    """
)
# Members before outsiders, the least busy first; nobody joins by itself.
GIVE_READER = text(
    ABLE  # noqa: S608 - both parts are constants
    + """
    UPDATE channels SET reader_account_id = (
        SELECT able.account_id FROM able
        WHERE able.channel_id = :channel
        ORDER BY able.outside, (
            SELECT count(*) FROM channels r
            WHERE r.reader_account_id = able.account_id AND r.is_active), able.account_id
        LIMIT 1),
        -- Nobody knows what was published while nobody read: a new reader compares at once.
        last_checked = NULL
    WHERE id = :channel RETURNING reader_account_id
    """
)
READINGS = text(
    """
    SELECT id, reader_account_id AS account, telegram_id, username, compared_upto, recovered_late,
           coalesce(last_checked + make_interval(secs => monitoring_interval * 60), now()) <= now()
               AS due
    FROM channels
    WHERE reader_account_id = ANY(CAST(:accounts AS bigint[])) AND is_active AND removed_at IS NULL
    ORDER BY last_checked NULLS FIRST, id
    """
)
# Bounded twice: so many accounts for a channel in an hour, so many channels for an account. What is
# handed out is written down as a look that found nothing, until the look says otherwise; who looked
# rests for a day.
TAKE_SCOUTING = text(
    ABLE  # noqa: S608 - both parts are constants
    + """
    , scouts AS MATERIALIZED (
        SELECT s.account, CAST(:each AS bigint) - (
            SELECT count(*) FROM channel_access ca
            WHERE ca.account_id = s.account AND ca.since > now() - interval '1 hour') AS budget
        FROM unnest(CAST(:accounts AS bigint[])) AS s (account)
    ), wanting AS MATERIALIZED (
        SELECT c.id, CAST(:readers AS bigint)
            - (SELECT count(*) FROM able WHERE able.channel_id = c.id)
            - (SELECT count(*) FROM channel_access ca
               WHERE ca.channel_id = c.id AND ca.role = 'none'
                 AND ca.since > now() - interval '1 hour') AS wanted
        FROM channels c
        WHERE c.is_active AND c.removed_at IS NULL
    ), needy AS MATERIALIZED (
        SELECT id, wanted FROM wanting WHERE wanted > 0 ORDER BY random() LIMIT :channels
    ), ranked AS (
        SELECT needy.id, needy.wanted, scouts.account, scouts.budget,
               row_number() OVER (PARTITION BY needy.id ORDER BY random()) AS place
        FROM needy CROSS JOIN scouts
        WHERE scouts.budget > 0 AND NOT EXISTS (
            SELECT FROM channel_access ca
            WHERE ca.channel_id = needy.id AND ca.account_id = scouts.account
              AND (ca.role <> 'none' OR ca.since > now() - interval '1 day'))
    ), chosen AS (
        SELECT id, account, budget, row_number() OVER (PARTITION BY account ORDER BY id) AS place
        FROM ranked WHERE place <= wanted
    ), taken AS (
        INSERT INTO channel_access AS known (account_id, channel_id, role, lost_reason)
        SELECT account, id, 'none', 'nobody has looked yet' FROM chosen WHERE place <= budget
        ORDER BY account, id
        ON CONFLICT (account_id, channel_id) DO UPDATE
        SET since = now(), lost_reason = excluded.lost_reason
        WHERE known.role = 'none'
        RETURNING known.account_id, known.channel_id
    )
    SELECT taken.account_id AS account, c.id, c.telegram_id, c.username, c.compared_upto,
           c.recovered_late, false AS due
    FROM taken JOIN channels c ON c.id = taken.channel_id
    ORDER BY c.id
    """
)
ENOUGH_READERS = 3
"""How many able readers a channel should have; and how many more are tried for it in an hour."""
LOOKS_AN_HOUR = 20
"""At how many channels one account looks in an hour at most to find out whether it may read."""
CHANNELS_AT_ONCE = 200
LANES_AT_ONCE = 1_000
ASK_FOR_COMPARISON = text(
    """
    WITH dialogues AS (
        UPDATE account_watch SET dialogues_at = NULL
        WHERE account_id = :account AND CAST(:telegram_id AS bigint) IS NULL
    )
    UPDATE channels SET last_checked = NULL
    WHERE reader_account_id = :account AND is_active
      AND (CAST(:telegram_id AS bigint) IS NULL OR telegram_id = :telegram_id)
    """
)
# What is left of a long gap is due at once.
NOTE_CHECKED = text(
    """
    UPDATE channels
    SET last_checked = CASE WHEN CAST(:whole AS boolean) THEN CAST(:at AS timestamptz) END,
        compared_upto = greatest(compared_upto, :upto),
        last_message_id = greatest(last_message_id, :upto)
    WHERE id = :channel RETURNING recovered_late
    """
)


@dataclass(frozen=True, slots=True)
class PostgresChannels:
    """Implements `ChannelStore`; lanes that ask at about the same time share one statement."""

    engine: AsyncEngine
    readings: Gathering[AccountId, Sequence[Reading]] = field(init=False)
    scouting: Gathering[AccountId, Sequence[Reading]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        readings = Gathering("readings", self.all_readings, limit=LANES_AT_ONCE)
        object.__setattr__(self, "readings", readings)
        scouting = Gathering("scouting", self.take_all_scouting, limit=LANES_AT_ONCE)
        object.__setattr__(self, "scouting", scouting)

    async def add_channel(
        self, actor: Actor, seen: ChannelSeen, account: AccountId, interval: timedelta
    ) -> Channel:
        """Record a channel to watch."""
        async with transaction(self.engine) as connection:
            added = await one(
                connection,
                ADD,
                **appearance(seen),
                minutes=interval.total_seconds() / 60,
                last_message=seen.last_message,
                account=account,
            )
            if added is None:
                raise AlreadyExists(f"{seen.title} is watched already: see `troupe channels list`")
            channel = ChannelId(added.id)
            await record_access(connection, channel, account, seen.role)
            await write_audit(
                connection, actor, "add_channel", f"channel {channel}", after={"title": seen.title}
            )
            row = await one(connection, BY_ID, channel=channel)
        return to_channel(row)

    async def channel_named(self, name: str) -> Channel:
        """Return the channel by @username, link, title or number."""
        bare = name.strip().removeprefix("https://").removeprefix("t.me/").removeprefix("@")
        async with transaction(self.engine) as connection:
            found = await rows(connection, BY_NAME, name=bare, title=name.strip())
            if not found:
                names = [row.name for row in await rows(connection, NAMES)]
                raise not_found("channel", name, names, "add one with `troupe channels add`")
        exact = [row for row in found if bare in {row.username, str(row.id), str(row.telegram_id)}]
        if len(found) > 1 and len(exact) != 1:
            numbers = ", ".join(str(row.id) for row in found)
            raise BadInput(f"{name} names several channels: give one of the numbers {numbers}")
        return to_channel(exact[0] if exact else found[0])

    async def channels(self) -> Sequence[Channel]:
        """Return all channels."""
        async with transaction(self.engine) as connection:
            return [to_channel(row) for row in await rows(connection, ALL)]

    async def set_channel_active(self, actor: Actor, channel: ChannelId, *, active: bool) -> None:
        """Pause or resume watching."""
        async with transaction(self.engine) as connection:
            if await one(connection, SET_ACTIVE, channel=channel, active=active) is not None:
                action = "resume_channel" if active else "pause_channel"
                await write_audit(connection, actor, action, f"channel {channel}")

    async def remove_channel(self, actor: Actor, channel: ChannelId) -> None:
        """Stop watching; what was published and said there stays on record."""
        async with transaction(self.engine) as connection:
            live = await one(connection, LIVE_GRANT, channel=channel)
            if live is not None:
                raise NotAllowed(
                    f"Grant {live.id} for this channel lives: revoke it first with "
                    f"`troupe grants revoke {live.id}`"
                )
            if await one(connection, REMOVE, channel=channel) is not None:
                await write_audit(connection, actor, "remove_channel", f"channel {channel}")

    async def record_channel_seen(
        self,
        account: AccountId,
        seen: ChannelSeen,
        at: datetime,  # noqa: ARG002 - the port's; PostgreSQL's own clock is written down
    ) -> Sequence[str]:
        """Refresh what is known; suspends grants that speak of another group."""
        async with transaction(self.engine) as connection:
            known = await one(connection, REFRESH, **appearance(seen))
            if known is None:
                return []
            channel = ChannelId(known.id)
            await record_access(connection, channel, account, seen.role)
            return await suspend_for_group(connection, channel, seen)

    async def record_channel_lost(self, lost: ChannelLost) -> None:
        """Store that an account cannot read a channel any more."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                RECORD_LOST,
                account=lost.account,
                telegram_id=lost.channel,
                reason=lost.reason,
            )

    async def ask_for_comparison(self, skipped: UpdatesSkipped) -> None:
        """Make the comparison of what the account reads due now."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                ASK_FOR_COMPARISON,
                account=skipped.account,
                telegram_id=skipped.channel,
            )

    async def record_role(self, channel: ChannelId, account: AccountId, role: Role) -> None:
        """Store what an account is in a channel."""
        async with transaction(self.engine) as connection:
            await record_access(connection, channel, account, role)

    async def assign_readers(self) -> Sequence[str]:
        """Give each active channel somebody who reads it, where there is somebody."""
        unread: list[str] = []
        async with transaction(self.engine) as connection:
            for row in await rows(connection, LOCK_UNREAD, running=RUNNING):
                given = await one(connection, GIVE_READER, running=RUNNING, channel=row.id)
                if given is None or given.reader_account_id is None:
                    unread.append(
                        f"Nobody can read {row.title}: let an account that is a member run"
                    )
        return unread

    async def readings_of(self, account: AccountId) -> Sequence[Reading]:
        """Return the active channels that this account reads."""
        return await self.readings.ask(account)

    async def all_readings(self, accounts: Sequence[AccountId]) -> Sequence[Sequence[Reading]]:
        """Return what each of several accounts reads."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, READINGS, accounts=accounts)
        return readings_by(accounts, found)

    async def take_scouting(self, account: AccountId) -> Sequence[Reading]:
        """Return channels with few able readers at which this account is to look now."""
        return await self.scouting.ask(account)

    async def take_all_scouting(self, accounts: Sequence[AccountId]) -> Sequence[Sequence[Reading]]:
        """Choose who looks where, and write it down."""
        async with transaction(self.engine) as connection:
            found = await rows(
                connection,
                TAKE_SCOUTING,
                running=RUNNING,
                accounts=sorted(set(accounts)),
                readers=ENOUGH_READERS,
                each=LOOKS_AN_HOUR,
                channels=CHANNELS_AT_ONCE,
            )
        return readings_by(accounts, found)

    async def note_checked(
        self, channel: ChannelId, at: datetime, upto: MessageId | None, *, whole: bool = True
    ) -> int:
        """Store that the channel was compared, and up to which post nothing is missing."""
        async with transaction(self.engine) as connection:
            row = await one(
                connection, NOTE_CHECKED, channel=channel, at=at, upto=upto, whole=whole
            )
        return 0 if row is None else int(row.recovered_late)


async def record_access(
    connection: AsyncConnection, channel: ChannelId, account: AccountId, role: Role
) -> None:
    """Store what an account is in a channel."""
    await run(connection, RECORD_ROLE, account=account, channel=channel, role=role)


async def suspend_for_group(
    connection: AsyncConnection, channel: ChannelId, seen: ChannelSeen
) -> list[str]:
    """Suspend the grants that speak of another group than the one linked now."""
    suspended = await rows(
        connection, SUSPEND_FOR_GROUP, channel=channel, linked_group=seen.linked_group
    )
    for row in suspended:
        after = {"linked_group": seen.linked_group}
        await write_audit(connection, SYSTEM, "suspend_grant", f"grant {row.id}", after=after)
    return [
        f"Grant {row.id} for {seen.title} is suspended: another discussion group was linked; "
        "ask for a new grant"
        for row in suspended
    ]


def appearance(seen: ChannelSeen) -> dict[str, object]:
    """Lay out how a channel looks, for a statement."""
    return {
        "telegram_id": seen.telegram_id,
        "title": seen.title,
        "description": seen.description,
        "username": seen.username,
        "members": seen.members_count,
        "linked_group": seen.linked_group,
    }


def to_channel(row: Row[Any] | None) -> Channel:
    """Read a channel from its row."""
    if row is None:
        raise RuntimeError("the channel that was just written is gone")
    return Channel(
        id=ChannelId(row.id),
        telegram_id=TelegramId(row.telegram_id),
        title=row.title,
        username=row.username,
        description=row.description,
        members_count=row.members_count,
        is_active=row.is_active,
        last_checked=row.last_checked,
        monitoring_interval=timedelta(minutes=row.monitoring_interval),
        linked_group=None if row.linked_group_id is None else TelegramId(row.linked_group_id),
        last_message=MessageId(row.last_message_id),
        reader=row.reader,
        recovered_late=row.recovered_late,
        reader_role=None if row.reader_role is None else Role(row.reader_role),
    )


def readings_by(accounts: Sequence[AccountId], found: Rows) -> list[list[Reading]]:
    """Give each account what is its own."""
    by_account: dict[AccountId, list[Reading]] = {account: [] for account in accounts}
    for row in found:
        by_account[AccountId(row.account)].append(to_reading(row))
    return [by_account[account] for account in accounts]


def to_reading(row: Row[Any]) -> Reading:
    """Read a channel as its reader needs it."""
    return Reading(
        channel=ChannelId(row.id),
        telegram_id=TelegramId(row.telegram_id),
        username=row.username,
        last_message=MessageId(row.compared_upto),
        recovered_late=row.recovered_late,
        due=row.due,
    )
