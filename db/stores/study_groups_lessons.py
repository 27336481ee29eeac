"""Lessons: each line is queued in the transaction that counts it, so that none is ever doubled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.stores.audit import write_audit
from db.stores.base import one, ring, rows, run
from db.stores.journeys import (
    add_lesson,
    in_production,
    move_on,
    require_active,
    script_of,
    what_runs,
)
from db.stores.study_groups import (
    LineNotQueuedError,
    cancel_lines,
    read_group,
    say_in_group,
)
from db.stores.work import queue
from orchestrator.actor import SYSTEM, Actor
from orchestrator.ids import JourneyId, LessonId, ScriptVersionId, StudyGroupId
from orchestrator.jobs import Job, SayLessonLine
from orchestrator.ports.answers import LineRefused, NewGroupLine
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.study_groups import LessonRow, LessonRun, LessonState
from personas.scripts.lessons import LessonProgress
from personas.scripts.model import ScriptKind

LESSON = text(
    """
    SELECT l.*, v.content, o.id AS line, o.state AS line_state, o.last_error
    FROM lessons l
    JOIN script_versions v ON v.id = l.script_version_id
    LEFT JOIN lesson_lines n ON n.lesson_id = l.id AND n.number = l.said - 1
    LEFT JOIN outbox o ON o.id = n.outbox_id
    WHERE l.id = :lesson
    """
)
SAY = text(
    """
    UPDATE lessons
    SET said = :said, said_at = :said_at, answered_at = NULL, delay = :delay
    WHERE id = :lesson AND state = 'running' AND said = :said - 1
    """
)
ADD_LINE = text(
    """
    INSERT INTO lesson_lines (lesson_id, number, outbox_id) VALUES (:lesson, :number, :outbox)
    """
)
END = text(
    """
    UPDATE lessons SET state = :state, ended_at = :at, reason = :reason
    WHERE id = :lesson AND state = 'running'
    RETURNING study_group_id, journey_id
    """
)
HASTEN = text(
    """
    UPDATE jobs SET due_at = now()
    WHERE unique_key = :key AND state = 'waiting' AND due_at > now()
    """
)
# Whoever answers a member holds the lesson and then hastens its job, which must wait for that.
ANSWERED = text("SELECT answered_at FROM lessons WHERE id = :lesson FOR SHARE")
WAIT = text(
    """
    UPDATE jobs
    SET state = 'waiting', due_at = :moment, claimed_by = NULL, claimed_at = NULL
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
LIST = text(
    """
    SELECT l.id, l.study_group_id, l.state, l.said, l.starts_at, l.ended_at, l.reason,
           s.key || '@' || v.version AS script, jsonb_array_length(v.content->'lines') AS lines
    FROM lessons l
    JOIN script_versions v ON v.id = l.script_version_id
    JOIN scripts s ON s.id = v.script_id
    WHERE CAST(:group AS bigint) IS NULL OR l.study_group_id = :group
    ORDER BY l.id DESC LIMIT :limit
    """
)
UNSENT = frozenset({OutboxState.DUE, OutboxState.SENDING, OutboxState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PostgresLessons:
    """Implements `LessonStore`."""

    engine: AsyncEngine

    async def start_lesson(
        self, actor: Actor, group: StudyGroupId, script: str, starts_at: datetime
    ) -> LessonId:
        """Start a lesson, now or later."""
        try:
            async with transaction(self.engine) as connection:
                await require_active(connection, group)
                item = await in_production(connection, script, frozenset({ScriptKind.LESSON}))
                lesson = await add_lesson(
                    connection, actor, group, item.version, starts_at=starts_at
                )
                after = {"group": group, "script": script}
                await write_audit(
                    connection, actor, "start_lesson", f"lesson {lesson}", after=after
                )
        except IntegrityError as error:
            raise what_runs(error) from None
        return lesson

    async def lesson(self, lesson: LessonId) -> LessonRun | None:
        """Return a lesson as it stands."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LESSON, lesson=lesson)
            if row is None:
                return None
            group = await read_group(connection, StudyGroupId(row.study_group_id))
        state = None if row.line_state is None else OutboxState(row.line_state)
        lost = state is not None and state not in UNSENT | {OutboxState.SENT}
        return LessonRun(
            id=lesson,
            group=group,
            script=script_of(row.content),
            version=ScriptVersionId(row.script_version_id),
            state=LessonState(row.state),
            progress=LessonProgress(
                row.starts_at, row.said, row.said_at, row.answered_at, row.delay
            ),
            waiting=state in UNSENT,
            failure=(row.last_error or f"the line is {state}") if lost else None,
        )

    async def say_line(
        self, lesson: LessonRun, line: NewGroupLine, after: LessonProgress, next_at: datetime
    ) -> LineRefused | None:
        """Queue the next line and the job of the one after, unless somebody did."""
        try:
            async with transaction(self.engine) as connection:
                said = {"said": after.said, "said_at": after.said_at, "delay": after.delay}
                if not await run(connection, SAY, lesson=lesson.id, **said):
                    return None
                queued = await say_in_group(connection, line)
                number = after.said - 1
                await run(connection, ADD_LINE, lesson=lesson.id, number=number, outbox=queued)
                pause = max(next_at - (after.said_at or next_at), timedelta())
                await queue(connection, SayLessonLine(lesson.id, after.said), pause)
                await ring(connection, "jobs")
        except LineNotQueuedError as unsaid:
            return unsaid.refused
        return None

    async def wait_until(self, job: Job, lesson: LessonRun, moment: datetime) -> None:
        """Give a job back; an answer that came since the lesson was read makes it due at once."""
        async with transaction(self.engine) as connection:
            now = await one(connection, ANSWERED, lesson=lesson.id)
            if now is not None and now.answered_at != lesson.progress.answered_at:
                moment = now.answered_at or moment
            await run(connection, WAIT, job=job.id, claimant=job.taken_by, moment=moment)

    async def end_lesson(
        self, lesson: LessonId, state: LessonState, reason: str | None, at: datetime
    ) -> None:
        """End a running lesson; when it was stopped nothing more of it is said."""
        async with transaction(self.engine) as connection:
            ended = await one(connection, END, lesson=lesson, state=state, reason=reason, at=at)
            if ended is None:
                return
            if state is LessonState.STOPPED:
                why = reason or "the lesson was stopped"
                await cancel_lines(connection, StudyGroupId(ended.study_group_id), why)
            elif ended.journey_id is not None:
                await move_on(connection, SYSTEM, JourneyId(ended.journey_id), at)

    async def lessons(self, group: StudyGroupId | None, limit: int) -> Sequence[LessonRow]:
        """Return lessons, newest first."""
        async with transaction(self.engine) as connection:
            return [row_of(row) for row in await rows(connection, LIST, group=group, limit=limit)]


async def hasten_line(connection: AsyncConnection, lesson: LessonId, number: int) -> None:
    """Make a lesson's next line be thought of now, in somebody's transaction."""
    task = SayLessonLine(lesson, number)
    key = f"{type(task).__name__} {write_json(task)}"
    if await run(connection, HASTEN, key=key):
        await ring(connection, "jobs")


def row_of(row: Row[Any]) -> LessonRow:
    """Read a line of the list."""
    return LessonRow(
        id=LessonId(row.id),
        group=StudyGroupId(row.study_group_id),
        script=row.script,
        state=LessonState(row.state),
        said=row.said,
        lines=row.lines,
        starts_at=row.starts_at,
        ended_at=row.ended_at,
        reason=row.reason,
    )
