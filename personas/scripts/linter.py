"""What is likely wrong with a script that the format accepts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from personas.checks import CheckContext, ObjectionCode, check
from personas.problems import Problem
from personas.scripts.condition_parser import parse_condition
from personas.scripts.conditions import names_in
from personas.scripts.diagnostics import result_for, scores_of
from personas.scripts.flow import known_at_each_step, steps_that_end, with_defaults
from personas.scripts.model import Script, ScriptKind
from personas.scripts.parts import PLACEHOLDER, PLACEHOLDERS, TELEGRAM_TEXT_LIMIT, telegram_length
from personas.scripts.variables import BUILT_IN, LONGEST_ANSWER, Variable, VariableType

LONGEST_NUMBER = 16
STEP_PATH = re.compile(r"steps\[(\d+)\](.*)")
NEVER_SAID = frozenset(
    {
        ObjectionCode.FORBIDDEN_CLAIM,
        ObjectionCode.CLAIMS_TO_BE_HUMAN,
        ObjectionCode.HIDDEN_CHARACTERS,
        ObjectionCode.STACKED_MARKS,
        ObjectionCode.MIXED_ALPHABETS,
    }
)
"""What a script's own words may not hold, whatever they answer."""


class Rule(StrEnum):
    """What the linter looks for."""

    UNREACHABLE_STEP = "unreachable-step"
    UNDEFINED_SLOT = "undefined-slot"
    DEAD_END = "dead-end"
    MISSING_HANDOFF = "missing-handoff"
    MISSING_DISCLOSURE = "missing-disclosure"
    TOO_LONG = "too-long"
    UNSAYABLE = "unsayable"
    MISSING_STEPS = "missing-steps"
    MISSING_TESTS = "missing-tests"
    MISSING_LINES = "missing-lines"
    UNREACHED_SCORE = "unreached-score"
    UNREACHABLE_RESULT = "unreachable-result"


ADVICE = frozenset({Rule.MISSING_TESTS, Rule.MISSING_STEPS})
"""Findings that are worth a word and no reason to fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at."""

    rule: Rule
    problem: Problem

    @property
    def is_error(self) -> bool:
        """Whether the script should not be used so."""
        return self.rule not in ADVICE

    def __str__(self) -> str:
        return f"{self.problem} [{self.rule}]"


def lint(script: Script) -> tuple[Finding, ...]:
    """Return all findings, none for a script that is in order."""
    if script.kind is ScriptKind.DIAGNOSTIC:
        return lint_diagnostic(script)
    return lint_led(script)


def lint_diagnostic(script: Script) -> tuple[Finding, ...]:
    """Return what is wrong with the scores, and with the conversation as it would be led."""
    found = [*unreached_scores(script), *unreachable_results(script)]
    for one in lint_led(script.as_conversation):
        path = written_path(one.problem.path, len(script.questions))
        found.append(Finding(one.rule, Problem(path, one.problem.sentence)))
    return tuple(one for one in found if one.rule is not Rule.UNREACHABLE_STEP)


def written_path(path: str, questions: int) -> str:
    """Say where something stands that is led as a step but written as a question or a result."""
    hit = STEP_PATH.match(path)
    if hit is None:
        return path
    place = int(hit[1])
    named = f"questions[{place}]" if place < questions else f"results[{place - questions}]"
    return named + hit[2].replace(".say", ".ask" if place < questions else ".say", 1)


def unreached_scores(script: Script) -> Iterator[Finding]:
    """Find scores that get no result."""
    for score in scores_of(script.questions):
        if result_for(script.results, score) is None:
            sentence = f"somebody may end with the score {score}, and no result belongs to it"
            yield finding(Rule.UNREACHED_SCORE, "results", sentence)


def unreachable_results(script: Script) -> Iterator[Finding]:
    """Find results that no score leads to."""
    scores = scores_of(script.questions)
    for index, result in enumerate(script.results):
        if not any(result.suits(score) for score in scores):
            sentence = f"no answers lead to a score of “{result.key}”"
            yield finding(Rule.UNREACHABLE_RESULT, f"results[{index}]", sentence)


