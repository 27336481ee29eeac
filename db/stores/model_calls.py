"""Calls of models and their budgets, in PostgreSQL."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, run
from orchestrator.ports.models import (
    Budget,
    BudgetScope,
    ModelCallEnd,
    ModelCallId,
    NewModelCall,
    Overdrawn,
)

TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('troupe: model budget'))")
"""Two nodes must not both find room for their call where there is room for one."""
SPENT_ON_DAY = text(
    """
    SELECT coalesce(sum(tokens), 0)::bigint AS tokens, coalesce(sum(cost_usd), 0) AS usd
    FROM model_calls WHERE day = :day
    """
)
SPENT_IN_CAMPAIGN = text(
    """
    SELECT coalesce(sum(tokens), 0)::bigint AS tokens, coalesce(sum(cost_usd), 0) AS usd
    FROM model_calls WHERE campaign_id = :campaign
    """
)
RESERVE = text(
    """
    INSERT INTO model_calls
        (day, campaign_id, prompt, prompt_version, prompt_sha256, model, tokens, cost_usd)
    VALUES (:day, :campaign, :prompt, :prompt_version, :prompt_sha256, :model, :tokens, :usd)
    RETURNING id
    """
)
SETTLE = text(
    """
    UPDATE model_calls SET
        outcome = :outcome, prompt_tokens = :prompt_tokens, cached_tokens = :cached_tokens,
        completion_tokens = :completion_tokens, tokens = :tokens, cost_usd = :usd,
        requests = :requests, duration_ms = :duration_ms, finished_at = now()
    WHERE id = :id AND outcome IS NULL
    """
)
NOTICE = text(
    """
    INSERT INTO model_budget_notices (scope, subject) VALUES (:scope, :subject)
    ON CONFLICT DO NOTHING
    """
)


class PostgresModelCalls:
    """Implements `ModelCallStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def reserve(self, call: NewModelCall, budget: Budget) -> ModelCallId | Overdrawn:
        """Record the call if the budgets admit it; callers on all nodes take turns."""
        async with transaction(self.engine) as connection:
            await connection.execute(TAKE_TURNS)
            scope = await overdrawn(connection, call, budget)
            if scope is not None:
                told = await run(
                    connection, NOTICE, scope=scope, subject=subject_of(scope, call, budget)
                )
                return Overdrawn(scope, first=told > 0)
            made = await one(connection, RESERVE, **asdict(call))
        if made is None:
            raise AssertionError("an INSERT returns its row")
        return ModelCallId(made.id)

    async def settle(self, call: ModelCallId, end: ModelCallEnd) -> None:
        """Replace what was reserved by what was spent."""
        values = asdict(end)
        values["duration_ms"] = values.pop("duration") // timedelta(milliseconds=1)
        async with transaction(self.engine) as connection:
            await run(connection, SETTLE, id=call, **values)


async def overdrawn(
    connection: AsyncConnection, call: NewModelCall, budget: Budget
) -> BudgetScope | None:
    """Return the budget that the call would go beyond, if there is one."""
    day = await one(connection, SPENT_ON_DAY, day=call.day)
    if not budget.day.admits(*with_call(day, call)):
        return BudgetScope.DAY
    if call.campaign is None:
        return None
    campaign = await one(connection, SPENT_IN_CAMPAIGN, campaign=call.campaign)
    return None if budget.campaign.admits(*with_call(campaign, call)) else BudgetScope.CAMPAIGN


def subject_of(scope: BudgetScope, call: NewModelCall, budget: Budget) -> str:
    """Name what is spent; an allowance that was raised may be spent again, and is told of again."""
    whose, allowed = (
        (call.day, budget.day) if scope is BudgetScope.DAY else (call.campaign, budget.campaign)
    )
    limits = (f"{allowed.tokens} tokens", f"{allowed.usd} USD")
    return f"{whose}: {', '.join(one for one in limits if not one.startswith('None'))}"


def with_call(spent: Row[Any] | None, call: NewModelCall) -> tuple[int, Decimal]:
    """Add what the call may take to what was spent."""
    if spent is None:
        raise AssertionError("a sum is always one row")
    return spent.tokens + call.tokens, spent.usd + call.usd
