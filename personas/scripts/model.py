"""The script format, first form: comment scripts with triggers and response variants.

Texts may hold placeholders in braces: `{persona}` is the speaker's name, `{disclosure}` what its
bio says. Any other brace is refused, so that nothing unresolved can ever be sent.
"""

import re
from collections import Counter
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import field_validator as validates
from pydantic import model_serializer as serializes
from pydantic import model_validator as validates_all

from personas.language import Language
from personas.persona import Key, Note, Title, Topic
from personas.strategy import SCRIPT_FITS_ABOVE
from personas.texts import words

PLACEHOLDERS = frozenset({"persona", "disclosure"})
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
TELEGRAM_TEXT_LIMIT = 4096

Example = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TELEGRAM_TEXT_LIMIT)
]


def as_response(value: object) -> object:
    """Let a bare text stand for a response that suits every post."""
    return {"text": value} if isinstance(value, str) else value


class Part(BaseModel):
    """A piece of a script: it never changes, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptKind(StrEnum):
    """What a script is for."""

    SALES = "sales"
    COMMENT = "comment"
    LESSON = "lesson"
    DIAGNOSTIC = "diagnostic"
    SUPPORT = "support"


class Response(Part):
    """One way to answer; variants of it are not said one after another."""

    text: Text
    when: tuple[Topic, ...] = Field(default=(), max_length=100)
    """Words or phrases, one of which the post must have (`climat*`: so begun). None: any post."""

    @validates("text")
    @classmethod
    def resolves(cls, text: str) -> str:
        """Refuse braces that are not a known placeholder."""
        refuse_unknown_placeholders(text)
        return text

    @serializes
    def as_written(self) -> str | dict[str, object]:
        """Write a response for every post as its bare text."""
        return {"text": self.text, "when": list(self.when)} if self.when else self.text


class Trigger(Part):
    """What sets a script off, and what it then says."""

    key: Key
    description: Note = ""
    examples: tuple[Example, ...] = Field(min_length=1, max_length=1000)
    responses: tuple[Annotated[Response, BeforeValidator(as_response)], ...] = Field(
        default=(), max_length=100
    )

    @validates("examples")
    @classmethod
    def has_words(cls, examples: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse examples from which nothing can be learnt."""
        for example in examples:
            if not words(example):
                raise ValueError(f"the example “{example}” has no words")
        return examples

    @validates("responses")
    @classmethod
    def differ(cls, responses: tuple[Response, ...]) -> tuple[Response, ...]:
        """Refuse a response that stands there twice."""
        refuse_doubles(tuple(response.text for response in responses), "response")
        return responses


class Limits(Part):
    """What a script holds itself to."""

    fit: float = Field(default=SCRIPT_FITS_ABOVE, ge=0.3, lt=1)
    """A post must fit better than this for the script to speak."""
    length: int = Field(default=600, ge=1, le=TELEGRAM_TEXT_LIMIT)
    """Characters in one message."""


class Script(Part):
    """A script in one version; its canonical form is what is stored and hashed."""

    key: Key
    kind: ScriptKind
    name: Title
    language: Language
    goal: Note = ""
    description: Note = ""
    disclosure: Note | None = None
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=500)
    counterexamples: tuple[Example, ...] = Field(default=(), max_length=2000)
    """Phrases that look near but must not set the script off."""
    never_on: tuple[Topic, ...] = Field(default=(), max_length=300)
    """Words or phrases; a post that has one of them is none of this script's business."""
    forbidden_claims: tuple[Topic, ...] = Field(default=(), max_length=200)
    """Phrases that no line of this script may hold."""
    limits: Limits = Limits()

    @validates_all(mode="after")
    def is_whole(self) -> Self:
        """Refuse doubled triggers, and a comment script with nothing to hear or to say."""
        refuse_doubles(tuple(trigger.key for trigger in self.triggers), "trigger")
        if self.kind is ScriptKind.COMMENT:
            refuse_mute(self)
        return self


def refuse_unknown_placeholders(text: str) -> None:
    """Raise ValueError for braces that nothing will fill."""
    for name in PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            known = ", ".join("{" + known + "}" for known in sorted(PLACEHOLDERS))
            raise ValueError(f"{{{name}}} is not a placeholder; there are {known}")
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise ValueError(f"“{text[:40]}” has a brace that belongs to no placeholder")


def refuse_doubles(values: tuple[str, ...], what: str) -> None:
    """Raise ValueError when a value stands twice."""
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"the {what} “{value[:60]}” stands there {count} times")


def refuse_mute(script: Script) -> None:
    """Raise ValueError for a comment script that could never say anything."""
    if not script.triggers:
        raise ValueError("a comment script needs at least one trigger")
    for trigger in script.triggers:
        if not trigger.responses:
            raise ValueError(f"the trigger “{trigger.key}” needs at least one response")
        longest = max(len(response.text) for response in trigger.responses)
        if longest > script.limits.length:
            raise ValueError(
                f"a response of “{trigger.key}” has {longest} characters, "
                f"and limits.length is {script.limits.length}"
            )
