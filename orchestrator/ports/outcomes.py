"""What came of each post of a channel: the words that were said, or why there were none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from orchestrator.ids import MessageId


@dataclass(frozen=True, slots=True)
class Said:
    """A comment under a post, with everything that explains it."""

    account: str
    persona: str | None
    text: str
    status: str
    """The comment's, or the draft's while it waits for a person."""
    due_at: datetime
    sent_at: datetime | None
    strategy: str
    reason: str
    source: str
    fit: float
    trigger: str | None
    script: str | None
    """The script's key."""
    model: str | None
    cost_usd: Decimal | None
    failed_reason: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One post and what came of it; neither words nor a silence: nobody has decided."""

    message: MessageId
    posted_at: datetime
    text: str
    said: Said | None
    silence: str | None
    """Its reason."""
    detail: str | None
    """The silence in a sentence."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What asking a model took in all."""

    calls: int
    failed: int
    tokens: int
    cost_usd: Decimal


class OutcomeStore(Protocol):
    """Reads what came of posts."""

    async def outcomes(self) -> Sequence[Outcome]:
        """Return every post in the order of time, each once for each thing said under it."""

    async def model_use(self) -> ModelUse:
        """Sum up what models were asked."""
