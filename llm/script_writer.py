"""The writer that needs no model: it speaks scripts as written, in the persona's voice."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source
from personas.checks import SAME_FROM
from personas.dice import shuffle
from personas.scripts.model import Script, Trigger
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy, strategy_for
from personas.texts import similarity
from personas.voice import speak

if TYPE_CHECKING:
    from llm.scorer import Fit, LocalScorer

SCORERS_KEPT = 4
"""Sets of script versions whose scorers stay in memory; the oldest one makes room."""


class ScriptWriter:
    """Implements the port Writer: what no script fits is a silence, never filler."""

    def __init__(self) -> None:
        self.scorers: OrderedDict[tuple[ScriptVersionId, ...], asyncio.Task[LocalScorer]] = (
            OrderedDict()
        )

    async def write(self, brief: Brief) -> Line | Silence:
        """Say a response of the trigger that fits the post, or say why there is none."""
        fit = await self.fit(brief)
        if fit is None:
            return Silence(SilenceReason.NO_SCRIPT_FITS, "No script is in the post's language.")
        published = brief.scripts[fit.script]
        trigger = next(item for item in published.script.triggers if item.key == fit.trigger)
        limit = published.script.limits.fit
        if strategy_for(fit.score, limit) is not Strategy.SCRIPT_80:
            return poor_fit(fit, published.script, limit)
        text = something_new(brief, trigger)
        if text is None:
            detail = f"All that “{fit.trigger}” has to say was said here lately."
            return Silence(SilenceReason.NOTHING_NEW, detail)
        return Line(
            text=text,
            script_version=published.version_id,
            script_key=published.script.key,
            trigger=fit.trigger,
            fit=round(fit.score, 3),
            strategy=Strategy.SCRIPT_80,
            reason=f"“{fit.trigger}” fits “{shorten(fit.passage)}” ({fit.score:.2f} > {limit:.2f})",
            source=Source.LOCAL,
        )

    async def fit(self, brief: Brief) -> "Fit | None":
        """Return what fits the post best; the first call for a set of scripts trains a scorer."""
        if not brief.scripts:
            return None
        scorer = await self.scorer_for(brief.scripts)
        return scorer.score(brief.post_text)

    async def scorer_for(self, scripts: Sequence[PublishedScript]) -> "LocalScorer":
        """Return the scorer for these versions, trained once however many ask at a time."""
        key = tuple(published.version_id for published in scripts)
        training = self.scorers.get(key)
        if training is None or training.cancelled() or (training.done() and training.exception()):
            training = asyncio.create_task(
                asyncio.to_thread(train, [published.script for published in scripts]),
                name=f"train:{len(key)} scripts",
            )
            self.scorers[key] = training
        self.scorers.move_to_end(key)
        while len(self.scorers) > SCORERS_KEPT:
            self.scorers.popitem(last=False)
        return await asyncio.shield(training)


def train(scripts: Sequence[Script]) -> "LocalScorer":
    """Build a scorer; scikit-learn is loaded here, for it takes as long as a whole command."""
    from llm.scorer import LocalScorer  # noqa: PLC0415  (a slow import, off the loop)

    return LocalScorer(scripts)


def poor_fit(fit: "Fit", script: Script, limit: float) -> Silence:
    """Say which trigger came nearest and by how much it fell short."""
    detail = f"The nearest, “{fit.trigger}” of {script.key}, fits {fit.score:.2f} of {limit:.2f}."
    return Silence(SilenceReason.NO_SCRIPT_FITS, detail)


def something_new(brief: Brief, trigger: Trigger) -> str | None:
    """Return a response, in the persona's voice, that is unlike everything said lately."""
    for response in shuffle(trigger.responses, brief.seed, trigger.key):
        text = speak(response, brief.persona, brief.seed)
        if all(similarity(text, earlier) < SAME_FROM for earlier in brief.recent):
            return text
    return None


def shorten(text: str, limit: int = 60) -> str:
    """Cut a quotation at a word."""
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + "…"
