"""What a script wants to know of a person, and how an answer is read."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field
from pydantic import model_validator as validates_all

from personas.persona import Note, Topic
from personas.scripts.conditions import Value
from personas.scripts.parts import ListIfOne, Part, VariableName, refuse_doubles
from personas.texts import MAIL_LINK, links_in, mentions_in, mentions_phrase, stems, words
from personas.wordlists import word_set

LONGEST_ANSWER = 200
"""Characters of a text that a person gave and that may be said back."""
BUILT_IN = frozenset({"turns", "heard"})
"""What conditions may read beside variables: turns so far, and the trigger or objection heard."""
RESERVED = BUILT_IN | {"persona", "disclosure"}

SPACES = "[ \\u00a0\\u202f]"
"""What people and keyboards put between thousands."""
NUMBER = re.compile(
    rf"(?<![\w.,-])[-−]?\d{{1,3}}(?:{SPACES}\d{{3}})+(?:[.,]\d+)?|[-−]?\d+(?:[.,]\d+)?"
)
PHONE = re.compile(r"\+?\d[\d\s()–-]{8,20}\d")
YES = word_set(
    "да ага угу конечно верно согласен согласна хорошо давайте ок yes yeah yep sure ok okay"
)
NO = word_set("нет неа не no nope not never")

Given = Annotated[bool | int | float | str, Field(union_mode="smart")]


class VariableType(StrEnum):
    """What sort of answer a variable holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"
    EMAIL = "email"
    PHONE = "phone"


class Option(Part):
    """One answer that may be chosen, and the words by which people choose it."""

    value: Topic
    words: Annotated[tuple[Topic, ...], Field(max_length=50), ListIfOne] = ()


class Variable(Part):
    """Something to learn in the conversation; a text's bounds count its characters."""

    key: VariableName
    type: VariableType = VariableType.TEXT
    description: Note = ""
    options: tuple[Option, ...] = Field(default=(), max_length=50)
    minimum: float | None = Field(default=None, allow_inf_nan=False)
    maximum: float | None = Field(default=None, allow_inf_nan=False)
    default: Given | None = None
    """What it is when nobody said; without one it is unknown."""

    @validates_all(mode="after")
    def is_sound(self) -> Self:
        """Refuse reserved names, options out of place, and a default that is no answer."""
        if self.key in RESERVED:
            raise ValueError(f"“{self.key}” is a word of the format; choose another name")
        if (self.type is VariableType.CHOICE) != bool(self.options):
            raise ValueError("options belong to the type choice, which needs at least one")
        refuse_doubles((option.value for option in self.options), "option")
        if None not in (self.minimum, self.maximum) and self.bounds[0] > self.bounds[1]:
            raise ValueError("minimum is more than maximum")
        if self.default is not None and accept(self, self.default) is None:
            raise ValueError(f"the default “{self.default}” is no answer of type {self.type}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Return minimum and maximum, infinite where nothing is said."""
        low = float("-inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        return low, high


def read_answer(variable: Variable, message: str) -> Value | None:
    """Find the variable's value in what a person wrote; None when it is not there or not valid."""
    found = set(READERS[variable.type](variable, message))
    return accept(variable, found.pop()) if len(found) == 1 else None


def accept(variable: Variable, value: object) -> Value | None:
    """Return a value of the variable's own type within its bounds, or None.

    Everything that enters a slot passes here, whether a person wrote it or a model found it.
    """
    cast = CASTS[variable.type](variable, value)
    if cast is None or isinstance(cast, bool):
        return cast
    low, high = variable.bounds
    size = len(cast) if isinstance(cast, str) else cast
    return cast if low <= size <= high else None


def accept_text(_variable: Variable, value: object) -> str | None:
    """Return a short text that is safe to say back: no links, no mentions, no braces."""
    if not isinstance(value, str):
        return None
    text = " ".join(re.sub(r"[{}]", " ", value).split())
    harmless = not links_in(text) and not mentions_in(text) and text.isprintable()
    return text if words(text) and len(text) <= LONGEST_ANSWER and harmless else None


def accept_integer(_variable: Variable, value: object) -> int | None:
    """Return a whole number."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return int(value) if whole and isinstance(value, int | float) else None


def accept_number(_variable: Variable, value: object) -> int | float | None:
    """Return a number."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return value if numeric and isinstance(value, int | float) else None


def accept_truth(_variable: Variable, value: object) -> bool | None:
    """Return true or false."""
    return value if isinstance(value, bool) else None


def accept_choice(variable: Variable, value: object) -> str | None:
    """Return one of the options."""
    return next((one.value for one in variable.options if one.value == value), None)


def accept_email(_variable: Variable, value: object) -> str | None:
    """Return an address that is nothing else."""
    return value if isinstance(value, str) and MAIL_LINK.fullmatch(value) else None


def accept_phone(_variable: Variable, value: object) -> str | None:
    """Return a number of 10 to 15 digits with its plus sign."""
    plain = isinstance(value, str) and re.fullmatch(r"\+?\d{10,15}", value)
    return value if plain and isinstance(value, str) else None


def find_numbers(_variable: Variable, message: str) -> Iterator[int | float]:
    """Yield the numbers, thousands set apart or not."""
    for hit in NUMBER.finditer(message):
        plain = re.sub(SPACES, "", hit.group()).replace(",", ".").replace("−", "-")
        if len(plain) <= 15:
            yield float(plain) if "." in plain else int(plain)


def find_truth(_variable: Variable, message: str) -> Iterator[bool]:
    """Yield whether the message says yes or no; both is neither."""
    said = set(words(message))
    if said & YES:
        yield True
    if said & NO:
        yield False


def find_choices(variable: Variable, message: str) -> Iterator[str]:
    """Yield the options that the message names."""
    said = stems(message)
    for option in variable.options:
        if any(mentions_phrase(said, phrase) for phrase in (option.value, *option.words)):
            yield option.value


def find_emails(_variable: Variable, message: str) -> Iterator[str]:
    """Yield the addresses."""
    yield from (hit.group().rstrip(".") for hit in MAIL_LINK.finditer(message))


def find_phones(_variable: Variable, message: str) -> Iterator[str]:
    """Yield the phone numbers, without what people put between digits."""
    yield from (re.sub(r"[^\d+]", "", hit.group()) for hit in PHONE.finditer(message))


def find_text(_variable: Variable, message: str) -> Iterator[str]:
    """Yield the message itself."""
    yield message


READERS: dict[VariableType, Callable[[Variable, str], Iterator[Value]]] = {
    VariableType.TEXT: find_text,
    VariableType.INTEGER: find_numbers,
    VariableType.NUMBER: find_numbers,
    VariableType.YES_NO: find_truth,
    VariableType.CHOICE: find_choices,
    VariableType.EMAIL: find_emails,
    VariableType.PHONE: find_phones,
}
CASTS: dict[VariableType, Callable[[Variable, object], Value | None]] = {
    VariableType.TEXT: accept_text,
    VariableType.INTEGER: accept_integer,
    VariableType.NUMBER: accept_number,
    VariableType.YES_NO: accept_truth,
    VariableType.CHOICE: accept_choice,
    VariableType.EMAIL: accept_email,
    VariableType.PHONE: accept_phone,
}
