"""A script's own tests: the conversations that it must lead as they are written in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from personas.problems import Problem
from personas.scripts.hearing import hear
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, Progress, Turn, advance
from personas.scripts.steps import ScriptTest, ScriptTurn

DRAWS = 8
"""How often each test is led, every time with other variants of what is said."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One test of a script, and what went wrong in it; nothing when it passed."""

    name: str
    turns: int
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came as written."""
        return not self.problems


def run_tests(script: Script) -> tuple[Rehearsal, ...]:
    """Lead every conversation of the script's tests."""
    return tuple(
        Rehearsal(test.name, len(test.turns), first_problems(script, test, f"tests[{index}]"))
        for index, test in enumerate(script.tests)
    )


def first_problems(script: Script, test: ScriptTest, path: str) -> tuple[Problem, ...]:
    """Return what went wrong in the first draw where anything did."""
    draws = (tuple(problems_in(script, test, path, seed)) for seed in range(DRAWS))
    return next((problems for problems in draws if problems), ())


def problems_in(script: Script, test: ScriptTest, path: str, seed: int) -> Iterator[Problem]:
    """Lead the conversation once; yield each expectation that was not met."""
    progress = Progress()
    for index, expected in enumerate(test.turns):
        heard = expected.heard or hear(script, expected.hears) or ""
        turn = advance(script, progress, Incoming(expected.hears, heard), seed)
        progress = turn.progress
        place = f"{path}.turns[{index}]"
        yield from (Problem(f"{place}.{key}", told) for key, told in differences(expected, turn))


def differences(expected: ScriptTurn, turn: Turn) -> Iterator[tuple[str, str]]:
    """Yield what was expected and did not come, by the key that asked for it."""
    yield from differences_in_words(expected, "\n".join(turn.says))
    progress = turn.progress
    if expected.step not in (None, progress.step):
        yield "step", f"the conversation stands at {progress.step}, not at {expected.step}"
    if expected.outcome not in (None, progress.outcome):
        told = f"the conversation is {progress.outcome}, not {expected.outcome} ({turn.reason})"
        yield "outcome", told
    for name, value in expected.known.items():
        found = progress.slots.get(name, "unknown")
        if found != value:
            yield f"known.{name}", f"it is {found}, not {value}"


def differences_in_words(expected: ScriptTurn, said: str) -> Iterator[tuple[str, str]]:
    """Yield what should have been said and was not, and what should not and was."""
    for wanted in expected.says:
        if wanted.casefold() not in said.casefold():
            yield "says", f"“{wanted}” was not said; said was “{said}”"
    for unwanted in expected.never_says:
        if unwanted.casefold() in said.casefold():
            yield "never_says", f"“{unwanted}” was said: “{said}”"
