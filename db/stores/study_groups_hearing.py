"""Where what is told of study groups becomes rows, in the transaction of all that was told."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import Rows, ring, rows, run
from db.stores.opting_out import opt_out_member
from db.stores.work import queue
from orchestrator.facts import (
    GroupChanged,
    GroupMessageEdited,
    GroupMessageSeen,
    PostsDeleted,
)
from orchestrator.ids import GroupMessageId, StudyGroupId
from orchestrator.intake.stopwords import asks_to_stop
from orchestrator.jobs import HearGroupMessage, KeepStudyGroup

OURS = text(
    """
    SELECT telegram_id FROM study_groups
    WHERE telegram_id = ANY(CAST(:groups AS bigint[])) AND state = 'active'
    """
)
RECORD_CONTACTS = text(
    """
    INSERT INTO contacts (telegram_id, username, name, language)
    SELECT s.author, s.username, s.name, s.language
    FROM unnest(CAST(:authors AS bigint[]), CAST(:usernames AS text[]), CAST(:names AS text[]),
                CAST(:languages AS text[])) AS s (author, username, name, language)
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.telegram_id = s.author)
    ORDER BY s.author
    ON CONFLICT (telegram_id) DO UPDATE
    SET last_seen_at = now(),
        name = CASE WHEN excluded.name = '' THEN contacts.name ELSE excluded.name END,
        username = CASE WHEN excluded.name = '' THEN contacts.username ELSE excluded.username END,
        language = coalesce(excluded.language, contacts.language)
    """
)
RECORD = text(
    """
    INSERT INTO group_messages (study_group_id, telegram_message_id, account_id, contact_id, text,
                                reply_to, sent_at, edited_at)
    SELECT g.id, m.message, a.id, c.id, m.text, m.reply_to, m.sent_at, m.edited_at
    FROM unnest(
        CAST(:groups AS bigint[]), CAST(:messages AS bigint[]), CAST(:authors AS bigint[]),
        CAST(:texts AS text[]), CAST(:replies AS bigint[]), CAST(:sent AS timestamptz[]),
        CAST(:edited AS timestamptz[]), CAST(:bots AS boolean[]))
        AS m (chat, message, author, text, reply_to, sent_at, edited_at, is_bot)
    JOIN study_groups g ON g.telegram_id = m.chat AND g.state = 'active'
    LEFT JOIN accounts a ON a.telegram_id = m.author
    LEFT JOIN contacts c ON c.telegram_id = m.author AND a.id IS NULL AND NOT m.is_bot
    ORDER BY g.id, m.message
    ON CONFLICT (study_group_id, telegram_message_id) DO NOTHING
    RETURNING id, study_group_id, contact_id, text
    """
)
RECORD_MEMBERS = text(
    """
    INSERT INTO study_group_members (study_group_id, contact_id)
    SELECT m.grp, m.contact
    FROM unnest(CAST(:groups AS bigint[]), CAST(:contacts AS bigint[])) AS m (grp, contact)
    ORDER BY m.grp, m.contact
    ON CONFLICT (study_group_id, contact_id) DO UPDATE SET left_at = NULL
    WHERE study_group_members.left_at IS NOT NULL
    """
)
RECORD_EDIT = text(
    """
    UPDATE group_messages m
    SET first_text = coalesce(m.first_text, m.text), text = :text, edited_at = :edited_at
    FROM study_groups g
    WHERE g.telegram_id = :chat AND m.study_group_id = g.id
      AND m.telegram_message_id = :message AND m.text <> :text
      AND (m.edited_at IS NULL OR m.edited_at <= :edited_at)
    RETURNING m.contact_id
    """
)
RECORD_DELETED = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT m.id FROM group_messages m JOIN study_groups g ON g.id = m.study_group_id
        WHERE g.telegram_id = :chat AND m.deleted_at IS NULL
          AND m.telegram_message_id = ANY(CAST(:messages AS bigint[]))
        ORDER BY m.id FOR NO KEY UPDATE OF m
    )
    UPDATE group_messages m SET deleted_at = now() FROM gone WHERE m.id = gone.id
    """
)
# Until somebody has looked, the notice may be gone: nobody speaks meanwhile.
DOUBT = text(
    """
    UPDATE study_groups
    SET pinned_notice_id = CASE WHEN CAST(:touched AS boolean) THEN NULL ELSE pinned_notice_id END,
        doubt = CASE WHEN CAST(:touched AS boolean) THEN CAST(:why AS text) ELSE doubt END,
        doubts = doubts + CAST(CAST(:touched AS boolean) AS integer)
    WHERE telegram_id = :chat AND state = 'active'
    RETURNING id, doubts
    """
)
NOTICE_AMONG = text(
    """
    SELECT 1 FROM study_groups
    WHERE telegram_id = :chat AND state = 'active'
      AND notice_message_id = ANY(CAST(:messages AS bigint[]))
    """
)


