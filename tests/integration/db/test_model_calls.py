"""Budgets of models: reserved before a call, settled after, told of once."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.stores.model_calls import PostgresModelCalls
from orchestrator.ids import CampaignId
from orchestrator.ports.models import (
    Allowance,
    Budget,
    BudgetScope,
    ModelCallEnd,
    NewModelCall,
    Overdrawn,
)

TODAY, TOMORROW = date(2026, 3, 1), date(2026, 3, 2)
UNLIMITED = Allowance()


def call(tokens: int, usd: str = "0", *, day: date = TODAY, campaign: int = 1) -> NewModelCall:
    return NewModelCall(
        day, CampaignId(campaign), "comment", 1, "ab" * 32, "test", tokens, Decimal(usd)
    )


def end(tokens: int, usd: str = "0") -> ModelCallEnd:
    return ModelCallEnd(
        "answered", tokens - 10, 5, 10, tokens, Decimal(usd), 1, timedelta(seconds=1.5)
    )


async def test_a_call_is_kept_with_all_that_it_took(engine: AsyncEngine) -> None:
    calls = PostgresModelCalls(engine)
    made = await calls.reserve(call(500, "0.5"), Budget(UNLIMITED, UNLIMITED))
    assert not isinstance(made, Overdrawn)
    await calls.settle(made, end(120, "0.00000125"))
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM model_calls"))).one()
    assert (row.prompt, row.prompt_version, row.model) == ("comment", 1, "test")
    assert (row.prompt_tokens, row.cached_tokens, row.completion_tokens) == (110, 5, 10)
    assert (row.tokens, row.cost_usd, row.outcome) == (120, Decimal("0.00000125"), "answered")
    assert (row.requests, row.duration_ms) == (1, 1500)
    assert row.finished_at is not None


async def test_what_was_not_used_is_given_back(engine: AsyncEngine) -> None:
    calls = PostgresModelCalls(engine)
    budget = Budget(Allowance(tokens=1000), UNLIMITED)
    made = await calls.reserve(call(900), budget)
    assert not isinstance(made, Overdrawn)
    assert isinstance(await calls.reserve(call(900), budget), Overdrawn)
    await calls.settle(made, end(100))
    assert not isinstance(await calls.reserve(call(900), budget), Overdrawn)


async def test_an_operator_is_told_once_a_day(engine: AsyncEngine) -> None:
    calls = PostgresModelCalls(engine)
    budget = Budget(Allowance(usd=Decimal("0.10")), UNLIMITED)
    dear = call(1, "0.11")
    assert await calls.reserve(dear, budget) == Overdrawn(BudgetScope.DAY, first=True)
    assert await calls.reserve(dear, budget) == Overdrawn(BudgetScope.DAY, first=False)
    tomorrow = call(1, "0.11", day=TOMORROW)
    assert await calls.reserve(tomorrow, budget) == Overdrawn(BudgetScope.DAY, first=True)


async def test_a_campaign_spends_its_own_money_over_all_its_days(engine: AsyncEngine) -> None:
    calls = PostgresModelCalls(engine)
    budget = Budget(UNLIMITED, Allowance(tokens=1000))
    assert not isinstance(await calls.reserve(call(800), budget), Overdrawn)
    spent = await calls.reserve(call(800, day=TOMORROW), budget)
    assert spent == Overdrawn(BudgetScope.CAMPAIGN, first=True)
    raised = Budget(UNLIMITED, Allowance(tokens=1500))
    for first in (True, False):
        assert await calls.reserve(call(800), raised) == Overdrawn(BudgetScope.CAMPAIGN, first)
    assert not isinstance(await calls.reserve(call(800, campaign=2), budget), Overdrawn)


async def test_callers_at_once_never_spend_more_than_there_is(engine: AsyncEngine) -> None:
    calls = PostgresModelCalls(engine)
    budget = Budget(Allowance(tokens=500), UNLIMITED)
    outcomes = await asyncio.gather(*(calls.reserve(call(100), budget) for _ in range(12)))
    refused = [outcome for outcome in outcomes if isinstance(outcome, Overdrawn)]
    assert len(refused) == 7
    assert sum(outcome.first for outcome in refused) == 1
