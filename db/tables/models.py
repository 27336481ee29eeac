"""What was asked of models: a row for each call, which is also what budgets are counted from."""

from sqlalchemy import CheckConstraint, Column, Date, Index, Numeric, Table

from db.tables.base import (
    identity,
    maybe_number,
    maybe_words,
    metadata,
    moment,
    moment_now,
    number,
    one_of,
    words,
)
from orchestrator.ports.models import BudgetScope

model_calls = Table(
    "model_calls",
    metadata,
    identity(),
    Column("day", Date, nullable=False),
    maybe_number("campaign_id"),
    words("prompt"),
    number("prompt_version"),
    words("prompt_sha256"),
    words("model"),
    # Missing while the call is made, and for good when its process died.
    maybe_words("outcome"),
    number("prompt_tokens", server_default="0"),
    number("cached_tokens", server_default="0"),
    number("completion_tokens", server_default="0"),
    number("tokens"),
    Column("cost_usd", Numeric(14, 8), nullable=False),
    number("requests", server_default="0"),
    number("duration_ms", server_default="0"),
    moment_now("started_at"),
    moment("finished_at"),
    CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished"),
    CheckConstraint("tokens >= 0 AND cost_usd >= 0", name="spent"),
    Index("ix_model_calls_day", "day"),
    Index("ix_model_calls_campaign_id", "campaign_id"),
)

model_budget_notices = Table(
    "model_budget_notices",
    metadata,
    words("scope"),
    # The day, or the campaign's number, with what was allowed.
    words("subject"),
    moment_now("at"),
    one_of("scope", BudgetScope),
    Index("uq_model_budget_notices", "scope", "subject", unique=True),
)
