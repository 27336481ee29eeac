"""From the text of a condition to what it means; the grammar stands in `conditions`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from personas.scripts.conditions import (
    And,
    Comparison,
    Condition,
    Constant,
    Known,
    Name,
    Not,
    OneOf,
    Operand,
    Or,
    Relation,
)

LONGEST = 500
"""Characters in one condition."""
DEEPEST = 20
"""Brackets and `not` inside each other."""
MOST_DIGITS = 15
"""Numbers up to here are exact."""

TOKEN = re.compile(
    r"""\s*(?:
        (?P<NUMBER>-?\d+(?:\.\d+)?)
      | (?P<TEXT>"(?:[^"\\]|\\["\\])*")
      | (?P<WORD>[a-z][a-z0-9_]*)
      | (?P<SIGN>==|!=|<=|>=|[<>()\[\],])
    )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "known", "true", "false"})


class ConditionError(ValueError):
    """A condition cannot be read; `position` counts characters from 1."""

    def __init__(self, position: int, sentence: str) -> None:
        super().__init__(f"character {position}: {sentence}")
        self.position = position


class TokenKind(Enum):
    """What a piece of a condition is."""

    NUMBER = auto()
    TEXT = auto()
    WORD = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition and where it begins."""

    kind: TokenKind
    text: str
    position: int

    def __str__(self) -> str:
        return "the end" if self.kind is TokenKind.END else f"“{self.text}”"


def parse_condition(text: str) -> Condition:
    """Read a condition; raises ConditionError with the position of the mistake."""
    if len(text) > LONGEST:
        raise ConditionError(LONGEST + 1, f"a condition has at most {LONGEST} characters")
    parser = Parser(tuple(tokens_of(text)))
    found = parser.either()
    parser.expect_end()
    return found


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the pieces of a condition, and its end."""
    at = 0
    rest = text.rstrip()
    while at < len(rest):
        match = TOKEN.match(rest, at)
        if match is None or match.lastgroup is None:
            at += len(rest[at:]) - len(rest[at:].lstrip())
            raise ConditionError(at + 1, f"“{rest[at]}” does not belong into a condition")
        kind = match.lastgroup
        yield Token(TokenKind[kind], match[kind], match.start(kind) + 1)
        at = match.end()
    yield Token(TokenKind.END, "", len(rest) + 1)


@dataclass(slots=True)
class Parser:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    tokens: tuple[Token, ...]
    at: int = 0
    depth: int = 0

    @property
    def token(self) -> Token:
        """Return the token that is read next."""
        return self.tokens[self.at]

    def either(self) -> Condition:
        """Read `a or b or c`."""
        parts = [self.both()]
        while self.took("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(flat(parts, Or)))

    def both(self) -> Condition:
        """Read `a and b and c`."""
        parts = [self.denied()]
        while self.took("and"):
            parts.append(self.denied())
        return parts[0] if len(parts) == 1 else And(tuple(flat(parts, And)))

    def denied(self) -> Condition:
        """Read `not a`, what stands in brackets, or a statement."""
        if self.token.text not in ("not", "(") or self.token.kind is TokenKind.TEXT:
            return self.statement()
        self.depth += 1
        if self.depth > DEEPEST:
            raise ConditionError(self.token.position, f"more than {DEEPEST} brackets deep")
        found = Not(self.denied()) if self.took("not") else self.in_brackets()
        self.depth -= 1
        return found

    def in_brackets(self) -> Condition:
        """Read `( condition )`."""
        self.expect("(")
        found = self.either()
        self.expect(")")
        return found

    def statement(self) -> Condition:
        """Read a comparison, `name in […]`, `name is known`, or a name alone."""
        left = self.operand()
        if self.token.kind is TokenKind.SIGN and self.token.text in frozenset(Relation):
            relation = Relation(self.step().text)
            return Comparison(left, relation, self.operand())
        if isinstance(left, Constant):
            raise self.surprise("one of " + " ".join(Relation))
        if self.took("in"):
            return OneOf(left, self.options())
        if self.took("is"):
            self.expect("known")
            return Known(left)
        return left

    def options(self) -> tuple[Operand, ...]:
        """Read `[ value, value ]`."""
        self.expect("[")
        found = [self.operand()]
        while self.took(","):
            found.append(self.operand())
        self.expect("]")
        return tuple(found)

    def operand(self) -> Operand:
        """Read a name or a constant."""
        token = self.token
        if token.kind is TokenKind.NUMBER:
            return Constant(number_of(self.step()))
        if token.kind is TokenKind.TEXT:
            return Constant(ESCAPE.sub(r"\1", self.step().text[1:-1]))
        if token.kind is TokenKind.WORD and token.text in ("true", "false"):
            return Constant(self.step().text == "true")
        if token.kind is TokenKind.WORD and token.text not in KEYWORDS:
            return Name(self.step().text)
        raise self.surprise("a variable, a number or a text in double quotes")

    def step(self) -> Token:
        """Take the next token."""
        token = self.token
        self.at += 1
        return token

    def took(self, text: str) -> bool:
        """Take the next token if it is this sign or word."""
        if self.token.kind is TokenKind.TEXT or self.token.text != text:
            return False
        self.at += 1
        return True

    def expect(self, text: str) -> None:
        """Take this sign or word; raises ConditionError when another stands there."""
        if not self.took(text):
            raise self.surprise(f"“{text}”")

    def expect_end(self) -> None:
        """Raise ConditionError when something is left over."""
        if self.token.kind is not TokenKind.END:
            raise self.surprise("“and”, “or” or the end")

    def surprise(self, expected: str) -> ConditionError:
        """Say what should stand where something else does."""
        return ConditionError(self.token.position, f"expected {expected}, found {self.token}")


def flat(parts: list[Condition], kind: type[And] | type[Or]) -> Iterator[Condition]:
    """Yield the parts, and those of a part of the same kind in its place."""
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def number_of(token: Token) -> int | float:
    """Return the number; raises ConditionError for one that would lose digits."""
    if sum(mark.isdigit() for mark in token.text) > MOST_DIGITS:
        raise ConditionError(token.position, f"a number has at most {MOST_DIGITS} digits")
    return float(token.text) if "." in token.text else int(token.text)
