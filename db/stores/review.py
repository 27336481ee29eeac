"""The review queue: drafts that a person decides about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from db.stores.drafting import LOCK_POST, free_slot, speak, under
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import ChannelId, CommentId, DraftId, GrantId, MessageId, PostRef
from orchestrator.ports.drafting import Draft, DraftState

COLUMNS = """
    SELECT d.id, d.state, d.channel_id, d.message_id, po.text AS post_text,
           coalesce('@' || ch.username, ch.title) AS channel, a.name AS account,
           coalesce(p.key, '') AS persona, d.text, d.strategy, d.reason, d.fit, d.trigger,
           s.key || '@' || v.version AS script, d.created_at, d.decided_by
    FROM drafts d
    JOIN posts po ON po.channel_id = d.channel_id AND po.message_id = d.message_id
    JOIN channels ch ON ch.id = d.channel_id
    JOIN accounts a ON a.id = d.account_id
    LEFT JOIN personas p ON p.id = d.persona_id
    LEFT JOIN script_versions v ON v.id = d.script_version_id
    LEFT JOIN scripts s ON s.id = v.script_id
"""
LIST = text(COLUMNS + " WHERE CAST(:state AS text) IS NULL OR d.state = :state ORDER BY d.id")
ONE = text(COLUMNS + " WHERE d.id = :draft")

# The grant before the draft, as everywhere: a revoke and an approval never block each other.
LOCK_GRANT = text(
    """
    SELECT g.id, g.revoked_at IS NOT NULL AS revoked, g.suspended_reason,
           g.expires_at <= now() AS expired
    FROM grants g WHERE g.id = (SELECT grant_id FROM drafts WHERE id = :draft) FOR SHARE
    """
)
# A revoke ends its grant and withdraws the drafts in one transaction: at one and the same now().
LOCK_DRAFT = text(
    """
    SELECT d.id, d.state, d.decided_by, d.channel_id, d.message_id, d.text,
           EXISTS (SELECT 1 FROM grants g
                   WHERE g.id = d.grant_id AND g.revoked_at = d.decided_at) AS withdrawn
    FROM drafts d WHERE d.id = :draft FOR UPDATE
    """
)
POST_GONE = text(
    """
    SELECT 1 FROM posts
    WHERE channel_id = :channel AND message_id = :message AND deleted_at IS NOT NULL
    """
)
APPROVE = text(
    """
    UPDATE drafts
    SET state = 'queued', decided_by = :actor, decided_at = now(), due_at = :due_at,
        expires_at = :expires_at
    WHERE id = :draft
    """
)
EDIT = text("UPDATE drafts SET text = :text, edited_by = :actor WHERE id = :draft")
REJECT = text(
    """
    WITH rejected AS (
        UPDATE drafts
        SET state = 'rejected', decided_by = :actor, decided_at = now(),
            objections = array_append(objections, CAST(:reason AS text))
        WHERE id = :draft
        RETURNING channel_id, message_id, campaign_id
    )
    INSERT INTO silences (channel_id, message_id, campaign_id, reason, detail)
    SELECT channel_id, message_id, campaign_id, 'rejected', :reason FROM rejected
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class PostgresReview:
    """Implements `ReviewStore`."""

    engine: AsyncEngine

    async def drafts(self, state: DraftState | None = DraftState.REVIEW) -> Sequence[Draft]:
        """Return drafts, oldest first."""
        async with transaction(self.engine) as connection:
            return [to_draft(row) for row in await rows(connection, LIST, state=state)]

    async def draft(self, draft: DraftId) -> Draft:
        """Return the draft."""
        async with transaction(self.engine) as connection:
            row = await one(connection, ONE, draft=draft)
        if row is None:
            raise missing(draft)
        return to_draft(row)

    async def approve_and_queue(
        self, actor: Actor, draft: DraftId, due_at: datetime, expires_at: datetime
    ) -> CommentId:
        """Queue the draft's comment; the gate still decides when it goes out."""
        async with transaction(self.engine) as connection:
            grant = await lock_grant_of(connection, draft)
            row = await lock_open_draft(connection, draft)
            check_lives(draft, grant)
            post = PostRef(ChannelId(row.channel_id), MessageId(row.message_id))
            await one(connection, LOCK_POST, **under(post))
            if await one(connection, POST_GONE, **under(post)) is not None:
                raise NotAllowed(f"The post of draft {draft} was deleted: reject the draft")
            slot = await free_slot(connection, post, GrantId(grant.id))
            if slot is None:
                raise NotAllowed(f"Every place under the post of draft {draft} is taken: reject it")
            await run(
                connection,
                APPROVE,
                draft=draft,
                actor=actor.name,
                due_at=due_at,
                expires_at=expires_at,
            )
            await write_audit(connection, actor, "approve_draft", f"draft {draft}")
            return await speak(connection, draft, slot)

    async def edit_draft(self, actor: Actor, draft: DraftId, text: str) -> None:
        """Change the words of a draft in review."""
        async with transaction(self.engine) as connection:
            row = await lock_open_draft(connection, draft)
            await run(connection, EDIT, draft=draft, text=text, actor=actor.name)
            before, after = {"text": row.text}, {"text": text}
            await write_audit(
                connection, actor, "edit_draft", f"draft {draft}", before=before, after=after
            )

    async def reject_draft(self, actor: Actor, draft: DraftId, reason: str) -> None:
        """Turn the draft into a silence."""
        async with transaction(self.engine) as connection:
            await lock_open_draft(connection, draft)
            await run(connection, REJECT, draft=draft, actor=actor.name, reason=reason)
            after = {"reason": reason}
            await write_audit(connection, actor, "reject_draft", f"draft {draft}", after=after)


