"""Whether the parts of a script fit each other: names, targets, and no talking without end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from personas.problems import Problem
from personas.scripts.condition_parser import parse_condition
from personas.scripts.conditions import names_in
from personas.scripts.parts import PLACEHOLDERS, refuse_unknown_placeholders
from personas.scripts.steps import (
    ENDS,
    STAY,
    Fallback,
    Handoff,
    Objection,
    Step,
    StopRule,
)
from personas.scripts.variables import BUILT_IN

ENDLESS = -1
"""In place of a count: there is none."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of a script may speak of."""

    variables: frozenset[str]
    steps: frozenset[str]

    def of_texts(self, path: str, texts: Sequence[str]) -> Iterator[Problem]:
        """Yield a problem for each text with a brace that nothing will fill."""
        for index, text in enumerate(texts):
            try:
                refuse_unknown_placeholders(text, PLACEHOLDERS | self.variables)
            except ValueError as error:
                yield Problem(f"{path}[{index}]", str(error))

    def of_condition(self, path: str, when: str | None) -> Iterator[Problem]:
        """Yield a problem for each name that is no variable."""
        for name in dict.fromkeys(names_in(parse_condition(when)) if when else ()):
            if name not in self.variables | BUILT_IN:
                yield Problem(path, f"“{name}” is not among the variables")

    def of_target(
        self, path: str, go: str | None, allowed: frozenset[str] = ENDS
    ) -> Iterator[Problem]:
        """Yield a problem when there is no such step."""
        if go is not None and go not in self.steps | allowed:
            words = ", ".join(sorted(allowed)) or "none"
            yield Problem(path, f"there is no step “{go}” (beside steps there are: {words})")


def step_problems(names: Names, steps: Sequence[Step]) -> Iterator[Problem]:
    """Yield what steps say, collect or go to that is not there."""
    for index, step in enumerate(steps):
        path = f"steps[{index}]"
        yield from names.of_texts(f"{path}.say", step.say)
        if step.collect is not None:
            if step.collect.variable not in names.variables:
                name = step.collect.variable
                yield Problem(f"{path}.collect.variable", f"“{name}” is not among the variables")
            yield from names.of_texts(f"{path}.collect.refusals", step.collect.refusals)
            yield from names.of_target(f"{path}.collect.otherwise", step.collect.otherwise)
        for place, branch in enumerate(step.next):
            yield from names.of_condition(f"{path}.next[{place}].when", branch.when)
            yield from names.of_target(f"{path}.next[{place}].go", branch.go)


def aside_problems(
    names: Names,
    objections: Sequence[Objection],
    fallback: Fallback | None,
    handoff: Handoff | None,
    stop: Sequence[StopRule],
) -> Iterator[Problem]:
    """Yield what objections, fallback, handoff and stop rules name that is not there."""
    for index, objection in enumerate(objections):
        yield from names.of_texts(f"objections[{index}].say", objection.say)
        yield from names.of_target(f"objections[{index}].then", objection.then, ENDS | {STAY})
    if fallback is not None:
        yield from names.of_texts("fallback.say", fallback.say)
        yield from names.of_target("fallback.then", fallback.then)
    if handoff is not None:
        yield from names.of_texts("handoff.say", handoff.say)
    for index, rule in enumerate(stop):
        yield from names.of_texts(f"stop[{index}].say", rule.say)
        yield from names.of_condition(f"stop[{index}].when", rule.when)


def endless_problems(steps: Sequence[Step], parts: int) -> Iterator[Problem]:
    """Yield a problem for a circle of steps that do not wait, and for more messages than allowed.

    One message goes before the steps (the answer to an objection, or a refusal), one may come
    after them (the handoff's words).
    """
    chains = Chains({step.key: step for step in steps})
    for index, step in enumerate(steps):
        said = chains.messages_from(step)
        if said == ENDLESS:
            yield Problem(f"steps[{index}]", "this step comes back to itself without an answer")
        elif said + 2 > parts:
            told = f"up to {said + 2} messages could follow one answer, limits.parts is {parts}"
            yield Problem(f"steps[{index}]", told)


@dataclass(frozen=True, slots=True)
class Chains:
    """How much is said before somebody has to answer; each step is looked at once."""

    by_key: Mapping[str, Step]
    counted: dict[str, int] = field(default_factory=dict)

    def messages_from(self, step: Step) -> int:
        """Return how many messages may follow each other from this step on, or ENDLESS."""
        if step.key not in self.counted:
            self.counted[step.key] = ENDLESS  # until it is known; a circle finds it so
            own = 1 if step.say else 0
            followers = [] if step.wait else [branch.go for branch in step.next]
            counts = [self.messages_from(self.by_key[go]) for go in followers if go in self.by_key]
            if ENDLESS not in counts:
                self.counted[step.key] = own + max(counts, default=0)
        return self.counted[step.key]
