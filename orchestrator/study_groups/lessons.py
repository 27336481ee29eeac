"""Holding a lesson: one job for each line, queued with the line before it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from orchestrator.ids import LessonId
from orchestrator.jobs import Job
from orchestrator.ports.answers import (
    REFUSALS,
    AnswerSource,
    GroupRole,
    NewGroupLine,
    Provenance,
)
from orchestrator.ports.study_groups import LessonRun, LessonState, Seat
from orchestrator.stage import Stage
from personas.dice import pick
from personas.scripts.lessons import LessonLine, after_line, due_at
from personas.voice import speak

log = logging.getLogger(__name__)

LINE_LASTS: Final = timedelta(minutes=15)
"""How long a line may wait for the gate; past that the lesson stops."""
LOOK_AGAIN: Final = timedelta(seconds=1)
"""Between two looks whether the line before has left."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Says lines when they are due."""

    stage: Stage

    async def say(self, job: Job, lesson: LessonId, number: int) -> None:
        """Say that line if it is due and nobody did, or give the job back until it is."""
        store = self.stage.stores.lessons
        run = await store.lesson(lesson)
        if run is None or run.state is not LessonState.RUNNING or run.progress.said != number:
            return
        now = self.stage.clock.now()
        attempts = self.stage.tuning.jobs.attempts
        if run.failure is not None:
            await self.stop(run, f"line {number} was not said: {run.failure}")
        elif job.attempts + 1 >= attempts:
            # A lesson whose job was given up would run for ever, and no other could begin.
            await self.stop(
                run, f"what follows line {number} came to nothing in {attempts} attempts"
            )
        elif run.waiting:
            await store.wait_until(job, run, now + LOOK_AGAIN)
        elif (due := due_at(run.script.lines, run.progress)) > now:
            await store.wait_until(job, run, due)
        elif number >= len(run.script.lines):
            await store.end_lesson(lesson, LessonState.DONE, None, now)
            log.info("lesson %s of study group %s is over", lesson, run.group.id)
        else:
            await self.say_next(run, run.script.lines[number], now)

    async def say_next(self, run: LessonRun, line: LessonLine, now: datetime) -> None:
        """Queue the next line in its speaker's voice."""
        seat = speaker(run, line)
        if seat is None:
            await self.stop(run, f"nobody may speak as {line.role.replace('_', ' ')} now")
            return
        after = after_line(run.script.lines, run.progress, now)
        next_at = due_at(run.script.lines, after)
        said = new_line(run, seat, line, now)
        refused = await self.stage.stores.lessons.say_line(run, said, after, next_at)
        if refused is not None:
            await self.stop(run, REFUSALS[refused])

    async def stop(self, run: LessonRun, why: str) -> None:
        """End a lesson that cannot go on."""
        log.warning("lesson %s of study group %s stops: %s", run.id, run.group.id, why)
        now = self.stage.clock.now()
        await self.stage.stores.lessons.end_lesson(run.id, LessonState.STOPPED, why, now)


def speaker(run: LessonRun, line: LessonLine) -> Seat | None:
    """Return who says a line: the first who may speak in its role."""
    return next(iter(run.group.speakers(GroupRole(line.role))), None)


def new_line(run: LessonRun, seat: Seat, line: LessonLine, now: datetime) -> NewGroupLine:
    """Word a line, and say why it is said."""
    number = run.progress.said
    seed = run.id * 1_000 + number
    text = pick(line.say, seed, "line")
    if seat.persona is not None:
        text = speak(text, seat.persona, seed)
    because = Provenance(
        source=AnswerSource.SCRIPT,
        reason=f"line {number + 1} of lesson {run.script.key}, at minute {line.at:g}",
        approved_by="the published script",
        persona=None if seat.persona is None else seat.persona.key,
        script_version=run.version,
    )
    return NewGroupLine(
        group=run.group.id,
        account=seat.account,
        text=text,
        because=because,
        due_at=now,
        expires_at=now + LINE_LASTS,
    )