def lint_led(script: Script) -> tuple[Finding, ...]:
    """Return all findings about what is said, and in which order."""
    found = [*unsayable(script), *too_long(script)]
    if script.steps:
        found += unreachable(script)
        found += undefined_slots(script)
        found += dead_ends(script)
        found += missing_handoff(script)
        found += missing_disclosure(script)
    elif script.kind is ScriptKind.LESSON:
        if not script.lines:
            found.append(finding(Rule.MISSING_LINES, "lines", "a lesson has nothing to say"))
    elif script.kind is not ScriptKind.COMMENT:
        sentence = f"a script of kind {script.kind} has nothing to do without steps"
        found.append(finding(Rule.MISSING_STEPS, "steps", sentence))
    if script.steps and not script.tests:
        sentence = "the script has no tests; publishing can check nothing"
        found.append(finding(Rule.MISSING_TESTS, "tests", sentence))
    return tuple(found)


def finding(rule: Rule, path: str, sentence: str) -> Finding:
    """Make a finding."""
    return Finding(rule, Problem(path, sentence))


def unreachable(script: Script) -> Iterator[Finding]:
    """Find steps that no conversation gets to."""
    reached = known_at_each_step(script)
    for index, step in enumerate(script.steps):
        if step.key not in reached:
            sentence = f"nothing leads to the step “{step.key}”"
            yield finding(Rule.UNREACHABLE_STEP, f"steps[{index}]", sentence)


def undefined_slots(script: Script) -> Iterator[Finding]:
    """Find texts that may speak of what is not known yet, and conditions on what never is."""
    reached = known_at_each_step(script)
    for index, step in enumerate(script.steps):
        known = reached.get(step.key)
        if known is not None:
            yield from unknown_in(f"steps[{index}].say", step.say, known)
            if step.collect is not None:
                path = f"steps[{index}].collect.refusals"
                yield from unknown_in(path, step.collect.refusals, known)
    anywhere = with_defaults(script)
    for path, texts in asides(script):
        yield from unknown_in(path, texts, anywhere)
    yield from never_collected(script)


def unknown_in(path: str, texts: Sequence[str], known: frozenset[str]) -> Iterator[Finding]:
    """Find variables that may be unknown, where no other variant could be said instead."""
    missing = [frozenset(PLACEHOLDER.findall(text)) - PLACEHOLDERS - known for text in texts]
    if missing and all(missing):
        names = ", ".join(f"{{{name}}}" for name in sorted(missing[0]))
        sentence = f"{names} may be unknown here; collect it before, or give it a default"
        yield finding(Rule.UNDEFINED_SLOT, path, sentence)


def never_collected(script: Script) -> Iterator[Finding]:
    """Find conditions that read a variable which no step collects."""
    collected = {step.collect.variable for step in script.steps if step.collect}
    for path, when in conditions_of(script):
        for name in sorted(set(names_in(parse_condition(when)))):
            if name not in collected | with_defaults(script) | BUILT_IN:
                sentence = f"“{name}” is never collected and has no default"
                yield finding(Rule.UNDEFINED_SLOT, path, sentence)


def dead_ends(script: Script) -> Iterator[Finding]:
    """Find steps that lead nowhere, and steps whose answers can never lead to an end."""
    ending = steps_that_end(script)
    for index, step in enumerate(script.steps):
        if not step.next:
            sentence = f"after “{step.key}” nothing follows: add next, or let it close"
            yield finding(Rule.DEAD_END, f"steps[{index}]", sentence)
        elif step.key not in ending:
            sentence = f"no answer leads from “{step.key}” to close or handoff"
            yield finding(Rule.DEAD_END, f"steps[{index}].next", sentence)


def missing_handoff(script: Script) -> Iterator[Finding]:
    """Find a conversation in which nobody can get hold of a person."""
    if script.handoff is None:
        sentence = "say how a person takes over"
        yield finding(Rule.MISSING_HANDOFF, "handoff", sentence)
    elif not script.handoff.phrases:
        sentence = "a client cannot ask for a person: name phrases for it"
        yield finding(Rule.MISSING_HANDOFF, "handoff.phrases", sentence)


