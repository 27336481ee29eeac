"""Queuing what is said in private and in study groups (charter rules 3, 4 and 6).

The functions work inside a transaction of their caller's, so that a turn of a conversation, its
words and the end of its job are stored together. They lock the conversation, then outbox rows in
the order of their numbers, which is the gate's order; a caller that locks more keeps to it too.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, ring, rows
from db.stores.opting_out import BY_CONVERSATION, cancel, let_claims_end, opt_out
from db.stores.outbox import random_id
from orchestrator.actor import Actor
from orchestrator.campaigns.window import clock_text
from orchestrator.errors import NotFound
from orchestrator.ids import ConversationId, OutboxId
from orchestrator.ports.answers import (
    MOST_PARTS,
    AnswerRefused,
    AnswerSource,
    Hours,
    LineRefused,
    NewAnswer,
    NewGroupLine,
    Provenance,
)

LOCK_CONVERSATION = text(
    """
    SELECT v.account_id, v.state, who.telegram_id, who.opted_out_at IS NOT NULL AS opted_out
    FROM conversations v JOIN contacts who ON who.id = v.contact_id
    WHERE v.id = :conversation
      AND EXISTS (SELECT FROM messages m WHERE m.id = :inbound AND m.conversation_id = v.id
                  AND m.direction = 'incoming')
    FOR NO KEY UPDATE OF v
    """
)
# What was never said and never will be makes room for other words, but keeps its number.
PARTS = text(
    """
    SELECT coalesce(max(a.part), 0) AS last,
           count(*) FILTER (WHERE o.state NOT IN ('failed', 'cancelled')) AS living
    FROM answers a JOIN outbox o ON o.answer_id = a.id
    WHERE a.inbound_message_id = :inbound
    """
)
QUEUE_PARTS = text(
    """
    WITH said AS (
        INSERT INTO answers
            (conversation_id, account_id, inbound_message_id, part, text, parting, opens, closes,
             time_zone, persona_id, script_version_id, strategy, reason, source, fit, trigger,
             model, prompt_version, prompt_hash, cost_usd, approved_by)
        SELECT CAST(:conversation AS bigint), CAST(:account AS bigint), CAST(:inbound AS bigint),
               CAST(:last AS integer) + p.part, p.text, CAST(:parting AS boolean), :opens, :closes,
               :time_zone,
               (SELECT id FROM personas WHERE key = :persona), CAST(:script_version AS bigint),
               :strategy, :reason, :source, CAST(:fit AS double precision), :trigger, :model,
               :prompt_version, :prompt_hash,
               -- What was asked once was paid once.
               CASE WHEN p.part = 1 THEN CAST(:cost_usd AS numeric) END, :approved_by
        FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS p (text, part)
        ORDER BY p.part
        RETURNING id, part, text
    )
    INSERT INTO outbox
        (account_id, kind, inbound_message_id, answer_id, peer_kind, peer_id, peer_access_hash,
         text, random_id, due_at, expires_at)
    SELECT CAST(:account AS bigint), 'direct', CAST(:inbound AS bigint), said.id,
           CASE WHEN e.access_hash IS NOT NULL THEN 'user' END,
           CASE WHEN e.access_hash IS NOT NULL THEN e.telegram_id END, e.access_hash, said.text,
           (CAST(:random_ids AS bigint[]))[said.part - :last],
           CAST(:due_at AS timestamptz) + (said.part - :last - 1) * CAST(:apart AS interval),
           :expires_at
    FROM said LEFT JOIN account_entities e
      ON e.account_id = CAST(:account AS bigint) AND e.kind = 'user'
     AND e.telegram_id = CAST(:person AS bigint)
    ORDER BY said.part
    RETURNING id
    """
)
WAITING_IN_CONVERSATION = text(
    """
    SELECT o.id FROM answers a JOIN outbox o ON o.answer_id = a.id
    WHERE a.conversation_id = :conversation AND o.state = 'due' AND NOT o.unsettled
    ORDER BY o.id FOR UPDATE OF o
    """
)
GROUP = text(
    """
    SELECT sg.telegram_id, sg.state, g.id AS grant_id, e.access_hash,
           r.account_id IS NOT NULL AS has_role
    FROM study_groups sg
    LEFT JOIN grants g ON g.study_group_id = sg.id AND g.revoked_at IS NULL
    LEFT JOIN study_group_roles r
           ON r.study_group_id = sg.id AND r.account_id = :account AND r.ended_at IS NULL
    LEFT JOIN account_entities e ON e.account_id = :account AND e.kind = 'channel'
                                AND e.telegram_id = sg.telegram_id
    WHERE sg.id = :group
    """
)
QUEUE_LINE = text(
    """
    WITH said AS (
        INSERT INTO group_lines
            (study_group_id, account_id, grant_id, text, answers_message, persona_id,
             script_version_id, strategy, reason, source, fit, trigger, model, prompt_version,
             prompt_hash, cost_usd, approved_by)
        VALUES (:group, :account, :grant, :text, :reply_to,
                (SELECT id FROM personas WHERE key = :persona), :script_version, :strategy, :reason,
                :source, :fit, :trigger, :model, :prompt_version, :prompt_hash, :cost_usd,
                :approved_by)
        RETURNING id, study_group_id, account_id, text, answers_message
    )
    INSERT INTO outbox
        (account_id, kind, study_group_id, line_id, peer_kind, peer_id, peer_access_hash, reply_to,
         text, random_id, due_at, expires_at)
    SELECT said.account_id, 'study_group', said.study_group_id, said.id, 'channel',
           CAST(:peer AS bigint), CAST(:access_hash AS bigint), said.answers_message, said.text,
           CAST(:random_id AS bigint), :due_at, :expires_at
    FROM said RETURNING id
    """
)
FORBIDS = {
    "closed": AnswerRefused.CLOSED,
    "paused": AnswerRefused.PAUSED,
    "handed_over": AnswerRefused.HANDED_OVER,
}
"""What a conversation's state says to words of a script's or a model's."""


