"""A model under a budget: reserve, ask, settle; and every call on record."""

import logging
import math
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Generic

from llm.model.answers import Answered, Effort, Failed, FailureKind, Shape, Usage
from llm.model.client import ModelClient, Question
from llm.model.shapes import instruction
from llm.prompts import Prompt
from orchestrator.clock import Clock
from orchestrator.ids import CampaignId
from orchestrator.ports.logs import Operation, OperationKind, OperationLog
from orchestrator.ports.models import (
    Budget,
    BudgetScope,
    ModelCallEnd,
    ModelCallStore,
    NewModelCall,
    Overdrawn,
)

log = logging.getLogger(__name__)

ANSWERED = "answered"
BYTES_IN_A_TOKEN = 3
"""Fewer than tokenizers take on the average, so that more is reserved than will be spent."""
REQUESTS_FORESEEN = 2
"""The answer, and the round that mends it."""
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens; nothing for a server of one's own."""

    prompt: Decimal = Decimal(0)
    cached: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)

    def cost(self, usage: Usage) -> Decimal:
        """Return what so many tokens cost."""
        fresh = usage.prompt - usage.cached
        return (
            fresh * self.prompt + usage.cached * self.cached + usage.completion * self.completion
        ) / MILLION


@dataclass(frozen=True, slots=True)
class Metered(Generic[Shape]):
    """What came of a call, and its cost."""

    result: Answered[Shape] | Failed
    usd: Decimal


@dataclass(frozen=True, slots=True)
class MeteredModel:
    """Asks a model as long as the budget lasts."""

    client: ModelClient
    calls: ModelCallStore
    operations: OperationLog
    clock: Clock
    budget: Budget
    prices: Prices = field(default_factory=Prices)

    async def ask(
        self, question: Question[Shape], prompt: Prompt, campaign: CampaignId | None
    ) -> Metered[Shape]:
        """Ask if the budgets admit it; raises only what the store raises."""
        most = most_usage(question)
        call = NewModelCall(
            day=self.clock.now().date(),
            campaign=campaign,
            prompt=prompt.name,
            prompt_version=prompt.version,
            prompt_sha256=prompt.sha256,
            model=self.client.model,
            tokens=tokens_of(most) * REQUESTS_FORESEEN,
            usd=self.prices.cost(most) * REQUESTS_FORESEEN,
        )
        reserved = await self.calls.reserve(call, self.budget)
        if isinstance(reserved, Overdrawn):
            return Metered(self.refuse(reserved, campaign), Decimal(0))
        result = await self.client.ask(question)
        end = self.end_of(result, most)
        await self.calls.settle(reserved, end)
        return Metered(result, end.usd)

    def end_of(self, result: Answered[Shape] | Failed, most: Usage) -> ModelCallEnd:
        """Add up what was spent; a request without a count is taken for the dearest."""
        effort: Effort = result.effort
        return ModelCallEnd(
            outcome=ANSWERED if isinstance(result, Answered) else result.kind,
            prompt_tokens=effort.usage.prompt,
            cached_tokens=effort.usage.cached,
            completion_tokens=effort.usage.completion,
            tokens=tokens_of(effort.usage) + effort.uncounted * tokens_of(most),
            usd=self.prices.cost(effort.usage) + effort.uncounted * self.prices.cost(most),
            requests=effort.requests,
            duration=effort.duration,
        )

    def refuse(self, overdrawn: Overdrawn, campaign: CampaignId | None) -> Failed:
        """Tell an operator the first time, and go on without the model."""
        detail = sentence_about(overdrawn.scope, campaign)
        if overdrawn.first:
            log.warning("%s", detail)
            self.operations.note(
                Operation(
                    OperationKind.ASK_MODEL,
                    None,
                    succeeded=False,
                    duration=timedelta(),
                    error=detail,
                    error_name="BUDGET_SPENT",
                )
            )
        return Failed(FailureKind.BUDGET_SPENT, detail)


def most_usage(question: Question[Shape]) -> Usage:
    """Return the most that one request is expected to take."""
    sent = question.system + question.user + instruction(question.shape)
    return Usage(math.ceil(len(sent.encode()) / BYTES_IN_A_TOKEN), 0, question.max_tokens)


def tokens_of(usage: Usage) -> int:
    """Return all tokens, cached ones too."""
    return usage.prompt + usage.completion


def sentence_about(scope: BudgetScope, campaign: CampaignId | None) -> str:
    """Say which budget is spent, and what to do about it."""
    if scope is BudgetScope.DAY:
        return (
            "The model's budget for this day is spent: Troupe goes on without the model until "
            "tomorrow (UTC), or raise LLM_TOKENS_PER_DAY or LLM_USD_PER_DAY"
        )
    return (
        f"The model's budget for campaign {campaign} is spent: it goes on without the model; "
        "raise LLM_TOKENS_PER_CAMPAIGN or LLM_USD_PER_CAMPAIGN to change that"
    )
