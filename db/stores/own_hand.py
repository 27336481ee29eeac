"""What somebody wrote from an account itself, with a phone: then a person has taken over."""

from collections.abc import Sequence

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.answering import cancel_answers
from db.stores.base import one, run
from orchestrator.facts import OwnMessageSeen
from orchestrator.ids import ConversationId

WHY = "somebody answered from the account itself"

LOCK = text(
    """
    SELECT v.id, v.state FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.account_id = :account AND c.telegram_id = :person
    FOR NO KEY UPDATE OF v
    """
)
# Telegram tells us of our own words too. Those have a row in the outbox: with the number that
# Telegram gave, or, where that was not recorded yet, begun and with the same words; Telegram keeps
# them without the white space around.
RECORD = text(
    """
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at)
    SELECT CAST(:conversation AS bigint), 'outgoing', CAST(:message AS bigint),
           CAST(:text AS text), CAST(:sent_at AS timestamptz)
    WHERE NOT EXISTS (
        SELECT FROM outbox o JOIN messages m ON m.id = o.inbound_message_id
        WHERE m.conversation_id = :conversation
          AND (o.sent_message_id = CAST(:message AS bigint)
               OR o.sent_message_id IS NULL AND o.first_attempt_at IS NOT NULL
                  AND btrim(o.text, E' \\t\\r\\n')
                    = btrim(CAST(:text AS text), E' \\t\\r\\n')))
    ON CONFLICT (conversation_id, telegram_message_id) DO NOTHING
    """
)
# What ended by itself would begin anew with the next message, or is about to.
TAKE_OVER = text(
    """
    UPDATE conversations
    SET state = 'handed_over', held_by = 'the account itself', state_reason = :why,
        reopens = false, closed_at = NULL, closed_reason = NULL,
        answered_upto = (SELECT coalesce(max(m.id), 0) FROM messages m
                         WHERE m.conversation_id = :conversation AND m.direction = 'incoming')
    WHERE id = :conversation AND (state IN ('open', 'handed_over') OR state = 'closed' AND reopens)
      AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.contact_id = conversations.contact_id)
    """
)


async def record_own_messages(connection: AsyncConnection, told: Sequence[OwnMessageSeen]) -> None:
    """Record what was not said by us, and leave such conversations to whoever said it."""
    for message in sorted(told, key=lambda one: (one.account, one.person, one.message)):
        row = await one(connection, LOCK, account=message.account, person=message.person)
        if row is not None:
            await record(connection, row, message)


async def record(
    connection: AsyncConnection, row: Row[tuple[int, str]], message: OwnMessageSeen
) -> None:
    """Record one message, unless it is ours."""
    foreign = await run(
        connection,
        RECORD,
        conversation=row.id,
        message=message.message,
        text=message.text,
        sent_at=message.sent_at,
    )
    if foreign:
        await run(connection, TAKE_OVER, conversation=row.id, why=WHY)
        await cancel_answers(connection, ConversationId(row.id), WHY)
