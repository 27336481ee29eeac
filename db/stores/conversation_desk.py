"""Conversations as people look at them and take part; each change is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher
from db.engine import transaction
from db.stores.account_tickets import answer_written, record_answer
from db.stores.answering import cancel_answers, queue_answer
from db.stores.audit import write_audit
from db.stores.base import one, ring, rows, run
from db.stores.conversing import (
    inbound_of,
    mark_read,
    place_of_found,
    place_of_slots,
    read_values,
    record_turn,
    version_of,
)
from db.stores.history import recent_history
from db.stores.work import queue
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import (
    AccountId,
    ConversationId,
    HandoffId,
    InboundId,
    OutboxId,
    ScriptVersionId,
)
from orchestrator.jobs import Converse
from orchestrator.ports.answers import (
    REFUSALS,
    AnswerNotAllowed,
    AnswerRefused,
    AnswerSource,
    NewAnswer,
    Provenance,
    WrittenAt,
)
from orchestrator.ports.conversations import (
    Arrival,
    ConversationDetail,
    ConversationRow,
    ConversationState,
    Handoff,
    Inbound,
    NewTurn,
    Session,
    TurnKind,
    TurnRecord,
)
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.writing import Source
from personas.scripts.steps import Outcome
from personas.strategy import Strategy

LONGEST_HISTORY = 10_000
SESSIONS_SHOWN = 20
SESSION_PAUSE = timedelta(minutes=30)
"""Whoever does nothing for so long begins another session."""

LIST = """
    SELECT v.id, a.name AS account, v.state, v.step, v.turns, v.started_at, v.held_by,
           coalesce(nullif(c.name, ''), c.username, CAST(c.telegram_id AS text)) AS contact,
           c.id AS contact_id, c.telegram_id, c.username, v.slots_encrypted,
           s.key || '@' || sv.version AS script,
           coalesce(v.state_reason, v.closed_reason) AS reason,
           o.reason || coalesce(': ' || nullif(o.detail, ''), '') AS opted_out,
           last.at AS last_at,
           (SELECT count(*) FROM messages m
            WHERE m.conversation_id = v.id AND m.direction = 'incoming'
              AND m.id > v.answered_upto AND m.deleted_at IS NULL) AS unanswered
    FROM conversations v
    JOIN accounts a ON a.id = v.account_id
    JOIN contacts c ON c.id = v.contact_id
    LEFT JOIN opt_outs o ON o.contact_id = c.id
    LEFT JOIN script_versions sv ON sv.id = v.script_version_id
    LEFT JOIN scripts s ON s.id = sv.script_id
    LEFT JOIN LATERAL (
        SELECT m.recorded_at AS at FROM messages m WHERE m.conversation_id = v.id
        ORDER BY m.telegram_message_id DESC LIMIT 1
    ) AS last ON true
