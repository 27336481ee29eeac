"""The survey after a ticket: three questions from 1 to 5, and what to do better."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from support.ids import ClientId, TicketId

QUESTIONS = 3
LEAST, MOST = 1, 5
COMMENT_LENGTH = 2000


class SurveyStep(StrEnum):
    """What the client is asked next."""

    FIRST = "q1"
    SECOND = "q2"
    THIRD = "q3"
    COMMENT = "comment"
    """What to do better."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Survey:
    """A ticket's survey as far as it was answered."""

    ticket: TicketId
    client: ClientId
    answers: tuple[int | None, int | None, int | None]
    comment: str | None
    asked_at: datetime
    finished_at: datetime | None
    """Set when everything was answered, or the client was asked no further."""

    @property
    def step(self) -> SurveyStep:
        """Return what is asked next."""
        return next_step(self.answers, self.comment, is_finished=self.finished_at is not None)

    @property
    def mean(self) -> float | None:
        """Return the mean of what was answered."""
        given = [answer for answer in self.answers if answer is not None]
        return sum(given) / len(given) if given else None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The survey after an act, and whether that act changed it."""

    survey: Survey
    is_new: bool
    ended: bool = False
    """Whether it ended the survey: told of a repeated act, too."""


def next_step(
    answers: tuple[int | None, ...], comment: str | None, *, is_finished: bool = False
) -> SurveyStep:
    """Return the first question without an answer; any answer under 5 asks what to do better."""
    if is_finished:
        return SurveyStep.OVER
    steps = (SurveyStep.FIRST, SurveyStep.SECOND, SurveyStep.THIRD)
    for step, answer in zip(steps, answers, strict=True):
        if answer is None:
            return step
    wants_more = any(answer is not None and answer < MOST for answer in answers)
    return SurveyStep.COMMENT if wants_more and comment is None else SurveyStep.OVER


def is_answer(value: int) -> bool:
    """Tell whether a number is an answer to one of the three questions."""
    return LEAST <= value <= MOST
