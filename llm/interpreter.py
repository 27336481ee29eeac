"""What a person's message is about, judged by a script's own rules and by what was learnt of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm.schooling import School
from llm.script_writer import train
from orchestrator.ports.interpreting import UNKNOWN_FIT, Message, Opinion
from orchestrator.ports.writing import PublishedScript
from personas.scripts.hearing import hear_phrase, mentions_any
from personas.scripts.model import Script, Trigger
from personas.scripts.steps import Step
from personas.scripts.variables import Variable, VariableType, read_answer
from personas.strategy import strategy_for
from personas.texts import stems, words

if TYPE_CHECKING:
    from llm.scorer import Fit

SHORT = 12
"""Words of a message that may be taken for an attempt to answer what was asked."""
LONG = 20
"""Words from which on a message tells a story, in which an option's name may stand by chance."""
UNMISTAKABLE = frozenset({VariableType.PHONE, VariableType.EMAIL})
"""What nobody writes by chance, however long the message is."""
PLAIN_ANSWER, LONG_ANSWER, ATTEMPT = 1.0, 0.8, 0.75
"""The fit of an answer that the step can use; of one within a long story; of a short reply."""
SURE_ABOVE = 0.15
"""So far above the limit a score needs no second opinion."""


@dataclass(frozen=True, slots=True)
class LocalInterpreter:
    """Implements the port Interpreter without a model."""

    school: School = field(default_factory=lambda: School(train))

    async def interpret(self, message: Message) -> Opinion:
        """Judge by rules where there are some, else by likeness to what the scripts know."""
        if message.begins:
            return await self.judge_first(message)
        return by_rule(message) or await self.judge_later(message)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Begin to train on new versions."""
        self.school.learn([taught(one) for one in scripts])

    async def judge_first(self, message: Message) -> Opinion:
        """Look for the script that such a message begins."""
        fit = await self.fit(message)
        if fit is None:
            return unknown(None, UNKNOWN_FIT, "no script is in the message's language")
        published = message.scripts[fit.script]
        if mentions_any(stems(message.text), published.script.never_on):
            return unknown(published, 0.0, f"{published.script.key} rules such messages out")
        return scored(published, fit)

    async def judge_later(self, message: Message) -> Opinion:
        """Look for an objection or a trigger of the script that leads the conversation."""
        published = message.scripts[0]
        fit = await self.fit(message)
        if fit is not None and fit.score > published.script.limits.fit:
            return scored(published, fit)
        if len(words(message.text)) <= SHORT:
            reason = "a short reply to what was asked"
            return opinion(published, "", ATTEMPT, reason, is_sure=False)
        if fit is None:
            return unknown(published, UNKNOWN_FIT, "it is like nothing that the script knows")
        told = f"the nearest, “{fit.trigger}”, fits {fit.score:.2f}"
        return unknown(published, fit.score, f"it answers nothing that was asked: {told}")

    async def fit(self, message: Message) -> "Fit | None":
        """Score the message against every trigger and objection; the first call trains."""
        scripts = [taught(one) for one in message.scripts]
        if not any(one.script.triggers for one in scripts):
            return None
        return (await self.school.scorer_for(scripts)).score(message.text)


def taught(published: PublishedScript) -> PublishedScript:
    """Return the script as scorers learn it: an objection with examples is heard like a trigger."""
    script = published.script
    objections = tuple(
        Trigger(key=one.key, examples=one.examples) for one in script.objections if one.examples
    )
    lesson = script.model_copy(update={"triggers": (*script.triggers, *objections)})
    return PublishedScript(published.version_id, lesson)


def by_rule(message: Message) -> Opinion | None:
    """Return what the script's own rules say of a message, or None where they say nothing."""
    published = message.scripts[0]
    script, said = published.script, stems(message.text)
    if any(mentions_any(said, rule.phrases) for rule in script.stop):
        return opinion(published, "", PLAIN_ANSWER, "a stop rule's own words")
    if script.handoff is not None and mentions_any(said, script.handoff.phrases):
        return opinion(published, "", PLAIN_ANSWER, "the client asks for a person")
    length = len(words(message.text))
    if named := hear_phrase(script, message.text):
        fit = PLAIN_ANSWER if length <= LONG else LONG_ANSWER
        reason = f"it names the objection “{named}”"
        return opinion(published, named, fit, reason, is_sure=length <= LONG)
    step = step_of(script, message.progress.step)
    if step is None or not answers(step, script, message.text):
        return None
    fit = PLAIN_ANSWER if length <= SHORT else LONG_ANSWER
    reason = f"it answers what “{step.key}” asks for"
    return opinion(published, "", fit, reason, is_sure=length <= SHORT)


def answers(step: Step, script: Script, text: str) -> bool:
    """Whether a message plainly holds what the step asks for."""
    if step.collect is None:
        return False
    name = step.collect.variable
    variable = next(one for one in script.variables if one.key == name)
    if len(words(text)) > LONG and variable.type not in UNMISTAKABLE:
        return False
    return read_answer(variable, text) is not None and not swallows(variable, text)


def swallows(variable: Variable, text: str) -> bool:
    """Whether the variable would take any text, and this one asks or tells more than that."""
    return variable.type is VariableType.TEXT and (len(words(text)) > SHORT or "?" in text)


def step_of(script: Script, key: str | None) -> Step | None:
    """Return the step of that name."""
    return next((step for step in script.steps if step.key == key), None)


def scored(published: PublishedScript, fit: "Fit") -> Opinion:
    """Word what a scorer found."""
    limit = published.script.limits.fit
    reason = f"“{fit.trigger}” fits {fit.score:.2f} (limit {limit:.2f})"
    is_sure = fit.score > min(limit + SURE_ABOVE, (1 + limit) / 2)
    return opinion(published, fit.trigger, fit.score, reason, is_sure=is_sure)


def unknown(published: PublishedScript | None, fit: float, reason: str) -> Opinion:
    """Word that nothing fits."""
    return opinion(published, "", fit, reason, is_sure=False)


def opinion(
    published: PublishedScript | None, heard: str, fit: float, reason: str, *, is_sure: bool = True
) -> Opinion:
    """Choose the strategy by the fit."""
    limit = 1.0 if published is None else published.script.limits.fit
    strategy = strategy_for(fit, limit)
    return Opinion(
        published=published,
        heard=heard,
        fit=round(fit, 3),
        strategy=strategy,
        reason=reason,
        is_sure=is_sure,
    )
