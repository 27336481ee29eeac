"""The interpreter that asks a model where this machine alone is not sure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from llm.conversation_analysis import (
    AskedAboutMessage,
    MessageReading,
    ask_about_message,
    scripted_words,
    slots_of,
)
from llm.guard import Suspicion, suspect
from llm.interpreter import LocalInterpreter
from llm.model.answers import Failed
from llm.model.meter import MeteredModel
from orchestrator.ports.interpreting import Message, Opinion
from orchestrator.ports.writing import PublishedScript, Source
from personas.checks import Objection, ObjectionCode
from personas.language import language_of
from personas.scripts.model import Script
from personas.strategy import Strategy, strategy_for
from personas.texts import mentions_phrase, stems

MOST_SCRIPTS = 5
"""Scripts that a model chooses among when this machine knows none in the message's language."""


@dataclass(frozen=True, slots=True)
class ModelInterpreter:
    """Implements the port Interpreter: one call gives analysis, strategy and words."""

    local: LocalInterpreter
    model: MeteredModel

    async def interpret(self, message: Message) -> Opinion:
        """Go by the rules where they are sure; else ask; without an answer go on alone."""
        alone = await self.local.interpret(message)
        candidates = candidates_for(message, alone)
        if alone.is_sure or not candidates:
            return alone
        asked = ask_about_message(message, candidates)
        metered = await self.model.ask(asked.question, asked.prompt, None)
        if isinstance(metered.result, Failed):
            return replace(alone, reason=f"{alone.reason}; {metered.result.detail}")
        heard = Heard(message, alone, candidates, asked, metered.result.value)
        # Holding words against a script takes its time: not on the loop.
        return await asyncio.to_thread(heard.judge, self.model.client.model, metered.usd)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Let the local interpreter learn new versions."""
        self.local.learn(scripts)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model answered, still a stranger's word."""

    message: Message
    alone: Opinion
    candidates: tuple[PublishedScript, ...]
    asked: AskedAboutMessage
    reading: MessageReading

    def judge(self, model: str, usd: Decimal) -> Opinion:
        """Choose the strategy by the fit, then hold the words against everything."""
        published = self.published()
        script = published.script
        about = self.reading.about or ""
        about = about if about in script.heard else ""
        slots = slots_of(self.message, script, self.reading.answer)
        fit, limit = self.reading.fit, script.limits.fit
        strategy = strategy_for(fit, limit)
        scripted = scripted_words(self.message, published, about, slots)
        objections = self.objections(script, strategy, scripted)
        told = f"the model sees a fit of {fit:.2f} (limit {limit:.2f})"
        if objections:
            told += f"; its words were refused: {objections[0].sentence}"
        return Opinion(
            published=published,
            heard=about,
            fit=round(fit, 3),
            strategy=strategy,
            reason=f"{told}; alone: {self.alone.reason}",
            source=Source.MODEL,
            judge=self.alone.judge,
            intent=self.reading.intent,
            emotion=self.reading.emotion,
            slots=slots,
            words=() if objections else self.words,
            model=model,
            prompt_hash=self.asked.prompt.sha256,
            cost_usd=usd,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """What the model would say."""
        return tuple(text for part in self.reading.parts if (text := part.strip()))

    def published(self) -> PublishedScript:
        """Return the script that the model chose, as far as it was offered."""
        chosen = (one for one in self.candidates if one.script.key == self.reading.script)
        return next(chosen, self.candidates[0])

    def objections(
        self, script: Script, strategy: Strategy, scripted: tuple[str, ...]
    ) -> tuple[Objection, ...]:
        """Hold the model's words against the script's, part by part; free talk is one message."""
        if strategy is Strategy.FREE_20:
            pairs = [(text, scripted) for text in self.words]
            if len(pairs) > 1:
                return (Objection(ObjectionCode.TOO_LONG, "Free talk is one message."),)
        elif len(self.words) != len(scripted):
            return (Objection(ObjectionCode.OFF_SCRIPT, "It has not the script's messages."),)
        else:
            pairs = [(text, (own,)) for text, own in zip(self.words, scripted, strict=True)]
        found = (
            objection
            for text, own in pairs
            for objection in suspect(text, self.suspicion(script, strategy, own))
        )
        return tuple(found)

    def suspicion(self, script: Script, strategy: Strategy, own: tuple[str, ...]) -> Suspicion:
        """Put together what the words are held against."""
        message, persona = self.message, self.message.persona
        subject = (script.name, script.goal, persona.name, *persona.interests, *phrases_of(script))
        return Suspicion(
            post=message.text,
            strategy=strategy,
            responses=own,
            subject="\n".join((*own, *subject)),
            private=f"{self.asked.prompt.text}\n{persona.style}",
            boundary=self.asked.boundary,
            language=language_of(message.text) or script.language,
            limit=script.limits.length + len(script.disclosure or ""),
            forbidden_topics=persona.forbidden_topics,
            forbidden_claims=script.forbidden_claims,
            disclosure=script.disclosure or "",
        )


def phrases_of(script: Script) -> tuple[str, ...]:
    """Return what the script is about, in people's words and in its own."""
    heard = (phrase for trigger in script.triggers for phrase in trigger.examples)
    said = (text for step in script.steps for text in step.say)
    return (*heard, *said)


def candidates_for(message: Message, alone: Opinion) -> tuple[PublishedScript, ...]:
    """Return the scripts that a model may choose among; what a script rules out stays out."""
    if not message.begins:
        return message.scripts
    if alone.published is not None:
        offered: tuple[PublishedScript, ...] = (alone.published,)
    else:
        offered = message.scripts[:MOST_SCRIPTS]
    found = stems(message.text)
    return tuple(
        one
        for one in offered
        if not any(mentions_phrase(found, phrase) for phrase in one.script.never_on)
    )
