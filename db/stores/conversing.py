"""Conversations as the script leads them: one turn, its words and the end of its job at once.

Transactions lock the conversation first, then its job, then outbox rows; the intake locks in the
same order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher, place
from db.engine import transaction, write_json
from db.stores.answering import queue_answer
from db.stores.base import one, ring, rows, run
from db.stores.history import recent_history
from db.stores.journeys import follow_diagnostic
from db.stores.library import persona_of
from db.stores.work import PUT_COMMAND, queue
from orchestrator.commands import AttendTo
from orchestrator.ids import (
    AccountId,
    ConversationId,
    InboundId,
    MessageId,
    ScriptVersionId,
    TelegramId,
)
from orchestrator.jobs import Converse, Job
from orchestrator.ports.answers import (
    REFUSALS,
    AnswerRefused,
    AnswerSource,
    NewAnswer,
    Provenance,
)
from orchestrator.ports.conversations import (
    Conclusion,
    ConversationState,
    Inbound,
    NewHandoff,
    NewTurn,
    Standing,
    TurnKind,
)
from orchestrator.ports.library import Live
from orchestrator.ports.writing import Source
from personas.scripts.conditions import Value
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome

RECENT = 12
"""Lines of the history that a decision looks back on."""

STANDING = text(
    """
    SELECT v.id, v.account_id, v.state, v.reopens, v.script_version_id, v.step, v.outcome, v.turns,
           v.misses, v.heard, v.slots_encrypted, v.answered_upto,
           p.key, p.name, p.style, p.tone, p.interests, p.vocabulary, p.languages, p.examples,
           p.forbidden_topics, p.disclosure,
           coalesce((SELECT max(t.number) FROM conversation_turns t
                     WHERE t.conversation_id = v.id), 0) AS last_turn,
           (SELECT c.time_zone FROM schedules s JOIN campaigns c ON c.id = s.campaign_id
            WHERE s.account_id = v.account_id AND s.is_active ORDER BY s.id DESC LIMIT 1) AS zone,
           (SELECT count(*) FROM (
                SELECT FROM outbox o
                WHERE o.account_id = v.account_id AND o.state IN ('due', 'unknown') LIMIT 100
            ) AS waits) AS waiting,
           l.version_id AS newest, l.live_conversations AS live
    FROM conversations v
    JOIN accounts a ON a.id = v.account_id
    JOIN personas p ON p.id = a.persona_id
    LEFT JOIN script_versions s ON s.id = v.script_version_id
    LEFT JOIN script_labels l ON l.script_id = s.script_id AND l.label = 'production'
    WHERE v.id = :conversation
    """
)
UNANSWERED = text(
    """
    SELECT id, telegram_message_id, text, sent_at FROM messages
    WHERE conversation_id = :conversation AND direction = 'incoming' AND id > :upto
      AND deleted_at IS NULL
    ORDER BY id
    """
)
LOCK = text(
    """
    SELECT v.account_id, v.state, v.answered_upto, c.telegram_id
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.id = :conversation FOR NO KEY UPDATE OF v
    """
)
LAST_TURN = text(
    """
    SELECT coalesce(max(number), 0) AS number FROM conversation_turns
    WHERE conversation_id = :conversation
    """
)
FINISH = text(
    """
    UPDATE jobs SET state = 'done', finished_at = now()
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
WAIT_UNTIL = text(
    """
    UPDATE jobs SET state = 'waiting', due_at = :moment, claimed_by = NULL, claimed_at = NULL
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
# What intake or an operator found taken they left alone: whoever ends the job looks again, at all
# that waits and not at what is new only, for a conversation may have been resumed meanwhile.
WAITS = text(
    """
    SELECT 1 FROM messages m JOIN conversations v ON v.id = m.conversation_id
    WHERE m.conversation_id = :conversation AND m.direction = 'incoming'
      AND m.id > v.answered_upto
      AND m.deleted_at IS NULL AND (v.state = 'open' OR v.state = 'closed' AND v.reopens)
      AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.contact_id = v.contact_id)
    LIMIT 1
    """
)
REOPEN = text("UPDATE conversations SET state = 'open' WHERE id = :conversation")
RECORD_TURN = text(
    """
    INSERT INTO conversation_turns
        (conversation_id, number, kind, first_message, last_message, asked, script_version_id,
         arrival, seed, heard, found_encrypted, written, says, reason, strategy, source, fit,
         trigger, intent, emotion, step, outcome, model, prompt_hash, cost_usd, said_by,
         judge, judged_among)
    VALUES
        (:conversation, :number, :kind, :first, :last, :asked, :version, :arrival, :seed, :heard,
         :found, :written, :says, :reason, :strategy, :source, :fit, :trigger, :intent, :emotion,
         :step, :outcome, :model, :prompt_hash, :cost_usd, :said_by, :judge, :judged_among)
    """
)
MOVE_ON = text(
    """
    UPDATE conversations
    SET state = CAST(:state AS text), script_version_id = :version, step = :step,
        outcome = :outcome, turns = :turns, misses = :misses, heard = :heard,
        slots_encrypted = :slots, answered_upto = :upto, reopens = :reopens,
        state_reason = :reason, held_by = NULL, closed_reason = :closed_reason,
        closed_at = CASE WHEN CAST(:state AS text) = 'closed' THEN now() END
    WHERE id = :conversation
    """
)
HAND_OVER = text(
    """
    INSERT INTO handoffs (conversation_id, reason, note, suggestion)
    VALUES (:conversation, :reason, :note, :suggestion)
    ON CONFLICT (conversation_id) WHERE taken_at IS NULL DO NOTHING
    """
)
MARK_READ = text(
    """
    UPDATE messages SET is_read = true
    WHERE conversation_id = :conversation AND direction = 'incoming' AND NOT is_read
      AND id <= :upto
    """
)
SOURCES = {Source.LOCAL: AnswerSource.LOCAL, Source.MODEL: AnswerSource.MODEL}


@dataclass(frozen=True, slots=True)
class PostgresConversations:
    """Implements `ConversationStore`; one incoming message permits so many parts."""

    engine: AsyncEngine
    cipher: Cipher
    permitted: int
    quiet: timedelta

    async def standing(self, conversation: ConversationId) -> Standing | None:
        """Return where it stands and what waits for an answer."""
        async with transaction(self.engine) as connection:
            row = await one(connection, STANDING, conversation=conversation)
            if row is None:
                return None
            waiting = await rows(
                connection, UNANSWERED, conversation=conversation, upto=row.answered_upto
            )
            first = waiting[0].telegram_message_id if waiting else None
            recent = await recent_history(connection, conversation, RECENT, before=first)
        return Standing(
            id=conversation,
            account=AccountId(row.account_id),
            state=ConversationState(row.state),
            reopens=row.reopens,
            persona=persona_of(row),
            version=version_of(row.script_version_id),
            progress=self.progress_of(row),
            unanswered=tuple(map(inbound_of, waiting)),
            turns=row.last_turn,
            recent=tuple(recent),
            zone=row.zone,
            waiting=row.waiting,
            newest=version_of(row.newest),
            live=Live(row.live) if row.live else Live.STAY,
        )

    def progress_of(self, row: Row[Any]) -> Progress:
        """Read where the script stands."""
        return Progress(
            outcome=Outcome(row.outcome),
            step=row.step,
            slots=read_values(self.cipher, row.slots_encrypted, place_of_slots(row.id)),
            turns=row.turns,
            misses=row.misses,
            heard=row.heard,
        )

    async def conclude(self, job: Job, standing: Standing, conclusion: Conclusion) -> bool:
        """Store a turn with all that follows from it, in one transaction."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LOCK, conversation=standing.id)
            if row is None or not await finish(connection, job):
                return False
            if not await is_untouched(connection, row, standing):
                await self.queue_what_waits(connection, standing)
                return False
            said = await self.queue_words(connection, standing, conclusion)
            if isinstance(said, AnswerRefused):
                conclusion = replace(unsaid(conclusion, said), diagnosed=None)
            await self.move_on(connection, standing, conclusion)
            if conclusion.diagnosed is not None:
                await follow_diagnostic(connection, self.cipher, conclusion.diagnosed)
            await attend(connection, row, standing, conclusion)
            await self.queue_what_waits(connection, standing)
        return not isinstance(said, AnswerRefused)

    async def queue_words(
        self, connection: AsyncConnection, standing: Standing, conclusion: Conclusion
    ) -> AnswerRefused | None:
        """Put the words into the outbox, while the conversation is still open."""
        if not conclusion.turn.says:
            return None
        if standing.state is ConversationState.CLOSED:
            await run(connection, REOPEN, conversation=standing.id)
        answer = answer_of(standing, conclusion)
        queued = await queue_answer(connection, answer, self.permitted)
        return queued if isinstance(queued, AnswerRefused) else None

    async def move_on(
        self, connection: AsyncConnection, standing: Standing, conclusion: Conclusion
    ) -> None:
        """Store the turn, the progress, and what a person is asked for."""
        turn, progress = conclusion.turn, conclusion.progress
        await record_turn(connection, self.cipher, standing.id, standing.turns + 1, turn)
        slots = write_values(self.cipher, progress.slots, place_of_slots(standing.id))
        await run(
            connection,
            MOVE_ON,
            conversation=standing.id,
            state=conclusion.state,
            version=conclusion.version,
            step=progress.step,
            outcome=progress.outcome,
            turns=progress.turns,
            misses=progress.misses,
            heard=progress.heard,
            slots=slots,
            upto=turn.last,
            reopens=conclusion.reopens,
            reason=None if conclusion.handoff is None else conclusion.handoff.reason,
            closed_reason=conclusion.closed_reason,
        )
        if conclusion.handoff is not None:
            asked = conclusion.handoff
            await run(
                connection,
                HAND_OVER,
                conversation=standing.id,
                reason=asked.reason,
                note=asked.note,
                suggestion=asked.suggestion,
            )

    async def queue_what_waits(self, connection: AsyncConnection, standing: Standing) -> None:
        """Queue another turn for what waits for an answer now."""
        if await one(connection, WAITS, conversation=standing.id) is not None:
            await queue(connection, Converse(standing.id), self.quiet)

    async def leave(self, job: Job, standing: Standing | None) -> None:
        """End a job that found nothing to do."""
        async with transaction(self.engine) as connection:
            if standing is not None:
                await one(connection, LOCK, conversation=standing.id)
            if await finish(connection, job) and standing is not None:
                await self.queue_what_waits(connection, standing)

    async def wait_until(self, job: Job, moment: datetime) -> None:
        """Give the job back until then."""
        async with transaction(self.engine) as connection:
            await run(connection, WAIT_UNTIL, job=job.id, claimant=job.taken_by, moment=moment)


