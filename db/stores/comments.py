"""Comments after they were queued: what was said, why, and how it was received."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.summaries import summary_of
from db.stores.work import queue_all
from db.tables.speech import comments
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.facts import Engagement
from orchestrator.ids import AccountId, ChannelId, CommentId, MessageId, PostRef, TelegramId
from orchestrator.jobs import RefreshEngagement
from orchestrator.ports.outbox import Comment, CommentStatus, Explanation, SentComment
from orchestrator.ports.telegram import Letter, Peer

LOOKS_AT_ONCE = 10_000
"""How many comments one firing of the calendar has looked at; the next one follows in a minute."""

COMMENT_COLUMNS = """
    c.id, c.channel_id, c.message_id, c.text, c.status, c.failed_reason, c.created_at, c.sent_at,
    c.sent_message_id, c.engagement, c.account_id,
    ch.title as channel, a.name as account, coalesce(p.key, '') as persona
"""
COMMENT_TABLES = """
    comments c
    join channels ch on ch.id = c.channel_id
    join accounts a on a.id = c.account_id
    left join personas p on p.id = c.persona_id
"""

LIST = text(f"""
    select {COMMENT_COLUMNS} from {COMMENT_TABLES}
    where cast(:status as text) is null or c.status = :status
    order by c.id desc limit :limit
""")  # noqa: S608 - only constants of this module are put in

ONE = text(f"""
    select {COMMENT_COLUMNS}, o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to, o.random_id,
           o.attempts, po.summary
    from {COMMENT_TABLES}
    join posts po on po.channel_id = c.channel_id and po.message_id = c.message_id
    left join outbox o on o.comment_id = c.id
    where c.id = :comment
""")  # noqa: S608 - only constants of this module are put in

EXPLAIN = text("""
    select po.text as post_text, g.granted_by_name, g.proof, g.starts_at, g.expires_at,
           g.review, g.id as grant_id, d.trigger, d.strategy, d.reason, d.source, d.fit, d.judge,
           d.model, d.prompt_hash, d.cost_usd, d.decided_by, s.key || '@' || v.version as script
    from comments c
    join posts po using (channel_id, message_id)
    join drafts d on d.id = c.draft_id
    join grants g on g.id = c.grant_id
    left join script_versions v on v.id = d.script_version_id
    left join scripts s on s.id = v.script_id
    where c.id = :comment
""")

# Each look but the last leads to the next, also where several were missed. They are counted from
# the moment at which the proof was stored.
TAKE_DUE_LOOKS = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM comments WHERE engagement_due_at <= now()
        ORDER BY engagement_due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE comments c
    SET engagement_due_at = (
        SELECT min(o.finished_at + delay) FROM unnest(CAST(:delays AS interval[])) AS delay
        WHERE o.finished_at + delay > c.engagement_due_at)
    FROM outbox o WHERE c.id = ANY(ARRAY(SELECT id FROM due)) AND o.comment_id = c.id
    RETURNING c.id
""")


