"""A database with somebody in it."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.embedded import Servers
from db.embedded.urls import with_database
from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, new_key, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from db.stores.desk import postgres_desk
from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window
from orchestrator.facts import DirectMessageSeen, PostSeen
from orchestrator.ids import (
    AccountId,
    CampaignId,
    ChannelId,
    ConversationId,
    GrantId,
    InboundId,
    MessageId,
    NodeName,
    OutboxId,
    PostRef,
    StudyGroupId,
    TelegramId,
)
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.answers import AnswerSource, NewAnswer, NewGroupLine, Provenance
from orchestrator.ports.campaigns import CampaignState, NewCampaign, NewSchedule
from orchestrator.ports.drafting import NewDraft, PostContext
from orchestrator.ports.grants import GrantProof, GrantScope, NewGrant, Review
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Holder
from orchestrator.ports.sessions import StoredSession
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import ChannelSeen, Peer, Role, Thread
from orchestrator.ports.writing import Line, Source
from personas.persona import Persona
from personas.strategy import Strategy
from tests.fixtures.servers import run_sql
from tests.integration.db.desk_scene import DESK_TABLES, Desk

OLGA = Actor("olga")
NODE = NodeName("north")
CHANNEL, GROUP = TelegramId(700), TelegramId(701)
STUDY_GROUP = TelegramId(900)
ANYTIME = Window.between("00:00", "24:00")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url, pool_size=5, overflow=5)
    yield made
    await made.dispose()


def any_cipher() -> Cipher:
    """Encrypt with a key of no importance."""
    return Cipher(Keyring(read_keys(new_key(), "a test"), "a test"))


@pytest.fixture
def cipher() -> Cipher:
    return any_cipher()


@pytest.fixture
def stores(engine: AsyncEngine, cipher: Cipher, database_url: str) -> Stores:
    return postgres_stores(engine, cipher, Notices(database_url))


@dataclass(slots=True)
class Scene:
    """A channel with a live grant, a running campaign, and Anna, who may speak there."""

    stores: Stores
    engine: AsyncEngine
    anna: AccountId
    channel: ChannelId
    grant: GrantId
    campaign: CampaignId
    holder: Holder

    async def sql(self, statement: str, **values: Any) -> Any:
        """Run a statement; returns the first value of its first row, if it has rows."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    async def post(self, message: int = 1, text: str = "What do comets smell of?") -> PostRef:
        """Publish a post and have it recorded."""
        now = datetime.now(UTC)
        seen = PostSeen(self.anna, CHANNEL, MessageId(message), text, now)
        await self.stores.intake.record_post_and_queue(seen)
        return PostRef(self.channel, MessageId(message))

    async def draft(self, post: PostRef, text: str = "Of bad eggs, says Rosetta.") -> NewDraft:
        """Find words for a post, as a writer would."""
        context = await self.stores.drafting.post_context(post)
        assert context is not None
        return self.draft_in(context, text)

    def draft_in(self, context: PostContext, text: str = "Of bad eggs, says Rosetta.") -> NewDraft:
        """Find words for a post whose context is known."""
        assert context.grant is not None
        return NewDraft(
            post=context.post,
            turn=context.turns[0],
            grant=context.grant.id,
            line=Line(text, None, None, "comets", 0.9, Strategy.SCRIPT_80, "it fits", Source.LOCAL),
            due_at=datetime.now(UTC) - timedelta(seconds=1),
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )

    async def queued(self, message: int = 1) -> OutboxId:
        """Bring a post as far as an addressed message in the outbox."""
        post = await self.post(message)
        comment = await self.stores.drafting.queue_comment(await self.draft(post))
        assert comment is not None
        found = await self.sql("SELECT id FROM outbox WHERE comment_id = :c", c=comment)
        await self.stores.outbox.address(self.holder, OutboxId(found), self.thread(message))
        return OutboxId(found)

    async def heard(
        self, message: int = 1, words: str = "What is it?", person: int = 500
    ) -> tuple[ConversationId, InboundId]:
        """Have a person write to Anna; returns the conversation and the message."""
        seen = DirectMessageSeen(
            self.anna,
            TelegramId(person),
            MessageId(message),
            words,
            datetime.now(UTC),
            access_hash=4000 + person,
        )
        await self.stores.intake.record([seen])
        conversation = await self.sql(
            "SELECT v.id FROM conversations v JOIN contacts c ON c.id = v.contact_id"
            " WHERE v.account_id = :a AND c.telegram_id = :p",
            a=self.anna,
            p=person,
        )
        inbound = await self.sql(
            "SELECT id FROM messages WHERE conversation_id = :c AND telegram_message_id = :m",
            c=conversation,
            m=message,
        )
        return ConversationId(conversation), InboundId(inbound)

    async def answered(self, message: int = 1, **changes: Any) -> OutboxId:
        """Have a person write, and queue one message that answers."""
        conversation, inbound = await self.heard(message)
        queued = await self.stores.answers.queue_answer(
            replace(new_answer(conversation, inbound), **changes)
        )
        assert isinstance(queued, tuple), queued
        return queued[0]

    async def found_group(self) -> int:
        """Found a study group in which Anna is the host."""
        given = {"a": self.anna, "g": STUDY_GROUP}
        group = await self.sql(
            "INSERT INTO study_groups (account_id, telegram_id, title, pinned_notice_id)"
            " VALUES (:a, :g, 'Spanish', 3) RETURNING id",
            **given,
        )
        await self.sql(
            "INSERT INTO study_group_roles (study_group_id, account_id, role)"
            " SELECT id, :a, 'host' FROM study_groups WHERE telegram_id = :g",
            **given,
        )
        await self.sql(
            "INSERT INTO grants (study_group_id, account_id, granted_by_name, proof, scope,"
            " linked_group_id) SELECT id, :a, 'olga', 'creator', 'study_group', telegram_id"
            " FROM study_groups WHERE telegram_id = :g",
            **given,
        )
        await self.sql(
            "INSERT INTO account_entities (account_id, kind, telegram_id, access_hash)"
            " VALUES (:a, 'channel', :g, 77)",
            **given,
        )
        return int(group)

    async def lined_up(self) -> OutboxId:
        """Queue one line for a study group in which Anna is the host."""
        group = await self.sql("SELECT id FROM study_groups") or await self.found_group()
        queued = await self.stores.answers.queue_group_line(
            new_line(StudyGroupId(group), self.anna)
        )
        assert isinstance(queued, int), queued
        return queued

    def thread(self, message: int = 1) -> Thread:
        """Where comments on a post go."""
        return Thread(Peer("channel", GROUP, 42), MessageId(9000 + message))