async def finish(connection: AsyncConnection, job: Job) -> bool:
    """End the job; False when another process has it by now."""
    return await run(connection, FINISH, job=job.id, claimant=job.taken_by) == 1


async def is_untouched(connection: AsyncConnection, row: Row[Any], standing: Standing) -> bool:
    """Tell whether nobody paused, ended, took over, answered, or changed their words meanwhile."""
    last = await one(connection, LAST_TURN, conversation=standing.id)
    turns = 0 if last is None else last.number
    now = await rows(connection, UNANSWERED, conversation=standing.id, upto=row.answered_upto)
    asked = standing.unanswered
    as_read = tuple(map(inbound_of, now[: len(asked)])) == asked
    return row.state == standing.state and turns == standing.turns and as_read


async def attend(
    connection: AsyncConnection, row: Row[Any], standing: Standing, conclusion: Conclusion
) -> None:
    """Mark what was answered as read, here and on Telegram, and show typing."""
    if not conclusion.turn.says:
        return
    last = standing.unanswered[-1]
    typing = conclusion.typing
    await mark_read(connection, standing.id, row, last, typing=typing)


async def mark_read(
    connection: AsyncConnection,
    conversation: ConversationId,
    row: Row[Any],
    last: Inbound,
    *,
    typing: bool,
) -> None:
    """Mark messages as read, and leave a command to do so on Telegram."""
    await run(connection, MARK_READ, conversation=conversation, upto=last.id)
    command = AttendTo(TelegramId(row.telegram_id), last.message, typing)
    await run(
        connection,
        PUT_COMMAND,
        account=row.account_id,
        kind=type(command).__name__,
        payload=write_json(command),
        asked_by="conversations",
    )
    await ring(connection, "commands")


