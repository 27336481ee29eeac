"""What people wrote to our accounts: contacts, conversations, messages, opt-outs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import write_json
from db.stores.activity import note_deleted, note_edited, note_read, note_written
from db.stores.base import rows, run
from db.stores.opting_out import opt_out_sender
from orchestrator.facts import (
    ConversationRead,
    DirectMessageSeen,
    MessageEdited,
    MessagesDeleted,
)
from orchestrator.intake.stopwords import asks_to_stop

# In the order of their numbers, so that two nodes never wait for each other.
RECORD_CONTACTS = text(
    """
    INSERT INTO contacts (telegram_id, username, name, language)
    SELECT s.sender, s.username, s.name, s.language
    FROM unnest(CAST(:senders AS bigint[]), CAST(:usernames AS text[]), CAST(:names AS text[]),
                CAST(:languages AS text[])) AS s (sender, username, name, language)
    ORDER BY s.sender
    ON CONFLICT (telegram_id) DO UPDATE
    SET last_seen_at = now(),
        -- A message in its short form says nothing about its sender.
        username = CASE WHEN excluded.name = '' AND excluded.username IS NULL
                        THEN contacts.username ELSE excluded.username END,
        name = CASE WHEN excluded.name = '' THEN contacts.name ELSE excluded.name END,
        language = coalesce(excluded.language, contacts.language)
    """
)
RECORD_CONVERSATIONS = text(
    """
    INSERT INTO conversations (account_id, contact_id)
    SELECT t.account, c.id
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:senders AS bigint[])) AS t (account, sender)
    JOIN contacts c ON c.telegram_id = t.sender
    ORDER BY t.account, c.id
    ON CONFLICT (account_id, contact_id) DO NOTHING
    """
)
RECORD_ADDRESSES = text(
    """
    INSERT INTO account_entities (account_id, kind, telegram_id, access_hash, username)
    SELECT t.account, 'user', t.sender, t.access_hash, t.username
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:senders AS bigint[]),
                CAST(:hashes AS bigint[]), CAST(:usernames AS text[]))
        AS t (account, sender, access_hash, username)
    ORDER BY t.account, t.sender
    ON CONFLICT (account_id, kind, telegram_id) DO UPDATE
    SET access_hash = excluded.access_hash, username = excluded.username, seen_at = now()
    WHERE account_entities.access_hash <> excluded.access_hash
    """
)
RECORD_MESSAGES = text(
    """
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, reply_to, media,
                          sent_at, edited_at)
    SELECT v.id, 'incoming', m.message, m.text, m.reply_to, CAST(m.media AS jsonb), m.sent_at,
           m.edited_at
    FROM unnest(
        CAST(:accounts AS bigint[]), CAST(:senders AS bigint[]), CAST(:messages AS bigint[]),
        CAST(:texts AS text[]), CAST(:replies AS bigint[]), CAST(:media AS text[]),
        CAST(:sent AS timestamptz[]), CAST(:edited AS timestamptz[]))
        AS m (account, sender, message, text, reply_to, media, sent_at, edited_at)
    JOIN contacts c ON c.telegram_id = m.sender
    JOIN conversations v ON v.account_id = m.account AND v.contact_id = c.id
    ORDER BY m.account, m.message
    ON CONFLICT (conversation_id, telegram_message_id) DO NOTHING
    RETURNING telegram_message_id,
              (SELECT account_id FROM conversations WHERE id = conversation_id) AS account
    """
)
COUNT_LATE = text(
    """
    INSERT INTO account_watch (account_id, recovered_late) VALUES (:account, :late)
    ON CONFLICT (account_id) DO UPDATE
    SET recovered_late = account_watch.recovered_late + excluded.recovered_late
    """
)
RECORD_EDIT = text(
    """
    UPDATE messages m
    SET first_text = coalesce(m.first_text, m.text), text = :text, edited_at = :edited_at
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.account_id = :account AND c.telegram_id = :sender AND m.conversation_id = v.id
      AND m.telegram_message_id = :message AND m.direction = 'incoming' AND m.text <> :text
      AND (m.edited_at IS NULL OR m.edited_at <= :edited_at)
    """
)
RECORD_DELETED = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT m.id FROM messages m JOIN conversations v ON v.id = m.conversation_id
        WHERE v.account_id = :account AND m.deleted_at IS NULL
          AND m.telegram_message_id = ANY(CAST(:messages AS bigint[]))
        ORDER BY m.id FOR NO KEY UPDATE OF m
    )
    UPDATE messages m SET deleted_at = now() FROM gone WHERE m.id = gone.id
    """
)
RECORD_READ_BY_THEM = text(
    """
    UPDATE conversations v SET read_upto = :upto
    FROM contacts c
    WHERE c.telegram_id = :person AND v.contact_id = c.id AND v.account_id = :account
      AND v.read_upto < :upto
    """
)
RECORD_READ_BY_US = text(
    """
    UPDATE messages m SET is_read = true
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    WHERE v.account_id = :account AND c.telegram_id = :person AND m.conversation_id = v.id
      AND m.direction = 'incoming' AND NOT m.is_read AND m.telegram_message_id <= :upto
    """
)


