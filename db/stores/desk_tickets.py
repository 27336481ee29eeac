"""The life of tickets in PostgreSQL: each act is one transaction, done once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import transaction
from db.stores.base import rows, run
from db.stores.desk_acts import Act, Outcome, begin, conclude, decide
from db.stores.desk_holding import (
    LOCK_USERS,
    close,
    close_silent,
    give,
    give_to_technician,
    lock,
    release,
    switch,
    take,
)
from db.stores.desk_opening import merge, open_one, reopen
from db.stores.desk_rows import find_ticket
from db.stores.desk_ticket_lists import PostgresTicketLists
from support.actor import THE_CLOCK, By, Side
from support.assignment import Assignment, Candidate, choose
from support.ids import ActKey, OperatorId, TechnicianId, TicketId
from support.reports import Idle
from support.tickets import (
    Decided,
    How,
    Mode,
    Opened,
    Opening,
    Priority,
    TicketState,
    Untold,
    Verdict,
)

SET_PRIORITY = text("UPDATE tickets SET priority = :priority WHERE id = :ticket")
# Whoever chooses among the same people waits for the one who is choosing.
ALONE = text("SELECT pg_advisory_xact_lock(:key)")
ASSIGNING = 0x7472_6F75_7065_02
UNTOLD = text(
    """
    SELECT id, ticket_id, action, actor_name, payload FROM ticket_events
    WHERE to_tell ORDER BY id LIMIT :limit
    """
)
TOLD = text("UPDATE ticket_events SET to_tell = false WHERE id = :event AND to_tell")
CANDIDATES = text(
    """
    SELECT u.id, s.assigned_at,
           (SELECT count(*) FROM tickets t
            WHERE t.operator_id = u.id AND t.state = 'work') AS open_tickets
    FROM users u JOIN desk_staff s ON s.user_id = u.id
    WHERE u.status = 'active' AND NOT s.is_away
      AND (s.started_at IS NOT NULL OR CAST(:mode AS text) = 'topics')
      AND EXISTS (SELECT FROM roles r WHERE r.user_id = u.id AND r.role = 'operator')
    ORDER BY u.id
    """
)


@dataclass(frozen=True, slots=True)
class PostgresTickets(PostgresTicketLists):
    """Implements `TicketStore`."""

    async def open_ticket(self, act: ActKey, opening: Opening, reopen_within: timedelta) -> Opened:
        """Return the client's open ticket, opened when there was none."""
        by = By(Side.CLIENT, id=opening.client)
        async with transaction(self.engine) as connection:
            begun = await begin(connection, Act(act, by, "open"), None)
            if begun.event is None and begun.ticket is not None:
                ticket = await find_ticket(connection, begun.ticket)
                return Opened(ticket, How(str(begun.earlier["how"])), is_replay=True)
            number, how = await open_one(connection, opening, reopen_within)
            await conclude(connection, begun, number, {"how": how, "topic": opening.topic})
            return Opened(await find_ticket(connection, number), how)

    async def take(
        self, act: ActKey, ticket: TicketId, operator: OperatorId, *, several: bool
    ) -> Decided:
        """Give a waiting ticket to the operator who is first."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await take(connection, ticket, operator, several=several)

        return await decide(
            self.engine, Act(act, By(Side.STAFF, id=operator), "take"), ticket, step
        )

    async def switch_to(self, act: ActKey, ticket: TicketId, operator: OperatorId) -> Decided:
        """Make one of the operator's tickets their current one."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await switch(connection, ticket, operator)

        return await decide(
            self.engine, Act(act, By(Side.STAFF, id=operator), "switch"), ticket, step
        )

    async def return_to_queue(self, act: ActKey, ticket: TicketId, by: By) -> Decided:
        """Let it wait again."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await release(connection, ticket, by)

        return await decide(self.engine, Act(act, by, "return"), ticket, step)

    async def hand_over(
        self, act: ActKey, ticket: TicketId, by: By, to: OperatorId, *, several: bool
    ) -> Decided:
        """Give it to another operator."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await give(connection, ticket, by, to, several=several)

        return await decide(self.engine, Act(act, by, "hand_over"), ticket, step)

    async def choose_technician(
        self, act: ActKey, ticket: TicketId, by: By, technician: TechnicianId | None
    ) -> Decided:
        """Give it to a technician."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await give_to_technician(connection, ticket, technician)

        return await decide(self.engine, Act(act, by, "choose_technician"), ticket, step)

    async def finish(
        self, act: ActKey, ticket: TicketId, by: By, reason: str = "", *, to_tell: bool = False
    ) -> Decided:
        """Close it."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await close(connection, ticket, by, reason)

        return await decide(self.engine, Act(act, by, "finish", to_tell), ticket, step)

    async def finish_silent(self, act: ActKey, idle: Idle) -> Decided:
        """Close it, unless its client spoke."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await close_silent(connection, idle.ticket, idle.silent_since, THE_CLOCK)

        whole = Act(act, THE_CLOCK, "finish", to_tell=True)
        return await decide(self.engine, whole, idle.ticket, step)

    async def reopen(
        self,
        act: ActKey,
        ticket: TicketId,
        by: By,
        within: timedelta | None,
        *,
        to_tell: bool = False,
    ) -> Decided:
        """Let a closed ticket wait again."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await reopen(connection, ticket, within)

        return await decide(self.engine, Act(act, by, "reopen", to_tell), ticket, step)

    async def merge(self, act: ActKey, ticket: TicketId, into: TicketId, by: By) -> Decided:
        """Make one of two tickets."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await merge(connection, ticket, into, by)

        return await decide(self.engine, Act(act, by, "merge", to_tell=True), ticket, step)

    async def untold(self, limit: int = 100) -> Sequence[Untold]:
        """Return acts that are still to be told, oldest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, UNTOLD, limit=limit)
        return [
            Untold(row.id, TicketId(row.ticket_id), row.action, row.actor_name, row.payload)
            for row in found
        ]

    async def mark_told(self, event: int) -> None:
        """Remember that it was told."""
        async with transaction(self.engine) as connection:
            await run(connection, TOLD, event=event)

    async def set_priority(
        self, act: ActKey, ticket: TicketId, by: By, priority: Priority
    ) -> Decided:
        """Set how soon it is looked at."""

        async def step(connection: AsyncConnection) -> Outcome:
            now = await lock(connection, ticket)
            if now.priority is priority:
                return Outcome(Verdict.SAME)
            await run(connection, SET_PRIORITY, ticket=ticket, priority=int(priority))
            return Outcome(facts={"from": int(now.priority), "to": int(priority)})

        return await decide(self.engine, Act(act, by, "priority"), ticket, step)

    async def assign_next(
        self, act: ActKey, ticket: TicketId, how: Assignment, *, most: int, several: bool
    ) -> Decided:
        """Give a waiting ticket to whom the rule chooses."""

        async def step(connection: AsyncConnection) -> Outcome:
            return await assign(connection, ticket, how, most=most, several=several)

        return await decide(self.engine, Act(act, THE_CLOCK, "assign"), ticket, step)


async def assign(
    connection: AsyncConnection, ticket: TicketId, how: Assignment, *, most: int, several: bool
) -> Outcome:
    """Choose an operator and give them the ticket, one assignment after the other."""
    await run(connection, ALONE, key=ASSIGNING)
    now = await find_ticket(connection, ticket)
    if now.state is not TicketState.NEW:
        return Outcome(Verdict.CLOSED if now.state is TicketState.CLOSED else Verdict.SAME)
    there = await candidates_for(connection, now.mode)
    await rows(connection, LOCK_USERS, users=[one.operator for one in there])
    most = most if several or now.mode is Mode.TOPICS else 1
    chosen = choose(await candidates_for(connection, now.mode), how, most)
    if chosen is None:
        return Outcome(Verdict.NOT_ALLOWED)
    return await take(connection, ticket, chosen, several=several)


async def candidates_for(connection: AsyncConnection, mode: Mode) -> Sequence[Candidate]:
    """Return operators who are there, with what they do already."""
    found = await rows(connection, CANDIDATES, mode=mode)
    return [Candidate(OperatorId(row.id), row.open_tickets, row.assigned_at) for row in found]
