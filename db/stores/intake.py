"""Where facts become rows: once each, together with the job that follows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.stores.base import one, rows, run
from db.stores.cancelling import Reason, cancel_waiting
from db.stores.work import queue
from orchestrator.facts import DirectMessageSeen, PostEdited, PostsDeleted, PostSeen
from orchestrator.ids import ChannelId, MessageId, PostRef
from orchestrator.intake.stopwords import asks_to_stop
from orchestrator.jobs import ConsiderPost
from personas.silence import SilenceReason

RECORD_POST = text(
    """
    INSERT INTO posts
        (channel_id, message_id, text, media, engagement, album, seen_by, created_at, edited_at)
    SELECT c.id, :message, :text, CAST(:media AS jsonb), CAST(:engagement AS jsonb), :album,
           :account, :published_at, :edited_at
    FROM channels c
    WHERE c.telegram_id = :channel AND c.is_active AND c.removed_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING channel_id
    """
)
NOTE_LAST = text(
    """
    UPDATE channels SET last_message_id = :message
    WHERE id = :channel AND last_message_id < :message
    """
)
RECORD_EDIT = text(
    """
    UPDATE posts p SET text = :text, edited_at = :edited_at
    FROM channels c
    WHERE c.telegram_id = :channel AND p.channel_id = c.id AND p.message_id = :message
      AND (p.edited_at IS NULL OR p.edited_at <= :edited_at)
    """
)
RECORD_DELETED = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT p.channel_id, p.message_id FROM posts p
        WHERE p.channel_id = (SELECT id FROM channels WHERE telegram_id = :channel)
          AND p.message_id = ANY(CAST(:messages AS bigint[])) AND p.deleted_at IS NULL
        ORDER BY p.message_id FOR NO KEY UPDATE
    )
    UPDATE posts p SET deleted_at = now()
    FROM gone WHERE p.channel_id = gone.channel_id AND p.message_id = gone.message_id
    RETURNING p.channel_id, p.message_id
    """
)
WAITING_UNDER = text(
    """
    SELECT o.id FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE c.channel_id = :channel AND c.message_id = ANY(CAST(:messages AS bigint[]))
      AND o.state = 'due'
    ORDER BY o.id FOR UPDATE OF o
    """
)
RECORD_CONTACT = text(
    """
    INSERT INTO contacts (telegram_id, username, name) VALUES (:sender, :username, :name)
    ON CONFLICT (telegram_id) DO UPDATE
    SET username = excluded.username, last_seen_at = now(),
        name = CASE WHEN excluded.name = '' THEN contacts.name ELSE excluded.name END
    RETURNING id
    """
)
RECORD_MESSAGE = text(
    """
    WITH talk AS (
        INSERT INTO conversations (account_id, contact_id) VALUES (:account, :contact)
        ON CONFLICT (account_id, contact_id) DO UPDATE SET account_id = excluded.account_id
        RETURNING id
    )
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at)
    SELECT id, 'incoming', :message, :text, :sent_at FROM talk
    ON CONFLICT (conversation_id, telegram_message_id) DO NOTHING
    RETURNING id
    """
)
OPT_OUT = text(
    """
    WITH gone AS (
        INSERT INTO opt_outs (contact_id, reason, detail, account_id)
        VALUES (:contact, 'stop_word', :detail, :account)
        ON CONFLICT (contact_id) DO NOTHING
    )
    UPDATE conversations
    SET state = 'closed', closed_at = now(), closed_reason = 'the person asked us to stop'
    WHERE contact_id = :contact AND state <> 'closed'
    """
)


@dataclass(frozen=True, slots=True)
class PostgresIntake:
    """Implements `IntakeStore`; `on_job` is told after a commit that left something to do."""

    engine: AsyncEngine
    on_job: Callable[[str], None]

    async def record_post_and_queue(self, post: PostSeen) -> bool:
        """Record a post of a watched channel and queue the decision about it."""
        async with transaction(self.engine) as connection:
            recorded = await one(
                connection,
                RECORD_POST,
                channel=post.channel,
                message=post.message,
                text=post.text,
                media=write_json(post.media),
                engagement=write_json(post.engagement),
                album=post.album,
                account=post.account,
                published_at=post.published_at,
                edited_at=post.edited_at,
            )
            if recorded is None:
                return False
            await self.follow_up(connection, ChannelId(recorded.channel_id), post)
        self.on_job("jobs")
        return True

    async def follow_up(
        self, connection: AsyncConnection, channel: ChannelId, post: PostSeen
    ) -> None:
        """Note how far the channel is known, and queue the job."""
        await run(connection, NOTE_LAST, channel=channel, message=post.message)
        task = ConsiderPost(PostRef(channel, post.message))
        await queue(connection, task, timedelta())

    async def record_post_edit(self, edit: PostEdited) -> None:
        """Store a post's new text, unless a later one is known."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                RECORD_EDIT,
                channel=edit.channel,
                message=edit.message,
                text=edit.text,
                edited_at=edit.edited_at,
            )

    async def record_posts_deleted(self, deletion: PostsDeleted) -> None:
        """Mark posts as gone, and cancel what waits to be said under them."""
        async with transaction(self.engine) as connection:
            gone = await rows(
                connection,
                RECORD_DELETED,
                channel=deletion.channel,
                messages=list(deletion.messages),
            )
            if gone:
                messages = [MessageId(row.message_id) for row in gone]
                waiting = await rows(
                    connection, WAITING_UNDER, channel=gone[0].channel_id, messages=messages
                )
                why = Reason(SilenceReason.POST_GONE, "the post was deleted")
                await cancel_waiting(connection, [row.id for row in waiting], why)

    async def record_direct_message(self, message: DirectMessageSeen) -> bool:
        """Record an incoming message; a stop word ends the conversation for every account."""
        async with transaction(self.engine) as connection:
            contact = await one(
                connection,
                RECORD_CONTACT,
                sender=message.sender,
                username=message.sender_username,
                name=message.sender_name,
            )
            if contact is None:
                raise RuntimeError("PostgreSQL returned no row for an upsert")
            recorded = await one(
                connection,
                RECORD_MESSAGE,
                account=message.account,
                contact=contact.id,
                message=message.message,
                text=message.text,
                sent_at=message.sent_at,
            )
            if recorded is not None and asks_to_stop(message.text):
                detail = message.text[:200]
                await run(
                    connection,
                    OPT_OUT,
                    contact=contact.id,
                    detail=detail,
                    account=message.account,
                )
        return recorded is not None
