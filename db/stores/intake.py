"""Where facts become rows: many in one transaction, each once, with the job that follows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.gathering import Gathering
from db.refusals import is_refusal, is_rollback
from db.stores.activity import queue_answers
from db.stores.base import rows, run
from db.stores.cancelling import Reason, cancel_waiting
from db.stores.dialogues import (
    record_direct_messages,
    record_message_edits,
    record_messages_deleted,
    record_reads,
)
from db.stores.opting_out import let_claims_end
from db.stores.own_hand import record_own_messages
from db.stores.study_groups_hearing import (
    record_group_changes,
    record_group_deletion,
    record_group_edits,
    record_group_talk,
)
from orchestrator.conversations.terms import BurstTerms
from orchestrator.errors import NotFound, ServersUnavailable
from orchestrator.facts import (
    ConversationRead,
    DirectMessageSeen,
    GroupChanged,
    GroupMessageEdited,
    GroupMessageSeen,
    MessageEdited,
    MessagesDeleted,
    OwnMessageSeen,
    PostEdited,
    PostsDeleted,
    PostSeen,
    Recordable,
)
from orchestrator.ids import AccountId, ChannelId, MessageId, PostRef, TelegramId
from orchestrator.intake.stopwords import asks_to_stop
from orchestrator.jobs import ConsiderPost
from orchestrator.ports.intake import DialogueReading, KnownMessage, KnownPost, Recorded
from personas.silence import SilenceReason

# One statement records posts, queues what follows and notes how far each channel is known. Channels
# are locked in the order of their numbers, so that two nodes never wait for each other.
RECORD_POSTS = text(
    """
    WITH told AS MATERIALIZED (
        SELECT c.id AS channel_id, p.*
        FROM unnest(
            CAST(:channels AS bigint[]), CAST(:messages AS bigint[]), CAST(:texts AS text[]),
            CAST(:media AS text[]), CAST(:engagement AS text[]), CAST(:albums AS bigint[]),
            CAST(:accounts AS bigint[]), CAST(:published AS timestamptz[]),
            CAST(:edited AS timestamptz[]), CAST(:lates AS boolean[]))
            AS p (channel, message, text, media, engagement, album, account, published_at,
                  edited_at, late)
        JOIN channels c ON c.telegram_id = p.channel AND c.is_active AND c.removed_at IS NULL
    ), recorded AS (
        INSERT INTO posts (channel_id, message_id, text, media, engagement, album, seen_by,
                           created_at, edited_at)
        SELECT channel_id, message, text, CAST(media AS jsonb), CAST(engagement AS jsonb), album,
               account, published_at, edited_at
        FROM told ORDER BY channel_id, message
        ON CONFLICT DO NOTHING
        RETURNING channel_id, message_id
    ), queued AS (
        INSERT INTO jobs (kind, payload, unique_key, due_at)
        SELECT :kind, CAST(task AS jsonb), :kind || ' ' || task, now()
        FROM recorded, format(:task, channel_id, message_id) AS task
        ON CONFLICT (unique_key) WHERE state IN ('waiting', 'taken') DO NOTHING
    ), news AS MATERIALIZED (
        SELECT channel_id, max(message_id) AS last, count(*) FILTER (
            WHERE (channel_id, message_id) IN (SELECT channel_id, message FROM told WHERE late)
        ) AS late
        FROM recorded GROUP BY channel_id
    ), known AS MATERIALIZED (
        SELECT c.id, n.last, n.late FROM channels c
        JOIN news n ON n.channel_id = c.id AND (c.last_message_id < n.last OR n.late > 0)
        ORDER BY c.id FOR NO KEY UPDATE OF c
    ), noted AS (
        UPDATE channels c
        SET last_message_id = greatest(c.last_message_id, k.last),
            recovered_late = c.recovered_late + k.late
        FROM known k WHERE c.id = k.id
    )
    SELECT c.telegram_id AS channel, r.message_id AS message
    FROM recorded r JOIN channels c ON c.id = r.channel_id
    """
)
RECORD_EDIT = text(
    """
    WITH edited AS (
        UPDATE posts p SET text = :text, edited_at = :edited_at
        FROM channels c
        WHERE c.telegram_id = :channel AND p.channel_id = c.id AND p.message_id = :message
          AND (p.edited_at IS NULL OR p.edited_at <= :edited_at)
        RETURNING p.channel_id
    ), counted AS (
        UPDATE channels SET recovered_late = recovered_late + 1
        FROM edited WHERE id = edited.channel_id AND CAST(:late AS boolean)
    )
    SELECT channel_id FROM edited
    """
)
RECORD_DELETED = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT p.channel_id, p.message_id FROM posts p
        WHERE p.channel_id = (SELECT id FROM channels WHERE telegram_id = :channel)
          AND p.message_id = ANY(CAST(:messages AS bigint[])) AND p.deleted_at IS NULL
        ORDER BY p.message_id FOR NO KEY UPDATE
    )
    UPDATE posts p SET deleted_at = now()
    FROM gone WHERE p.channel_id = gone.channel_id AND p.message_id = gone.message_id
    RETURNING p.channel_id, p.message_id
    """
)
COUNT_LATE = text("UPDATE channels SET recovered_late = recovered_late + :late WHERE id = :channel")
WAITING_UNDER = text(
    """
    SELECT o.id FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE c.channel_id = :channel AND c.message_id = ANY(CAST(:messages AS bigint[]))
      AND o.state = 'due'
    ORDER BY o.id FOR UPDATE OF o
    """
)
KNOWN_POSTS = text(
    """
    SELECT message_id, text, edited_at FROM posts
    WHERE channel_id = :channel AND deleted_at IS NULL
    ORDER BY message_id DESC LIMIT :limit
    """
)
KNOWN_MESSAGES = text(
    """
    SELECT c.telegram_id AS person, m.telegram_message_id AS message, m.text, m.edited_at
    FROM conversations v
    JOIN contacts c ON c.id = v.contact_id
                   AND c.last_seen_at > now() - CAST(:lasts AS interval)
    CROSS JOIN LATERAL (
        SELECT * FROM messages
        WHERE conversation_id = v.id AND direction = 'incoming' AND deleted_at IS NULL
        ORDER BY id DESC LIMIT :limit
    ) AS m
    WHERE v.account_id = :account AND v.state <> 'closed'
    ORDER BY m.id DESC LIMIT :limit
    """
)
DIALOGUE_READING = text(
    """
    SELECT a.id, w.dialogues_upto, w.dialogues_progress, a.created_at AS since,
           coalesce(w.recovered_late, 0) AS recovered_late,
           coalesce(w.dialogues_at + q.interval, now()) <= now() AS due
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:intervals AS interval[]))
        AS q (account, interval)
    JOIN accounts a ON a.id = q.account
    LEFT JOIN account_watch w ON w.account_id = a.id
    """
)
NOTE_DIALOGUES = text(
    """
    INSERT INTO account_watch (account_id, dialogues_progress)
    VALUES (:account, CAST(:progress AS jsonb))
    ON CONFLICT (account_id) DO UPDATE SET dialogues_progress = excluded.dialogues_progress
    """
)
NOTE_DIALOGUES_COMPARED = text(
    """
    INSERT INTO account_watch (account_id, dialogues_upto, dialogues_at)
    VALUES (:account, :upto, now())
    ON CONFLICT (account_id) DO UPDATE
    SET dialogues_upto = greatest(account_watch.dialogues_upto, excluded.dialogues_upto),
        dialogues_progress = '{}', dialogues_at = now()
    """
)

