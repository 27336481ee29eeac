"""Writing no more to somebody, from any account (charter rule 3).

The person's row is locked first, and changed with it: whoever is about to write to them holds that
lock, or waits for it and then reads that they may not.
"""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import one, rows, run

# The contact, and through which account they told us.
BY_TELEGRAM = text(
    """
    SELECT id, CAST(:account AS bigint) AS account_id FROM contacts
    WHERE telegram_id = :person FOR NO KEY UPDATE
    """
)
BY_CONVERSATION = text(
    """
    SELECT c.id, v.account_id FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.id = :conversation FOR NO KEY UPDATE OF c
    """
)
BY_OUTBOX = text(
    """
    SELECT c.id, v.account_id
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
    SELECT o.id FROM conversations v JOIN answers a ON a.conversation_id = v.id
    JOIN outbox o ON o.answer_id = a.id
    WHERE v.contact_id = :contact AND o.state = 'due' AND NOT o.unsettled
    ORDER BY o.id FOR UPDATE OF o
    """
)
CANCEL = text(
    """
    UPDATE outbox SET state = 'cancelled', finished_at = now(), last_error = :reason
    WHERE id = ANY(CAST(:messages AS bigint[])) AND state = 'due' AND NOT unsettled
    """
)


async def opt_out(
    connection: AsyncConnection, who: Row[Any], reason: str, detail: str, closed: str
) -> int:
    """End every conversation with a locked contact for good; returns how many waiting messages.

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
