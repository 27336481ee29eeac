"""The desk's parcels: what the bot is to say, in order for each chat, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import by_statement, transaction, write_json
from db.gathering import Gathering
from db.stores.base import one, ring, rows, run
from orchestrator.ports.desk import (
    After,
    Amendment,
    BotId,
    Doubt,
    DueParcel,
    MessageAt,
    Outcome,
    Parcel,
    ParcelId,
)
from orchestrator.ports.work import Topic
from support.ids import ChatId, TgMessageId, TicketId

AT_ONCE = 500
DOUBT = TypeAdapter(Doubt)
AFTER = TypeAdapter(After)

LINGER = 0.005
"""Seconds for which a batch gathers while others come."""
OUTCOMES_LINGER = 0.01
"""The same for outcomes, for which no line waits."""

INSERT = """
    INSERT INTO desk_parcels (bot_id, key, method, chat_id, thread_id, params, source_chat,
        source_message, album, ticket_id, doubt, after, due_at)
    SELECT :bot, p.item ->> 'key', p.item ->> 'method', (p.item ->> 'chat')::bigint,
        (p.item ->> 'thread')::bigint, p.item -> 'params',
        (p.item -> 'source' ->> 'chat')::bigint, (p.item -> 'source' ->> 'message')::bigint,
        p.item ->> 'album', (p.item ->> 'ticket')::bigint,
        nullif(p.item -> 'doubt', 'null'), nullif(p.item -> 'after', 'null'),
        now() + CAST(p.item ->> 'delay' AS interval)
    FROM jsonb_array_elements(CAST(:parcels AS jsonb)) WITH ORDINALITY AS p (item, place)
    ORDER BY p.place
    ON CONFLICT (bot_id, key) DO NOTHING
"""
QUEUE = text(INSERT)
COLUMNS = """id, key, method, chat_id, thread_id, params, source_chat, source_message, album,
    ticket_id, doubt, after, due_at"""
DUE = text(
    f"""
    SELECT {COLUMNS} FROM desk_parcels
    WHERE bot_id = :bot AND state = 'due' AND id <> ALL(CAST(:held AS bigint[]))
    ORDER BY id LIMIT :limit
    """  # noqa: S608 - the columns stand above
)
LEFT_BEHIND = text(
    f"""
    SELECT {COLUMNS} FROM desk_parcels
    WHERE bot_id = :bot AND state = 'sending' AND claimed_by <> :by ORDER BY id
    """  # noqa: S608 - the columns stand above
)
ONE = text(
    f"SELECT {COLUMNS} FROM desk_parcels WHERE bot_id = :bot AND id = :parcel"  # noqa: S608 - the columns stand above
)
REFUSED = text(
    f"""
    SELECT {COLUMNS} FROM desk_parcels
    WHERE bot_id = :bot AND chat_id = :chat AND thread_id = :thread AND state = 'failed'
    ORDER BY id
    """  # noqa: S608 - the columns stand above
)
CLAIM = text(
    """
    UPDATE desk_parcels SET state = 'sending', claimed_by = :by
    WHERE id = ANY(CAST(:parcels AS bigint[])) AND state = 'due' RETURNING id
    """
)
GIVE_BACK = text(
    """
    UPDATE desk_parcels SET state = 'due', claimed_by = NULL
    WHERE id = ANY(CAST(:parcels AS bigint[])) AND state = 'sending'
    """
)
# What was taken for doubtful may still be answered: then the answer counts.
ENDED = """
    UPDATE desk_parcels p
    SET state = o.state, result_message = o.message, last_error = nullif(o.error, ''),
        settled_at = now()
    FROM jsonb_to_recordset(CAST(:outcomes AS jsonb))
        AS o (id bigint, state text, message bigint, error text)
    WHERE p.id = o.id AND p.state IN ('due', 'sending', 'unknown')
    RETURNING p.id, p.bot_id, p.chat_id, p.ticket_id, p.result_message, p.amendment
"""
# Whoever amends a parcel at the same time was before this row's lock and is found here, or waits
# for it and then finds where the message stands.
AMENDED = """
    INSERT INTO desk_parcels (bot_id, key, method, chat_id, params, ticket_id)
    SELECT e.bot_id, 'amended:' || e.id, e.amendment ->> 'method', e.chat_id,
        jsonb_build_object('chat_id', e.chat_id, 'message_id', e.result_message)
            || (e.amendment -> 'params'), e.ticket_id
    FROM ended e WHERE e.amendment IS NOT NULL AND e.result_message IS NOT NULL
    ON CONFLICT (bot_id, key) DO NOTHING
    RETURNING id