async def record_turn(
    connection: AsyncConnection,
    cipher: Cipher,
    conversation: ConversationId,
    number: int,
    turn: NewTurn,
) -> None:
    """Store what was decided; what a model found out about the person is encrypted."""
    found = write_values(cipher, turn.found, place_of_found(conversation, number))
    await run(
        connection,
        RECORD_TURN,
        conversation=conversation,
        number=number,
        kind=turn.kind,
        first=turn.first,
        last=turn.last,
        asked=turn.asked,
        version=turn.version,
        arrival=turn.arrival,
        seed=turn.seed,
        heard=turn.heard,
        found=found,
        written=list(turn.written),
        says=list(turn.says),
        reason=turn.reason,
        strategy=turn.strategy,
        source=turn.source,
        fit=turn.fit,
        trigger=turn.trigger,
        intent=turn.intent,
        emotion=turn.emotion,
        step=turn.step,
        outcome=turn.outcome,
        model=turn.model,
        prompt_hash=turn.prompt_hash,
        cost_usd=turn.cost_usd,
        said_by=turn.said_by,
        judge=turn.judge,
        judged_among=list(turn.judged_among),
    )


def answer_of(standing: Standing, conclusion: Conclusion) -> NewAnswer:
    """Word a turn for the outbox."""
    turn = conclusion.turn
    because = Provenance(
        source=SOURCES[turn.source or Source.LOCAL],
        reason=turn.reason,
        approved_by=turn.approved_by,
        persona=standing.persona.key,
        script_version=turn.version,
        strategy=turn.strategy,
        fit=turn.fit,
        trigger=turn.trigger,
        model=turn.model,
        prompt_hash=turn.prompt_hash,
        cost_usd=turn.cost_usd,
    )
    return NewAnswer(
        conversation=standing.id,
        inbound=turn.last,
        parts=turn.says,
        because=because,
        due_at=conclusion.due_at,
        expires_at=conclusion.expires_at,
        apart=max(conclusion.apart, timedelta(milliseconds=1)),
        hours=conclusion.hours,
        parting=conclusion.state is not ConversationState.OPEN,
    )