async def record_direct_messages(
    connection: AsyncConnection, messages: Sequence[DirectMessageSeen]
) -> set[int]:
    """Record messages, each once; returns the `id()` of those that were new."""
    if not messages:
        return set()
    first = {(told.account, told.message): told for told in reversed(messages)}
    await record_people(connection, messages)
    recorded = await rows(connection, RECORD_MESSAGES, **columns_of(list(first.values())))
    new = [first[row.account, row.telegram_message_id] for row in recorded]
    for message in sorted(new, key=lambda told: told.sender):
        if asks_to_stop(message.text):
            await opt_out_sender(connection, message.account, message.sender, message.text)
    await count_late(connection, new)
    if new:
        await note_written(connection, new)
    return {id(message) for message in new}


async def record_people(connection: AsyncConnection, messages: Sequence[DirectMessageSeen]) -> None:
    """Store who wrote, to which account, and how that account addresses them."""
    latest = list({told.sender: told for told in messages}.values())
    await run(
        connection,
        RECORD_CONTACTS,
        senders=[told.sender for told in latest],
        usernames=[told.sender_username for told in latest],
        names=[told.sender_name for told in latest],
        languages=[told.language for told in latest],
    )
    talks = {(told.account, told.sender): told for told in messages}
    await run(
        connection,
        RECORD_CONVERSATIONS,
        accounts=[account for account, _ in talks],
        senders=[sender for _, sender in talks],
    )
    addressed = [told for told in talks.values() if told.access_hash is not None]
    if addressed:
        await run(
            connection,
            RECORD_ADDRESSES,
            accounts=[told.account for told in addressed],
            senders=[told.sender for told in addressed],
            hashes=[told.access_hash for told in addressed],
            usernames=[told.sender_username for told in addressed],
        )


def columns_of(messages: Sequence[DirectMessageSeen]) -> dict[str, list[Any]]:
    """Lay messages out as the columns of one statement."""
    return {
        "accounts": [told.account for told in messages],
        "senders": [told.sender for told in messages],
        "messages": [told.message for told in messages],
        "texts": [told.text for told in messages],
        "replies": [told.reply_to for told in messages],
        "media": [write_json(told.media) for told in messages],
        "sent": [told.sent_at for told in messages],
        "edited": [told.edited_at for told in messages],
    }


async def count_late(
    connection: AsyncConnection,
    told: Sequence[DirectMessageSeen | MessageEdited | MessagesDeleted],
) -> None:
    """Count, for each account, what no update had told of."""
    late = [one.account for one in told if one.late]
    for account in sorted(set(late)):
        await run(connection, COUNT_LATE, account=account, late=late.count(account))


async def record_message_edits(connection: AsyncConnection, edits: Sequence[MessageEdited]) -> None:
    """Store what people changed their messages to; a stop word counts there too."""
    for edit in edits:
        changed = await run(
            connection,
            RECORD_EDIT,
            account=edit.account,
            sender=edit.sender,
            message=edit.message,
            text=edit.text,
            edited_at=edit.edited_at,
        )
        if changed:
            await note_edited(connection, edit)
            await count_late(connection, [edit])
        if changed and asks_to_stop(edit.text):
            await opt_out_sender(connection, edit.account, edit.sender, edit.text)


async def record_messages_deleted(
    connection: AsyncConnection, deletions: Sequence[MessagesDeleted]
) -> None:
    """Mark private messages as gone; what was said stays on record."""
    for deletion in deletions:
        gone = await run(
            connection,
            RECORD_DELETED,
            account=deletion.account,
            messages=list(deletion.messages),
        )
        if gone:
            await note_deleted(connection, deletion)
            await count_late(connection, [deletion] * gone)


async def record_reads(connection: AsyncConnection, reads: Sequence[ConversationRead]) -> None:
    """Store up to where conversations were read."""
    for read in reads:
        news = await run(
            connection,
            RECORD_READ_BY_US if read.by_us else RECORD_READ_BY_THEM,
            account=read.account,
            person=read.person,
            upto=read.upto,
        )
        if news and not read.by_us:
            await note_read(connection, read)
