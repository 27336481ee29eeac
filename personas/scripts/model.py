"""The script format: comments with responses, conversations with steps, lessons and diagnostics.

Texts may hold placeholders in braces: `{persona}` is the speaker's name, `{disclosure}` what its
bio says, and in a conversation a variable's name its value. Any other brace is refused, so that
nothing unresolved can ever be sent.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field
from pydantic import field_validator as validates
from pydantic import model_serializer as serializes
from pydantic import model_validator as validates_all

from personas.language import Language
from personas.persona import Key, Note, Title, Topic
from personas.problems import InvalidDocument, Problem
from personas.scripts.diagnostics import (
    Question,
    Result,
    question_steps,
    question_variables,
    refuse_doubtful_scores,
)
from personas.scripts.lessons import LessonLine, refuse_disorder
from personas.scripts.parts import (
    TELEGRAM_TEXT_LIMIT,
    Example,
    Part,
    Text,
    refuse_doubles,
    refuse_unknown_placeholders,
)
from personas.scripts.steps import (
    Fallback,
    Handoff,
    Objection,
    ScriptTest,
    Step,
    StopRule,
)
from personas.scripts.variables import Variable
from personas.scripts.wholeness import (
    Names,
    aside_problems,
    endless_problems,
    step_problems,
)
from personas.strategy import SCRIPT_FITS_ABOVE
from personas.texts import words


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


def as_response(value: object) -> object:
    """Let a bare text stand for a response that suits every post."""
    return {"text": value} if isinstance(value, str) else value


AsResponse = BeforeValidator(as_response, json_schema_input_type=str | Response)


class Trigger(Part):
    """What sets a script off, and what it then says, or the step that it begins with."""

    key: Key
    description: Note = ""
    examples: tuple[Example, ...] = Field(min_length=1, max_length=1000)
    responses: tuple[Annotated[Response, AsResponse], ...] = Field(default=(), max_length=100)
    step: Key | None = None
    """In a conversation: where it begins; with the first step when left out."""

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
        refuse_doubles((response.text for response in responses), "response")
        return responses


class Limits(Part):
    """What a script holds itself to."""

    fit: float = Field(default=SCRIPT_FITS_ABOVE, ge=0.3, lt=1)
    """A post must fit better than this for the script to speak."""
    length: int = Field(default=600, ge=1, le=TELEGRAM_TEXT_LIMIT)
    """Characters in one message."""
    turns: int = Field(default=30, ge=1, le=200)
    """Messages of a person's that one conversation answers; after them a person takes over."""
    parts: int = Field(default=4, ge=2, le=10)
    """Messages that may answer one of a person's."""