"""
RELATED = """
    INSERT INTO relays (bot_id, source_chat, source_message, dest_chat, dest_thread, dest_message,
        ticket_id)
    SELECT :bot, r.source_chat, r.source_message, r.dest_chat, r.dest_thread, r.dest_message,
        r.ticket
    FROM jsonb_to_recordset(CAST(:relays AS jsonb)) AS r (source_chat bigint,
        source_message bigint, dest_chat bigint, dest_thread bigint, dest_message bigint,
        ticket bigint)
    ON CONFLICT DO NOTHING
"""
SETTLE = text(
    f"""
    WITH ended AS ({ENDED}), amended AS ({AMENDED}), related AS ({RELATED})
    SELECT CAST(pg_notify('troupe', :topic) AS text) FROM amended LIMIT 1
    """  # noqa: S608 - put together of what stands above
)
AMEND = text(
    """
    UPDATE desk_parcels p SET amendment = a.amendment
    FROM jsonb_to_recordset(CAST(:amendments AS jsonb)) AS a (id bigint, amendment jsonb)
    WHERE p.id = a.id AND p.state IN ('due', 'sending', 'held')
    """
)
# The desk tells itself what became of a parcel: under a number that no update of Telegram's has.
TELL = text(
    """
    INSERT INTO desk_updates (bot_id, update_id, chat_id, content)
    SELECT :bot, -t.id, t.chat, t.content
    FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t (id bigint, chat bigint, content jsonb)
    ON CONFLICT (bot_id, update_id) DO NOTHING
    """
)
HELD_BEFORE = text(
    """
    SELECT 1 FROM desk_parcels
    WHERE bot_id = :bot AND state = 'held' AND chat_id = :chat AND id < :parcel LIMIT 1
    """
)
RELEASE = text(
    """
    UPDATE desk_parcels SET state = 'due', claimed_by = NULL, due_at = now()
    WHERE bot_id = :bot AND chat_id = :chat AND state = 'held'
    """
)
# Each part has an index of its own over the few rows that it means.
TOPICS_UNDER_WAY = text(
    """
    SELECT ticket_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'due' AND method = 'createForumTopic' AND key LIKE 'topic:%'
    UNION
    SELECT ticket_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'sending' AND method = 'createForumTopic'
      AND key LIKE 'topic:%'
    UNION
    SELECT ticket_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'held' AND method = 'createForumTopic' AND key LIKE 'topic:%'
    UNION
    SELECT (content -> 'parcel' ->> 'ticket')::bigint FROM desk_updates
    WHERE bot_id = :bot AND state = 'waiting' AND update_id < 0
      AND content -> 'parcel' ->> 'after' = 'topic_opened'
    """
)
SENDING_TO = text(
    """
    SELECT id FROM desk_parcels WHERE bot_id = :bot AND state = 'sending' AND chat_id = :chat
    """
)
LATELY = text(
    """
    SELECT chat_id, now() - settled_at AS ago FROM desk_parcels
    WHERE bot_id = :bot AND settled_at > now() - CAST(:since AS interval)
      AND state IN ('sent', 'unknown')
    ORDER BY settled_at
    """
)


@dataclass(frozen=True, slots=True)
class PostgresParcels:
    """Implements `ParcelStore`; claims and outcomes of several lines share one transaction."""

    engine: AsyncEngine
    alone: AsyncEngine = field(init=False)
    """For what is one statement."""
    claims: Gathering[tuple[str, Sequence[ParcelId]], frozenset[ParcelId]] = field(init=False)
    ends: Gathering[tuple[BotId, Outcome], None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        object.__setattr__(self, "alone", by_statement(self.engine))
        claims = Gathering(
            "desk claims", self.claim_all, self.unclaim, limit=AT_ONCE, linger=LINGER
        )
        object.__setattr__(self, "claims", claims)
        ends = Gathering("desk outcomes", self.settle_all, limit=AT_ONCE, linger=OUTCOMES_LINGER)
        object.__setattr__(self, "ends", ends)

    async def queue_parcels(self, bot: BotId, parcels: Sequence[Parcel]) -> int:
        """Queue what is new."""
        async with transaction(self.engine) as connection:
            return await queue_parcels(connection, bot, parcels)

    async def due_parcels(
        self, bot: BotId, held: Sequence[ParcelId], limit: int
    ) -> Sequence[DueParcel]:
        """Return what waits, in the order in which it was queued."""
        async with transaction(self.alone) as connection:
            found = await rows(connection, DUE, bot=bot, held=list(held), limit=limit)
        return [read_parcel(row) for row in found]

    async def claim_parcels(self, by: str, parcels: Sequence[ParcelId]) -> frozenset[ParcelId]:
        """Take parcels that nobody else has taken."""
        return await self.claims.ask((by, parcels))

    async def claim_all(
        self, asked: Sequence[tuple[str, Sequence[ParcelId]]]
    ) -> Sequence[frozenset[ParcelId]]:
        """Take for all who ask."""
        taken: set[tuple[str, ParcelId]] = set()
        async with transaction(self.alone) as connection:
            for by in sorted({by for by, _ in asked}):
                wanted = sorted(each for one, parcels in asked if one == by for each in parcels)
                found = await rows(connection, CLAIM, by=by, parcels=wanted)
                taken |= {(by, ParcelId(row.id)) for row in found}
        return [frozenset(p for p in parcels if (by, p) in taken) for by, parcels in asked]

    async def unclaim(
        self, _asked: tuple[str, Sequence[ParcelId]], taken: frozenset[ParcelId]
    ) -> None:
        """Give back what was taken for somebody who was cancelled meanwhile."""
        await self.give_back(tuple(taken))

    async def give_back(self, parcels: Sequence[ParcelId]) -> None:
        """Make due again."""
        async with transaction(self.engine) as connection:
            await run(connection, GIVE_BACK, parcels=list(parcels))

    async def settle_parcel(self, bot: BotId, outcome: Outcome) -> None:
        """Record what became of it, together with others."""
        await self.ends.ask((bot, outcome))

    async def settle_all(self, asked: Sequence[tuple[BotId, Outcome]]) -> Sequence[None]:
        """Record outcomes with all that follows from them."""
        plain = all(is_plain(outcome) for _, outcome in asked)
        async with transaction(self.alone if plain else self.engine) as connection:
            for bot in sorted({bot for bot, _ in asked}):
                await settle(connection, bot, [one for b, one in asked if b == bot])
        return [None] * len(asked)

    async def amend_parcels(self, amendments: Mapping[ParcelId, Amendment]) -> None:
        """Keep each with its parcel."""
        if not amendments:
            return
        wanted = [{"id": one, "amendment": amendments[one]} for one in sorted(amendments)]
        async with transaction(self.alone) as connection:
            await run(connection, AMEND, amendments=write_json(wanted))

    async def left_behind(self, bot: BotId, by: str) -> Sequence[DueParcel]:
        """Return what others were sending."""
        async with transaction(self.engine) as connection:
            return [read_parcel(row) for row in await rows(connection, LEFT_BEHIND, bot=bot, by=by)]

    async def is_held_before(self, bot: BotId, chat: ChatId, parcel: ParcelId) -> bool:
        """Look for one."""
        async with transaction(self.alone) as connection:
            return await one(connection, HELD_BEFORE, bot=bot, chat=chat, parcel=parcel) is not None

    async def release_held(self, bot: BotId, chat: ChatId) -> int:
        """Let go what waited for a person."""
        async with transaction(self.engine) as connection:
            released = await run(connection, RELEASE, bot=bot, chat=chat)
            if released:
                await ring(connection, Topic.PARCELS)
        return released

    async def parcel(self, bot: BotId, parcel: ParcelId) -> DueParcel | None:
        """Return one, whatever became of it."""
        async with transaction(self.engine) as connection:
            row = await one(connection, ONE, bot=bot, parcel=parcel)
        return None if row is None else read_parcel(row)

    async def refused_parcels(self, bot: BotId, chat: ChatId, thread: int) -> Sequence[DueParcel]:
        """Return what a topic did not take, in order."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, REFUSED, bot=bot, chat=chat, thread=thread)
        return [read_parcel(row) for row in found]

    async def topics_under_way(self, bot: BotId) -> frozenset[TicketId]:
        """Look for calls that open one, and for what is told of such."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, TOPICS_UNDER_WAY, bot=bot)
        return frozenset(TicketId(row.ticket_id) for row in found if row.ticket_id is not None)

    async def sending_to(self, bot: BotId, chat: ChatId) -> frozenset[ParcelId]:
        """Look for what is being sent."""
        async with transaction(self.alone) as connection:
            found = await rows(connection, SENDING_TO, bot=bot, chat=chat)
        return frozenset(ParcelId(row.id) for row in found)

    async def lately_sent(self, bot: BotId, since: timedelta) -> Sequence[tuple[ChatId, timedelta]]:
        """Return what counts against the limits still."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LATELY, bot=bot, since=since)
        return [(ChatId(row.chat_id), row.ago) for row in found]


