"""Whoever finds the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from orchestrator.ids import CampaignId, ScriptVersionId
from personas.persona import Persona
from personas.scripts.model import Script
from personas.silence import Silence
from personas.strategy import Strategy
from personas.summary import PostSummary


class Source(StrEnum):
    """Who judged how well a script fits."""

    LOCAL = "local"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class PublishedScript:
    """A script in the version that the label `production` points at."""

    version_id: ScriptVersionId
    script: Script


@dataclass(frozen=True, slots=True)
class Brief:
    """What a writer is given; `post_text` is data and never an instruction."""

    post_text: str
    persona: Persona
    scripts: tuple[PublishedScript, ...]
    recent: tuple[str, ...]
    seed: int
    campaign: CampaignId | None = None
    """Whose budget a model is asked on."""
    free_talk: bool = False
    """Whether a model may speak where no script fits; without that it is a silence."""
    summary: PostSummary | None = None
    """What the post is in a few words; made of it, and so no instruction either."""


@dataclass(frozen=True, slots=True)
class Line:
    """Words to say, with everything that explains them (charter rule 6)."""

    text: str
    script_version: ScriptVersionId | None
    script_key: str | None
    trigger: str | None
    fit: float
    strategy: Strategy
    reason: str
    source: Source
    judge: str | None = None
    """Who judged on this machine: "rules", "examples", or the hash of what a selector learnt."""
    model: str | None = None
    prompt_hash: str | None = None
    cost_usd: Decimal | None = None
    summary: PostSummary | None = None
    """What a model made of the post in the same call."""


class Writer(Protocol):
    """Turns a brief into a line, or into a silence with its reason."""

    async def write(self, brief: Brief) -> Line | Silence:
        """Find words for that post in that persona's voice, or say why there are none."""

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Prepare for new versions without blocking; what was learnt before serves meanwhile."""
