"""What the linter finds, and what a script's own tests show."""

from copy import deepcopy
from typing import Any

import pytest

from personas.scripts.linter import Rule, lint
from personas.scripts.rehearsal import run_tests

from .conversations import SALES, sales, with_step

PASSING: dict[str, Any] = {
    "name": "buys twenty",
    "turns": [
        {"hears": "hello", "says": "How many seats", "step": "ask"},
        {"hears": "20", "says": ["20 seats", "ten euros"], "known": {"seats": 20}},
        {"hears": "too expensive", "says": "covers support", "step": "offer"},
        {"hears": "yes", "never_says": "colleague", "outcome": "closed"},
    ],
}


def with_test(**changes: Any) -> dict[str, Any]:
    return {"tests": [PASSING]} | changes


def found(**changes: Any) -> list[tuple[Rule, str]]:
    return [(one.rule, one.problem.path) for one in lint(sales(**with_test(**changes)))]


def test_a_script_in_order_has_no_findings() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (with_step(0, next="offer"), (Rule.UNREACHABLE_STEP, "steps[1]")),
        (with_step(0, collect=None, next="offer"), (Rule.UNDEFINED_SLOT, "steps[2].say")),
        (
            {"fallback": {"say": "About {seats} seats…"}},
            (Rule.UNDEFINED_SLOT, "fallback.say"),
        ),
        (with_step(2, next=[]), (Rule.DEAD_END, "steps[2]")),
        (with_step(2, next="offer"), (Rule.DEAD_END, "steps[2].next")),
        ({"handoff": None}, (Rule.MISSING_HANDOFF, "handoff")),
        ({"handoff": {"say": "One moment."}}, (Rule.MISSING_HANDOFF, "handoff.phrases")),
        ({"disclosure": None}, (Rule.MISSING_DISCLOSURE, "disclosure")),
        (with_step(3, say="x" * 600), (Rule.TOO_LONG, "steps[3].say[0]")),
        ({"forbidden_claims": ["ten euros"]}, (Rule.UNSAYABLE, "steps[2].say[0]")),
        (with_step(3, say="I am a human."), (Rule.UNSAYABLE, "steps[3].say[0]")),
        ({"tests": []}, (Rule.MISSING_TESTS, "tests")),
        ({"steps": [], "tests": []}, (Rule.MISSING_STEPS, "steps")),
    ],
)
def test_each_rule_finds_what_it_is_for(changes: Any, expected: tuple[Rule, str]) -> None:
    assert expected in found(**changes)


def test_a_variant_without_the_unknown_is_enough() -> None:
    changes = with_step(0, collect=None, next="offer")
    changes["steps"][2]["say"] = ["{seats} seats?", "Shall I send the contract?"]
    changes["steps"][0]["next"] = [{"when": "heard is known", "go": "offer"}, {"go": "large"}]
    assert (Rule.UNDEFINED_SLOT, "steps[2].say") not in found(**changes)


def test_what_a_condition_asks_for_is_known_behind_it() -> None:
    changes = with_step(0, collect=None, next=[{"when": "seats > 3", "go": "offer"}])
    assert (Rule.UNDEFINED_SLOT, "steps[2].say") not in found(**changes)


def test_a_script_that_keeps_its_word_passes_its_tests() -> None:
    [result] = run_tests(sales(**with_test()))
    assert (result.passed, result.turns) == (True, 4)


@pytest.mark.parametrize(
    ("turn", "changes", "told"),
    [
        (1, {"says": "free of charge"}, "tests[0].turns[1].says: “free of charge” was not said"),
        (1, {"never_says": "euros"}, "tests[0].turns[1].never_says: “euros” was said"),
        (1, {"step": "ask"}, "tests[0].turns[1].step: the conversation stands at offer, not"),
        (3, {"outcome": "handoff"}, "tests[0].turns[3].outcome: the conversation is closed, not"),
        (1, {"known": {"seats": 21}}, "tests[0].turns[1].known.seats: it is 20, not 21"),
    ],
)
def test_a_broken_promise_is_told_with_its_place(turn: int, changes: Any, told: str) -> None:
    broken = deepcopy(PASSING)
    broken["turns"][turn] |= changes
    [result] = run_tests(sales(tests=[broken]))
    assert any(str(problem).startswith(told) for problem in result.problems), result.problems


def test_every_variant_must_keep_the_promise() -> None:
    steps = deepcopy(SALES["steps"])
    steps[0]["say"] = ["How many seats do you need?", "And you want?"]
    [result] = run_tests(sales(steps=steps, tests=[PASSING]))
    assert not result.passed