class Script(Part):
    """A script in one version; its canonical form is what is stored and hashed."""

    key: Key
    kind: ScriptKind
    name: Title
    language: Language
    goal: Note = ""
    description: Note = ""
    disclosure: Note | None = None
    """Said with the first answer of a conversation: whom the speaker is, and that it is none."""
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=500)
    counterexamples: tuple[Example, ...] = Field(default=(), max_length=2000)
    """Phrases that look near but must not set the script off."""
    never_on: tuple[Topic, ...] = Field(default=(), max_length=300)
    """Words or phrases; a post that has one of them is none of this script's business."""
    greets: bool | None = None
    """Whether a bare greeting is answered by the first step; unset: where no other script could."""
    free_talk: bool | None = None
    """Whether a model may answer without a person what has no words here; unset: as the settings
    say."""
    variables: tuple[Variable, ...] = Field(default=(), max_length=100)
    steps: tuple[Step, ...] = Field(default=(), max_length=200)
    lines: tuple[LessonLine, ...] = Field(default=(), max_length=500)
    """Of a lesson: what is said when, by whom."""
    questions: tuple[Question, ...] = Field(default=(), max_length=50)
    """Of a diagnostic, in place of steps."""
    results: tuple[Result, ...] = Field(default=(), max_length=50)
    """Of a diagnostic: what is said to which score."""
    objections: tuple[Objection, ...] = Field(default=(), max_length=200)
    fallback: Fallback | None = None
    handoff: Handoff | None = None
    stop: tuple[StopRule, ...] = Field(default=(), max_length=50)
    forbidden_claims: tuple[Topic, ...] = Field(default=(), max_length=200)
    """Phrases that no line of this script may hold."""
    limits: Limits = Limits()
    tests: tuple[ScriptTest, ...] = Field(default=(), max_length=200)
    """Conversations that the script must lead as written; publishing runs them."""

    @validates_all(mode="after")
    def is_whole(self) -> Self:
        """Refuse doubled keys, names of what is not there, and a comment script that is mute."""
        refuse_doubles((trigger.key for trigger in self.triggers), "trigger")
        refuse_doubles((variable.key for variable in self.variables), "variable")
        refuse_doubles((test.name for test in self.tests), "test")
        refuse_doubles((step.key for step in self.steps), "step")
        refuse_doubles(self.heard, "trigger or objection")
        refuse_misplaced(self)
        problems = tuple(misfits(self.as_conversation))
        if problems:
            raise InvalidDocument(problems)
        if self.kind is ScriptKind.COMMENT:
            refuse_mute(self)
        return self

    @property
    def as_conversation(self) -> Self:
        """Return the script as it is led: a diagnostic's questions and results are steps then."""
        if self.kind is not ScriptKind.DIAGNOSTIC or self.steps:
            return self
        return self.model_copy(
            update={
                "steps": tuple(question_steps(self.questions, self.results)),
                "variables": (*self.variables, *question_variables(self.questions)),
            }
        )

    @property
    def heard(self) -> tuple[str, ...]:
        """Return everything that may be recognised: triggers and objections."""
        triggers = tuple(trigger.key for trigger in self.triggers)
        return triggers + tuple(objection.key for objection in self.objections)


def refuse_misplaced(script: Script) -> None:
    """Raise ValueError for parts that belong to a script of another kind, or are not whole."""
    is_diagnostic = script.kind is ScriptKind.DIAGNOSTIC
    if script.lines and script.kind is not ScriptKind.LESSON:
        raise ValueError("lines belong to a script of kind lesson")
    if (script.questions or script.results) and not is_diagnostic:
        raise ValueError("questions and results belong to a script of kind diagnostic")
    refuse_disorder(script.lines)
    if is_diagnostic:
        if script.steps or not script.questions or not script.results:
            raise ValueError("a diagnostic has questions and results, and no steps")
        keys = [question.key for question in script.questions]
        keys += [result.key for result in script.results]
        keys += [variable.key for variable in script.variables]
        refuse_doubles(keys, "question or result")
        refuse_doubtful_scores(script.questions, script.results)


def misfits(script: Script) -> Iterator[Problem]:
    """Yield every place where one part of the script speaks of another that is not there."""
    names = Names(
        frozenset(variable.key for variable in script.variables),
        frozenset(step.key for step in script.steps),
    )
    for index, trigger in enumerate(script.triggers):
        yield from names.of_target(f"triggers[{index}].step", trigger.step, frozenset())
    yield from step_problems(names, script.steps)
    yield from aside_problems(
        names, script.objections, script.fallback, script.handoff, script.stop
    )
    yield from endless_problems(script.steps, script.limits.parts)
    yield from trial_problems(script, names)


def trial_problems(script: Script, names: Names) -> Iterator[Problem]:
    """Yield what the script's own tests speak of that is not there."""
    for number, test in enumerate(script.tests):
        for index, turn in enumerate(test.turns):
            path = f"tests[{number}].turns[{index}]"
            yield from names.of_target(f"{path}.step", turn.step, frozenset())
            if turn.heard is not None and turn.heard not in script.heard:
                yield Problem(f"{path}.heard", f"there is no trigger or objection “{turn.heard}”")
            for name in turn.known:
                if name not in names.variables:
                    yield Problem(f"{path}.known", f"“{name}” is not among the variables")


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
