"""What is said in study groups: recorded once, and each member's message decided about once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher
from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.conversing import read_values
from db.stores.journeys import Standing, keep_progress, place_of_answers, script_of
from db.stores.study_groups import LineNotQueuedError, read_group, say_in_group
from db.stores.study_groups_lessons import hasten_line
from orchestrator.errors import Overtaken
from orchestrator.ids import (
    AccountId,
    ContactId,
    GroupMessageId,
    JourneyId,
    LessonId,
    MessageId,
    ScriptVersionId,
    StudyGroupId,
)
from orchestrator.ports.answers import REFUSALS, LineRefused
from orchestrator.ports.journeys import JourneyState
from orchestrator.ports.study_groups import Decision, Heard, Reply, SaidInGroup
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome

HEARD = text(
    """
    SELECT m.id, m.study_group_id, m.telegram_message_id, m.text, m.sent_at, m.contact_id,
           m.deleted_at IS NOT NULL AS deleted, c.opted_out_at IS NOT NULL AS opted_out,
           coalesce(theirs.account_id, ours.account_id) AS replied_to
    FROM group_messages m
    JOIN contacts c ON c.id = m.contact_id
    LEFT JOIN group_messages theirs ON theirs.study_group_id = m.study_group_id
                                   AND theirs.telegram_message_id = m.reply_to
    LEFT JOIN outbox ours ON ours.study_group_id = m.study_group_id
                         AND ours.sent_message_id = m.reply_to
    WHERE m.id = :message AND m.decision IS NULL
    ORDER BY replied_to NULLS LAST LIMIT 1
    """
)
UNDECIDED_BEFORE = text(
    """
    SELECT m.id FROM group_messages m JOIN group_messages this ON this.id = :message
    WHERE m.study_group_id = this.study_group_id AND m.contact_id = this.contact_id
      AND m.telegram_message_id < this.telegram_message_id
      AND m.telegram_message_id > this.telegram_message_id - 1000 AND m.decision IS NULL
      AND m.sent_at > this.sent_at - interval '1 day'
    ORDER BY m.telegram_message_id
    """
)
SAID_LATELY = text(
    """
    SELECT text FROM group_messages
    WHERE study_group_id = :group AND account_id IS NOT NULL AND deleted_at IS NULL
    ORDER BY telegram_message_id DESC LIMIT 10
    """
)
LESSON = text(
    """
    SELECT l.id, l.state, l.script_version_id, v.content
    FROM lessons l JOIN script_versions v ON v.id = l.script_version_id
    WHERE l.study_group_id = :group AND l.starts_at <= clock_timestamp()
    ORDER BY l.state = 'running' DESC, l.id DESC LIMIT 1
    """
)
DIAGNOSTIC = text(
    """
    SELECT j.id, j.position, v.id AS version, v.content, mine.id AS progress, mine.step,
           mine.outcome, mine.turns, mine.misses, mine.heard, mine.slots_encrypted
    FROM journeys j
    JOIN journey_progress p ON p.journey_id = j.id AND p.position = j.position
                           AND p.contact_id IS NULL AND p.state = 'running'
    LEFT JOIN journey_progress mine ON mine.journey_id = j.id AND mine.position = j.position
                                   AND mine.contact_id = :contact
    -- Whoever began stays with the version that they began with.
    JOIN script_versions v ON v.id = coalesce(mine.script_version_id, p.script_version_id)
    JOIN scripts s ON s.id = v.script_id AND s.kind = 'diagnostic'
    WHERE j.study_group_id = :group AND j.state = 'active'
    """
)
# The journey is locked, for a member who only begins has no row of their own yet.
STANDS = text(
    """
    SELECT j.state, j.position, mine.turns
    FROM journeys j
    LEFT JOIN journey_progress mine ON mine.journey_id = j.id AND mine.position = j.position
                                   AND mine.contact_id = :contact
    WHERE j.id = :journey
    """
)
LOCK_JOURNEY = text("SELECT id FROM journeys WHERE id = :journey FOR NO KEY UPDATE")
DECIDE = text(
    """
    UPDATE group_messages
    SET decision = :decision, reason = :reason, answered_by = :account, decided_at = :at
    WHERE id = :message AND decision IS NULL
    """
)
OPTED_OUT = text(
    "SELECT opted_out_at IS NOT NULL AS gone FROM contacts WHERE id = :contact FOR SHARE"
)
NOTE_ANSWERED = text(
    """
    UPDATE lessons l SET answered_at = m.sent_at
    FROM group_messages m
    WHERE l.id = :lesson AND l.state = 'running' AND m.id = :message
      AND l.said_at IS NOT NULL AND m.recorded_at >= l.said_at
      AND (l.answered_at IS NULL OR l.answered_at < l.said_at)
    RETURNING l.said
    """
)
LOG = text(
    """
    SELECT m.id, m.telegram_message_id, m.text, m.first_text, m.sent_at, m.edited_at, m.deleted_at,
           m.decision, m.reason, m.account_id IS NOT NULL AS ours,
           coalesce(a.name, nullif(c.name, ''), '@' || c.username, 'somebody') AS author
    FROM group_messages m
    LEFT JOIN accounts a ON a.id = m.account_id
    LEFT JOIN contacts c ON c.id = m.contact_id
    WHERE m.study_group_id = :group
    ORDER BY m.telegram_message_id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class PostgresGroupTalk:
    """Implements `GroupTalkStore`."""

    engine: AsyncEngine
    cipher: Cipher

    async def heard(self, message: GroupMessageId) -> Heard | None:
        """Return a member's message that nothing was decided about."""
        async with transaction(self.engine) as connection:
            row = await one(connection, HEARD, message=message)
            if row is None:
                return None
            about = {"group": row.study_group_id}
            lesson = await one(connection, LESSON, **about)
            diagnostic = await one(connection, DIAGNOSTIC, contact=row.contact_id, **about)
            group = await read_group(connection, StudyGroupId(row.study_group_id))
            said = await rows(connection, SAID_LATELY, **about)
        runs = lesson is not None and lesson.state == "running"
        return Heard(
            id=message,
            group=group,
            message=MessageId(row.telegram_message_id),
            text=row.text,
            sent_at=row.sent_at,
            contact=ContactId(row.contact_id),
            opted_out=row.opted_out,
            deleted=row.deleted,
            replied_to=None if row.replied_to is None else AccountId(row.replied_to),
            lesson=LessonId(lesson.id) if lesson is not None and runs else None,
            script=None if lesson is None else script_of(lesson.content),
            script_version=None if lesson is None else ScriptVersionId(lesson.script_version_id),
            journey=None if diagnostic is None else JourneyId(diagnostic.id),
            position=0 if diagnostic is None else diagnostic.position,
            diagnostic=None if diagnostic is None else script_of(diagnostic.content),
            diagnostic_version=None if diagnostic is None else ScriptVersionId(diagnostic.version),
            progress=None if diagnostic is None else self.progress_of(diagnostic),
            recent=tuple(one.text for one in said),
        )

    def progress_of(self, row: Row[Any]) -> Progress | None:
        """Read how far a member is in a diagnostic."""
        if row.progress is None:
            return None
        where = place_of_answers(row.progress)
        return Progress(
            outcome=Outcome(row.outcome),
            step=row.step,
            slots=read_values(self.cipher, row.slots_encrypted, where),
            turns=row.turns,
            misses=row.misses,
            heard=row.heard,
        )

    async def undecided_before(self, heard: Heard) -> Sequence[GroupMessageId]:
        """Return what the member wrote before that still waits."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, UNDECIDED_BEFORE, message=heard.id)
        return [GroupMessageId(row.id) for row in found]

    async def reply(self, heard: Heard, reply: Reply, at: datetime) -> LineRefused | None:
        """Store the decision and queue its lines, once; a refusal is stored as a silence."""
        try:
            async with transaction(self.engine) as connection:
                await self.store(connection, heard, reply, at)
        except LineNotQueuedError as unsaid:
            async with transaction(self.engine) as connection:
                await decide(connection, heard, Reply(REFUSALS[unsaid.refused]), at)
            return unsaid.refused
        return None

    async def store(
        self, connection: AsyncConnection, heard: Heard, reply: Reply, at: datetime
    ) -> None:
        """Do so in one transaction; a member who asked us to stop meanwhile is told nothing."""
        person = await one(connection, OPTED_OUT, contact=heard.contact)
        if person is not None and person.gone and reply.lines:
            reply = Reply("the member wants to hear no more of us")
        if not await decide(connection, heard, reply, at):
            return
        if heard.journey is not None:
            await require_standing(connection, heard)
        if reply.progress is not None:
            await self.keep(connection, heard, reply, at)
        if heard.lesson is not None:
            said = await one(connection, NOTE_ANSWERED, lesson=heard.lesson, message=heard.id)
            if said is not None:
                await hasten_line(connection, heard.lesson, said.said)
        for line in reply.lines:
            await say_in_group(connection, line)

    async def keep(
        self, connection: AsyncConnection, heard: Heard, reply: Reply, at: datetime
    ) -> None:
        """Store how far the member is now."""
        if heard.journey is None or heard.diagnostic_version is None or reply.progress is None:
            return
        standing = Standing(heard.journey, heard.position, heard.contact, heard.diagnostic_version)
        await keep_progress(
            connection, self.cipher, standing, reply.progress, finding=reply.found, at=at
        )

    async def log(self, group: StudyGroupId, limit: int) -> Sequence[SaidInGroup]:
        """Return what was said, newest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LOG, group=group, limit=limit)
        return [said_of(row) for row in found]