@pytest.fixture
async def scene(stores: Stores, engine: AsyncEngine) -> Scene:
    await stores.library.put_persona(
        OLGA, Persona(key="anna", name="Anna", disclosure="Museum, AI")
    )
    anna = (await stores.accounts.add_account(OLGA, "anna", "+79990001122", "anna")).id
    await stores.sessions.save_session(anna, StoredSession(2, "127.0.0.1", 443, b"k" * 256))
    await stores.accounts.set_account_state(OLGA, anna, AccountState.ACTIVE, None)
    lease = await stores.leases.lease_of(anna)
    fence = await stores.leases.take_lease(NODE, lease)
    assert fence is not None
    await stores.accounts.record_disclosure(anna, fence, disclosed=True)
    channel = (await stores.channels.add_channel(OLGA, seen(), anna, timedelta(minutes=5))).id
    grant = await stores.grants.add_grant(OLGA, new_grant(channel, anna))
    schedule = NewSchedule(anna, channel, comments_per_day=3, window=ANYTIME)
    campaign = await stores.campaigns.add_campaign(
        OLGA, NewCampaign("comets", "Europe/Moscow", "be kind", (), (schedule,))
    )
    await stores.campaigns.set_campaign_state(OLGA, campaign.id, CampaignState.RUNNING)
    holder = Holder(NODE, anna, Fence(fence))
    return Scene(stores, engine, anna, channel, grant.id, campaign.id, holder)


def seen(group: TelegramId | None = GROUP, role: Role = Role.CREATOR) -> ChannelSeen:
    """How the channel looks."""
    return ChannelSeen(CHANNEL, "Sky", "All about it", "sky", 10, group, role, MessageId(0))


def new_grant(channel: ChannelId, account: AccountId) -> NewGrant:
    """A grant without an end, for one comment under each post."""
    return NewGrant(
        channel=channel,
        account=account,
        granted_by="olga",
        proof=GrantProof.CREATOR,
        scope=GrantScope.COMMENTS,
        comments_per_post=1,
        review=Review.AUTOMATIC,
        linked_group=GROUP,
        starts_at=datetime.now(UTC) - timedelta(minutes=1),
        expires_at=None,
    )


BECAUSE = Provenance(AnswerSource.LOCAL, "it fits", "script", persona="anna", fit=0.9)


def new_answer(
    conversation: ConversationId, inbound: InboundId, *parts: str, because: Provenance = BECAUSE
) -> NewAnswer:
    """An answer that may leave at once."""
    now = datetime.now(UTC)
    return NewAnswer(
        conversation=conversation,
        inbound=inbound,
        parts=parts or ("Of bad eggs.",),
        because=because,
        due_at=now - timedelta(seconds=1),
        expires_at=now + timedelta(hours=1),
        apart=timedelta(0),
    )


def new_line(group: StudyGroupId, account: AccountId, words: str = "Hola") -> NewGroupLine:
    """A line that may leave at once."""
    now = datetime.now(UTC)
    return NewGroupLine(
        group, account, words, BECAUSE, now - timedelta(seconds=1), now + timedelta(hours=1)
    )


@pytest.fixture(scope="session")
def desk_database(
    servers: Servers, portal: BlockingPortal, template_database: str
) -> Iterator[str]:
    """One database for all tests of the desk: making one takes longer than most of them."""
    name = f"troupe_desk_{secrets.token_hex(6)}"
    made = f"create database {name} template {template_database} strategy file_copy"
    portal.call(run_sql, servers.database_url, made)
    try:
        yield with_database(servers.database_url, name)
    finally:
        portal.call(run_sql, servers.database_url, f"drop database {name} with (force)")


@pytest.fixture
async def desk(desk_database: str, cipher: Cipher) -> AsyncIterator[Desk]:
    """A support desk without anybody."""
    engine = create_engine(desk_database, pool_size=10, overflow=10)
    async with engine.begin() as connection:
        for table in DESK_TABLES:
            await connection.execute(text(f"DELETE FROM {table}"))
    yield Desk(engine, postgres_desk(engine, cipher))
    await engine.dispose()
