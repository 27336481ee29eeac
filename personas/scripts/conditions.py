"""Conditions: what they are made of, when they hold, and how they are written.

    condition  = both { "or" both }
    both       = denied { "and" denied }
    denied     = "not" denied | "(" condition ")" | statement
    statement  = value relation value | name "in" "[" value { "," value } "]" | name "is" "known"
                 | name
    relation   = "==" | "!=" | "<" | "<=" | ">" | ">="
    value      = name | number | "text" | true | false

A comparison with something unknown, or of a text with a number, does not hold; nothing raises.
"""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool
Values: TypeAlias = Mapping[str, Value]


class Relation(StrEnum):
    """How two values may be compared."""

    SAME = "=="
    OTHER = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


ORDERS = {
    Relation.LESS: operator.lt,
    Relation.AT_MOST: operator.le,
    Relation.MORE: operator.gt,
    Relation.AT_LEAST: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, `turns` or `heard`; alone it holds when it is known and not empty."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the condition itself."""

    value: Value

    def __str__(self) -> str:
        return written(self.value)


Operand: TypeAlias = Name | Constant


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and how they stand to each other."""

    left: Operand
    relation: Relation
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a variable is one of some values."""

    name: Name
    options: tuple[Operand, ...]

    def __str__(self) -> str:
        return f"{self.name} in [{', '.join(map(str, self.options))}]"


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a variable has a value."""

    name: Name

    def __str__(self) -> str:
        return f"{self.name} is known"


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when the other does not."""

    denied: "Condition"

    def __str__(self) -> str:
        return f"not {bracketed(self.denied, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """Holds when all hold."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " and ".join(bracketed(part, And, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Holds when one holds."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " or ".join(bracketed(part, Or) for part in self.parts)


Condition: TypeAlias = Name | Comparison | OneOf | Known | Not | And | Or


def holds(condition: Condition, values: Values) -> bool:  # noqa: PLR0911  # one case, one return
    """Whether the condition holds; it never raises and reads nothing but `values`."""
    match condition:
        case Name(name):
            return bool(values.get(name))
        case Known(Name(name)):
            return name in values
        case Comparison(left, relation, right):
            return compares(value_of(left, values), relation, value_of(right, values))
        case OneOf(name, options):
            found = value_of(name, values)
            return any(same(found, value_of(option, values)) for option in options)
        case Not(denied):
            return not holds(denied, values)
        case And(parts):
            return all(holds(part, values) for part in parts)
        case Or(parts):
            return any(holds(part, values) for part in parts)


def value_of(operand: Operand, values: Values) -> Value | None:
    """Return what the operand stands for; None when it is unknown."""
    return operand.value if isinstance(operand, Constant) else values.get(operand.name)


def compares(left: Value | None, relation: Relation, right: Value | None) -> bool:
    """Whether two known values of one sort stand so to each other."""
    if left is None or right is None:
        return False
    if relation is Relation.SAME:
        return same(left, right)
    if relation is Relation.OTHER:
        return not same(left, right)
    if not is_number(left) or not is_number(right):
        return False
    return bool(ORDERS[relation](left, right))


def same(left: Value | None, right: Value | None) -> bool:
    """Whether two values are equal; texts are, whatever their case, and true is not 1."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left is not None and left == right


def is_number(value: Value) -> bool:
    """Whether the value may stand in an order."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def names_in(condition: Condition) -> Iterator[str]:
    """Yield every name that the condition reads."""
    match condition:
        case Name(name) | Known(Name(name)):
            yield name
        case Comparison(left, _, right):
            yield from names_of(left, right)
        case OneOf(name, options):
            yield from names_of(name, *options)
        case Not(denied):
            yield from names_in(denied)
        case And(parts) | Or(parts):
            for part in parts:
                yield from names_in(part)


def names_of(*operands: Operand) -> Iterator[str]:
    """Yield the names among the operands."""
    yield from (operand.name for operand in operands if isinstance(operand, Name))


def bracketed(condition: Condition, *loose: type) -> str:
    """Write a part, in brackets where it binds more loosely than its place asks."""
    return f"({condition})" if isinstance(condition, loose) else str(condition)


def written(value: Value) -> str:
    """Write a value as the grammar reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return format(Decimal(repr(value)), "f")