async def require_standing(connection: AsyncConnection, heard: Heard) -> None:
    """Hold the journey; raises Overtaken where the member does not stand as was read."""
    await one(connection, LOCK_JOURNEY, journey=heard.journey)
    now = await one(connection, STANDS, journey=heard.journey, contact=heard.contact)
    turns = None if heard.progress is None else heard.progress.turns
    read = (JourneyState.ACTIVE, heard.position, turns)
    if now is None or (now.state, now.position, now.turns) != read:
        raise Overtaken(f"the diagnostic of journey {heard.journey} went on meanwhile")


async def decide(connection: AsyncConnection, heard: Heard, reply: Reply, at: datetime) -> bool:
    """Store what comes of a message; False when somebody decided before."""
    speaker = reply.lines[0].account if reply.lines else None
    decision = Decision.SILENT if speaker is None else Decision.ANSWERED
    decided = await run(
        connection,
        DECIDE,
        message=heard.id,
        decision=decision,
        reason=reply.reason,
        account=speaker,
        at=at,
    )
    return decided == 1


def said_of(row: Row[Any]) -> SaidInGroup:
    """Read one message of the log."""
    return SaidInGroup(
        id=GroupMessageId(row.id),
        message=MessageId(row.telegram_message_id),
        author=row.author,
        ours=row.ours,
        text=row.text,
        first_text=row.first_text,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        decision=None if row.decision is None else Decision(row.decision),
        reason=row.reason,
    )
