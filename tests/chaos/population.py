"""A company in the middle of its work: accounts that are signed in, grants, posts, an outbox.

Everything goes through the stores, or through SQL under the same constraints where ten thousand
rows have to be there at once.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import text

from cli.compose import Company
from db.engine import transaction
from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, ChannelId, MessageId, OutboxId, TelegramId
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.campaigns import CampaignState, NewCampaign, NewSchedule
from orchestrator.ports.grants import GrantProof, GrantScope, NewGrant, Review
from orchestrator.ports.sessions import StoredSession
from orchestrator.ports.telegram import ChannelSeen, Profile, Role
from personas.persona import Persona
from tests.chaos.telegram import BIO, Enlisted, Pointers

DIRECTOR = Actor("chaos")
PERSONA = Persona(key="player", name="Player", disclosure=BIO)
ANYTIME = Window.between("00:00", "24:00")
PER_POST = 50
OUTAGE = 30.0
"""Seconds for which PostgreSQL may be away."""

POSTS = text(
    """
    INSERT INTO posts (channel_id, message_id, text, created_at)
    SELECT c.id, p.message, 'Post', now()
    FROM unnest(CAST(:channels AS bigint[]), CAST(:messages AS bigint[])) AS p (channel, message)
    JOIN channels c ON c.telegram_id = p.channel
    """
)
DRAFTS = text(
    """
    INSERT INTO drafts
        (channel_id, message_id, campaign_id, schedule_id, account_id, grant_id, text, strategy,
         reason, source, fit, due_at, expires_at, state, decided_by, decided_at)
    SELECT s.channel_id, p.message_id, s.campaign_id, s.id, s.account_id, g.id, 'to be numbered',
           'script_80', 'chaos', 'local', 0.9, now(), now() + interval '1 day', 'queued', 'chaos',
           now()
    FROM generate_series(1, :per_post) AS slot
    CROSS JOIN posts p
    JOIN schedules s ON s.channel_id = p.channel_id
    JOIN grants g ON g.channel_id = p.channel_id AND g.revoked_at IS NULL
    WHERE NOT EXISTS (
        SELECT FROM comments c
        WHERE c.channel_id = p.channel_id AND c.message_id = p.message_id)
      AND p.channel_id = coalesce(CAST(:channel AS bigint), p.channel_id)
    ORDER BY slot, p.message_id, p.channel_id
    LIMIT :messages
    """
)
COMMENTS = text(
    """
    INSERT INTO comments
        (channel_id, message_id, slot, account_id, draft_id, grant_id, campaign_id, schedule_id,
         text, planned_on)
    SELECT d.channel_id, d.message_id,
           row_number() OVER (PARTITION BY d.channel_id, d.message_id ORDER BY d.id),
           d.account_id, d.id, d.grant_id, d.campaign_id, d.schedule_id, d.text, current_date
    FROM drafts d WHERE NOT EXISTS (SELECT FROM comments c WHERE c.draft_id = d.id)
    """
)
OUTBOX = text(
    """
    INSERT INTO outbox
        (account_id, kind, comment_id, grant_id, text, random_id, due_at, expires_at)
    SELECT c.account_id, 'comment', c.id, c.grant_id, c.text,
           CAST(random() * 9e18 AS bigint) + 1, d.due_at, d.expires_at
    FROM comments c JOIN drafts d ON d.id = c.draft_id
    WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.comment_id = c.id)
    """
)
NUMBER = text("UPDATE outbox SET text = 'outbox ' || id WHERE text = 'to be numbered'")
NUMBER_COMMENTS = text(
    "UPDATE comments c SET text = o.text FROM outbox o "
    "WHERE o.comment_id = c.id AND c.text <> o.text"
)
QUICK_READING = text("UPDATE channels SET monitoring_interval = :minutes")
ROWS = text(
    "SELECT id, account_id, state, unsettled, attempts, sent_message_id, last_error FROM outbox"
)
STATES = text("SELECT state, count(*) AS rows FROM outbox GROUP BY state")


@dataclass(frozen=True, slots=True)
class Row:
    """What Troupe says of one message."""

    id: OutboxId
    account: AccountId
    state: str
    unsettled: bool
    attempts: int
    sent_message: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Population:
    """Those who play: accounts, and the channel of each."""

    accounts: tuple[AccountId, ...]
    channels: tuple[ChannelId, ...]


class Books:
    """What is written into the database before a trial, and read from it afterwards."""

    def __init__(self, company: Company) -> None:
        self.company, self.stores = company, company.stage.stores
        self.grants: dict[ChannelId, NewGrant] = {}

    async def populate(
        self, pointers: Pointers, people: list[Enlisted], *, shared: int = 0
    ) -> Population:
        """Sign everybody in, record a grant for each channel, and start the campaign.

        Each account speaks in its own channel; with `shared`, everybody in each of so many.
        """
        await self.stores.library.put_persona(DIRECTOR, PERSONA)
        accounts = [await self.engage(pointers, person) for person in people]
        channels = [
            await self.found(account, person)
            for account, person in zip(accounts, people, strict=True)
        ]
        pairs = (
            product(accounts, channels[:shared]) if shared else zip(accounts, channels, strict=True)
        )
        schedules = tuple(
            NewSchedule(account, channel, 1000, ANYTIME) for account, channel in pairs
        )
        plan = NewCampaign("chaos", "UTC", "arrive", (), schedules)
        campaign = await self.stores.campaigns.add_campaign(DIRECTOR, plan)
        await self.stores.campaigns.set_campaign_state(DIRECTOR, campaign.id, CampaignState.RUNNING)
        await self.publish(people)
        return Population(tuple(accounts), tuple(channels))

    async def engage(self, pointers: Pointers, person: Enlisted) -> AccountId:
        """Record one account with its session."""
        name = person.username.removeprefix("chaos_channel_")
        account = await self.stores.accounts.add_account(
            DIRECTOR, f"player-{name}", person.phone, PERSONA.key
        )
        user = TelegramId(person.user)
        session = StoredSession(pointers.dc_id, pointers.host, pointers.port, person.auth_key, user)
        await self.stores.sessions.save_session(account.id, session)
        profile = Profile(user, None, f"Player {name}", BIO)
        await self.stores.accounts.record_profile(account.id, profile)
        await self.stores.accounts.set_account_state(
            DIRECTOR, account.id, AccountState.ACTIVE, None
        )
        return account.id

    async def found(self, account: AccountId, person: Enlisted) -> ChannelId:
        """Watch one account's channel, and record the grant that its admin proves."""
        seen = ChannelSeen(
            telegram_id=TelegramId(person.channel),
            title=person.username,
            description="",
            username=person.username,
            members_count=1,
            linked_group=TelegramId(person.group),
            role=Role.ADMIN,
            last_message=MessageId(max(person.posts, default=1)),
        )
        added = await self.stores.channels.add_channel(
            DIRECTOR, seen, account, timedelta(minutes=10)
        )
        self.grants[added.id] = new_grant(added.id, account, seen)
        await self.grant_again(added.id)
        return added.id

    async def grant_again(self, channel: ChannelId) -> None:
        """Record a channel's grant, perhaps after an earlier one was revoked."""
        await self.stores.grants.add_grant(DIRECTOR, self.grants[channel])

    async def publish(self, people: list[Enlisted]) -> None:
        """Record the posts that stand in the channels already."""
        pairs = [(person.channel, post) for person in people for post in person.posts]
        await self.sql(
            POSTS,
            channels=[channel for channel, _ in pairs],
            messages=[message for _, message in pairs],
        )

    async def fill_outbox(self, messages: int, channel: ChannelId | None = None) -> int:
        """Queue so many comments under posts without any; each says its number in the outbox."""
        asked = {"messages": messages, "per_post": PER_POST, "channel": channel}
        async with self.company.engine.begin() as connection:
            await connection.execute(DRAFTS, asked)
            await connection.execute(COMMENTS)
            queued = await connection.execute(OUTBOX)
            await connection.execute(NUMBER)
            await connection.execute(NUMBER_COMMENTS)
        return queued.rowcount

    async def read_channels_every(self, interval: timedelta) -> None:
        """Compare the channels with Telegram as often as that."""
        await self.sql(QUICK_READING, minutes=interval.total_seconds() / 60)

    async def outbox(self) -> tuple[Row, ...]:
        """Read what became of each message."""
        return tuple(Row(*row) for row in await self.sql(ROWS))

    async def states(self) -> dict[str, int]:
        """Count the messages by state."""
        return {row.state: row.rows for row in await self.sql(STATES)}

    async def count(self, statement: str, **values: Any) -> int:
        """Return the one number that a query asks for."""
        return int((await self.sql(text(statement), **values))[0][0])

    async def sql(self, statement: Any, **values: Any) -> Any:
        """Run one statement in a transaction; returns its rows, if it has any.

        PostgreSQL may be away for a while: that is part of the trial.
        """
        async with asyncio.timeout(OUTAGE):
            while True:
                try:
                    async with transaction(self.company.engine) as connection:
                        result = await connection.execute(statement, values)
                        return result.all() if result.returns_rows else []
                except ServersUnavailable:
                    await asyncio.sleep(0.2)


def new_grant(channel: ChannelId, account: AccountId, seen: ChannelSeen) -> NewGrant:
    """Grant more comments under a post than anybody would: the charter is not on trial here."""
    group = seen.linked_group
    if group is None:
        raise ValueError("a channel of this trial has a discussion group")
    return NewGrant(
        channel=channel,
        account=account,
        granted_by=DIRECTOR.name,
        proof=GrantProof.ADMIN,
        scope=GrantScope.COMMENTS,
        comments_per_post=PER_POST,
        review=Review.AUTOMATIC,
        linked_group=group,
        starts_at=datetime.now(UTC) - timedelta(minutes=1),
        expires_at=None,
    )