async def queue_parcels(connection: AsyncConnection, bot: BotId, parcels: Sequence[Parcel]) -> int:
    """Queue parcels in order and wake the courier."""
    if not parcels:
        return 0
    queued = await run(connection, QUEUE, bot=bot, parcels=write_json(list(parcels)))
    if queued:
        await ring(connection, Topic.PARCELS)
    return queued


async def settle(connection: AsyncConnection, bot: BotId, outcomes: Sequence[Outcome]) -> None:
    """Record one bot's outcomes."""
    ended = sorted((ending_of(each) for each in outcomes), key=lambda ending: str(ending["id"]))
    relays = [relay_of(each) for each in outcomes if is_relayed(each)]
    values = {"outcomes": write_json(ended), "relays": write_json(relays)}
    await run(connection, SETTLE, bot=bot, topic=Topic.PARCELS, **values)
    told = [telling_of(each, each.after) for each in outcomes if each.after is not None]
    if told:
        await run(connection, TELL, bot=bot, told=write_json(told))
        await ring(connection, Topic.DESK)
    await queue_parcels(connection, bot, [one for each in outcomes for one in each.notices])


def is_plain(outcome: Outcome) -> bool:
    """Tell whether nothing follows from an outcome, so that one statement records it."""
    return outcome.after is None and not outcome.notices