TASK: Final = (
    write_json(ConsiderPost(PostRef(ChannelId(-1), MessageId(-2))))
    .replace("-1", "%1$s")
    .replace("-2", "%2$s")
)
"""A ConsiderPost as it is stored, for PostgreSQL's `format` to put the numbers in."""

LANES_AT_ONCE: Final = 1_000

TRIES: Final = 3
"""How often a batch is tried that another transaction got in the way of."""

F = TypeVar("F", bound=Recordable)


@dataclass(slots=True)
class Batch:
    """Facts on their way into one transaction, and what came of each."""

    facts: Sequence[Recordable]
    outcome: list[Recorded]

    def of(self, kind: type[F]) -> list[F]:
        """Return the facts of one kind, in order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def mark(self, kind: type[F], is_new: Callable[[F], bool]) -> None:
        """Mark as new what was; of several facts about one thing, only the first."""
        for place, fact in enumerate(self.facts):
            if isinstance(fact, kind) and is_new(fact):
                self.outcome[place] = Recorded.NEW


@dataclass(frozen=True, slots=True)
class PostgresIntake:
    """Implements `IntakeStore`; `on_job` is told after a commit that left something to do."""

    engine: AsyncEngine
    on_job: Callable[[str], None]
    bursts: BurstTerms = field(default_factory=BurstTerms)
    claim: timedelta = timedelta(seconds=5)
    """How long after the gate was asked a send may still begin."""
    dialogues: Gathering[tuple[AccountId, timedelta], DialogueReading | None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        dialogues = Gathering("dialogues", self.dialogue_readings, limit=LANES_AT_ONCE)
        object.__setattr__(self, "dialogues", dialogues)

    async def record(self, facts: Sequence[Recordable]) -> Sequence[Recorded]:
        """Record facts together; once that is done, nothing starts to people who opted out."""
        outcomes = await self.record_together(facts)
        await let_claims_end(self.engine, people_who_stop(facts), self.claim)
        return outcomes

    async def record_together(self, facts: Sequence[Recordable]) -> Sequence[Recorded]:
        """Record facts in one go; those that the database refuses are left out alone."""
        for _ in range(TRIES - 1):
            try:
                return await self.record_batch(facts)
            except (DBAPIError, ServersUnavailable) as error:
                if is_refusal(error):
                    return await self.record_apart(facts)
                if not is_rollback(error):
                    raise
        return await self.record_batch(facts)

    async def record_apart(self, facts: Sequence[Recordable]) -> Sequence[Recorded]:
        """Halve a batch until whatever is refused stands alone."""
        if len(facts) == 1:
            return [Recorded.REFUSED]
        middle = len(facts) // 2
        return [
            *await self.record_together(facts[:middle]),
            *await self.record_together(facts[middle:]),
        ]

    async def record_batch(self, facts: Sequence[Recordable]) -> Sequence[Recorded]:
        """Record facts in one transaction."""
        batch = Batch(facts, [Recorded.KNOWN] * len(facts))
        async with transaction(self.engine) as connection:
            queued = await record_posts(connection, batch)
            for edit in batch.of(PostEdited):
                await record_edit(connection, edit)
            for deletion in batch.of(PostsDeleted):
                await record_deletion(connection, deletion)
            await record_dialogues(connection, batch, self.bursts)
            await record_group_talk(connection, batch.of(GroupMessageSeen))
            await record_group_edits(connection, batch.of(GroupMessageEdited))
            await record_group_changes(connection, batch.of(GroupChanged))
        if queued:
            self.on_job("jobs")
        return batch.outcome

    async def record_post_and_queue(self, post: PostSeen) -> bool:
        """Record one post of a watched channel and queue the decision about it."""
        return await self.record([post]) == [Recorded.NEW]

    async def record_post_edit(self, edit: PostEdited) -> None:
        """Store a post's new text, unless a later one is known."""
        await self.record([edit])

    async def record_posts_deleted(self, deletion: PostsDeleted) -> None:
        """Mark posts as gone, and cancel what waits to be said under them."""
        await self.record([deletion])

    async def record_direct_message(self, message: DirectMessageSeen) -> bool:
        """Record one incoming message; a stop word ends the conversation for every account."""
        return await self.record([message]) == [Recorded.NEW]

    async def known_posts(self, channel: ChannelId, limit: int) -> Sequence[KnownPost]:
        """Return the newest posts that are not deleted."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, KNOWN_POSTS, channel=channel, limit=limit)
        return [KnownPost(MessageId(row.message_id), row.text, row.edited_at) for row in found]

    async def known_messages(
        self, account: AccountId, limit: int, lasts: timedelta
    ) -> Sequence[KnownMessage]:
        """Return the newest messages of people in conversations that are alive."""
        async with transaction(self.engine) as connection:
            found = await rows(
                connection, KNOWN_MESSAGES, account=account, limit=limit, lasts=lasts
            )
        return [
            KnownMessage(TelegramId(row.person), MessageId(row.message), row.text, row.edited_at)
            for row in found
        ]

    async def dialogue_reading(self, account: AccountId, every: timedelta) -> DialogueReading:
        """Return how far the account's dialogues were compared."""
        reading = await self.dialogues.ask((account, every))
        if reading is None:
            raise NotFound(f"There is no account {account}")
        return reading

    async def dialogue_readings(
        self, asked: Sequence[tuple[AccountId, timedelta]]
    ) -> Sequence[DialogueReading | None]:
        """Return how far the dialogues of several accounts were compared."""
        intervals = dict(asked)
        async with transaction(self.engine) as connection:
            found = await rows(
                connection,
                DIALOGUE_READING,
                accounts=list(intervals),
                intervals=list(intervals.values()),
            )
        by_account = {AccountId(row.id): row for row in found}
        return [
            to_dialogue_reading(by_account[account]) if account in by_account else None
            for account, _ in asked
        ]

    async def note_dialogues(
        self, account: AccountId, progress: dict[TelegramId, MessageId]
    ) -> None:
        """Store how far a comparison has come that is not finished."""
        async with transaction(self.engine) as connection:
            await run(connection, NOTE_DIALOGUES, account=account, progress=write_json(progress))

    async def note_dialogues_compared(self, account: AccountId, upto: MessageId | None) -> None:
        """Store that every dialogue was compared up to that message."""
        async with transaction(self.engine) as connection:
            await run(connection, NOTE_DIALOGUES_COMPARED, account=account, upto=upto)


