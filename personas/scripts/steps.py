"""A conversation's steps, and beside them objections, fallback, handoff, stop rules and tests."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import field_validator as validates
from pydantic import model_serializer as serializes
from pydantic import model_validator as validates_all

from personas.persona import Key, Note, Topic
from personas.scripts.condition_parser import parse_condition
from personas.scripts.parts import (
    Example,
    ListIfOne,
    Part,
    Text,
    VariableName,
)

CLOSE = "close"
"""The conversation is over."""
HANDOFF = "handoff"
"""A person takes the conversation."""
STAY = "stay"
"""The conversation waits where it was."""
ENDS = frozenset({CLOSE, HANDOFF})
RESERVED_STEPS = ENDS | {STAY}


def as_written(text: str) -> str:
    """Return a condition as the grammar writes it; raises ConditionError."""
    return str(parse_condition(text))


When = Annotated[str, AfterValidator(as_written)]
Variants = Annotated[tuple[Text, ...], Field(min_length=1, max_length=50), ListIfOne]
MaybeVariants = Annotated[tuple[Text, ...], Field(max_length=50), ListIfOne]
Phrases = Annotated[tuple[Topic, ...], Field(max_length=200), ListIfOne]
Expected = Annotated[tuple[Text, ...], Field(max_length=20), ListIfOne]


class Outcome(StrEnum):
    """Where a conversation stands."""

    WAITING = "waiting"
    """For the person's next message."""
    CLOSED = "closed"
    HANDOFF = "handoff"
    STOPPED = "stopped"
    """By a stop rule."""


class Branch(Part):
    """Where to go, and when; without a condition: always."""

    when: When | None = None
    go: Key

    @serializes
    def as_branch(self) -> dict[str, str]:
        """Write the condition only where there is one."""
        return {"go": self.go} if self.when is None else {"when": self.when, "go": self.go}


def as_branches(value: object) -> object:
    """Let a step's name stand for one branch that is always taken."""
    return [{"go": value}] if isinstance(value, str) else value


class Collect(Part):
    """Which variable the answer to a step fills, and what is said to an answer that does not."""

    variable: VariableName
    refusals: Variants
    attempts: int = Field(default=3, ge=1, le=10)
    """Answers that may fail before `otherwise` is gone to."""
    otherwise: Key = HANDOFF


class Step(Part):
    """One move of the conversation; it waits for an answer unless it says that it does not."""

    key: Key
    say: MaybeVariants = ()
    hint: Note = ""
    """For free talk: what this step is after."""
    collect: Collect | None = None
    wait: bool = True
    next: Annotated[
        tuple[Branch, ...],
        Field(max_length=50),
        BeforeValidator(as_branches, json_schema_input_type=str | list[Branch]),
    ] = ()

    @validates_all(mode="after")
    def is_sound(self) -> Self:
        """Refuse reserved names, branches behind one that is always taken, and silent waiting."""
        if self.key in RESERVED_STEPS:
            raise ValueError(f"“{self.key}” is a word of the format; choose another name")
        if any(branch.when is None for branch in self.next[:-1]):
            raise ValueError("a branch without a condition must be the last one")
        if self.wait and not self.say:
            raise ValueError("a step that waits must say something; or set wait: false")
        if not self.wait:
            self.refuse_standing_still()
        return self

    def refuse_standing_still(self) -> None:
        """Refuse a step that goes on by itself and might not know where to."""
        if self.collect is not None:
            raise ValueError("a step that collects must wait for the answer")
        if not self.next or self.next[-1].when is not None:
            raise ValueError("a step that does not wait needs a last branch without a condition")


class Objection(Part):
    """Something that people hold against it, and what may be answered."""

    key: Key
    examples: tuple[Example, ...] = Field(default=(), max_length=1000)
    phrases: Phrases = ()
    """Words or phrases by which it is heard without a model."""
    say: Variants
    then: Key = STAY

    @validates_all(mode="after")
    def can_be_heard(self) -> Self:
        """Refuse an objection that nothing sets off."""
        if not self.examples and not self.phrases:
            raise ValueError("an objection needs examples or phrases by which it is heard")
        return self


class Fallback(Part):
    """What happens when the conversation knows no way on."""

    say: Variants
    attempts: int = Field(default=2, ge=1, le=10)
    then: Key = HANDOFF


class Handoff(Part):
    """How a person takes over."""

    say: Variants
    phrases: Phrases = ()
    """By these a client asks for a person, at any step."""
    note: Note = ""
    """For the person who takes over."""


class StopRule(Part):
    """When the conversation ends at once; what is said then, if anything."""

    key: Key
    phrases: Phrases = ()
    when: When | None = None
    say: MaybeVariants = ()

    @validates_all(mode="after")
    def can_happen(self) -> Self:
        """Refuse a rule that nothing sets off."""
        if self.when is None and not self.phrases:
            raise ValueError("a stop rule needs phrases or a condition")
        return self


class ScriptTurn(Part):
    """One turn of a script's own test: what a person writes, and what must come of it."""

    hears: Annotated[str, Field(min_length=1, max_length=4096)]
    heard: Key | None = None
    """The trigger or objection that is recognised; when left out it is told by the words."""
    says: Expected = ()
    """Each must be part of what is said, whatever the case."""
    never_says: Expected = ()
    step: Key | None = None
    outcome: Outcome | None = None
    known: dict[VariableName, bool | int | float | str] = Field(default_factory=dict)
    """Variables and the values that they must have."""


class ScriptTest(Part):
    """A conversation that a script must lead as written here."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    turns: tuple[ScriptTurn, ...] = Field(min_length=1, max_length=50)

    @validates("turns")
    @classmethod
    def asserts(cls, turns: tuple[ScriptTurn, ...]) -> tuple[ScriptTurn, ...]:
        """Refuse a test that could not fail."""
        if not any(
            one.says or one.never_says or one.step or one.outcome or one.known for one in turns
        ):
            raise ValueError("the test asserts nothing: add says, step, outcome or known to a turn")
        return turns
