"""What came of each post, for a rehearsal's report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows
from orchestrator.ids import MessageId
from orchestrator.ports.outcomes import ModelUse, Outcome, Said

OUTCOMES = text(
    """
    SELECT p.message_id, p.created_at AS posted_at, p.text AS post_text,
           s.reason AS silence, s.detail,
           a.name AS account, pe.key AS persona, coalesce(c.text, d.text) AS text,
           coalesce(c.status, d.state) AS status, d.due_at, c.sent_at, d.strategy, d.reason,
           d.source, d.fit, d.trigger, sc.key AS script, d.model, d.cost_usd, c.failed_reason
    FROM posts p
    LEFT JOIN silences s ON s.channel_id = p.channel_id AND s.message_id = p.message_id
    LEFT JOIN drafts d ON d.channel_id = p.channel_id AND d.message_id = p.message_id
    LEFT JOIN comments c ON c.draft_id = d.id
    LEFT JOIN accounts a ON a.id = d.account_id
    LEFT JOIN personas pe ON pe.id = d.persona_id
    LEFT JOIN script_versions v ON v.id = d.script_version_id
    LEFT JOIN scripts sc ON sc.id = v.script_id
    ORDER BY p.created_at, p.message_id, d.id
    """
)
MODEL_USE = text(
    """
    SELECT count(*) AS calls, count(*) FILTER (WHERE outcome IS DISTINCT FROM 'answered') AS failed,
           coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint AS tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
    FROM model_calls
    """
)


@dataclass(frozen=True, slots=True)
class PostgresOutcomes:
    """Implements `OutcomeStore`."""

    engine: AsyncEngine

    async def outcomes(self) -> Sequence[Outcome]:
        """Return every post with what came of it."""
        async with transaction(self.engine) as connection:
            return [to_outcome(row) for row in await rows(connection, OUTCOMES)]

    async def model_use(self) -> ModelUse:
        """Sum up what models were asked."""
        async with transaction(self.engine) as connection:
            row = await one(connection, MODEL_USE)
        if row is None:
            raise RuntimeError("PostgreSQL returned no row for a sum")
        return ModelUse(row.calls, row.failed, row.tokens, row.cost_usd)


def to_outcome(row: Row[Any]) -> Outcome:
    """Read one post."""
    return Outcome(
        message=MessageId(row.message_id),
        posted_at=row.posted_at,
        text=row.post_text,
        said=None if row.account is None else to_said(row),
        silence=row.silence,
        detail=row.detail,
    )


def to_said(row: Row[Any]) -> Said:
    """Read what was said under it."""
    return Said(
        account=row.account,
        persona=row.persona,
        text=row.text,
        status=row.status,
        due_at=row.due_at,
        sent_at=row.sent_at,
        strategy=row.strategy,
        reason=row.reason,
        source=row.source,
        fit=row.fit,
        trigger=row.trigger,
        script=row.script,
        model=row.model,
        cost_usd=row.cost_usd,
        failed_reason=row.failed_reason,
    )
