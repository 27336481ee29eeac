"""Promises about time as PostgreSQL keeps them: clocks that start, stand still, run on and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.desk_acts import Act, note
from support.actor import By
from support.calendar import ROUND_THE_CLOCK, Span, WorkCalendar
from support.ids import ActKey, ClockId, TicketId
from support.reports import Idle
from support.sla import Clock, ClockKind, SlaNotice, SlaPolicy, due, left, policy_for
from support.tickets import Priority

POLICIES = text(
    """
    SELECT p.key, p.first_answer, p.next_answer, p.resolution, p.warn_before, p.calendar_id,
           c.key AS calendar, p.topic, p.priority, p.pauses_while_waiting, p.is_active
    FROM sla_policies p LEFT JOIN desk_calendars c ON c.id = p.calendar_id
    ORDER BY p.key
    """
)
CALENDAR = text("SELECT id, zone FROM desk_calendars WHERE id = :calendar")
WEEK = text("SELECT weekday, opens, closes FROM business_hours WHERE calendar_id = :calendar")
HOLIDAYS = text("SELECT day FROM holidays WHERE calendar_id = :calendar")
NOW = text("SELECT now() AS now")
KIND_OF = text("SELECT topic, priority FROM tickets WHERE id = :ticket")
START = text(
    """
    INSERT INTO ticket_clocks (ticket_id, kind, policy, started_at, warn_at, due_at, warn_before,
                               calendar_id, pauses)
    VALUES (:ticket, :kind, :policy, :now, :warn_at, :due_at, :warn_before, :calendar, :pauses)
    ON CONFLICT (ticket_id, kind) WHERE met_at IS NULL AND dropped_at IS NULL DO NOTHING
    """
)
# A promise that was broken is broken, whether or not anybody was told in the meantime.
MEET_ANSWERS = text(
    """
    UPDATE ticket_clocks
    SET met_at = now(), breached_at = CASE WHEN due_at < now() THEN coalesce(breached_at, due_at)
                                      ELSE breached_at END
    WHERE ticket_id = :ticket AND kind IN ('first_answer', 'next_answer')
      AND met_at IS NULL AND dropped_at IS NULL
    """
)
END_ALL = text(
    """
    UPDATE ticket_clocks
    SET met_at = CASE WHEN kind = 'resolution' THEN now() END,
        dropped_at = CASE WHEN kind <> 'resolution' THEN now() END,
        breached_at = CASE WHEN due_at < now() THEN coalesce(breached_at, due_at)
                      ELSE breached_at END
    WHERE ticket_id = :ticket AND met_at IS NULL AND dropped_at IS NULL
    """
)
OPEN = """
    SELECT id, kind, due_at, left_over, warn_before, calendar_id FROM ticket_clocks
    WHERE ticket_id = :ticket AND met_at IS NULL AND dropped_at IS NULL