def people_who_stop(facts: Sequence[Recordable]) -> set[TelegramId]:
    """Return who asks in these facts to hear no more of us."""
    return {
        fact.sender
        for fact in facts
        if isinstance(fact, DirectMessageSeen | MessageEdited) and asks_to_stop(fact.text)
    } | {
        fact.author
        for fact in facts
        if isinstance(fact, GroupMessageSeen | GroupMessageEdited)
        and fact.author is not None
        and asks_to_stop(fact.text)
    }


async def record_posts(connection: AsyncConnection, batch: Batch) -> int:
    """Record the posts of a batch, each once; returns how many were new."""
    posts = {(post.channel, post.message): post for post in reversed(batch.of(PostSeen))}
    if not posts:
        return 0
    recorded = await rows(
        connection,
        RECORD_POSTS,
        kind=ConsiderPost.__name__,
        task=TASK,
        **columns_of(posts.values()),
    )
    new = {id(posts[TelegramId(row.channel), MessageId(row.message)]) for row in recorded}
    batch.mark(PostSeen, lambda post: id(post) in new)
    return len(new)


def columns_of(posts: Iterable[PostSeen]) -> dict[str, list[Any]]:
    """Lay posts out as the columns of one statement."""
    listed = list(posts)
    return {
        "channels": [post.channel for post in listed],
        "messages": [post.message for post in listed],
        "texts": [post.text for post in listed],
        "media": [write_json(post.media) for post in listed],
        "engagement": [write_json(post.engagement) for post in listed],
        "albums": [post.album for post in listed],
        "accounts": [post.account for post in listed],
        "published": [post.published_at for post in listed],
        "edited": [post.edited_at for post in listed],
        "lates": [post.late for post in listed],
    }


