"""Lessons with timed lines, and diagnostics whose every score has a result."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from personas.scripts.canonical import canonical_json, read_canonical
from personas.scripts.lessons import LessonLine, LessonProgress, after_line, due_at
from personas.scripts.linter import Rule, lint
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, Progress, advance
from personas.scripts.steps import Outcome

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LESSON: dict[str, Any] = {
    "key": "lesson",
    "kind": "lesson",
    "name": "A lesson",
    "language": "en",
    "lines": [
        {"at": 0, "say": "Welcome. What do you see?", "pause": 4},
        {"at": 1, "role": "practice_partner", "say": "I see a star."},
        {"at": 10, "say": "That was all."},
    ],
}
DIAGNOSTIC: dict[str, Any] = {
    "key": "quiz",
    "kind": "diagnostic",
    "name": "A quiz",
    "language": "en",
    "disclosure": "A program asks.",
    "questions": [
        {
            "key": key,
            "ask": f"Do you {key}?",
            "answers": [{"value": "often", "points": 2}, {"value": "seldom", "points": -1}],
            "refusals": "Often or seldom?",
        }
        for key in ("read", "look")
    ],
    "results": [
        {"key": "low", "most": 0, "say": "{score}: begin with a book."},
        {"key": "high", "least": 1, "say": "{score}: you know your way."},
    ],
    "handoff": {"say": "One moment.", "phrases": "operator"},
    "tests": [{"name": "t", "turns": [{"hears": "hello", "step": "read"}]}],
}


def lines() -> tuple[LessonLine, ...]:
    return Script.model_validate(LESSON).lines


def with_results(*results: dict[str, Any]) -> dict[str, Any]:
    return {**deepcopy(DIAGNOSTIC), "results": [{"say": "So.", **one} for one in results]}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_the_first_line_is_due_at_once_and_the_next_one_waits_out_the_pause() -> None:
    progress = LessonProgress(NOON)
    assert due_at(lines(), progress) == NOON
    progress = after_line(lines(), progress, NOON)
    assert due_at(lines(), progress) == NOON + minutes(4)


def test_an_answer_ends_the_pause() -> None:
    answered = LessonProgress(NOON, 1, NOON, answered_at=NOON + minutes(2))
    assert due_at(lines(), answered) == NOON + minutes(2)
    early = LessonProgress(NOON, 1, NOON, answered_at=NOON - minutes(2))
    assert due_at(lines(), early) == NOON + minutes(4)


def test_what_an_interruption_held_up_is_not_said_all_at_once() -> None:
    progress = after_line(lines(), LessonProgress(NOON, 1, NOON), NOON + minutes(61))
    assert progress.delay == minutes(60)
    assert due_at(lines(), progress) == NOON + minutes(70)


def test_a_lesson_is_over_when_its_last_line_was_said() -> None:
    assert due_at(lines(), LessonProgress(NOON, 3, NOON + minutes(10))) == NOON + minutes(10)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lines": [{"at": 2, "say": "b"}, {"at": 1, "say": "a"}]}, "stands after"),
        ({"lines": [{"at": 2, "say": "Hello {friend}"}]}, "not a placeholder"),
        ({"lines": [{"at": -1, "say": "b"}]}, "greater than or equal to 0"),
        ({"kind": "sales"}, "lines belong to a script of kind lesson"),
        ({"questions": DIAGNOSTIC["questions"]}, "belong to a script of kind diagnostic"),
    ],
)
def test_a_lesson_that_could_not_be_held_is_refused(changes: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Script.model_validate(LESSON | changes)


def test_a_lesson_without_lines_has_nothing_to_say() -> None:
    [found] = lint(Script.model_validate(LESSON | {"lines": []}))
    assert (found.rule, found.is_error) == (Rule.MISSING_LINES, True)


def test_a_line_that_nobody_may_say_is_found_at_its_place() -> None:
    claim = {"lines": [{"at": 0, "say": "I am a human."}]}
    [found] = lint(Script.model_validate(LESSON | claim))
    assert (found.rule, found.problem.path) == (Rule.UNSAYABLE, "lines[0].say[0]")


@pytest.mark.parametrize(
    ("results", "rule", "path"),
    [
        ([{"key": "low", "most": 0}, {"key": "high", "least": 2}], "unreached-score", "results"),
        (
            [{"key": "all"}, {"key": "odd", "least": 9}],
            "unreachable-result",
            "results[1]",
        ),
        ([{"key": "all", "say": "x" * 700}], "too-long", "results[0].say[0]"),
    ],
)
def test_every_score_must_reach_a_result(results: Any, rule: str, path: str) -> None:
    script = Script.model_validate(with_results(*results))
    assert [(one.rule, one.problem.path) for one in lint(script)] == [(rule, path)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"results": with_results({"key": "a"}, {"key": "b", "least": 1})["results"]}, "two"),
        ({"questions": []}, "has questions and results"),
        ({"steps": [{"key": "s", "say": "Hm."}]}, "and no steps"),
        ({"results": with_results({"key": "read"})["results"]}, "stands there 2 times"),
        ({"results": with_results({"key": "a", "least": 3, "most": 1})["results"]}, "more than"),
    ],
)
def test_a_doubtful_diagnostic_is_refused(changes: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Script.model_validate(deepcopy(DIAGNOSTIC) | changes)


def test_a_diagnostic_is_led_as_a_conversation_and_stored_as_written() -> None:
    script = Script.model_validate(DIAGNOSTIC)
    assert lint(script) == ()
    assert read_canonical(canonical_json(script)) == script
    assert script.steps == ()
    turn = advance(script, Progress(), Incoming("hello"))
    assert turn.says == ("A program asks.\n\nDo you read?\n1. often\n2. seldom",)
    turn = advance(script, turn.progress, Incoming("maybe"))
    assert turn.says == ("Often or seldom?",)
    turn = advance(script, turn.progress, Incoming("1"))
    turn = advance(script, turn.progress, Incoming("seldom"))
    assert turn.says == ("1: you know your way.",)
    assert turn.progress.outcome is Outcome.CLOSED


@given(st.lists(st.sampled_from(["often", "seldom", "1", "2", "what?"]), max_size=20))
def test_whatever_is_answered_the_score_that_is_said_is_the_sum(answers: list[str]) -> None:
    script = Script.model_validate(DIAGNOSTIC)
    progress = advance(script, Progress(), Incoming("hello")).progress
    said: tuple[str, ...] = ()
    for answer in answers:
        turn = advance(script, progress, Incoming(answer))
        progress, said = turn.progress, turn.says or said
    if progress.outcome is Outcome.CLOSED:
        points = sum(2 if progress.slots[key] == "often" else -1 for key in ("read", "look"))
        expected = "begin with a book" if points <= 0 else "you know your way"
        assert said == (f"{points}: {expected}.",)
    else:
        assert progress.outcome in {Outcome.WAITING, Outcome.HANDOFF}