"""
CONVERSATIONS = text(
    LIST
    + """
    WHERE (CAST(:state AS text) IS NULL OR v.state = CAST(:state AS text))
      AND (CAST(:account AS text) IS NULL OR a.name = CAST(:account AS text))
    ORDER BY last.at DESC NULLS LAST, v.id DESC LIMIT :limit
    """
)
CONVERSATION = text(LIST + "WHERE v.id = :conversation")
# A new session begins wherever nothing was done for a while before.
SESSIONS = text(
    """
    WITH acts AS (
        SELECT created_at, kind,
               created_at - lag(created_at) OVER (ORDER BY created_at, id)
                   < CAST(:pause AS interval) AS goes_on
        FROM contact_activity WHERE contact_id = :contact
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE goes_on IS NOT true)
                      OVER (ORDER BY created_at ROWS UNBOUNDED PRECEDING) AS session
        FROM acts
    )
    SELECT min(created_at) AS started_at, max(created_at) AS ended_at, count(*) AS acts,
           count(*) FILTER (WHERE kind = 'wrote') AS wrote
    FROM numbered GROUP BY session ORDER BY started_at DESC LIMIT :limit
    """
)
TURNS = text(
    """
    SELECT t.*, s.key || '@' || sv.version AS script,
           ARRAY(SELECT o.state FROM answers a JOIN outbox o ON o.answer_id = a.id
                 WHERE a.conversation_id = t.conversation_id AND o.text = ANY(t.says)
                   AND a.inbound_message_id BETWEEN t.first_message AND t.last_message
                 ORDER BY o.id) AS became
    FROM conversation_turns t
    LEFT JOIN script_versions sv ON sv.id = t.script_version_id
    LEFT JOIN scripts s ON s.id = sv.script_id
    WHERE t.conversation_id = :conversation ORDER BY t.number
    """
)
LOCK = text(
    """
    SELECT v.id, v.account_id, v.state, v.held_by, c.telegram_id, v.script_version_id,
           EXISTS (SELECT FROM opt_outs o WHERE o.contact_id = c.id) AS opted_out,
           coalesce((SELECT max(t.number) FROM conversation_turns t
                     WHERE t.conversation_id = v.id), 0) AS last_turn
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.id = :conversation FOR NO KEY UPDATE OF v
    """
)
CHANGE = text(
    """
    UPDATE conversations
    SET state = CAST(:state AS text), held_by = :held_by, state_reason = :reason, reopens = false,
        closed_at = CASE WHEN CAST(:state AS text) = 'closed' THEN now() END,
        closed_reason = CASE WHEN CAST(:state AS text) = 'closed'
                             THEN CAST(:reason AS text) END,
        -- Whoever goes on after a person stood in goes on where the script was.
        outcome = CASE WHEN CAST(:state AS text) = 'open' THEN 'waiting' ELSE outcome END
    WHERE id = :conversation
    """
)
TAKE_HANDOFFS = text(
    """
    UPDATE handoffs SET taken_at = now(), taken_by = :actor
    WHERE conversation_id = :conversation AND taken_at IS NULL
    """
)
NEWEST_INBOUND = text(
    """
    SELECT id, telegram_message_id, text, sent_at FROM messages
    WHERE conversation_id = :conversation AND direction = 'incoming' AND deleted_at IS NULL
    ORDER BY id DESC LIMIT 1
    """
)
ANSWERED = text(
    """
    UPDATE conversations SET answered_upto = greatest(answered_upto, :upto)
    WHERE id = :conversation
    """
)
WAITS_FOR_ANSWER = text(
    """
    SELECT 1 FROM messages m JOIN conversations v ON v.id = m.conversation_id
    WHERE v.id = :conversation AND m.direction = 'incoming' AND m.id > v.answered_upto
      AND m.deleted_at IS NULL LIMIT 1
    """
)
HANDOFF = """
    SELECT h.id, h.conversation_id, v.account_id, v.contact_id, h.reason, h.note, h.suggestion,
           h.asked_at, h.taken_at, h.taken_by
    FROM handoffs h JOIN conversations v ON v.id = h.conversation_id