@dataclass(frozen=True, slots=True)
class PostgresAnswers:
    """Implements `AnswerStore`; one incoming message permits so many parts.

    `claim` is how long after the gate was asked a send may still begin.
    """

    engine: AsyncEngine
    permitted: int
    claim: timedelta

    async def queue_answer(self, answer: NewAnswer) -> tuple[OutboxId, ...] | AnswerRefused:
        """Queue an answer in a transaction of its own."""
        async with transaction(self.engine) as connection:
            return await queue_answer(connection, answer, self.permitted)

    async def queue_group_line(self, line: NewGroupLine) -> OutboxId | LineRefused:
        """Queue a line for a study group in a transaction of its own."""
        async with transaction(self.engine) as connection:
            return await queue_group_line(connection, line)

    async def cancel_answers(self, conversation: ConversationId, reason: str) -> int:
        """Cancel what waits in a transaction of its own."""
        async with transaction(self.engine) as connection:
            return await cancel_answers(connection, conversation, reason)

    async def opt_out(self, actor: Actor, conversation: ConversationId, detail: str) -> int:
        """Write to the person of a conversation no more."""
        async with transaction(self.engine) as connection:
            who = await one(connection, BY_CONVERSATION, conversation=conversation)
            if who is None:
                raise NotFound(
                    f"There is no conversation {conversation}: see `troupe conversations list`"
                )
            closed = f"{actor.name} noted that the person wants no more of us"
            cancelled = await opt_out(connection, who, "operator", detail, closed)
            after = {"detail": detail, "cancelled": cancelled}
            await write_audit(
                connection, actor, "opt_out", f"conversation {conversation}", after=after
            )
        await let_claims_end(self.engine, [who.telegram_id], self.claim)
        return cancelled


