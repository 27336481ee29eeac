"""A lesson: lines that accounts say at their minutes, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field

from personas.scripts.parts import ListIfOne, Part, Text, refuse_unknown_placeholders

LONGEST: Final = 24 * 60
"""Minutes in the longest lesson."""

LATE: Final = timedelta(seconds=30)
"""A line later than this was held up; those after it keep their distance from it."""


class LessonRole(StrEnum):
    """Who says a line."""

    HOST = "host"
    PRACTICE_PARTNER = "practice_partner"


class LessonLine(Part):
    """One line, so many minutes after the lesson began."""

    at: float = Field(ge=0, le=LONGEST, allow_inf_nan=False)
    role: LessonRole = LessonRole.HOST
    say: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50), ListIfOne]
    pause: float = Field(default=0, ge=0, le=LONGEST, allow_inf_nan=False)
    """Minutes that the lesson waits after this line, or less if somebody answers before."""

    @property
    def due(self) -> timedelta:
        """How long after the beginning."""
        return timedelta(minutes=self.at)

    @property
    def patience(self) -> timedelta:
        """How long the lesson waits for an answer."""
        return timedelta(minutes=self.pause)


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """Where a lesson stands."""

    started_at: datetime
    said: int = 0
    """Lines that were said."""
    said_at: datetime | None = None
    """When the last of them was."""
    answered_at: datetime | None = None
    """When somebody answered it."""
    delay: timedelta = timedelta()
    """How much later than written the rest is, for waiting and for interruptions."""


def due_at(lines: Sequence[LessonLine], progress: LessonProgress) -> datetime:
    """Return when the next line is due, or when the lesson is over after the last one."""
    released = released_at(lines, progress)
    if progress.said >= len(lines):
        return released
    written = progress.started_at + lines[progress.said].due + progress.delay
    return max(written, released)


def released_at(lines: Sequence[LessonLine], progress: LessonProgress) -> datetime:
    """Return until when the line before holds the next one up."""
    if progress.said == 0 or progress.said_at is None:
        return progress.started_at
    until = progress.said_at + lines[progress.said - 1].patience
    answered = progress.answered_at
    if answered is not None and answered >= progress.said_at:
        return min(until, answered)
    return until


def after_line(
    lines: Sequence[LessonLine], progress: LessonProgress, now: datetime
) -> LessonProgress:
    """Return where the lesson stands once its next line was said."""
    written = progress.started_at + lines[progress.said].due + progress.delay
    late = now - written
    return LessonProgress(
        started_at=progress.started_at,
        said=progress.said + 1,
        said_at=now,
        delay=progress.delay + (late if late > LATE else timedelta()),
    )


def refuse_disorder(lines: Sequence[LessonLine]) -> None:
    """Raise ValueError for lines that are not in the order in which they are said."""
    for earlier, later in pairwise(lines):
        if later.at < earlier.at:
            raise ValueError(
                f"the line at minute {later.at:g} stands after the one at minute {earlier.at:g}"
            )
    for line in lines:
        for text in line.say:
            refuse_unknown_placeholders(text)
