"""The grammar of conditions: what it reads, what holds, and what it refuses where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.scripts.condition_parser import KEYWORDS, ConditionError, parse_condition
from personas.scripts.conditions import (
    And,
    Comparison,
    Condition,
    Constant,
    Known,
    Name,
    Not,
    OneOf,
    Or,
    Relation,
    holds,
    names_in,
)

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda one: one not in KEYWORDS
)
NUMBERS = st.integers(-(10**9), 10**9) | st.decimals(-999, 999, places=3).map(float)
CONSTANTS = st.builds(Constant, NUMBERS | st.booleans() | st.text(max_size=8))
NAMED = st.builds(Name, NAMES)
OPERANDS = NAMED | CONSTANTS
STATEMENTS: st.SearchStrategy[Condition] = st.one_of(
    NAMED,
    st.builds(Known, NAMED),
    st.builds(Comparison, OPERANDS, st.sampled_from(Relation), OPERANDS),
    st.builds(OneOf, NAMED, st.lists(OPERANDS, min_size=1, max_size=3).map(tuple)),
)


def joined(kind: Any, inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = inner.filter(lambda one: not isinstance(one, kind))
    return st.lists(parts, min_size=2, max_size=3).map(lambda found: kind(tuple(found)))


CONDITIONS = st.recursive(
    STATEMENTS,
    lambda inner: st.one_of(st.builds(Not, inner), joined(And, inner), joined(Or, inner)),
    max_leaves=6,
)


@given(CONDITIONS.filter(lambda one: len(str(one)) <= 500))
def test_what_is_written_reads_back_as_the_same(condition: Condition) -> None:
    assert parse_condition(str(condition)) == condition


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionError as error:
        refused = error
    else:
        assert parse_condition(str(condition)) == condition
        return
    assert 1 <= refused.position <= len(text) + 1


@given(CONDITIONS, st.dictionaries(NAMES, NUMBERS | st.booleans() | st.text(max_size=4)))
def test_every_condition_holds_or_does_not(condition: Condition, values: Any) -> None:
    assert holds(condition, values) is not holds(Not(condition), values)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("seats > 10", {"seats": 11}, True),
        ("seats > 10", {}, False),
        ("not seats > 10", {}, True),
        ('plan == "Team"', {"plan": "team"}, True),
        ('plan != "team"', {}, False),
        ("agreed == 1", {"agreed": True}, False),
        ("agreed and seats >= 2", {"agreed": True, "seats": 2}, True),
        ("a or b and c", {"a": True}, True),
        ("(a or b) and c", {"a": True}, False),
        ('plan in ["solo", "team"]', {"plan": "solo"}, True),
        ("mail is known", {"mail": ""}, True),
        ("mail", {"mail": ""}, False),
        ('seats < "9"', {"seats": 1}, False),
    ],
)
def test_a_condition_holds_when_it_should(text: str, values: Any, expected: bool) -> None:
    assert holds(parse_condition(text), values) is expected


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("", 1, "expected a variable"),
        ("seats >", 8, "found the end"),
        ("seats = 3", 7, "does not belong"),
        ("seats > 3 5", 11, "“and”, “or” or the end"),
        ("(seats > 3", 11, "expected “)”"),
        ("plan is", 8, "expected “known”"),
        ("plan in solo", 9, "expected “[”"),
        ("3", 2, "expected one of =="),
        ("__import__('os')", 1, "does not belong"),
        ("seats.real > 1", 6, "does not belong"),
        ("seats > 1234567890123456", 9, "at most 15 digits"),
        ("not " * 21 + "a", 81, "brackets deep"),
        ("a" * 501, 501, "at most 500"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, position: int, told: str) -> None:
    with pytest.raises(
        ConditionError, match=told.replace("[", r"\[").replace(")", r"\)")
    ) as refused:
        parse_condition(text)
    assert refused.value.position == position


def test_the_names_that_a_condition_reads_are_known() -> None:
    condition = parse_condition('a == b or not (c is known and d in ["x", e])')
    assert list(names_in(condition)) == ["a", "b", "c", "d", "e"]
