"""The writer that asks a model where this machine alone is not sure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llm.analysis import Asked, Reading, ask_about, summary_in
from llm.guard import Suspicion, suspect
from llm.model.answers import Failed
from llm.model.meter import MeteredModel
from llm.readings import Fit
from llm.script_writer import ScriptWriter
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source
from personas.language import language_of
from personas.persona import Persona
from personas.scripts.model import Script, Trigger
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy, strategy_for
from personas.texts import mentions_phrase, plain, stems
from personas.voice import speak

SURE_ABOVE, SURE_BELOW = 0.15, 0.25
"""So far from the limit the local fit is sure: above, the script is spoken; below, it is not."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The script and trigger that a line is about."""

    published: PublishedScript
    trigger: Trigger

    @property
    def script(self) -> Script:
        """The script itself."""
        return self.published.script


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Implements the port Writer: one call gives analysis, strategy and words."""

    local: ScriptWriter
    model: MeteredModel

    async def write(self, brief: Brief) -> Line | Silence:
        """Speak the script where it surely fits; else ask; without an answer go on alone."""
        alone = await self.local.write(brief)
        local = await self.local.hear(brief)
        fit = None if local is None else local.fit
        if local is None or fit is None or is_ruled_out(brief, fit) or is_sure(brief, fit, alone):
            return alone
        asked = ask_about(brief, brief.scripts[fit.script].script)
        metered = await self.model.ask(asked.question, asked.prompt, brief.campaign)
        if isinstance(metered.result, Failed):
            return without_model(alone, metered.result)
        heard = Heard(brief, fit, local.judge, asked, metered.result.value)
        # A long post takes a tenth of a second to compare: not on the loop.
        return await asyncio.to_thread(heard.decide, self.model.client.model, metered.usd)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Let the selector learn new versions; until then the old one serves."""
        self.local.learn(scripts)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model answered, still a stranger's word."""

    brief: Brief
    local: Fit
    judge: str | None
    """Who judged on this machine; None where nobody could."""
    asked: Asked
    reading: Reading

    def decide(self, model: str, usd: Decimal) -> Line | Silence:
        """Choose the strategy by the fit, then hold the words against everything."""
        theme, fit = self.theme(), self.reading.fit
        limit = theme.script.limits.fit
        strategy = strategy_for(fit, limit)
        told = f"the model sees a fit of {fit:.2f} (limit {limit:.2f})"
        if strategy is Strategy.FREE_20 and not self.brief.free_talk:
            detail = f"No script fits: {told}, “{theme.trigger.key}” being the nearest."
            return Silence(SilenceReason.NO_SCRIPT_FITS, detail)
        text = self.reading.text.strip()
        if not text:
            return Silence(SilenceReason.MODEL_DECLINED, f"The model had nothing to say; {told}.")
        objections = suspect(text, self.suspicion(theme, strategy))
        if objections:
            detail = " ".join(objection.sentence for objection in objections)
            return Silence(SilenceReason.CHECKS_FAILED, f"The model's words: {detail}")
        return Line(
            text=text,
            script_version=theme.published.version_id,
            script_key=theme.script.key,
            trigger=theme.trigger.key,
            fit=round(fit, 3),
            strategy=strategy,
            reason=f"“{theme.trigger.key}”: {told}; local {self.local.score:.2f}",
            source=Source.MODEL,
            judge=self.judge,
            model=model,
            prompt_hash=self.asked.prompt.sha256,
            cost_usd=usd,
            summary=summary_in(self.reading, self.brief.post_text),
        )

    def theme(self) -> Theme:
        """Return what the model chose, as far as it was offered; else the local choice."""
        for published in self.brief.scripts:
            if published.script.key != self.reading.script or rules_out(self.brief, published):
                continue
            for trigger in published.script.triggers:
                if trigger.key == self.reading.trigger and trigger.responses:
                    return Theme(published, trigger)
        published = self.brief.scripts[self.local.script]
        triggers = published.script.triggers
        return Theme(published, next(item for item in triggers if item.key == self.local.trigger))

    def suspicion(self, theme: Theme, strategy: Strategy) -> Suspicion:
        """Put together what the words are held against."""
        brief, persona = self.brief, self.brief.persona
        said = (speak(item.text, persona, brief.seed) for item in theme.trigger.responses)
        responses = tuple(said)
        return Suspicion(
            post=brief.post_text,
            strategy=strategy,
            responses=responses,
            subject="\n".join((*responses, *subject_of(theme.script, persona))),
            private=f"{self.asked.prompt.text}\n{persona.style}\n{theme.script.goal}",
            boundary=self.asked.boundary,
            language=language_of(brief.post_text) or theme.script.language,
            recent=brief.recent,
            limit=theme.script.limits.length,
            forbidden_topics=persona.forbidden_topics,
            forbidden_claims=theme.script.forbidden_claims,
            disclosure=persona.disclosure,
        )


def subject_of(script: Script, persona: Persona) -> tuple[str, ...]:
    """Return the phrases that tell what the script and the persona are about."""
    triggers = (phrase for trigger in script.triggers for phrase in trigger.examples)
    return (script.name, persona.name, *persona.interests, *triggers)


def rules_out(brief: Brief, published: PublishedScript) -> bool:
    """Whether the script itself says that such a post is none of its business."""
    found = stems(plain(brief.post_text))
    return any(mentions_phrase(found, phrase) for phrase in published.script.never_on)


def is_ruled_out(brief: Brief, fit: Fit) -> bool:
    """Whether the nearest script is ruled out."""
    return rules_out(brief, brief.scripts[fit.script])


def is_sure(brief: Brief, fit: Fit, alone: Line | Silence) -> bool:
    """Whether the local fit is so far from the limit that no model needs to be asked."""
    limit = brief.scripts[fit.script].script.limits.fit
    if fit.score < limit - SURE_BELOW:
        return not brief.free_talk
    said_before = isinstance(alone, Silence) and alone.reason is SilenceReason.NOTHING_NEW
    return fit.score > min(limit + SURE_ABOVE, (1 + limit) / 2) and not said_before


def without_model(alone: Line | Silence, failed: Failed) -> Line | Silence:
    """Go on without the model; a silence then says what was missing."""
    if isinstance(alone, Line):
        return alone
    return Silence(SilenceReason.MODEL_UNAVAILABLE, f"{failed.detail}. {alone.detail}")
