"""What is asked of models, what that may cost, and what it did cost."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Protocol

from orchestrator.ids import CampaignId

ModelCallId = NewType("ModelCallId", int)


class BudgetScope(StrEnum):
    """What a budget is for."""

    DAY = "day"
    """Everything on one day, counted in UTC."""
    CAMPAIGN = "campaign"
    """One campaign, in all its days."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may be spent; None: as much as is needed."""

    tokens: int | None = None
    usd: Decimal | None = None

    def admits(self, tokens: int, usd: Decimal) -> bool:
        """Whether so much in all stays within it."""
        return (self.tokens is None or tokens <= self.tokens) and (
            self.usd is None or usd <= self.usd
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """The allowances that every call is held against."""

    day: Allowance
    campaign: Allowance


@dataclass(frozen=True, slots=True)
class NewModelCall:
    """A call that is about to be made, with the most that it is expected to take."""

    day: date
    campaign: CampaignId | None
    prompt: str
    prompt_version: int
    prompt_sha256: str
    model: str
    tokens: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """The call would go beyond a budget; it was not made."""

    scope: BudgetScope
    first: bool
    """Whether nobody was told of it yet, this day or in this campaign."""


@dataclass(frozen=True, slots=True)
class ModelCallEnd:
    """What came of a call."""

    outcome: str
    """`answered`, or the kind of failure."""
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    tokens: int
    """What counts against budgets; more than the above where a server may have billed untold."""
    usd: Decimal
    requests: int
    duration: timedelta


class ModelCallStore(Protocol):
    """Every call, reserved before it is made and settled after.

    A call whose end nobody recorded (its process died) counts with all that was reserved.
    """

    async def reserve(self, call: NewModelCall, budget: Budget) -> ModelCallId | Overdrawn:
        """Record the call if the budgets admit it; callers on all nodes take turns."""

    async def settle(self, call: ModelCallId, end: ModelCallEnd) -> None:
        """Replace what was reserved by what was spent."""