"""
# Nobody is waited for where the person asked us to stop, or somebody answered with a phone.
WAITING_HANDOFFS = text(
    HANDOFF
    + """
    WHERE h.taken_at IS NULL AND v.state = 'handed_over' AND v.held_by IS NULL
    ORDER BY h.asked_at, h.id LIMIT :limit
    """
)
HANDOFF_NUMBERED = text(HANDOFF + "WHERE h.id = :handoff")


@dataclass(frozen=True, slots=True)
class PostgresConversationDesk:
    """Implements `ConversationDesk` and `HandoffStore`."""

    engine: AsyncEngine
    cipher: Cipher
    permitted: int

    async def conversations(
        self, *, state: ConversationState | None, account: str | None, limit: int
    ) -> Sequence[ConversationRow]:
        """Return conversations, the liveliest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, CONVERSATIONS, state=state, account=account, limit=limit)
        return [row_of(row) for row in found]

    async def conversation(self, conversation: ConversationId) -> ConversationDetail:
        """Return one with its history."""
        async with transaction(self.engine) as connection:
            row = await one(connection, CONVERSATION, conversation=conversation)
            if row is None:
                raise missing(conversation)
            history = await recent_history(connection, conversation, LONGEST_HISTORY)
            sessions = await rows(
                connection,
                SESSIONS,
                contact=row.contact_id,
                pause=SESSION_PAUSE,
                limit=SESSIONS_SHOWN,
            )
        return ConversationDetail(
            row=row_of(row),
            contact_telegram_id=row.telegram_id,
            username=row.username,
            started_at=row.started_at,
            held_by=row.held_by,
            opted_out=row.opted_out,
            known=read_values(self.cipher, row.slots_encrypted, place_of_slots(row.id)),
            history=history,
            sessions=[
                Session(one.started_at, one.ended_at, one.acts, one.wrote) for one in sessions
            ],
        )

    async def turns(self, conversation: ConversationId) -> Sequence[TurnRecord]:
        """Return the turns that are still on record, oldest first."""
        async with transaction(self.engine) as connection:
            if await one(connection, CONVERSATION, conversation=conversation) is None:
                raise missing(conversation)
            found = await rows(connection, TURNS, conversation=conversation)
        return [self.turn_of(row) for row in found]

    async def take_over(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """Let a person answer from now on."""
        async with transaction(self.engine) as connection:
            row = await lock(connection, conversation)
            refuse_closed(row)
            had_it = row.state == ConversationState.HANDED_OVER and row.held_by == actor.name
            await take(connection, actor, row, reason)
            if had_it:  # What waits is their own.
                return 0
            return await cancel_answers(connection, conversation, f"{actor.name} took over")

    async def pause(self, actor: Actor, conversation: ConversationId) -> int:
        """Let nobody answer until it is resumed."""
        async with transaction(self.engine) as connection:
            row = await lock(connection, conversation)
            refuse_closed(row)
            reason = f"paused by {actor.name}"
            await change(connection, actor, row, ConversationState.PAUSED, reason=reason)
            return await cancel_answers(connection, conversation, reason)

    async def resume(self, actor: Actor, conversation: ConversationId) -> bool:
        """Give it back to the script, which answers what was written meanwhile."""
        async with transaction(self.engine) as connection:
            row = await lock(connection, conversation)
            refuse_opted_out(row)
            await change(connection, actor, row, ConversationState.OPEN)
            await run(connection, TAKE_HANDOFFS, conversation=row.id, actor=actor.name)
            waits = await one(connection, WAITS_FOR_ANSWER, conversation=conversation)
            if waits is not None:
                await queue(connection, Converse(conversation), timedelta(0))
                await ring(connection, "jobs")
        return waits is not None

    async def close(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """End it."""
        async with transaction(self.engine) as connection:
            row = await lock(connection, conversation)
            refuse_closed(row)
            await change(connection, actor, row, ConversationState.CLOSED, reason=reason)
            await run(connection, TAKE_HANDOFFS, conversation=row.id, actor=actor.name)
            return await cancel_answers(connection, conversation, f"closed: {reason}")

    async def reply(
        self,
        actor: Actor,
        conversation: ConversationId,
        text: str,
        due_at: datetime,
        expires_at: datetime,
        *,
        written: WrittenAt | None = None,
    ) -> OutboxId:
        """Queue a person's answer to the newest incoming message."""
        async with transaction(self.engine) as connection:
            row = await lock(connection, conversation)
            earlier = await answer_written(connection, written) if written else None
            if earlier is not None:
                return earlier
            refuse_closed(row)
            newest = await one(connection, NEWEST_INBOUND, conversation=conversation)
            if newest is None:
                raise AnswerNotAllowed(
                    f"conversation {conversation} has no message of theirs left to answer",
                    AnswerRefused.NO_INBOUND,
                )
            inbound = inbound_of(newest)
            if row.held_by is None or row.state != ConversationState.HANDED_OVER:
                await take(connection, actor, row, f"{actor.name} answers")
                await cancel_answers(connection, conversation, f"{actor.name} took over")
            answer = NewAnswer(
                conversation=conversation,
                inbound=inbound.id,
                parts=(text,),
                because=Provenance(AnswerSource.OPERATOR, f"written by {actor.name}", actor.name),
                due_at=due_at,
                expires_at=expires_at,
            )
            queued = await queue_answer(connection, answer, self.permitted)
            if isinstance(queued, AnswerRefused):
                raise AnswerNotAllowed(f"conversation {conversation}: {REFUSALS[queued]}", queued)
            await self.record_reply(connection, actor, row, inbound, text)
            if written is not None:
                await record_answer(connection, written, queued[0])
        return queued[0]

    async def record_reply(
        self,
        connection: AsyncConnection,
        actor: Actor,
        row: Row[Any],
        inbound: Inbound,
        text: str,
    ) -> None:
        """Store a person's answer as a turn, and mark what it answers as read."""
        turn = NewTurn(
            kind=TurnKind.OPERATOR,
            asked=inbound.text,
            first=inbound.id,
            last=inbound.id,
            arrival=Arrival.STAYED,
            reason=f"{actor.name} answered",
            seed=0,
            version=version_of(row.script_version_id),
            says=(text,),
            said_by=actor.name,
        )
        conversation = ConversationId(row.id)
        await record_turn(connection, self.cipher, conversation, row.last_turn + 1, turn)
        await run(connection, ANSWERED, conversation=conversation, upto=inbound.id)
        await mark_read(connection, conversation, row, inbound, typing=False)

    async def waiting_handoffs(self, limit: int) -> Sequence[Handoff]:
        """Return what nobody took yet, the longest waiting first."""
        async with transaction(self.engine) as connection:
            return [
                handoff_of(row) for row in await rows(connection, WAITING_HANDOFFS, limit=limit)
            ]

    async def take_handoff(self, actor: Actor, handoff: HandoffId) -> Handoff:
        """Take one, and its conversation with it."""
        async with transaction(self.engine) as connection:
            found = await one(connection, HANDOFF_NUMBERED, handoff=handoff)
            if found is None:
                raise NotFound(f"There is no handoff {handoff}")
            row = await lock(connection, ConversationId(found.conversation_id))
            found = await one(connection, HANDOFF_NUMBERED, handoff=handoff)
            if found is None or found.taken_at is not None:
                raise NotAllowed(f"handoff {handoff} was taken already")
            refuse_closed(row)
            await take(connection, actor, row, found.reason)
            taken = await one(connection, HANDOFF_NUMBERED, handoff=handoff)
        return handoff_of(found if taken is None else taken)

    def turn_of(self, row: Row[Any]) -> TurnRecord:
        """Read a turn."""
        where = place_of_found(row.conversation_id, row.number)
        turn = NewTurn(
            kind=TurnKind(row.kind),
            asked=row.asked,
            first=InboundId(row.first_message),
            last=InboundId(row.last_message),
            arrival=Arrival(row.arrival),
            reason=row.reason,
            seed=row.seed,
            version=version_of(row.script_version_id),
            heard=row.heard,
            found=read_values(self.cipher, row.found_encrypted, where),
            written=tuple(row.written),
            says=tuple(row.says),
            strategy=None if row.strategy is None else Strategy(row.strategy),
            source=None if row.source is None else Source(row.source),
            fit=row.fit,
            trigger=row.trigger,
            intent=row.intent,
            emotion=row.emotion,
            step=row.step,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            model=row.model,
            prompt_hash=row.prompt_hash,
            cost_usd=row.cost_usd,
            judge=row.judge,
            judged_among=tuple(map(ScriptVersionId, row.judged_among)),
            said_by=row.said_by,
        )
        became = tuple(map(OutboxState, row.became))
        return TurnRecord(row.number, turn, row.at, row.script, became)


async def lock(connection: AsyncConnection, conversation: ConversationId) -> Row[Any]:
    """Lock a conversation, or raise NotFound."""
    row = await one(connection, LOCK, conversation=conversation)
    if row is None:
        raise missing(conversation)
    return row


async def take(connection: AsyncConnection, actor: Actor, row: Row[Any], reason: str) -> None:
    """Put a conversation into a person's hands."""
    state = ConversationState.HANDED_OVER
    await change(connection, actor, row, state, reason=reason, held_by=actor.name)
    await run(connection, TAKE_HANDOFFS, conversation=row.id, actor=actor.name)


async def change(
    connection: AsyncConnection,
    actor: Actor,
    row: Row[Any],
    state: ConversationState,
    *,
    reason: str | None = None,
    held_by: str | None = None,
) -> None:
    """Move a conversation to another state, with its line in the audit log."""
    await run(
        connection,
        CHANGE,
        conversation=row.id,
        state=state,
        reason=reason,
        held_by=held_by,
    )
    await write_audit(
        connection,
        actor,
        f"conversation.{state}",
        f"conversation {row.id}",
        before={"state": row.state, "held_by": row.held_by},
        after={"state": state, "held_by": held_by, "reason": reason},
    )


def refuse_closed(row: Row[Any]) -> None:
    """Raise NotAllowed for a conversation that is over."""
    refuse_opted_out(row)
    if row.state == ConversationState.CLOSED:
        raise AnswerNotAllowed(
            f"conversation {row.id} is closed: `troupe conversations resume {row.id}` opens it",
            AnswerRefused.CLOSED,
        )


def refuse_opted_out(row: Row[Any]) -> None:
    """Raise NotAllowed where the person wants to hear no more of us (charter rule 3)."""
    if row.opted_out:
        raise AnswerNotAllowed(
            f"conversation {row.id} is over for good: {REFUSALS[AnswerRefused.OPTED_OUT]}",
            AnswerRefused.OPTED_OUT,
        )


def missing(conversation: ConversationId) -> NotFound:
    """Say that there is no such conversation."""
    return NotFound(f"There is no conversation {conversation}: see `troupe conversations list`")


def row_of(row: Row[Any]) -> ConversationRow:
    """Read one line of the list."""
    return ConversationRow(
        id=ConversationId(row.id),
        account=row.account,
        contact=row.contact,
        state=ConversationState(row.state),
        script=row.script,
        step=row.step,
        turns=row.turns,
        unanswered=row.unanswered,
        last_at=row.last_at,
        reason=row.reason,
    )


def handoff_of(row: Row[Any]) -> Handoff:
    """Read a handoff."""
    return Handoff(
        id=HandoffId(row.id),
        conversation=ConversationId(row.conversation_id),
        account=AccountId(row.account_id),
        contact=row.contact_id,
        reason=row.reason,
        note=row.note,
        suggestion=row.suggestion,
        asked_at=row.asked_at,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )
