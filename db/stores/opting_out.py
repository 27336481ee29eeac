"""Writing no more to somebody, from any account (charter rule 3).

The person's row is locked first, and changed with it: whoever is about to write to them holds that
lock, or waits for it and then reads that they may not. What had been let out a moment before may
still begin to be sent until its claim has run out; so an opt-out returns when none of that is left,
but holds no lock while it waits.
"""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run

# The contact, and through which account they told us.
BY_TELEGRAM = text(
    """
    SELECT id, telegram_id, CAST(:account AS bigint) AS account_id FROM contacts
    WHERE telegram_id = :person FOR NO KEY UPDATE
    """
)
BY_CONTACT = text(
    """
    SELECT id, telegram_id, CAST(NULL AS bigint) AS account_id FROM contacts
    WHERE id = :contact FOR NO KEY UPDATE
    """
)
BY_CONVERSATION = text(
    """
    SELECT c.id, c.telegram_id, v.account_id
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.id = :conversation FOR NO KEY UPDATE OF c
    """
)
BY_OUTBOX = text(
    """
    SELECT c.id, c.telegram_id, v.account_id
    FROM outbox o JOIN answers a ON a.id = o.answer_id
    JOIN conversations v ON v.id = a.conversation_id
    JOIN contacts c ON c.id = v.contact_id
    WHERE o.id = :message FOR NO KEY UPDATE OF c
    """
)
ADD = text(
    """
    INSERT INTO opt_outs (contact_id, reason, detail, account_id)
    VALUES (:contact, :reason, :detail, :account)
    ON CONFLICT (contact_id) DO NOTHING
    """
)
CLOSE = text(
    """
    UPDATE conversations SET state = 'closed', closed_at = now(), closed_reason = :closed
    WHERE contact_id = :contact AND state <> 'closed'
    """
)
WAITING = text(
    """
    SELECT o.id FROM outbox o
    WHERE o.state = 'due' AND NOT o.unsettled AND o.id IN (
        SELECT said.id FROM conversations v JOIN answers a ON a.conversation_id = v.id
        JOIN outbox said ON said.answer_id = a.id
        WHERE v.contact_id = :contact
        UNION ALL
        SELECT said.id FROM group_messages m
        JOIN group_lines l ON l.study_group_id = m.study_group_id
                          AND l.answers_message = m.telegram_message_id
        JOIN outbox said ON said.line_id = l.id
        WHERE m.contact_id = :contact)
    ORDER BY o.id FOR UPDATE OF o
    """
)
CANCEL = text(
    """
    UPDATE outbox SET state = 'cancelled', finished_at = now(), last_error = :reason
    WHERE id = ANY(CAST(:messages AS bigint[])) AND state = 'due' AND NOT unsettled
    """
)
CLAIMED = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT id FROM contacts
        WHERE telegram_id = ANY(CAST(:people AS bigint[])) AND opted_out_at IS NOT NULL
    )
    SELECT count(*) AS open FROM outbox o
    WHERE o.state = 'sending' AND o.claimed_at > clock_timestamp() - CAST(:claim AS interval)
      AND o.id <> :besides AND o.id IN (
        SELECT said.id FROM gone JOIN conversations v ON v.contact_id = gone.id
        JOIN answers a ON a.conversation_id = v.id
        JOIN outbox said ON said.answer_id = a.id
        UNION ALL
        SELECT said.id FROM gone JOIN group_messages m ON m.contact_id = gone.id
        JOIN group_lines l ON l.study_group_id = m.study_group_id
                          AND l.answers_message = m.telegram_message_id
        JOIN outbox said ON said.line_id = l.id)
    """
)
LOOK_AGAIN = 0.02
"""Seconds between two looks whether claims have ended."""


async def let_claims_end(
    engine: AsyncEngine, people: Collection[int], claim: timedelta, besides: int = 0
) -> None:
    """Return when nothing is about to be sent to people who opted out.

    No claim is good for longer than `claim`; the message `besides` is the caller's own.
    """
    while people:
        async with transaction(engine) as connection:
            row = await one(connection, CLAIMED, people=list(people), claim=claim, besides=besides)
        if row is None or not row.open:
            return
        await asyncio.sleep(LOOK_AGAIN)


async def opt_out(
    connection: AsyncConnection, who: Row[Any], reason: str, detail: str, closed: str
) -> int:
    """End every conversation with a locked contact for good; returns how many waiting messages.

    What would answer them in a study group waits no more either.
    What was attempted may be on Telegram already and is settled by its lane.
    """
    told = {"reason": reason, "detail": detail[:200], "account": who.account_id}
    await run(connection, ADD, contact=who.id, **told)
    await run(connection, CLOSE, contact=who.id, closed=closed)
    waiting = await rows(connection, WAITING, contact=who.id)
    return await cancel(connection, [row.id for row in waiting], closed)


async def cancel(connection: AsyncConnection, messages: list[int], reason: str) -> int:
    """Cancel messages that wait and are locked."""
    return await run(connection, CANCEL, messages=messages, reason=reason) if messages else 0


async def opt_out_sender(
    connection: AsyncConnection, account: int, person: int, words: str
) -> None:
    """Take a person at their word: they wrote that we should stop."""
    who = await one(connection, BY_TELEGRAM, account=account, person=person)
    if who is not None:
        await opt_out(connection, who, "stop_word", words, "the person asked us to stop")


async def opt_out_member(connection: AsyncConnection, contact: int, words: str) -> None:
    """Take a member of a study group at their word: it counts for every account, everywhere."""
    who = await one(connection, BY_CONTACT, contact=contact)
    if who is not None:
        await opt_out(connection, who, "stop_word", words, "the person asked us to stop")