async def record_edit(connection: AsyncConnection, edit: PostEdited) -> None:
    """Store a post's new text, unless a later one is known."""
    await run(
        connection,
        RECORD_EDIT,
        channel=edit.channel,
        message=edit.message,
        text=edit.text,
        edited_at=edit.edited_at,
        late=edit.late,
    )


async def record_deletion(connection: AsyncConnection, deletion: PostsDeleted) -> None:
    """Mark posts as gone, and cancel what waits to be said under them."""
    gone = await rows(
        connection,
        RECORD_DELETED,
        channel=deletion.channel,
        messages=list(deletion.messages),
    )
    if not gone:
        await record_group_deletion(connection, deletion)
        return
    channel = gone[0].channel_id
    messages = [MessageId(row.message_id) for row in gone]
    waiting = await rows(connection, WAITING_UNDER, channel=channel, messages=messages)
    why = Reason(SilenceReason.POST_GONE, "the post was deleted")
    await cancel_waiting(connection, [row.id for row in waiting], why)
    if deletion.late:
        await run(connection, COUNT_LATE, channel=channel, late=len(gone))


async def record_dialogues(connection: AsyncConnection, batch: Batch, bursts: BurstTerms) -> None:
    """Record what was said in private, then what became of it."""
    new = await record_direct_messages(connection, batch.of(DirectMessageSeen))
    batch.mark(DirectMessageSeen, lambda message: id(message) in new)
    # A stop word locks its person; conversations are locked after people.
    await record_message_edits(connection, batch.of(MessageEdited))
    await record_own_messages(connection, batch.of(OwnMessageSeen))
    await record_messages_deleted(connection, batch.of(MessagesDeleted))
    await record_reads(connection, batch.of(ConversationRead))
    fresh = [message for message in batch.of(DirectMessageSeen) if id(message) in new]
    if fresh:
        # Last of all, for whoever answers locks a conversation before its job too.
        await queue_answers(connection, fresh, bursts.quiet, bursts.longest)


def to_dialogue_reading(row: Row[Any]) -> DialogueReading:
    """Read how far dialogues were compared; JSON knows no numbers as keys."""
    progress = row.dialogues_progress or {}
    upto = row.dialogues_upto
    return DialogueReading(
        upto=None if upto is None else MessageId(upto),
        since=row.since.replace(microsecond=0),  # Telegram's dates are whole seconds
        progress={TelegramId(int(user)): MessageId(last) for user, last in progress.items()},
        due=row.due,
        recovered_late=row.recovered_late,
    )
