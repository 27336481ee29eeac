"""What a decision about a post looks at, and where the decision goes."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, ring, rows, run
from db.stores.outbox import random_id
from db.stores.persona_shelf import DIGEST, PersonaShelf
from db.stores.summaries import summary_of
from orchestrator.campaigns.window import Window
from orchestrator.ids import (
    AccountId,
    CampaignId,
    ChannelId,
    CommentId,
    DraftId,
    GrantId,
    MessageId,
    PersonaId,
    PostRef,
    ScheduleId,
)
from orchestrator.outbox.gate import SPEAKING_STATES
from orchestrator.ports.drafting import DraftState, LiveGrant, NewDraft, PostContext, Turn
from orchestrator.ports.grants import Review
from personas.persona import Persona
from personas.silence import Silence
from personas.summary import PostSummary

RECENT_COMMENTS = 50

POST = text(
    """
    SELECT p.text, p.created_at, p.summary, p.deleted_at IS NOT NULL AS is_gone,
           EXISTS (SELECT FROM drafts d
                   WHERE d.channel_id = p.channel_id AND d.message_id = p.message_id)
           OR EXISTS (SELECT FROM silences s
                      WHERE s.channel_id = p.channel_id AND s.message_id = p.message_id) AS decided
    FROM posts p WHERE p.channel_id = :channel AND p.message_id = :message
    """
)
LIVE_GRANT = text(
    """
    SELECT id, comments_per_post, review, starts_at, expires_at FROM grants
    WHERE channel_id = :channel AND scope = 'comments' AND revoked_at IS NULL
      AND suspended_at IS NULL AND starts_at <= now()
      AND (expires_at IS NULL OR expires_at > now())
    """
)
TURNS = text(
    f"""
    SELECT s.id AS schedule_id, s.campaign_id, s.account_id, a.name AS account_name, a.state,
           c.time_zone, s.start_time, s.end_time, s.comments_per_day, c.script_keys,
           p.id AS persona_id, {DIGEST} AS persona_digest,
           (SELECT count(*) FROM comments said
            WHERE said.schedule_id = s.id AND said.status <> 'failed'
              AND (said.counted_on = day.today
                   OR said.counted_on IS NULL AND said.planned_on = day.today))
           + (SELECT count(*) FROM drafts d
              WHERE d.schedule_id = s.id AND d.state = 'review'
                AND CAST(d.due_at AT TIME ZONE c.time_zone AS date) = day.today)
               AS promised_today,
           (SELECT count(*) FROM comments said
            WHERE said.schedule_id = s.id AND said.status <> 'failed'
              AND said.counted_on IS NULL AND said.planned_on = day.today + 1)
           + (SELECT count(*) FROM drafts d
              WHERE d.schedule_id = s.id AND d.state = 'review'
                AND CAST(d.due_at AT TIME ZONE c.time_zone AS date) = day.today + 1)
               AS promised_tomorrow,
           (SELECT coalesce(said.sent_at, said.created_at) FROM comments said
            WHERE said.account_id = a.id AND said.status <> 'failed'
            ORDER BY said.id DESC LIMIT 1) AS last_spoke
    FROM schedules s
    JOIN campaigns c ON c.id = s.campaign_id AND c.state = 'running'
    JOIN accounts a ON a.id = s.account_id
    JOIN personas p ON p.id = a.persona_id
    CROSS JOIN LATERAL (SELECT CAST(now() AT TIME ZONE c.time_zone AS date) AS today) AS day
    WHERE s.channel_id = :channel AND s.is_active
    ORDER BY s.id
    """  # noqa: S608 - only constants are put in
)
# What waits for a person counts as said: two drafts of the same words would both be approved.
RECENT = text(
    """
    SELECT text FROM (
        (SELECT text, created_at FROM comments
         WHERE channel_id = :channel AND status <> 'failed' ORDER BY id DESC LIMIT :limit)
        UNION ALL
        (SELECT text, created_at FROM drafts
         WHERE channel_id = :channel AND state = 'review' ORDER BY id DESC LIMIT :limit)
    ) AS said
    ORDER BY created_at DESC LIMIT :limit
    """
)
LOCK_POST = text(
    """
    SELECT 1 FROM posts WHERE channel_id = :channel AND message_id = :message FOR NO KEY UPDATE
    """
)
DECIDED = text(
    """
    SELECT 1 FROM drafts WHERE channel_id = :channel AND message_id = :message
    UNION ALL
    SELECT 1 FROM silences WHERE channel_id = :channel AND message_id = :message
    LIMIT 1
    """
)
FREE_SLOT = text(
    """
    SELECT n AS slot
    FROM generate_series(1, (SELECT comments_per_post FROM grants WHERE id = :grant)) AS n
    WHERE NOT EXISTS (
        SELECT FROM comments c
        WHERE c.channel_id = :channel AND c.message_id = :message AND c.slot = n
          AND c.status <> 'failed')
    ORDER BY n LIMIT 1
    """
)
ADD_DRAFT = text(
    """
    INSERT INTO drafts
        (channel_id, message_id, campaign_id, schedule_id, account_id, persona_id, grant_id, text,
         strategy, reason, source, fit, trigger, script_version_id, judge, model, prompt_hash,
         cost_usd, due_at, expires_at, state, decided_by, decided_at)
    VALUES
        (:channel, :message, :campaign, :schedule, :account,
         (SELECT id FROM personas WHERE key = :persona), :grant, :text,
         :strategy, :reason, :source, :fit, :trigger, :script_version, :judge, :model, :prompt_hash,
         :cost, :due_at, :expires_at, :state, CAST(:decided_by AS text),
         CASE WHEN CAST(:decided_by AS text) IS NOT NULL THEN now() END)
    RETURNING id
    """
)
# The comment and the message that carries it are made of the draft, and of nothing else.
SPEAK = text(
    """
    WITH said AS (
        INSERT INTO comments
            (channel_id, message_id, slot, account_id, persona_id, draft_id, grant_id, campaign_id,
             schedule_id, text, planned_on)
        SELECT d.channel_id, d.message_id, :slot, d.account_id, d.persona_id, d.id, d.grant_id,
               d.campaign_id, d.schedule_id, d.text,
               CAST(d.due_at AT TIME ZONE c.time_zone AS date)
        FROM drafts d JOIN campaigns c ON c.id = d.campaign_id
        WHERE d.id = :draft
        RETURNING id, draft_id
    )
    INSERT INTO outbox
        (account_id, kind, comment_id, grant_id, text, random_id, due_at, expires_at)
    SELECT d.account_id, 'comment', said.id, d.grant_id, d.text, :random_id, d.due_at, d.expires_at
    FROM said JOIN drafts d ON d.id = said.draft_id
    RETURNING comment_id
    """
)
ADD_SILENCE = text(
    """
    INSERT INTO silences (channel_id, message_id, reason, detail)
    VALUES (:channel, :message, :reason, :detail)
    ON CONFLICT DO NOTHING
    """
)

KEEP_SUMMARY = text(
    """
    UPDATE posts SET summary = CAST(:summary AS jsonb)
    WHERE channel_id = :channel AND message_id = :message AND summary IS NULL
    """
)


@dataclass(frozen=True, slots=True)
class PostgresDrafting:
    """Implements `DraftingStore`."""

    engine: AsyncEngine
    personas: PersonaShelf
    recent_comments: int = RECENT_COMMENTS

    async def post_context(self, post: PostRef) -> PostContext | None:
        """Return what the decision looks at."""
        async with transaction(self.engine) as connection:
            row = await one(connection, POST, **under(post))
            if row is None:
                return None
            grant = await one(connection, LIVE_GRANT, channel=post.channel)
            turns = await rows(connection, TURNS, channel=post.channel)
            said = await rows(connection, RECENT, channel=post.channel, limit=self.recent_comments)
        cast = await self.personas.personas(
            {PersonaId(turn.persona_id): turn.persona_digest for turn in turns}
        )
        return PostContext(
            post=post,
            text=row.text,
            published_at=row.created_at,
            is_gone=row.is_gone,
            decided=row.decided,
            grant=None if grant is None else to_live_grant(grant),
            turns=tuple(to_turn(turn, cast[PersonaId(turn.persona_id)]) for turn in turns),
            recent=tuple(line.text for line in said),
            summary=summary_of(row.summary),
        )

    async def record_silence(
        self, post: PostRef, silence: Silence, summary: PostSummary | None = None
    ) -> None:
        """Record that nobody speaks, unless somebody was given the word meanwhile."""
        async with transaction(self.engine) as connection:
            if not await is_decided(connection, post):
                await keep_summary(connection, post, summary)
                await run(
                    connection,
                    ADD_SILENCE,
                    **under(post),
                    reason=silence.reason,
                    detail=silence.detail,
                )

    async def queue_comment(self, draft: NewDraft) -> CommentId | None:
        """Record the draft, its comment and its outbox row together."""
        async with transaction(self.engine) as connection:
            await one(connection, LOCK_POST, **under(draft.post))
            slot = await free_slot(connection, draft.post, draft.grant)
            if slot is None:
                return None
            await keep_summary(connection, draft.post, draft.summary)
            added = await add_draft(connection, draft, DraftState.QUEUED)
            return await speak(connection, added, slot)

    async def hold_for_review(self, draft: NewDraft) -> DraftId | None:
        """Record the draft for a person to look at."""
        async with transaction(self.engine) as connection:
            if await is_decided(connection, draft.post):
                return None
            await keep_summary(connection, draft.post, draft.summary)
            return await add_draft(connection, draft, DraftState.REVIEW)


async def is_decided(connection: AsyncConnection, post: PostRef) -> bool:
    """Lock the post, so that the later of two decisions sees the earlier; tell if one stands."""
    await one(connection, LOCK_POST, **under(post))
    return await one(connection, DECIDED, **under(post)) is not None


async def keep_summary(
    connection: AsyncConnection, post: PostRef, summary: PostSummary | None
) -> None:
    """Store what the post is, once, under the lock of the decision."""
    if summary is not None:
        await run(connection, KEEP_SUMMARY, **under(post), summary=json.dumps(asdict(summary)))


async def free_slot(connection: AsyncConnection, post: PostRef, grant: GrantId) -> int | None:
    """Find the first free slot under a post that is locked already."""
    row = await one(connection, FREE_SLOT, **under(post), grant=grant)
    return None if row is None else int(row.slot)


async def add_draft(connection: AsyncConnection, draft: NewDraft, state: DraftState) -> DraftId:
    """Insert the draft with everything that explains it."""
    line, turn = draft.line, draft.turn
    added = await one(
        connection,
        ADD_DRAFT,
        **under(draft.post),
        campaign=turn.campaign,
        schedule=turn.schedule,
        account=turn.account,
        persona=turn.persona.key,
        grant=draft.grant,
        text=line.text,
        strategy=line.strategy,
        reason=line.reason,
        source=line.source,
        fit=line.fit,
        trigger=line.trigger,
        script_version=line.script_version,
        judge=line.judge,
        model=line.model,
        prompt_hash=line.prompt_hash,
        cost=line.cost_usd,
        due_at=draft.due_at,
        expires_at=draft.expires_at,
        state=state,
        decided_by="the grant" if state is DraftState.QUEUED else None,
    )
    if added is None:
        raise RuntimeError("PostgreSQL returned no row for an INSERT")
    return DraftId(added.id)


async def speak(connection: AsyncConnection, draft: DraftId, slot: int) -> CommentId:
    """Make the comment and its outbox row; the random_id is drawn here, once and for all."""
    spoken = await one(connection, SPEAK, draft=draft, slot=slot, random_id=random_id())
    if spoken is None:
        raise RuntimeError("PostgreSQL returned no row for an INSERT")
    await ring(connection, "outbox")
    return CommentId(spoken.comment_id)


def under(post: PostRef) -> dict[str, object]:
    """Lay a post's key out for a statement."""
    return {"channel": ChannelId(post.channel), "message": MessageId(post.message)}


def to_live_grant(row: Row[Any]) -> LiveGrant:
    """Read the grant under which a comment would go."""
    return LiveGrant(
        id=GrantId(row.id),
        comments_per_post=row.comments_per_post,
        review=Review(row.review),
        starts_at=row.starts_at,
        expires_at=row.expires_at,
    )


def to_turn(row: Row[Any], persona: Persona) -> Turn:
    """Read one account that is scheduled for the channel."""
    return Turn(
        schedule=ScheduleId(row.schedule_id),
        campaign=CampaignId(row.campaign_id),
        account=AccountId(row.account_id),
        account_name=row.account_name,
        speaks=row.state in SPEAKING_STATES,
        persona=persona,
        time_zone=row.time_zone,
        window=Window.between(row.start_time, row.end_time),
        comments_per_day=row.comments_per_day,
        promised_today=row.promised_today,
        promised_tomorrow=row.promised_tomorrow,
        last_spoke=row.last_spoke,
        script_keys=tuple(row.script_keys),
    )