"""
LOCK = " ORDER BY id FOR NO KEY UPDATE"
RUNNING = text(OPEN + " AND due_at > now()" + LOCK)
RUNNING_AND_PATIENT = text(OPEN + " AND due_at > now() AND pauses" + LOCK)
STANDING = text(OPEN + " AND left_over IS NOT NULL" + LOCK)
STAND = text(
    """
    UPDATE ticket_clocks SET warn_at = NULL, due_at = NULL, left_over = :left_over
    WHERE id = :clock
    """
)
RUN_ON = text(
    """
    UPDATE ticket_clocks SET warn_at = :warn_at, due_at = :due_at, left_over = NULL
    WHERE id = :clock
    """
)
CLOCKS = text(
    """
    SELECT ticket_id, kind, started_at, due_at, left_over, met_at, breached_at
    FROM ticket_clocks WHERE ticket_id = :ticket AND dropped_at IS NULL ORDER BY id DESC
    """
)
DUE_NOTICES = text(
    """
    (SELECT id, ticket_id, kind, due_at, true AS is_breach FROM ticket_clocks
     WHERE due_at <= :now AND breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL
     ORDER BY due_at LIMIT :limit)
    UNION ALL
    (SELECT id, ticket_id, kind, due_at, false FROM ticket_clocks
     WHERE warn_at <= :now AND due_at > :now AND warned_at IS NULL
       AND breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL
     ORDER BY warn_at LIMIT :limit)
    """
)
MARK_NOTICED = text(
    """
    UPDATE ticket_clocks c
    SET breached_at = CASE WHEN n.is_breach THEN coalesce(c.breached_at, n.due_at)
                      ELSE c.breached_at END,
        warned_at = coalesce(c.warned_at, now())
    FROM unnest(CAST(:clocks AS bigint[]), CAST(:breaches AS boolean[]),
                CAST(:dues AS timestamptz[])) AS n (id, is_breach, due_at)
    WHERE c.id = n.id AND (c.warned_at IS NULL OR n.is_breach AND c.breached_at IS NULL)
    """
)
IDLE_TO_WARN = text(
    """
    SELECT id, silent_since FROM tickets
    WHERE silent_since <= :limit AND state IN ('new', 'work') AND idle_warned_at IS NULL
      -- Whoever wrote to an account is not written to by the bot.
      AND conversation_id IS NULL
    ORDER BY silent_since LIMIT :most
    """
)
MARK_IDLE = text(
    """
    UPDATE tickets t SET idle_warned_at = now()
    FROM unnest(CAST(:tickets AS bigint[]), CAST(:since AS timestamptz[])) AS i (id, silent_since)
    WHERE t.id = i.id AND t.silent_since = i.silent_since AND t.idle_warned_at IS NULL
    """
)
IDLE_TO_CLOSE = text(
    """
    SELECT id, silent_since FROM tickets
    WHERE silent_since IS NOT NULL AND state IN ('new', 'work') AND idle_warned_at <= :limit
    ORDER BY silent_since LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class PostgresClocks:
    """Implements `ClockStore`."""

    engine: AsyncEngine

    async def clocks(self, ticket: TicketId) -> Sequence[Clock]:
        """Return a ticket's clocks, newest first."""
        async with transaction(self.engine) as connection:
            return [to_clock(row) for row in await rows(connection, CLOCKS, ticket=ticket)]

    async def pause(self, act: ActKey, ticket: TicketId, by: By) -> bool:
        """Stop the ticket's running clocks."""

        async def step(connection: AsyncConnection) -> bool:
            return await stand_still(connection, ticket) > 0

        return await note(self.engine, Act(act, by, "pause_clocks"), ticket, step)

    async def resume(self, act: ActKey, ticket: TicketId, by: By) -> bool:
        """Let the paused clocks run on."""

        async def step(connection: AsyncConnection) -> bool:
            return await run_on(connection, ticket) > 0

        return await note(self.engine, Act(act, by, "resume_clocks"), ticket, step)

    async def due_notices(self, now: datetime, limit: int = 100) -> Sequence[SlaNotice]:
        """Return clocks that nobody was told of yet."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, DUE_NOTICES, now=now, limit=limit)
        return [
            SlaNotice(
                ClockId(row.id),
                TicketId(row.ticket_id),
                ClockKind(row.kind),
                row.due_at,
                row.is_breach,
            )
            for row in found
        ]

    async def mark_noticed(self, notices: Sequence[SlaNotice]) -> int:
        """Remember that these were told of."""
        async with transaction(self.engine) as connection:
            return await run(
                connection,
                MARK_NOTICED,
                clocks=[one.clock for one in notices],
                breaches=[one.is_breach for one in notices],
                dues=[one.due_at for one in notices],
            )

    async def idle_to_warn(
        self, now: datetime, silent_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Return tickets with a long silence that nobody was warned of."""
        async with transaction(self.engine) as connection:
            values = {"limit": now - silent_for, "most": limit}
            return [to_idle(row) for row in await rows(connection, IDLE_TO_WARN, **values)]

    async def mark_idle_warned(self, idle: Sequence[Idle]) -> int:
        """Remember that these clients were warned."""
        async with transaction(self.engine) as connection:
            tickets = [one.ticket for one in idle]
            since = [one.silent_since for one in idle]
            return await run(connection, MARK_IDLE, tickets=tickets, since=since)

    async def idle_to_close(
        self, now: datetime, warned_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Return tickets that a warning has not moved."""
        async with transaction(self.engine) as connection:
            values = {"limit": now - warned_for, "most": limit}
            return [to_idle(row) for row in await rows(connection, IDLE_TO_CLOSE, **values)]


async def start_clocks(
    connection: AsyncConnection, ticket: TicketId, kinds: Sequence[ClockKind]
) -> None:
    """Start what the ticket's policy promises of these, unless it runs already."""
    known = await rows(connection, POLICIES)
    if not known:
        return
    kind_of = await one(connection, KIND_OF, ticket=ticket)
    if kind_of is None:
        return
    policies = {row.key: (to_policy(row), row.calendar_id) for row in known}
    plain = [policy for policy, _ in policies.values()]
    policy = policy_for(plain, kind_of.topic, Priority(kind_of.priority))
    if policy is None:
        return
    number = policies[policy.key][1]
    calendar = await calendar_numbered(connection, number)
    now = await moment(connection)
    for kind in kinds:
        promise = policy.promise(kind)
        when = promise and due(calendar, now, promise, policy.warn_before)
        if when:
            values = {"kind": kind, "warn_at": when.warn_at, "due_at": when.due_at}
            pauses = policy.pauses_while_waiting and kind is ClockKind.RESOLUTION
            await run(
                connection,
                START,
                ticket=ticket,
                policy=policy.key,
                now=now,
                warn_before=policy.warn_before,
                calendar=number,
                pauses=pauses,
                **values,
            )


async def meet_answers(connection: AsyncConnection, ticket: TicketId) -> None:
    """End the clocks that an answer was promised by, and let the patient ones wait."""
    await run(connection, MEET_ANSWERS, ticket=ticket)
    await stand_still(connection, ticket, only_patient=True)


async def end_clocks(connection: AsyncConnection, ticket: TicketId) -> None:
    """End every clock of a ticket that is closed."""
    await run(connection, END_ALL, ticket=ticket)


async def stand_still(
    connection: AsyncConnection, ticket: TicketId, *, only_patient: bool = False
) -> int:
    """Stop clocks that run, keeping the working time that is left; returns how many."""
    statement = RUNNING_AND_PATIENT if only_patient else RUNNING
    found = await rows(connection, statement, ticket=ticket)
    now = await moment(connection)
    for row in found:
        calendar = await calendar_numbered(connection, row.calendar_id)
        left_over = left(calendar, now, row.due_at)
        await run(connection, STAND, clock=row.id, left_over=left_over)
    return len(found)


async def run_on(connection: AsyncConnection, ticket: TicketId) -> int:
    """Let clocks that stand still run on; returns how many."""
    found = await rows(connection, STANDING, ticket=ticket)
    now = await moment(connection)
    for row in found:
        calendar = await calendar_numbered(connection, row.calendar_id)
        when = due(calendar, now, row.left_over, row.warn_before)
        if when is not None:
            values = {"warn_at": when.warn_at, "due_at": when.due_at}
            await run(connection, RUN_ON, clock=row.id, **values)
    return len(found)


async def calendar_numbered(connection: AsyncConnection, number: int | None) -> WorkCalendar:
    """Read a calendar; round the clock where there is none."""
    found = None if number is None else await one(connection, CALENDAR, calendar=number)
    if found is None:
        return ROUND_THE_CLOCK
    week: dict[int, tuple[Span, ...]] = {}
    for row in await rows(connection, WEEK, calendar=number):
        week[row.weekday] = (*week.get(row.weekday, ()), Span(row.opens, row.closes))
    days: list[date] = [row.day for row in await rows(connection, HOLIDAYS, calendar=number)]
    return WorkCalendar(ZoneInfo(found.zone), week, frozenset(days))


async def moment(connection: AsyncConnection) -> datetime:
    """Return the transaction's time."""
    found: datetime = (await connection.execute(NOW)).scalar_one()
    return found


def to_policy(row: Row[Any]) -> SlaPolicy:
    """Read a policy from its row."""
    return SlaPolicy(
        key=row.key,
        first_answer=row.first_answer,
        next_answer=row.next_answer,
        resolution=row.resolution,
        warn_before=row.warn_before,
        calendar=row.calendar,
        topic=row.topic,
        priority=None if row.priority is None else Priority(row.priority),
        pauses_while_waiting=row.pauses_while_waiting,
        is_active=row.is_active,
    )


def to_clock(row: Row[Any]) -> Clock:
    """Read a clock from its row."""
    return Clock(
        ticket=TicketId(row.ticket_id),
        kind=ClockKind(row.kind),
        started_at=row.started_at,
        due_at=row.due_at,
        left=row.left_over,
        met_at=row.met_at,
        breached_at=row.breached_at,
    )


def to_idle(row: Row[Any]) -> Idle:
    """Read a silence from its row."""
    return Idle(TicketId(row.id), row.silent_since)