async def queue_answer(
    connection: AsyncConnection, answer: NewAnswer, permitted: int
) -> tuple[OutboxId, ...] | AnswerRefused:
    """Queue every part of an answer; after a refusal nothing was stored."""
    row = await one(
        connection, LOCK_CONVERSATION, conversation=answer.conversation, inbound=answer.inbound
    )
    refused = AnswerRefused.NO_INBOUND if row is None else refusal_of(row, answer.because.source)
    if row is None or refused is not None:
        return refused or AnswerRefused.NO_INBOUND
    last = await room_after(connection, answer, permitted)
    if last is None:
        return AnswerRefused.TOO_MANY_PARTS
    queued = await rows(connection, QUEUE_PARTS, **columns_of(answer, row, last))
    await ring(connection, "outbox")
    return tuple(OutboxId(part.id) for part in queued)


def refusal_of(row: Row[Any], source: AnswerSource) -> AnswerRefused | None:
    """Say what speaks against answering in a conversation; an operator may where nobody else."""
    if row.opted_out:
        return AnswerRefused.OPTED_OUT
    refused = FORBIDS.get(row.state)
    if source is AnswerSource.OPERATOR and refused is not AnswerRefused.CLOSED:
        return None
    return refused


async def room_after(connection: AsyncConnection, answer: NewAnswer, permitted: int) -> int | None:
    """Return the number of the last part there was, if the new ones have room behind it."""
    taken = await one(connection, PARTS, inbound=answer.inbound)
    last, living = (taken.last, taken.living) if taken is not None else (0, 0)
    count = len(answer.parts)
    return None if living + count > permitted or last + count > MOST_PARTS else int(last)


def columns_of(answer: NewAnswer, row: Row[Any], last: int) -> dict[str, object]:
    """Lay an answer out for its statement."""
    return {
        **explanation_of(answer.because),
        **hours_of(answer.hours),
        "conversation": answer.conversation,
        "inbound": answer.inbound,
        "account": row.account_id,
        "person": row.telegram_id,
        "last": last,
        "texts": list(answer.parts),
        "random_ids": [random_id() for _ in answer.parts],
        "parting": answer.parting,
        "due_at": answer.due_at,
        "apart": answer.apart,
        "expires_at": answer.expires_at,
    }


def explanation_of(because: Provenance) -> dict[str, object]:
    """Lay out what explains words."""
    return asdict(because)


def hours_of(hours: Hours | None) -> dict[str, object]:
    """Lay out the hours in which words may leave."""
    if hours is None:
        return {"opens": None, "closes": None, "time_zone": None}
    return {
        "opens": clock_text(hours.window.start),
        "closes": clock_text(hours.window.end),
        "time_zone": hours.zone.key,
    }


async def queue_group_line(
    connection: AsyncConnection, line: NewGroupLine
) -> OutboxId | LineRefused:
    """Queue a line for a study group; after a refusal nothing was stored."""
    row = await one(connection, GROUP, group=line.group, account=line.account)
    refused = refusal_in_group(row)
    if row is None or refused is not None:
        return refused or LineRefused.NO_GROUP
    queued = await rows(
        connection,
        QUEUE_LINE,
        **explanation_of(line.because),
        group=line.group,
        account=line.account,
        grant=row.grant_id,
        text=line.text,
        reply_to=line.reply_to,
        peer=row.telegram_id,
        access_hash=row.access_hash,
        random_id=random_id(),
        due_at=line.due_at,
        expires_at=line.expires_at,
    )
    await ring(connection, "outbox")
    return OutboxId(queued[0].id)


def refusal_in_group(row: Row[Any] | None) -> LineRefused | None:
    """Say what speaks against a line in a study group."""
    if row is None:
        return LineRefused.NO_GROUP
    if row.state != "active":
        return LineRefused.GROUP_CLOSED
    if row.grant_id is None:
        return LineRefused.NO_GRANT
    if not row.has_role:
        return LineRefused.NO_ROLE
    return LineRefused.NOT_ADDRESSED if row.access_hash is None else None


async def cancel_answers(
    connection: AsyncConnection, conversation: ConversationId, reason: str
) -> int:
    """Cancel what waits to be said in a conversation; returns how many messages."""
    waiting = await rows(connection, WAITING_IN_CONVERSATION, conversation=conversation)
    return await cancel(connection, [row.id for row in waiting], reason)
