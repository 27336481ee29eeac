"""Journeys through lessons and diagnostics, how far everybody is, and what diagnostics came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher, place
from db.engine import transaction, write_json
from db.stores.audit import write_audit
from db.stores.base import not_found, one, ring, rows, run
from db.stores.study_groups import cancel_lines
from db.stores.work import queue
from orchestrator.actor import Actor
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import (
    ContactId,
    JourneyId,
    LessonId,
    ScriptVersionId,
    StudyGroupId,
)
from orchestrator.jobs import SayLessonLine
from orchestrator.ports.journeys import (
    DirectTurn,
    Finding,
    ItemRow,
    ItemState,
    JourneyDetail,
    JourneyRow,
    JourneyState,
    ResultRow,
)
from personas.scripts.model import Script, ScriptKind
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome

KINDS = frozenset({ScriptKind.LESSON, ScriptKind.DIAGNOSTIC})

PRODUCTION = text(
    """
    SELECT v.id, s.key, s.kind, v.content
    FROM scripts s
    JOIN script_labels l ON l.script_id = s.id AND l.label = 'production'
    JOIN script_versions v ON v.id = l.version_id
    WHERE s.key = :key AND s.is_active
    """
)
KEYS = text("SELECT key FROM scripts WHERE kind = ANY(CAST(:kinds AS text[])) ORDER BY key")
LOCK_GROUP = text("SELECT state, title FROM study_groups WHERE id = :group FOR SHARE")
ADD = text(
    """
    INSERT INTO journeys (contact_id, study_group_id, scripts, started_by, started_at)
    VALUES (:contact, :group, CAST(:scripts AS text[]), :actor, :at) RETURNING id
    """
)
LOCK = text(
    """
    SELECT id, contact_id, study_group_id, scripts, position, state FROM journeys
    WHERE id = :journey FOR NO KEY UPDATE
    """
)
MOVE = text("UPDATE journeys SET position = :position WHERE id = :journey")
END = text(
    """
    UPDATE journeys SET state = :state, ended_at = :at, reason = :reason
    WHERE id = :journey AND state = 'active'
    """
)
ADD_LESSON = text(
    """
    INSERT INTO lessons (study_group_id, script_version_id, journey_id, starts_at, started_by)
    VALUES (:group, :version, :journey, :starts_at, :actor) RETURNING id
    """
)
END_LESSONS = text(
    """
    UPDATE lessons SET state = 'stopped', ended_at = :at, reason = :reason
    WHERE journey_id = :journey AND state = 'running'
    """
)
OPEN_ITEM = text(
    """
    INSERT INTO journey_progress (journey_id, position, script_version_id)
    VALUES (:journey, :position, :version)
    ON CONFLICT (journey_id, position, contact_id) DO NOTHING
    """
)
CLOSE_ITEM = text(
    """
    UPDATE journey_progress SET state = :state, finished_at = :at, updated_at = :at
    WHERE journey_id = :journey AND position = :position AND contact_id IS NULL
      AND state = 'running'
    """
)
STOP_ITEMS = text(
    """
    UPDATE journey_progress SET state = 'stopped', finished_at = :at, updated_at = :at
    WHERE journey_id = :journey AND state = 'running'
    """
)
PUT_PROGRESS = text(
    """
    INSERT INTO journey_progress
        (journey_id, position, contact_id, script_version_id, conversation_id, state, step, outcome,
         turns, misses, heard, started_at, updated_at, finished_at)
    VALUES (:journey, :position, :contact, :version, :conversation, :state, :step, :outcome, :turns,
            :misses, :heard, :at, :at,
            CASE WHEN CAST(:state AS text) <> 'running' THEN CAST(:at AS timestamptz) END)
    ON CONFLICT (journey_id, position, contact_id) DO UPDATE
    SET state = excluded.state, step = excluded.step, outcome = excluded.outcome,
        turns = excluded.turns, misses = excluded.misses, heard = excluded.heard,
        updated_at = excluded.updated_at, finished_at = excluded.finished_at
    RETURNING id
    """
)
PUT_ANSWERS = text("UPDATE journey_progress SET slots_encrypted = :slots WHERE id = :progress")
PUT_RESULT = text(
    """
    INSERT INTO diagnostic_results
        (journey_progress_id, contact_id, script_version_id, score, result, taken_at)
    VALUES (:progress, :contact, :version, :score, :result, :at)
    ON CONFLICT (journey_progress_id) DO NOTHING
    """
)
OPEN_IN_CONVERSATION = text(
    """
    SELECT j.id, j.contact_id FROM journeys j
    JOIN journey_progress p ON p.journey_id = j.id AND p.state = 'running'
    WHERE p.conversation_id = :conversation AND p.script_version_id = :version
      AND j.state = 'active'
    ORDER BY j.id DESC LIMIT 1 FOR UPDATE OF j
    """
)
# What was left in the middle, and is begun anew or on another version, goes on no more.
STOP_LEFT = text(
    """
    UPDATE journeys j SET state = 'stopped', ended_at = :at, reason = 'it was begun anew'
    WHERE j.state = 'active' AND j.study_group_id IS NULL AND EXISTS (
        SELECT FROM journey_progress p
        WHERE p.journey_id = j.id AND p.conversation_id = :conversation)
    """
)
STOP_LEFT_ITEMS = text(
    """
    UPDATE journey_progress SET state = 'stopped', finished_at = :at, updated_at = :at
    WHERE conversation_id = :conversation AND state = 'running'
    """
)
PERSON = text("SELECT contact_id FROM conversations WHERE id = :conversation")
KEY_OF = text(
    """
    SELECT s.key FROM script_versions v JOIN scripts s ON s.id = v.script_id WHERE v.id = :version
    """
)
JOURNEYS = """
    SELECT j.*, coalesce('group “' || g.title || '”', nullif(c.name, ''), '@' || c.username,
                         'contact ' || c.id) AS whose
    FROM journeys j
    LEFT JOIN study_groups g ON g.id = j.study_group_id
    LEFT JOIN contacts c ON c.id = j.contact_id
"""
LIST = text(
    f"""{JOURNEYS}
    WHERE CAST(:state AS text) IS NULL OR j.state = :state ORDER BY j.id DESC LIMIT :limit
    """
)
FIND = text(f"{JOURNEYS} WHERE j.id = :journey")
ITEMS = text(
    """
    SELECT p.position, s.key || '@' || v.version AS script, p.state, p.step, p.turns, p.started_at,
           p.updated_at, r.score, r.result,
           coalesce(nullif(c.name, ''), '@' || c.username, 'contact ' || c.id) AS contact
    FROM journey_progress p
    JOIN script_versions v ON v.id = p.script_version_id
    JOIN scripts s ON s.id = v.script_id
    LEFT JOIN contacts c ON c.id = p.contact_id
    LEFT JOIN diagnostic_results r ON r.journey_progress_id = p.id
    WHERE p.journey_id = :journey
    ORDER BY p.position, p.id
    """
)
RESULTS = text(
    """
    SELECT r.contact_id, coalesce(nullif(c.name, ''), '@' || c.username, '') AS name,
           s.key || '@' || v.version AS script, r.score, r.result, r.taken_at,
           coalesce('group “' || g.title || '”', 'conversation ' || p.conversation_id) AS place
    FROM diagnostic_results r
    JOIN journey_progress p ON p.id = r.journey_progress_id
    JOIN journeys j ON j.id = p.journey_id
    JOIN contacts c ON c.id = r.contact_id
    JOIN script_versions v ON v.id = r.script_version_id
    JOIN scripts s ON s.id = v.script_id
    LEFT JOIN study_groups g ON g.id = j.study_group_id
    WHERE CAST(:script AS text) IS NULL OR s.key = :script
    ORDER BY r.id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class Item:
    """A script in production that a journey may lead through."""

    version: ScriptVersionId
    kind: ScriptKind
    script: Script


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose progress in which item of a journey is stored."""

    journey: JourneyId
    position: int
    contact: ContactId
    version: ScriptVersionId
    conversation: int | None = None


@dataclass(frozen=True, slots=True)
class PostgresJourneys:
    """Implements `JourneyStore`; answers are encrypted."""

    engine: AsyncEngine
    cipher: Cipher

    async def begin(
        self, actor: Actor, scripts: Sequence[str], at: datetime, *, group: StudyGroupId
    ) -> JourneyId:
        """Begin a group's journey with its first item."""
        try:
            async with transaction(self.engine) as connection:
                await require_active(connection, group)
                for key in scripts:
                    await in_production(connection, key)
                values = {"contact": None, "group": group, "scripts": list(scripts), "at": at}
                added = await one(connection, ADD, actor=actor.name, **values)
                if added is None:
                    raise RuntimeError("PostgreSQL returned no row for an INSERT")
                journey = JourneyId(added.id)
                await begin_item(connection, actor, journey, at)
                after = {"scripts": list(scripts), "group": group}
                await write_audit(
                    connection, actor, "begin_journey", f"journey {journey}", after=after
                )
        except IntegrityError as error:
            raise what_runs(error) from None
        return journey

    async def move_on(self, actor: Actor, journey: JourneyId, at: datetime) -> JourneyRow:
        """End the present item and begin the next."""
        try:
            async with transaction(self.engine) as connection:
                await require_going(connection, journey)
                await run(
                    connection, END_LESSONS, journey=journey, at=at, reason=f"by {actor.name}"
                )
                await move_on(connection, actor, journey, at)
                await write_audit(connection, actor, "move_journey_on", f"journey {journey}")
                return await read_journey(connection, journey)
        except IntegrityError as error:
            raise what_runs(error) from None

    async def stop(self, actor: Actor, journey: JourneyId, at: datetime) -> None:
        """End a journey where it stands, with what waits to be said in its lesson."""
        reason = f"stopped by {actor.name}"
        async with transaction(self.engine) as connection:
            row = await require_going(connection, journey)
            values = {"journey": journey, "at": at, "reason": reason}
            await run(connection, END, state=JourneyState.STOPPED, **values)
            stopped = await run(connection, END_LESSONS, **values)
            await run(connection, STOP_ITEMS, journey=journey, at=at)
            if stopped:
                await cancel_lines(connection, StudyGroupId(row.study_group_id), reason)
            await write_audit(connection, actor, "stop_journey", f"journey {journey}")

    async def record_turn(self, turn: DirectTurn) -> None:
        """Store how far a person is in a diagnostic that a conversation leads."""
        async with transaction(self.engine) as connection:
            await follow_diagnostic(connection, self.cipher, turn)

    async def journeys(self, state: JourneyState | None, limit: int) -> Sequence[JourneyRow]:
        """Return journeys, newest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LIST, state=state, limit=limit)
        return [journey_of(row) for row in found]

    async def journey(self, journey: JourneyId) -> JourneyDetail:
        """Return one with everybody's progress."""
        async with transaction(self.engine) as connection:
            row = await read_journey(connection, journey)
            items = await rows(connection, ITEMS, journey=journey)
        return JourneyDetail(row, [item_of(item) for item in items])

    async def results(self, script: str | None, limit: int) -> Sequence[ResultRow]:
        """Return what diagnostics came to, newest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, RESULTS, script=script, limit=limit)
        return [result_of(row) for row in found]


async def require_active(connection: AsyncConnection, group: StudyGroupId) -> None:
    """Make sure that a group lives; raises NotFound or NotAllowed."""
    row = await one(connection, LOCK_GROUP, group=group)
    if row is None:
        raise NotFound(f"there is no study group {group}: see `troupe groups list`")
    if row.state != "active":
        raise NotAllowed(f"“{row.title}” is closed: nothing is said there any more")


async def require_going(connection: AsyncConnection, journey: JourneyId) -> Row[Any]:
    """Lock a journey that goes on; raises NotFound or NotAllowed."""
    row = await one(connection, LOCK, journey=journey)
    if row is None:
        raise NotFound(f"there is no journey {journey}: see `troupe journeys list`")
    if row.state != JourneyState.ACTIVE:
        raise NotAllowed(f"journey {journey} is {row.state} already")
    return row


async def in_production(
    connection: AsyncConnection, key: str, kinds: frozenset[ScriptKind] = KINDS
) -> Item:
    """Return a script's production version; raises NotFound, or NotAllowed for another kind."""
    row = await one(connection, PRODUCTION, key=key)
    if row is None:
        known = await rows(connection, KEYS, kinds=sorted(kinds))
        remedy = "write one and publish it with `troupe scripts publish`"
        raise not_found("script in production called", key, [one.key for one in known], remedy)
    kind = ScriptKind(row.kind)
    if kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise NotAllowed(f"{key} is a script of kind {kind}: give one of kind {wanted}")
    return Item(ScriptVersionId(row.id), kind, script_of(row.content))


def script_of(content: object) -> Script:
    """Read a script out of its stored version."""
    return Script.model_validate_json(json.dumps(content))


async def begin_item(
    connection: AsyncConnection, actor: Actor, journey: JourneyId, at: datetime
) -> None:
    """Begin the item at which a group's journey stands, in somebody's transaction."""
    row = await require_going(connection, journey)
    item = await in_production(connection, row.scripts[row.position])
    await run(connection, OPEN_ITEM, journey=journey, position=row.position, version=item.version)
    if item.kind is ScriptKind.LESSON:
        group = StudyGroupId(row.study_group_id)
        await add_lesson(connection, actor, group, item.version, starts_at=at, journey=journey)


async def add_lesson(
    connection: AsyncConnection,
    actor: Actor,
    group: StudyGroupId,
    version: ScriptVersionId,
    *,
    starts_at: datetime,
    journey: JourneyId | None = None,
    delay: timedelta = timedelta(),
) -> LessonId:
    """Start a lesson, in somebody's transaction, with the job of its first line."""
    added = await one(
        connection,
        ADD_LESSON,
        group=group,
        version=version,
        journey=journey,
        starts_at=starts_at,
        actor=actor.name,
    )
    if added is None:
        raise RuntimeError("PostgreSQL returned no row for an INSERT")
    await queue(connection, SayLessonLine(LessonId(added.id), 0), delay)
    await ring(connection, "jobs")
    return LessonId(added.id)


async def move_on(
    connection: AsyncConnection, actor: Actor, journey: JourneyId, at: datetime
) -> None:
    """End a journey's present item and begin the next, in somebody's transaction."""
    row = await require_going(connection, journey)
    where = {"journey": journey, "position": row.position}
    await run(connection, CLOSE_ITEM, state=ItemState.DONE, at=at, **where)
    if row.position + 1 < len(row.scripts):
        await run(connection, MOVE, journey=journey, position=row.position + 1)
        await begin_item(connection, actor, journey, at)
    else:
        await run(connection, END, journey=journey, state=JourneyState.DONE, at=at, reason=None)


async def follow_diagnostic(connection: AsyncConnection, cipher: Cipher, turn: DirectTurn) -> None:
    """Store a turn of a diagnostic in a conversation, in somebody's transaction."""
    now = await one(connection, text("SELECT clock_timestamp() AS now"))
    at = None if now is None else now.now
    found = await one(
        connection, OPEN_IN_CONVERSATION, conversation=turn.conversation, version=turn.version
    )
    if found is None or turn.progress.turns == 1:
        found = await open_direct(connection, turn, at)
    standing = Standing(
        JourneyId(found.id), 0, ContactId(found.contact_id), turn.version, turn.conversation
    )
    await keep_progress(connection, cipher, standing, turn.progress, finding=turn.finding, at=at)
    if turn.progress.outcome is not Outcome.WAITING:
        is_done = turn.finding is not None
        state = JourneyState.DONE if is_done else JourneyState.STOPPED
        reason = None if is_done else f"the conversation is {turn.progress.outcome}"
        await run(connection, END, journey=found.id, state=state, at=at, reason=reason)