class PostgresComments:
    """Comments in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def comments(self, *, status: CommentStatus | None, limit: int) -> Sequence[Comment]:
        """Return comments, newest first."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(LIST, {"status": status, "limit": limit})).all()
        return [comment_of(row) for row in rows]

    async def comment(self, comment: CommentId) -> Comment:
        """Return the comment; raises NotFound."""
        row = await self.read(comment)
        return replace(comment_of(row), summary=summary_of(row.summary))

    async def read(self, comment: CommentId) -> Row[Any]:
        """Read a comment with its outbox row; raises NotFound."""
        async with transaction(self.engine) as connection:
            row = (await connection.execute(ONE, {"comment": comment})).first()
        if row is None:
            raise NotFound(f"there is no comment {comment}: see `troupe comments list`")
        return row

    async def explain_comment(self, comment: CommentId) -> Explanation:
        """Return everything that led to it; raises NotFound."""
        row = await self.read(comment)
        async with transaction(self.engine) as connection:
            why = (await connection.execute(EXPLAIN, {"comment": comment})).one()
        return Explanation(
            comment=replace(comment_of(row), summary=summary_of(row.summary)),
            post_text=why.post_text,
            grant=grant_sentence(why),
            script=why.script,
            trigger=why.trigger,
            strategy=why.strategy,
            reason=why.reason,
            source=why.source,
            fit=why.fit,
            judge=why.judge,
            model=why.model,
            prompt_hash=why.prompt_hash,
            cost_usd=None if why.cost_usd is None else str(why.cost_usd),
            approved_by=why.decided_by or "nobody yet",
            random_id=row.random_id,
            attempts=row.attempts or 0,
        )

    async def sent_comment(self, comment: CommentId) -> SentComment:
        """Return how to reach it; raises NotAllowed when it was not sent or is deleted."""
        row = await self.read(comment)
        if row.status != CommentStatus.SENT:
            raise NotAllowed(f"comment {comment} is {row.status}, so it is not on Telegram")
        peer = Peer(row.peer_kind, TelegramId(row.peer_id), row.peer_access_hash)
        letter = Letter(peer, MessageId(row.reply_to), row.text, row.random_id)
        message = MessageId(row.sent_message_id)
        return SentComment(comment_of(row), AccountId(row.account_id), letter, message)

    async def record_deleted(self, actor: Actor, comment: CommentId) -> None:
        """Store that the comment is no longer on Telegram."""
        gone = {"status": CommentStatus.DELETED, "deleted_at": func.now(), "deleted_by": actor.name}
        async with transaction(self.engine) as connection:
            changed = await connection.execute(
                update(comments)
                .where(comments.c.id == comment, comments.c.status == CommentStatus.SENT)
                .values(gone)
            )
            if changed.rowcount:
                subject = f"comment {comment}"
                await write_audit(connection, actor, "delete_comment", subject)

    async def queue_looks(self, delays: Sequence[timedelta]) -> int:
        """Queue a `RefreshEngagement` for each comment whose time has come; returns how many."""
        values = {"delays": list(delays), "limit": LOOKS_AT_ONCE}
        async with transaction(self.engine) as connection:
            due = (await connection.execute(TAKE_DUE_LOOKS, values)).all()
            await queue_all(connection, [RefreshEngagement(CommentId(row.id)) for row in due])
        return len(due)

    async def record_engagement(self, comment: CommentId, received: Engagement) -> None:
        """Store how the comment was received."""
        seen = {"likes": received.likes, "replies": received.replies, "views": received.views}
        async with transaction(self.engine) as connection:
            await connection.execute(
                update(comments)
                .where(comments.c.id == comment)
                .values(engagement=seen, engagement_checked_at=func.now())
            )


def grant_sentence(row: Row[Any]) -> str:
    """Say who granted it, how that was proved, and until when."""
    end = f"until {row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else "until revoked"
    proof = {"creator": "our account created it", "admin": "our account is an admin"}
    how = proof.get(row.proof, "an admin granted it through the bot")
    return f"grant {row.grant_id} recorded by {row.granted_by_name} ({how}), {end}"


def comment_of(row: Row[Any]) -> Comment:
    """Read a comment."""
    received = row.engagement or {}
    return Comment(
        id=CommentId(row.id),
        post=PostRef(ChannelId(row.channel_id), MessageId(row.message_id)),
        channel=row.channel,
        account=row.account,
        persona=row.persona,
        text=row.text,
        status=CommentStatus(row.status),
        failed_reason=row.failed_reason,
        created_at=row.created_at,
        sent_at=row.sent_at,
        message=None if row.sent_message_id is None else MessageId(row.sent_message_id),
        likes=received.get("likes", 0),
        replies=received.get("replies", 0),
        views=received.get("views", 0),
    )