def missing_disclosure(script: Script) -> Iterator[Finding]:
    """Find a conversation that may begin without saying who speaks."""
    starts = {script.steps[0].key} | {trigger.step for trigger in script.triggers}
    first = [text for step in script.steps if step.key in starts for text in step.say]
    if script.disclosure is None and not all("{disclosure}" in text for text in first):
        sentence = "the first answer must say for whom a machine writes"
        yield finding(Rule.MISSING_DISCLOSURE, "disclosure", sentence)


def too_long(script: Script) -> Iterator[Finding]:
    """Find texts that may be longer than the script or Telegram allows, once they are filled."""
    limit = min(script.limits.length, TELEGRAM_TEXT_LIMIT)
    begins = f"{script.disclosure}\n\n" if script.disclosure and script.steps else ""
    for path, text in texts_of(script):
        longest = longest_form(script, begins + text)
        if longest > limit:
            sentence = f"it may get {longest} characters long; {limit} are allowed"
            yield finding(Rule.TOO_LONG, path, sentence)


def longest_form(script: Script, text: str) -> int:
    """Return how long a text may get when its variables are filled."""
    sizes = {one.key: longest_value(one) for one in script.variables}
    bare = telegram_length(PLACEHOLDER.sub("", text))
    return bare + sum(sizes.get(name, LONGEST_ANSWER) for name in PLACEHOLDER.findall(text))


def longest_value(variable: Variable) -> int:
    """Return how long a variable's value may get."""
    if variable.type is VariableType.CHOICE:
        return max(telegram_length(option.value) for option in variable.options)
    if variable.type in {VariableType.TEXT, VariableType.EMAIL}:
        return int(min(LONGEST_ANSWER, variable.bounds[1]))
    return LONGEST_NUMBER


def unsayable(script: Script) -> Iterator[Finding]:
    """Find words that the script forbids itself, or that nobody of ours may say."""
    context = CheckContext(forbidden_claims=script.forbidden_claims)
    for path, text in texts_of(script):
        for objection in check(PLACEHOLDER.sub("", text), context):
            if objection.code in NEVER_SAID:
                yield finding(Rule.UNSAYABLE, path, objection.sentence)


def texts_of(script: Script) -> Iterator[tuple[str, str]]:
    """Yield everything that the script may say, each with its path."""
    for number, trigger in enumerate(script.triggers):
        for index, response in enumerate(trigger.responses):
            yield f"triggers[{number}].responses[{index}]", response.text
    for place, line in enumerate(script.lines):
        yield from numbered(f"lines[{place}].say", line.say)
    for place, step in enumerate(script.steps):
        yield from numbered(f"steps[{place}].say", step.say)
        if step.collect is not None:
            yield from numbered(f"steps[{place}].collect.refusals", step.collect.refusals)
    for path, texts in asides(script):
        yield from numbered(path, texts)


def numbered(path: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield texts with their paths."""
    yield from ((f"{path}[{index}]", text) for index, text in enumerate(texts))


def asides(script: Script) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what may be said at any step."""
    for index, objection in enumerate(script.objections):
        yield f"objections[{index}].say", objection.say
    if script.fallback is not None:
        yield "fallback.say", script.fallback.say
    if script.handoff is not None:
        yield "handoff.say", script.handoff.say
    for index, rule in enumerate(script.stop):
        yield f"stop[{index}].say", rule.say


def conditions_of(script: Script) -> Iterator[tuple[str, str]]:
    """Yield every condition with its path."""
    for number, step in enumerate(script.steps):
        for index, branch in enumerate(step.next):
            if branch.when is not None:
                yield f"steps[{number}].next[{index}].when", branch.when
    for index, rule in enumerate(script.stop):
        if rule.when is not None:
            yield f"stop[{index}].when", rule.when