async def open_direct(connection: AsyncConnection, turn: DirectTurn, at: object) -> Row[Any]:
    """Begin the journey of one person through one diagnostic."""
    person = await one(connection, PERSON, conversation=turn.conversation)
    script = await one(connection, KEY_OF, version=turn.version)
    if person is None or script is None:
        raise NotFound(f"there is no conversation {turn.conversation}")
    for statement in (STOP_LEFT, STOP_LEFT_ITEMS):
        await run(connection, statement, conversation=turn.conversation, at=at)
    values = {"contact": person.contact_id, "group": None, "scripts": [script.key]}
    added = await one(connection, ADD, actor="the person", at=at, **values)
    if added is None:
        raise RuntimeError("PostgreSQL returned no row for an INSERT")
    locked = await one(connection, LOCK, journey=added.id)
    if locked is None:
        raise NotFound(f"there is no journey {added.id}")
    return locked


async def keep_progress(
    connection: AsyncConnection,
    cipher: Cipher,
    standing: Standing,
    progress: Progress,
    *,
    finding: Finding | None,
    at: object,
) -> None:
    """Store how far somebody is in a diagnostic, and what it came to, in somebody's transaction."""
    about = {"contact": standing.contact, "version": standing.version, "at": at}
    kept = await one(
        connection,
        PUT_PROGRESS,
        journey=standing.journey,
        position=standing.position,
        conversation=standing.conversation,
        state=item_state(progress, finding),
        step=progress.step,
        outcome=progress.outcome,
        turns=progress.turns,
        misses=progress.misses,
        heard=progress.heard,
        **about,
    )
    if kept is None:
        raise RuntimeError("PostgreSQL returned no row for an INSERT")
    sealed = cipher.encrypt(write_json(progress.slots).encode(), place_of_answers(kept.id))
    await run(connection, PUT_ANSWERS, progress=kept.id, slots=sealed)
    if finding is not None:
        score = {"score": finding.score, "result": finding.result}
        await run(connection, PUT_RESULT, progress=kept.id, **score, **about)


def item_state(progress: Progress, finding: Finding | None) -> ItemState:
    """Say what became of somebody's diagnostic."""
    if progress.outcome is Outcome.WAITING:
        return ItemState.RUNNING
    return ItemState.STOPPED if finding is None else ItemState.DONE


def place_of_answers(progress: int) -> bytes:
    """Name the place that somebody's answers are bound to."""
    return place("journey_progress", "slots_encrypted", progress)


def what_runs(error: IntegrityError) -> Exception:
    """Say what stands in the way of a second journey or lesson."""
    told = str(error.orig)
    if "uq_journeys_of_group" in told:
        return AlreadyExists(
            "a journey goes on in this group: end it with `troupe journeys stop` first"
        )
    if "uq_lessons_running" in told:
        return AlreadyExists(
            "a lesson runs in this group: end it with `troupe groups stop-lesson` first"
        )
    return error


async def read_journey(connection: AsyncConnection, journey: JourneyId) -> JourneyRow:
    """Read a journey; raises NotFound."""
    row = await one(connection, FIND, journey=journey)
    if row is None:
        raise NotFound(f"there is no journey {journey}: see `troupe journeys list`")
    return journey_of(row)


def journey_of(row: Row[Any]) -> JourneyRow:
    """Read a journey out of its row."""
    return JourneyRow(
        id=JourneyId(row.id),
        whose=row.whose,
        scripts=tuple(row.scripts),
        position=row.position,
        state=JourneyState(row.state),
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
    )


def item_of(row: Row[Any]) -> ItemRow:
    """Read somebody's progress out of its row."""
    return ItemRow(
        position=row.position,
        script=row.script,
        contact=row.contact,
        state=ItemState(row.state),
        step=row.step,
        turns=row.turns,
        started_at=row.started_at,
        updated_at=row.updated_at,
        finding=None if row.result is None else Finding(row.score, row.result),
    )


def result_of(row: Row[Any]) -> ResultRow:
    """Read a result out of its row."""
    return ResultRow(
        contact=ContactId(row.contact_id),
        name=row.name,
        script=row.script,
        finding=Finding(row.score, row.result),
        where=row.place,
        taken_at=row.taken_at,
    )
