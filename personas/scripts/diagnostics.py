"""A diagnostic: questions with scored answers, and a result for every score.

It is led as any conversation is: `question_steps` lays it out as steps, one for each question and
one for each result. Only the script's own form is ever stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Self

from pydantic import Field
from pydantic import field_validator as validates
from pydantic import model_validator as validates_all

from personas.persona import Key, Topic
from personas.scripts.conditions import Value
from personas.scripts.parts import (
    PLACEHOLDERS,
    ListIfOne,
    Part,
    Text,
    VariableName,
    refuse_doubles,
    refuse_unknown_placeholders,
)
from personas.scripts.steps import CLOSE, RESERVED_STEPS, Branch, Collect, Step
from personas.scripts.variables import RESERVED, Option, Variable, VariableType

SCORE: Final = "score"
"""The variable that holds the points so far; results may say it."""

MOST_POINTS: Final = 100


class Answer(Part):
    """One way to answer a question, and what it counts."""

    value: Topic
    words: Annotated[tuple[Topic, ...], Field(max_length=50), ListIfOne] = ()
    """Other words by which people choose it."""
    points: int = Field(ge=-MOST_POINTS, le=MOST_POINTS)


class Question(Part):
    """One question; its answers are listed below it, by number."""

    key: VariableName
    ask: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50), ListIfOne]
    answers: tuple[Answer, ...] = Field(min_length=2, max_length=20)
    refusals: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50), ListIfOne]
    attempts: int = Field(default=3, ge=1, le=10)
    """Answers that may fail before a person is asked to take over."""

    @validates("key")
    @classmethod
    def is_free(cls, key: str) -> str:
        """Refuse the words of the format."""
        if key in RESERVED | RESERVED_STEPS | {SCORE}:
            raise ValueError(f"“{key}” is a word of the format; choose another name")
        return key

    @validates("answers")
    @classmethod
    def differ(cls, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
        """Refuse an answer that stands there twice."""
        refuse_doubles((answer.value.casefold() for answer in answers), "answer")
        return answers

    @property
    def has_numbers(self) -> bool:
        """Whether answers may be chosen by number: none of them says a number itself."""
        named = (text for answer in self.answers for text in (answer.value, *answer.words))
        return not any(mark.isdigit() for text in named for mark in text)

    def as_asked(self, text: str) -> str:
        """Write the question with its answers below."""
        if self.has_numbers:
            listed = [f"{place}. {one.value}" for place, one in enumerate(self.answers, 1)]
        else:
            listed = [f"— {one.value}" for one in self.answers]
        return "\n".join((text, *listed))

    def points_of(self, value: Value | None) -> int:
        """Return what an answer counts; 0 for none."""
        return next((one.points for one in self.answers if one.value == value), 0)


class Result(Part):
    """What is said to a score from `least` to `most`, both included; open where nothing is said."""

    key: Key
    least: int | None = None
    most: int | None = None
    say: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50), ListIfOne]

    @validates("say")
    @classmethod
    def resolves(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse braces that nothing will fill."""
        for text in texts:
            refuse_unknown_placeholders(text, PLACEHOLDERS | {SCORE})
        return texts

    @validates_all(mode="after")
    def is_sound(self) -> Self:
        """Refuse reserved names and a range without a score in it."""
        if self.key in RESERVED_STEPS:
            raise ValueError(f"“{self.key}” is a word of the format; choose another name")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most")
        return self

    def suits(self, score: int) -> bool:
        """Whether this result belongs to a score."""
        over = self.least is None or score >= self.least
        return over and (self.most is None or score <= self.most)

    @property
    def when(self) -> str | None:
        """The same as a condition; None: always."""
        parts = []
        if self.least is not None:
            parts.append(f"{SCORE} >= {self.least}")
        if self.most is not None:
            parts.append(f"{SCORE} <= {self.most}")
        return " and ".join(parts) or None


def score_of(questions: Sequence[Question], slots: Mapping[str, Value]) -> int:
    """Add up the points of the answers that were given."""
    return sum(question.points_of(slots.get(question.key)) for question in questions)


def result_for(results: Sequence[Result], score: int) -> Result | None:
    """Return the first result that suits a score."""
    return next((result for result in results if result.suits(score)), None)


def scores_of(questions: Sequence[Question]) -> tuple[int, ...]:
    """Return every score that somebody may end with, lowest first."""
    scores = {0}
    for question in questions:
        scores = {score + one.points for score in scores for one in question.answers}
    return tuple(sorted(scores))


def refuse_doubtful_scores(questions: Sequence[Question], results: Sequence[Result]) -> None:
    """Raise ValueError for a score to which two results belong."""
    for score in scores_of(questions):
        keys = [result.key for result in results if result.suits(score)]
        if len(keys) > 1:
            raise ValueError(f"the score {score} belongs to two results: {' and '.join(keys)}")
    if sum(result.when is None for result in results) > 1:
        raise ValueError("only one result may do without least and most")


def question_steps(questions: Sequence[Question], results: Sequence[Result]) -> Iterator[Step]:
    """Lay questions and results out as the steps of a conversation."""
    followers = [(Branch(go=question.key),) for question in questions[1:]]
    last = tuple(sorted(branches_to(results), key=lambda branch: branch.when is None))
    for question, following in zip(questions, (*followers, last), strict=True):
        yield Step(
            key=question.key,
            say=tuple(question.as_asked(text) for text in question.ask),
            collect=Collect(
                variable=question.key, refusals=question.refusals, attempts=question.attempts
            ),
            next=following,
        )
    for result in results:
        yield Step(key=result.key, say=result.say, wait=False, next=(Branch(go=CLOSE),))


def branches_to(results: Sequence[Result]) -> Iterator[Branch]:
    """Yield the ways from the last question to each result."""
    return (Branch(when=result.when, go=result.key) for result in results)


def question_variables(questions: Sequence[Question]) -> Iterator[Variable]:
    """Yield what the answers fill, and the score."""
    for question in questions:
        options = tuple(
            Option.model_construct(
                value=one.value,
                words=(*one.words, str(place)) if question.has_numbers else one.words,
            )
            for place, one in enumerate(question.answers, 1)
        )
        yield Variable(key=question.key, type=VariableType.CHOICE, options=options)
    yield Variable(key=SCORE, type=VariableType.INTEGER, default=0)