def unsaid(conclusion: Conclusion, refused: AnswerRefused) -> Conclusion:
    """Turn an answer that may not be said into a question to a person."""
    why = f"not said, for {REFUSALS[refused]}"
    turn = replace(
        conclusion.turn,
        kind=TurnKind.SILENT,
        says=(),
        reason=f"{why}; {conclusion.turn.reason}",
    )
    return replace(
        conclusion,
        turn=turn,
        state=ConversationState.HANDED_OVER,
        reopens=False,
        closed_reason=None,
        handoff=NewHandoff(why, suggestion="\n\n".join(conclusion.turn.says)),
    )


def inbound_of(row: Row[Any]) -> Inbound:
    """Read a message that waits for an answer."""
    return Inbound(InboundId(row.id), MessageId(row.telegram_message_id), row.text, row.sent_at)


def version_of(number: int | None) -> ScriptVersionId | None:
    """Read the number of a version that may be missing."""
    return None if number is None else ScriptVersionId(number)


def place_of_slots(conversation: int) -> bytes:
    """Name the place that a conversation's slots are bound to."""
    return place("conversations", "slots_encrypted", conversation)


def place_of_found(conversation: int, number: int) -> bytes:
    """Name the place that a turn's findings are bound to."""
    return place("conversation_turns", "found_encrypted", conversation, number)


def write_values(cipher: Cipher, values: Mapping[str, Value], where: bytes) -> bytes | None:
    """Encrypt what a person told; nothing stays nothing."""
    return cipher.encrypt(write_json(dict(values)).encode(), where) if values else None


def read_values(cipher: Cipher, stored: bytes | None, where: bytes) -> dict[str, Value]:
    """Decrypt what a person told."""
    if stored is None:
        return {}
    values: dict[str, Value] = from_json(cipher.decrypt(bytes(stored), where))
    return values
