"""The format of conversations: what it holds, and what it refuses where."""

from typing import Any

import pytest

from personas.problems import parse
from personas.scripts.canonical import canonical_json, read_canonical, sha256_of
from personas.scripts.model import Script
from personas.scripts.variables import Variable, accept, read_answer

from .conversations import SALES, problems_of, sales, with_step


def test_a_conversation_comes_back_byte_by_byte() -> None:
    script = sales()
    again = read_canonical(canonical_json(script))
    assert again == script
    assert canonical_json(again) == canonical_json(script)


def test_the_hash_of_a_comment_script_is_what_it_was() -> None:
    trigger = {"key": "mars", "examples": ["Water on Mars"], "responses": ["Which?"]}
    comment = {"key": "s", "kind": "comment", "name": "S", "language": "en", "triggers": [trigger]}
    assert canonical_json(parse(Script, comment)) == (
        b'{"key":"s","kind":"comment","language":"en","name":"S",'
        b'"triggers":[{"examples":["Water on Mars"],"key":"mars","responses":["Which?"]}]}'
    )


def test_short_and_long_forms_are_one_script() -> None:
    long = with_step(1, say=["That is a large order."], next=[{"go": "handoff"}])
    assert sha256_of(sales(**long)) == sha256_of(sales())


def test_a_condition_is_kept_as_the_grammar_writes_it() -> None:
    wild = with_step(0, next=[{"when": "( seats>100 )", "go": "large"}, {"go": "offer"}])
    assert sha256_of(sales(**wild)) == sha256_of(sales())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (with_step(0, next="ofer"), "steps[0].next[0].go: there is no step “ofer”"),
        (
            with_step(0, next=[{"when": "seats >", "go": "offer"}]),
            "steps[0].next[0].when: character 8: expected a variable",
        ),
        (
            with_step(0, next=[{"when": "chairs > 1", "go": "offer"}]),
            "steps[0].next[0].when: “chairs” is not among the variables",
        ),
        (with_step(2, say="{chairs} chairs"), "steps[2].say[0]: {chairs} is not a placeholder"),
        (with_step(1, next="large"), "steps[1]: this step comes back to itself without an answer"),
        (
            with_step(1, next=[{"when": "seats > 1", "go": "close"}]),
            "steps[1]: a step that does not wait needs a last branch without a condition",
        ),
        (with_step(0, key="handoff"), "steps[0]: “handoff” is a word of the format"),
        (with_step(0, say=[]), "steps[0]: a step that waits must say something"),
        (
            with_step(0, next=[{"go": "offer"}, {"when": "agreed", "go": "close"}]),
            "steps[0]: a branch without a condition must be the last one",
        ),
        (
            with_step(0, collect={"variable": "chairs", "refusals": "No."}),
            "steps[0].collect.variable: “chairs” is not among the variables",
        ),
        ({"limits": {"parts": 2}}, "steps[0]: up to 3 messages could follow one answer"),
        ({"stop": [{"key": "x"}]}, "stop[0]: a stop rule needs phrases or a condition"),
        (
            {"tests": [{"name": "t", "turns": [{"hears": "hi"}]}]},
            "tests[0].turns: the test asserts nothing",
        ),
        (
            {"tests": [{"name": "t", "turns": [{"hears": "hi", "heard": "x", "step": "ask"}]}]},
            "tests[0].turns[0].heard: there is no trigger or objection “x”",
        ),
        (
            {"variables": [*SALES["variables"], {"key": "turns"}]},
            "variables[2]: “turns” is a word of the format",
        ),
        (
            {"variables": [*SALES["variables"], {"key": "size", "type": "choice"}]},
            "variables[2]: options belong to the type choice",
        ),
    ],
)
def test_a_mistake_is_told_with_its_path(changes: dict[str, Any], told: str) -> None:
    found = problems_of(**changes)
    assert any(problem.startswith(told) for problem in found), found


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems_of(**with_step(0, say="{a} {b}", next="nowhere"))) == 2


def variable(kind: str, **more: Any) -> Variable:
    return parse(Variable, {"key": "it", "type": kind} | more)


SIZES = [{"value": "small", "words": ["little"]}, {"value": "large"}]


@pytest.mark.parametrize(
    ("asked", "message", "expected"),
    [
        (variable("integer"), "we need 10 000 seats", 10000),
        (variable("integer"), "10\u00a0000", 10000),
        (variable("integer"), "-5 degrees", -5),
        (variable("integer"), "20 or 30", None),
        (variable("integer"), "2.5", None),
        (variable("integer", maximum=5), "6", None),
        (variable("number"), "примерно 2,5 часа", 2.5),
        (variable("yes_no"), "Да, давайте", True),
        (variable("yes_no"), "нет", False),
        (variable("yes_no"), "да нет", None),
        (variable("choice", options=SIZES), "the little one", "small"),
        (variable("choice", options=SIZES), "small or large?", None),
        (variable("email"), "write to a.b@example.org.", "a.b@example.org"),
        (variable("phone"), "+7 (999) 123-45-67", "+79991234567"),
        (variable("phone"), "12345", None),
        (variable("text"), "  Анна   {persona} ", "Анна persona"),
        (variable("text"), "see https://example.org", None),
        (variable("text"), "ask @somebody", None),
        (variable("text"), "x" * 201, None),
        (variable("text", minimum=3), "ab", None),
    ],
)
def test_an_answer_is_read_or_not_at_all(asked: Variable, message: str, expected: object) -> None:
    assert read_answer(asked, message) == expected


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "7", None, [1]])
def test_a_slot_takes_nothing_of_another_type(value: object) -> None:
    assert accept(variable("integer"), value) is None
