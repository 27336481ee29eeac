"""Where a conversation can go, and what is surely known when it gets there."""

from collections.abc import Iterator, Mapping

from personas.scripts.condition_parser import parse_condition
from personas.scripts.conditions import And, Condition, Not, Or, names_in
from personas.scripts.model import Script
from personas.scripts.steps import ENDS, Step

Names = frozenset[str]


def known_at_each_step(script: Script) -> dict[str, Names]:
    """Return the steps that can be reached, each with the variables that are surely known there."""
    steps = {step.key: step for step in script.steps}
    found: dict[str, Names] = {}
    waiting = [(key, with_defaults(script)) for key in entrances(script)]
    while waiting:
        key, known = waiting.pop()
        before = found.get(key)
        now = known if before is None else before & known
        if key in steps and now != before:
            found[key] = now
            waiting += ways_on(script, steps[key], now)
    return found


def with_defaults(script: Script) -> Names:
    """Return the variables that are never unknown."""
    return frozenset(one.key for one in script.variables if one.default is not None)


def entrances(script: Script) -> Iterator[str]:
    """Yield where a conversation may begin, or be led from anywhere."""
    yield from (step.key for step in script.steps[:1])
    yield from (trigger.step for trigger in script.triggers if trigger.step)
    yield from (objection.then for objection in script.objections)


def ways_on(script: Script, step: Step, known: Names) -> Iterator[tuple[str, Names]]:
    """Yield where a step may lead, and what is known then."""
    answered = known
    if step.collect is not None:
        yield step.collect.otherwise, known
        answered = known | {step.collect.variable}
    for branch in step.next:
        yield branch.go, answered | implied_by(branch.when)
    if script.fallback is not None and step.wait:
        yield script.fallback.then, answered


def implied_by(when: str | None) -> Names:
    """Return the variables that must be known for the condition to hold."""
    return frozenset() if when is None else implied(parse_condition(when))


def implied(condition: Condition) -> Names:
    """Return the names without which the condition cannot hold."""
    match condition:
        case Not():
            return frozenset()
        case And(parts):
            return frozenset[str]().union(*map(implied, parts))
        case Or(parts):
            return frozenset.intersection(*map(implied, parts))
        case _:
            return frozenset(names_in(condition))


def steps_that_end(script: Script) -> Names:
    """Return the steps from which answers can lead to an end."""
    targets: Mapping[str, Names] = {
        step.key: frozenset(branch.go for branch in step.next) for step in script.steps
    }
    ending = {key for key, goes in targets.items() if goes & ENDS}
    while more := {key for key, goes in targets.items() if goes & ending} - ending:
        ending |= more
    return frozenset(ending)
