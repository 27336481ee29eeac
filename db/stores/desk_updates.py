"""The desk's updates: stored before they are confirmed, handled in their chat's order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import by_statement, transaction, write_json
from db.gathering import Gathering
from db.stores.base import ring, rows, run
from db.stores.desk_parcels import INSERT, LINGER, queue_parcels
from orchestrator.ports.desk import BotId, Parcel, RawUpdate, UpdateRow, WaitingUpdate
from orchestrator.ports.work import Topic
from support.ids import ChatId

AT_ONCE = 500
"""Updates in one transaction at most."""

# In the order in which they came: rows get their numbers in the order of this list.
RECORD = text(
    """
    INSERT INTO desk_updates (bot_id, update_id, chat_id, content)
    SELECT :bot, (u.item ->> 'number')::bigint, (u.item ->> 'chat')::bigint, u.item -> 'content'
    FROM jsonb_array_elements(CAST(:updates AS jsonb)) WITH ORDINALITY AS u (item, place)
    ORDER BY u.place
    ON CONFLICT (bot_id, update_id) DO NOTHING
    """
)
WAITING = text(
    """
    SELECT id, update_id, chat_id, content, received_at
    FROM desk_updates
    WHERE bot_id = :bot AND state = 'waiting' AND id <> ALL(CAST(:held AS bigint[]))
    ORDER BY id LIMIT :limit
    """
)
FINISH = text(
    f"""
    WITH done AS (
        UPDATE desk_updates SET state = 'done', handled_at = now()
        WHERE id = ANY(CAST(:rows AS bigint[])) AND state = 'waiting'
    ), queued AS ({INSERT} RETURNING id)
    SELECT CAST(pg_notify('troupe', :topic) AS text) FROM queued LIMIT 1
    """  # noqa: S608 - the statement stands beside the parcels
)
BURY = text(
    """
    UPDATE desk_updates
    SET state = 'buried', handled_at = now(), last_error = :error
    WHERE id = :row AND state = 'waiting'
    """
)


@dataclass(frozen=True, slots=True)
class Handled:
    """An update that was handled, and what is said about it."""

    bot: BotId
    row: UpdateRow
    parcels: Sequence[Parcel]


@dataclass(frozen=True, slots=True)
class PostgresDeskUpdates:
    """Implements `UpdateStore`; what comes, or is finished, at about the same time shares one."""

    engine: AsyncEngine
    alone: AsyncEngine = field(init=False)
    """For what is one statement."""
    comings: Gathering[tuple[BotId, Sequence[RawUpdate]], int] = field(init=False)
    endings: Gathering[Handled, None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        object.__setattr__(self, "alone", by_statement(self.engine))
        comings = Gathering("desk updates", self.record_all, limit=AT_ONCE)
        endings = Gathering("desk endings", self.finish_all, limit=AT_ONCE, linger=LINGER)
        object.__setattr__(self, "comings", comings)
        object.__setattr__(self, "endings", endings)

    async def record_updates(self, bot: BotId, updates: Sequence[RawUpdate]) -> int:
        """Store updates and wake whoever handles them; once this returns they are kept."""
        return await self.comings.ask((bot, updates)) if updates else 0

    async def record_all(self, asked: Sequence[tuple[BotId, Sequence[RawUpdate]]]) -> Sequence[int]:
        """Store what several deliveries brought."""
        async with transaction(self.engine) as connection:
            counts = [await record(connection, bot, updates) for bot, updates in merged(asked)]
            if any(counts):
                await ring(connection, Topic.DESK)
        # Who delivered which of them nobody asks but he who delivered alone.
        return counts if len(counts) == len(asked) else [len(updates) for _, updates in asked]

    async def waiting_updates(
        self, bot: BotId, held: Sequence[UpdateRow], limit: int
    ) -> Sequence[WaitingUpdate]:
        """Return what is due, in the order in which it came."""
        async with transaction(self.alone) as connection:
            found = await rows(connection, WAITING, bot=bot, held=list(held), limit=limit)
        return [
            WaitingUpdate(
                UpdateRow(row.id),
                RawUpdate(row.update_id, ChatId(row.chat_id), row.content),
                row.received_at,
            )
            for row in found
        ]

    async def finish_update(self, bot: BotId, update: UpdateRow, parcels: Sequence[Parcel]) -> None:
        """Mark as handled and queue what follows, together with others."""
        await self.endings.ask(Handled(bot, update, parcels))

    async def finish_all(self, handled: Sequence[Handled]) -> Sequence[None]:
        """Finish what was handled at about the same time, in one transaction."""
        bots = sorted({one.bot for one in handled})
        async with transaction(self.alone if len(bots) == 1 else self.engine) as connection:
            for bot in bots:
                await finish(connection, bot, [one for one in handled if one.bot == bot])
        return [None] * len(handled)

    async def bury_update(
        self, bot: BotId, update: UpdateRow, error: str, parcels: Sequence[Parcel]
    ) -> None:
        """Give it up and tell the person."""
        async with transaction(self.engine) as connection:
            await run(connection, BURY, row=update, error=error)
            await queue_parcels(connection, bot, parcels)


async def finish(connection: AsyncConnection, bot: BotId, handled: Sequence[Handled]) -> None:
    """Finish one bot's updates: one statement marks them, queues what follows and rings."""
    parcels = [each for one in handled for each in one.parcels]
    rows_of = sorted(one.row for one in handled)
    values = {"bot": bot, "rows": rows_of, "parcels": write_json(parcels)}
    await run(connection, FINISH, topic=Topic.PARCELS, **values)


def merged(
    asked: Sequence[tuple[BotId, Sequence[RawUpdate]]],
) -> list[tuple[BotId, Sequence[RawUpdate]]]:
    """Put together what came for the same bot."""
    bots = dict.fromkeys(bot for bot, _ in asked)
    return [(bot, [one for b, some in asked if b == bot for one in some]) for bot in bots]


async def record(connection: AsyncConnection, bot: BotId, updates: Sequence[RawUpdate]) -> int:
    """Store updates in order; returns how many were new."""
    return await run(connection, RECORD, bot=bot, updates=write_json(list(updates)))
