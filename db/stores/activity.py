"""What people did, and the jobs that follow from what they wrote; part of the intake."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import write_json
from db.stores.base import run
from orchestrator.facts import (
    ConversationRead,
    DirectMessageSeen,
    MessageEdited,
    MessagesDeleted,
)
from orchestrator.ids import ConversationId
from orchestrator.jobs import Converse

TASK: Final = write_json(Converse(ConversationId(-1))).replace("-1", "%1$s")
"""A Converse as it is stored, for PostgreSQL's `format` to put the number in."""

# A burst pushes the answer back, up to a bound. A job that is being done is left alone, but its row
# is locked: whoever does it ends it before or after this commit, and looks again for what is new.
QUEUE_ANSWERS = text(
    """
    WITH talks AS MATERIALIZED (
        SELECT DISTINCT v.id
        FROM unnest(CAST(:accounts AS bigint[]), CAST(:senders AS bigint[])) AS t (account, sender)
        JOIN contacts c ON c.telegram_id = t.sender
        JOIN conversations v ON v.account_id = t.account AND v.contact_id = c.id
        WHERE (v.state = 'open' OR v.state = 'closed' AND v.reopens)
          AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.contact_id = c.id)
    )
    INSERT INTO jobs (kind, payload, unique_key, due_at)
    SELECT :kind, CAST(task AS jsonb), :kind || ' ' || task, now() + CAST(:quiet AS interval)
    FROM (SELECT id FROM talks ORDER BY id) AS talk, format(:task, talk.id) AS task
    ON CONFLICT (unique_key) WHERE state IN ('waiting', 'taken') DO UPDATE
    SET due_at = greatest(jobs.due_at, least(now() + CAST(:quiet AS interval),
                                             jobs.created_at + CAST(:longest AS interval)))
    WHERE jobs.state = 'waiting'
    """
)
NOTE_WRITTEN = text(
    """
    INSERT INTO contact_activity (created_at, contact_id, account_id, kind, telegram_message_id)
    SELECT least(t.at, now()), c.id, t.account, 'wrote', t.message
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:senders AS bigint[]),
                CAST(:messages AS bigint[]), CAST(:moments AS timestamptz[]))
        AS t (account, sender, message, at)
    JOIN contacts c ON c.telegram_id = t.sender
    """
)
NOTE_ACT = text(
    """
    INSERT INTO contact_activity (contact_id, account_id, kind, telegram_message_id)
    SELECT c.id, :account, :act, :message FROM contacts c WHERE c.telegram_id = :person
    """
)
NOTE_DELETED = text(
    """
    INSERT INTO contact_activity (contact_id, account_id, kind, telegram_message_id)
    SELECT v.contact_id, v.account_id, 'deleted', m.telegram_message_id
    FROM messages m JOIN conversations v ON v.id = m.conversation_id
    WHERE v.account_id = :account AND m.direction = 'incoming'
      AND m.telegram_message_id = ANY(CAST(:messages AS bigint[])) AND m.deleted_at = now()
    """
)


async def note_written(connection: AsyncConnection, messages: Sequence[DirectMessageSeen]) -> None:
    """Note who wrote, when they say that they did."""
    await run(
        connection,
        NOTE_WRITTEN,
        accounts=[told.account for told in messages],
        senders=[told.sender for told in messages],
        messages=[told.message for told in messages],
        moments=[told.sent_at for told in messages],
    )


async def queue_answers(
    connection: AsyncConnection,
    messages: Sequence[DirectMessageSeen],
    quiet: timedelta,
    longest: timedelta,
) -> int:
    """Queue one turn for each conversation in which something is new; returns how many."""
    talks = sorted({(told.account, told.sender) for told in messages})
    return await run(
        connection,
        QUEUE_ANSWERS,
        accounts=[account for account, _ in talks],
        senders=[sender for _, sender in talks],
        kind=Converse.__name__,
        task=TASK,
        quiet=quiet,
        longest=longest,
    )


async def note_edited(connection: AsyncConnection, edit: MessageEdited) -> None:
    """Note that a person changed a message."""
    await run(
        connection,
        NOTE_ACT,
        account=edit.account,
        act="edited",
        message=edit.message,
        person=edit.sender,
    )


async def note_read(connection: AsyncConnection, read: ConversationRead) -> None:
    """Note that a person read what we wrote."""
    await run(
        connection,
        NOTE_ACT,
        account=read.account,
        act="read",
        message=read.upto,
        person=read.person,
    )


async def note_deleted(connection: AsyncConnection, deletion: MessagesDeleted) -> None:
    """Note which messages of theirs people deleted in this transaction."""
    await run(
        connection,
        NOTE_DELETED,
        account=deletion.account,
        messages=list(deletion.messages),
    )