async def record_group_talk(connection: AsyncConnection, told: Sequence[GroupMessageSeen]) -> None:
    """Record what is said in our groups, each message once.

    A member's message is answered, or kept silent about, by a job.
    """
    ours = await own_groups(connection, told)
    first = {(one.group, one.message): one for one in reversed(told) if one.group in ours}
    if not first:
        return
    await record_authors(connection, list(first.values()))
    recorded = await rows(connection, RECORD, **columns_of(list(first.values())))
    said = [row for row in recorded if row.contact_id is not None]
    await record_members(connection, said)
    for row in sorted(said, key=lambda row: row.contact_id):
        if asks_to_stop(row.text):
            await opt_out_member(connection, row.contact_id, row.text)
    for row in said:
        await queue(connection, HearGroupMessage(GroupMessageId(row.id)), timedelta())
    if said:
        await ring(connection, "jobs")


async def own_groups(connection: AsyncConnection, told: Sequence[GroupMessageSeen]) -> set[int]:
    """Return which of the groups are study groups of ours; nothing is kept of any other."""
    if not told:
        return set()
    groups = sorted({one.group for one in told})
    return {row.telegram_id for row in await rows(connection, OURS, groups=groups)}


async def record_authors(connection: AsyncConnection, told: Sequence[GroupMessageSeen]) -> None:
    """Store the people who wrote."""
    people = {one.author: one for one in told if one.author is not None and not one.is_bot}
    if people:
        await run(
            connection,
            RECORD_CONTACTS,
            authors=list(people),
            usernames=[one.author_username for one in people.values()],
            names=[one.author_name for one in people.values()],
            languages=[one.language for one in people.values()],
        )


async def record_members(connection: AsyncConnection, said: Rows) -> None:
    """Store that whoever writes is there."""
    present = sorted({(row.study_group_id, row.contact_id) for row in said})
    if present:
        groups, contacts = zip(*present, strict=True)
        await run(connection, RECORD_MEMBERS, groups=list(groups), contacts=list(contacts))


def columns_of(told: Sequence[GroupMessageSeen]) -> dict[str, object]:
    """Lay messages out as the columns of one statement."""
    return {
        "groups": [one.group for one in told],
        "messages": [one.message for one in told],
        "authors": [one.author for one in told],
        "texts": [one.text for one in told],
        "replies": [one.reply_to for one in told],
        "sent": [one.sent_at for one in told],
        "edited": [one.edited_at for one in told],
        "bots": [one.is_bot for one in told],
    }


async def record_group_edits(
    connection: AsyncConnection, edits: Sequence[GroupMessageEdited]
) -> None:
    """Store what messages were changed to; a stop word counts there too."""
    for edit in edits:
        changed = await rows(
            connection,
            RECORD_EDIT,
            chat=edit.group,
            message=edit.message,
            text=edit.text,
            edited_at=edit.edited_at,
        )
        for row in changed:
            if row.contact_id is not None and asks_to_stop(edit.text):
                await opt_out_member(connection, row.contact_id, edit.text)
        if await rows(connection, NOTICE_AMONG, chat=edit.group, messages=[edit.message]):
            await look_again(connection, edit.group, "its notice was changed")


async def record_group_deletion(connection: AsyncConnection, deletion: PostsDeleted) -> None:
    """Mark messages of a group as gone; what was said stays on record."""
    messages = list(deletion.messages)
    await run(connection, RECORD_DELETED, chat=deletion.channel, messages=messages)
    if await rows(connection, NOTICE_AMONG, chat=deletion.channel, messages=messages):
        await look_again(connection, deletion.channel, "its notice was deleted")


async def record_group_changes(
    connection: AsyncConnection, changes: Sequence[GroupChanged]
) -> None:
    """Have somebody look at groups in which something was pinned, or people came or went."""
    for change in changes:
        if change.message is None:
            await look_again(connection, change.group, None)
        elif await rows(connection, NOTICE_AMONG, chat=change.group, messages=[change.message]):
            await look_again(connection, change.group, "its notice was pinned or unpinned")


async def look_again(connection: AsyncConnection, chat: int, why: str | None) -> None:
    """Have somebody look at a group; with a reason nobody speaks there until then.

    A look that is under way may have seen the notice before this happened: another one follows.
    """
    for row in await rows(connection, DOUBT, chat=chat, touched=why is not None, why=why):
        occasion = "" if why is None else f"doubt {row.doubts}"
        await queue(connection, KeepStudyGroup(StudyGroupId(row.id)), timedelta(), occasion)
        await ring(connection, "jobs")