def ending_of(outcome: Outcome) -> dict[str, object]:
    """Write what a parcel's row shall say."""
    return {
        "id": outcome.parcel.id,
        "state": outcome.state,
        "message": outcome.message,
        "error": outcome.error,
    }


def is_relayed(outcome: Outcome) -> bool:
    """Tell whether a message now stands for another."""
    return outcome.message is not None and outcome.parcel.parcel.source is not None


def relay_of(outcome: Outcome) -> dict[str, object]:
    """Write which message stands for which."""
    parcel = outcome.parcel.parcel
    source = parcel.source
    return {
        "source_chat": source and source.chat,
        "source_message": source and source.message,
        "dest_chat": parcel.chat,
        "dest_thread": parcel.thread,
        "dest_message": outcome.message,
        "ticket": parcel.ticket,
    }


def telling_of(outcome: Outcome, after: After) -> dict[str, object]:
    """Write what the desk tells itself of a parcel's fate."""
    parcel = outcome.parcel.parcel
    told = {
        "after": after.name,
        "parcel": outcome.parcel.id,
        "state": outcome.state,
        "error": outcome.error,
        "message": outcome.message,
        "ticket": parcel.ticket,
        "chat": parcel.chat,
        "thread": parcel.thread,
        "told": after.told,
    }
    return {"id": outcome.parcel.id, "chat": parcel.chat, "content": {"parcel": told}}


def read_parcel(row: Row[Any]) -> DueParcel:
    """Read a row of `desk_parcels`."""
    source = None
    if row.source_message is not None:
        source = MessageAt(ChatId(row.source_chat), TgMessageId(row.source_message))
    parcel = Parcel(
        key=row.key,
        method=row.method,
        chat=ChatId(row.chat_id),
        params=row.params,
        thread=row.thread_id,
        source=source,
        album=row.album,
        ticket=None if row.ticket_id is None else TicketId(row.ticket_id),
        doubt=None if row.doubt is None else DOUBT.validate_python(row.doubt),
        after=None if row.after is None else AFTER.validate_python(row.after),
    )
    return DueParcel(ParcelId(row.id), parcel, row.due_at)


__all__ = ["INSERT", "LINGER", "PostgresParcels", "queue_parcels"]