async def lock_grant_of(connection: AsyncConnection, draft: DraftId) -> Row[Any]:
    """Lock the draft's grant; raises NotFound."""
    grant = await one(connection, LOCK_GRANT, draft=draft)
    if grant is None:
        raise missing(draft)
    return grant


def check_lives(draft: DraftId, grant: Row[Any]) -> None:
    """Refuse to say anything under a grant that ended or is suspended; raises NotAllowed."""
    if grant.revoked or grant.expired:
        ended = "was revoked" if grant.revoked else "has expired"
        raise NotAllowed(f"The grant of draft {draft} {ended}: reject the draft")
    if grant.suspended_reason is not None:
        raise NotAllowed(
            f"The grant of draft {draft} is suspended ({grant.suspended_reason}): "
            "wait, or reject the draft"
        )


async def lock_open_draft(connection: AsyncConnection, draft: DraftId) -> Row[Any]:
    """Lock a draft; raises NotFound, and NotAllowed for one that was decided."""
    row = await one(connection, LOCK_DRAFT, draft=draft)
    if row is None:
        raise missing(draft)
    if row.withdrawn:
        raise NotAllowed(
            f"Draft {draft} was withdrawn when {row.decided_by} revoked its grant: "
            "nothing is left to decide"
        )
    if row.state != DraftState.REVIEW:
        raise NotAllowed(f"Draft {draft} was {row.state} by {row.decided_by} already")
    return row


def missing(draft: DraftId) -> NotFound:
    """Say that there is no such draft."""
    return NotFound(f"There is no draft {draft}: see `troupe review list`")


def to_draft(row: Row[Any]) -> Draft:
    """Read a draft from its row."""
    return Draft(
        id=DraftId(row.id),
        state=DraftState(row.state),
        post=PostRef(ChannelId(row.channel_id), MessageId(row.message_id)),
        post_text=row.post_text,
        channel=row.channel,
        account=row.account,
        persona=row.persona,
        text=row.text,
        strategy=row.strategy,
        reason=row.reason,
        fit=row.fit,
        trigger=row.trigger,
        script=row.script,
        created_at=row.created_at,
        decided_by=row.decided_by,
    )
