"""What a person's message is about, judged by a script's own rules and by what was learnt of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llm.classroom import Classroom
from llm.overhearing import BY_EXAMPLES, overhear
from llm.readings import CannotJudge, Fit, Heard, Judge, Reading, Untaught
from llm.small_talk import Intent
from orchestrator.ports.interpreting import UNKNOWN_FIT, Message, Opinion
from orchestrator.ports.writing import PublishedScript
from personas.language import Language
from personas.scripts.hearing import hear_phrase, mentions_any
from personas.scripts.model import Script, ScriptKind, Trigger
from personas.scripts.steps import Step
from personas.scripts.variables import Variable, VariableType, read_answer
from personas.strategy import Strategy, strategy_for
from personas.texts import stems, words

log = logging.getLogger(__name__)

BY_RULES = "rules"
"""What is named as the judge where the script's own rules are sure."""
PATIENCE = 3.0
"""Seconds that a person's message waits for the first training; then its examples judge it."""
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

    judge: Judge = field(default_factory=Classroom)
    patience: float | None = PATIENCE
    """Seconds that a message waits for the first training; None: as long as that takes."""

    async def interpret(self, message: Message) -> Opinion:
        """Judge by rules where there are some, else by likeness to what the scripts know."""
        if message.begins:
            return await self.judge_first(message)
        ruled = by_rule(message)
        return await self.judge_later(message) if ruled is None else replace(ruled, judge=BY_RULES)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Begin to train on new versions, and on all of them before anybody writes."""
        self.judge.learn([taught(one) for one in scripts], whole=True)

    async def judge_first(self, message: Message) -> Opinion:
        """Look for the script that such a message begins."""
        heard = await self.read(message)
        if heard.reading is None:
            nothing = unknown(None, UNKNOWN_FIT, "no script is in the message's language")
            return replace(nothing, judge=heard.judge)
        return replace(first_opinion(message, heard.reading), judge=heard.judge)

    async def judge_later(self, message: Message) -> Opinion:
        """Look for an objection or a trigger of the script that leads the conversation."""
        heard = await self.read(message)
        fit = None if heard.reading is None else heard.reading.fit
        return replace(later_opinion(message, fit), judge=heard.judge)

    async def read(self, message: Message) -> Heard:
        """Hold the message against every trigger and objection.

        A person does not wait long for the first training: examples judge meanwhile.
        """
        scripts = [taught(one) for one in message.scripts]
        if not any(one.script.triggers for one in scripts):
            return Heard(None, BY_RULES)
        try:
            async with asyncio.timeout(self.patience):
                return await self.judge.read(scripts, message.text)
        except Untaught as why:
            log.debug("examples judge a message again: %s", why)
        except (TimeoutError, CannotJudge) as why:
            log.warning("examples alone judge a message: %s", str(why) or "training goes on")
        return Heard(await asyncio.to_thread(overhear, scripts, message.text), BY_EXAMPLES)


def first_opinion(message: Message, reading: Reading) -> Opinion:
    """Begin the script that fits; a greeting begins the one that may answer it."""
    fit = reading.fit
    published = message.scripts[fit.script]
    if mentions_any(stems(message.text), published.script.never_on):
        return unknown(published, 0.0, f"{published.script.key} rules such messages out")
    if reading.intent is None or fit.score > published.script.limits.fit:
        return scored(published, fit)
    told = f"a {reading.intent} ({reading.certainty:.2f})"
    small = replace(
        unknown(None, reading.certainty, f"{told} needs no answer"),
        is_sure=True,
        intent=reading.intent.value,
        strategy=Strategy.FREE_20,
    )
    if reading.intent is not Intent.GREETING:
        return replace(small, needs_no_answer=True)
    opening = openings(message, published.script.language)
    if len(opening) != 1:
        reason = f"{told}, and {len(opening)} scripts could open on it"
        return replace(small, published=published, reason=reason, is_sure=False)
    return replace(
        small,
        published=opening[0],
        strategy=Strategy.SCRIPT_80,
        reason=f"{told} is answered by the opening of {opening[0].script.key}",
    )


def openings(message: Message, language: Language) -> list[PublishedScript]:
    """Return the scripts that may answer a greeting: those that say so, else those that may."""
    able = [
        one
        for one in message.scripts
        if one.script.kind is ScriptKind.SALES
        and one.script.language == language
        and one.script.greets is not False
        and not mentions_any(stems(message.text), one.script.never_on)
    ]
    return [one for one in able if one.script.greets] or able


def later_opinion(message: Message, fit: Fit | None) -> Opinion:
    """Take a trigger or objection that fits, else an attempt to answer, else nothing."""
    published = message.scripts[0]
    if fit is not None and fit.score > published.script.limits.fit:
        return scored(published, fit)
    if len(words(message.text)) <= SHORT:
        reason = "a short reply to what was asked"
        return opinion(published, "", ATTEMPT, reason, is_sure=False)
    if fit is None:
        return unknown(published, UNKNOWN_FIT, "it is like nothing that the script knows")
    told = f"the nearest, “{fit.trigger}”, fits {fit.score:.2f}"
    return unknown(published, fit.score, f"it answers nothing that was asked: {told}")


def taught(published: PublishedScript) -> PublishedScript:
    """Return the script as it is learnt: an objection with examples is heard like a trigger."""
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


def scored(published: PublishedScript, fit: Fit) -> Opinion:
    """Word what a selector found."""
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
