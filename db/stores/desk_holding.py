"""Who holds a ticket: the steps by which it is taken, given back, given on and ended.

Locks are taken in one order everywhere: the client, then users by number, then tickets by number.
A holder's row in `users` is locked before any of their tickets changes, so that whoever presses
many buttons at once decides one after the other.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import one, rows, run
from db.stores.desk_acts import DONE, Moved, Outcome
from db.stores.desk_clocks import end_clocks
from db.stores.desk_rows import find_ticket
from support.actor import By, Side
from support.ids import OperatorId, TechnicianId, TicketId
from support.tickets import Mode, Ticket, TicketState, Verdict, may_decide

LOCK_USERS = text(
    """
    SELECT u.id, u.status = 'active' AND EXISTS (
               SELECT FROM roles r
               WHERE r.user_id = u.id AND r.role IN ('admin', 'lead', 'operator')) AS answers
    FROM users u WHERE u.id = ANY(CAST(:users AS bigint[])) ORDER BY u.id FOR NO KEY UPDATE OF u
    """
)
# Asked again in the statement that gives a ticket: what was read with the lock may be older than
# the change that the lock waited for.
MAY_ANSWER = """
    EXISTS (SELECT FROM users u JOIN roles r ON r.user_id = u.id
            WHERE u.id = :operator AND u.status = 'active'
              AND r.role IN ('admin', 'lead', 'operator'))
"""
HOLDER = text("SELECT operator_id FROM tickets WHERE id = :ticket")
LOCK_TICKET = text("SELECT operator_id FROM tickets WHERE id = :ticket FOR NO KEY UPDATE")
LEADS = text(
    """
    SELECT 1 FROM users u JOIN roles r ON r.user_id = u.id
    WHERE u.id = :user AND u.status = 'active' AND r.role IN ('admin', 'lead') LIMIT 1
    """
)
# The decision who is first: of many who ask, one finds the ticket waiting.
TAKE = text(
    f"""
    UPDATE tickets
    SET state = 'work', operator_id = :operator, is_current = false, taken_at = now()
    WHERE id = :ticket AND state = 'new' AND {MAY_ANSWER}
      AND (mode = 'topics' OR CAST(:several AS boolean) OR NOT EXISTS (
           SELECT FROM tickets h
           WHERE h.operator_id = :operator AND h.mode = 'take' AND h.state = 'work'))
    RETURNING mode
    """  # noqa: S608 - put together of what stands above
)
HELD = text(
    """
    SELECT id FROM tickets
    WHERE operator_id = :operator AND mode = 'take' AND state = 'work' AND id <> :but
    ORDER BY is_current DESC, taken_at, id LIMIT 1
    """
)
UNSET_CURRENT = text(
    """
    UPDATE tickets SET is_current = false
    WHERE operator_id = :operator AND mode = 'take' AND state = 'work' AND is_current
    """
)
SET_CURRENT = text(
    "UPDATE tickets SET is_current = true WHERE id = :ticket AND mode = 'take' AND state = 'work'"
)
RELEASE = text(
    """
    UPDATE tickets
    SET state = 'new', operator_id = NULL, technician_id = NULL, is_current = false,
        taken_at = NULL
    WHERE id = :ticket
    """
)
GIVE = text(
    f"""
    UPDATE tickets
    SET state = 'work', operator_id = :operator, is_current = false, taken_at = now()
    WHERE id = :ticket AND {MAY_ANSWER}
    """  # noqa: S608 - put together of what stands above
)
GIVE_TO_TECHNICIAN = text(
    """
    UPDATE tickets
    SET technician_id = :technician, taken_at = coalesce(taken_at, now()),
        state = CASE WHEN CAST(:technician AS bigint) IS NULL AND operator_id IS NULL
                THEN 'new' ELSE 'work' END
    WHERE id = :ticket
    """
)
TECHNICIAN = text("SELECT is_active FROM technicians WHERE id = :technician FOR SHARE")
NOTE_ASSIGNMENT = text(
    """
    INSERT INTO desk_staff (user_id, assigned_at) VALUES (:operator, now())
    ON CONFLICT (user_id) DO UPDATE SET assigned_at = now()
    """
)
CLOSE = text(
    """
    UPDATE tickets
    SET state = 'closed', closed_at = now(), closed_reason = :reason, is_current = false,
        silent_since = NULL, idle_warned_at = NULL
    WHERE id = :ticket
    """
)
CLOSE_THREADS = text(
    "UPDATE tech_threads SET closed_at = now() WHERE ticket_id = :ticket AND closed_at IS NULL"
)
# What was answered at an earlier end stands until something is answered anew.
ASK_FOR_FEEDBACK = text(
    """
    INSERT INTO feedback (ticket_id, client_id)
    SELECT id, client_id FROM tickets WHERE id = :ticket
    ON CONFLICT (ticket_id) DO UPDATE
    SET asked_at = now(), finished_at = coalesce(feedback.finished_at, now())
    """
)
STILL_SILENT = text(
    """
    SELECT 1 FROM tickets
    WHERE id = :ticket AND silent_since = :since AND idle_warned_at IS NOT NULL
    """
)


async def lock(connection: AsyncConnection, ticket: TicketId, *users: OperatorId | None) -> Ticket:
    """Lock a ticket's holder and these users, then the ticket; raises Moved to begin anew."""
    holder = await one(connection, HOLDER, ticket=ticket)
    wanted = {*users, holder and holder.operator_id} - {None}
    await rows(connection, LOCK_USERS, users=sorted(user for user in wanted if user))
    row = await one(connection, LOCK_TICKET, ticket=ticket)
    if row is not None and row.operator_id is not None and row.operator_id not in wanted:
        raise Moved
    return await find_ticket(connection, ticket)


async def may(connection: AsyncConnection, by: By, ticket: Ticket) -> bool:
    """Tell whether somebody may decide about a ticket."""
    is_staff = by.side is Side.STAFF and by.id is not None
    leads = is_staff and await one(connection, LEADS, user=by.id) is not None
    return may_decide(by, ticket, leads=leads)


async def take(
    connection: AsyncConnection, ticket: TicketId, operator: OperatorId, *, several: bool
) -> Outcome:
    """Give a waiting ticket to whoever is first."""
    values = {"ticket": ticket, "operator": operator, "several": several}
    while True:
        users = await rows(connection, LOCK_USERS, users=[operator])
        if not any(user.answers for user in users):
            return Outcome(Verdict.NOT_ALLOWED)
        row = await one(connection, TAKE, **values)
        if row is not None:
            if row.mode == Mode.TAKE:
                await make_current(connection, ticket, operator)
            await run(connection, NOTE_ASSIGNMENT, operator=operator)
            return Outcome(facts={"operator": operator})
        refused = await why_not(connection, await find_ticket(connection, ticket), operator)
        if refused is not None:
            return refused


async def why_not(
    connection: AsyncConnection, ticket: Ticket, operator: OperatorId
) -> Outcome | None:
    """Say why a ticket was not to be taken; None when it has come free in the meantime."""
    if ticket.state is TicketState.CLOSED:
        return Outcome(Verdict.CLOSED, ticket=ticket)
    if ticket.state is TicketState.WORK and ticket.operator == operator:
        return Outcome(Verdict.SAME, ticket=ticket)
    if ticket.state is TicketState.WORK:
        holder = ticket.operator_name or ticket.technician_name
        return Outcome(Verdict.LOST, other=holder, ticket=ticket)
    held = await busy_with(connection, operator, ticket.id)
    return None if held is None else Outcome(Verdict.BUSY, held=held, ticket=ticket)


async def busy_with(
    connection: AsyncConnection, operator: OperatorId, but: TicketId
) -> TicketId | None:
    """Return the dialogue that an operator is in, the current one first."""
    row = await one(connection, HELD, operator=operator, but=but)
    return None if row is None else TicketId(row.id)


async def make_current(connection: AsyncConnection, ticket: TicketId, operator: OperatorId) -> None:
    """Lead the operator's private chat to this ticket."""
    await run(connection, UNSET_CURRENT, operator=operator)
    await run(connection, SET_CURRENT, ticket=ticket)


async def promote(
    connection: AsyncConnection, operator: OperatorId | None, but: TicketId
) -> TicketId | None:
    """Lead the private chat to the operator's oldest other ticket, unless it leads to one."""
    if operator is None:
        return None
    held = await busy_with(connection, operator, but)
    if held is not None:
        await make_current(connection, held, operator)
    return held


async def switch(connection: AsyncConnection, ticket: TicketId, operator: OperatorId) -> Outcome:
    """Make one of the operator's tickets their current one."""
    now = await lock(connection, ticket, operator)
    if now.state is TicketState.CLOSED:
        return Outcome(Verdict.CLOSED)
    if now.operator != operator or now.mode is not Mode.TAKE:
        return Outcome(Verdict.NOT_THEIRS, other=now.operator_name)
    if now.is_current:
        return Outcome(Verdict.SAME)
    await make_current(connection, ticket, operator)
    return DONE


async def release(connection: AsyncConnection, ticket: TicketId, by: By) -> Outcome:
    """Let a ticket wait again."""
    now = await lock(connection, ticket)
    if now.state is not TicketState.WORK:
        return Outcome(Verdict.CLOSED if now.state is TicketState.CLOSED else Verdict.SAME)
    if by.side is Side.CLIENT or not await may(connection, by, now):
        return Outcome(Verdict.NOT_THEIRS, other=now.operator_name)
    await run(connection, RELEASE, ticket=ticket)
    held = await promote(connection, now.operator, ticket)
    return Outcome(held=held, facts={"from": now.operator_name})


async def give(
    connection: AsyncConnection, ticket: TicketId, by: By, to: OperatorId, *, several: bool
) -> Outcome:
    """Give a ticket to another operator."""
    now = await lock(connection, ticket, to)
    if now.state is TicketState.CLOSED:
        return Outcome(Verdict.CLOSED)
    if by.side is Side.CLIENT or not await may(connection, by, now):
        return Outcome(Verdict.NOT_THEIRS, other=now.operator_name)
    if now.operator == to:
        return Outcome(Verdict.SAME)
    busy = await busy_with(connection, to, ticket) if now.mode is Mode.TAKE else None
    if busy is not None and not several:
        return Outcome(Verdict.BUSY, held=busy)
    if not await run(connection, GIVE, ticket=ticket, operator=to):
        return Outcome(Verdict.NOT_ALLOWED)
    await run(connection, NOTE_ASSIGNMENT, operator=to)
    if busy is None and now.mode is Mode.TAKE:
        await make_current(connection, ticket, to)
    await promote(connection, now.operator, ticket)
    return Outcome(facts={"from": now.operator_name, "to": to})


async def give_to_technician(
    connection: AsyncConnection, ticket: TicketId, technician: TechnicianId | None
) -> Outcome:
    """Give a ticket to a technician, or take it from theirs."""
    if technician is not None:
        known = await one(connection, TECHNICIAN, technician=technician)
        if known is None or not known.is_active:
            return Outcome(Verdict.NOT_ALLOWED)
    now = await lock(connection, ticket)
    if now.state is TicketState.CLOSED:
        return Outcome(Verdict.CLOSED)
    if now.technician == technician:
        return Outcome(Verdict.SAME)
    if now.mode is not Mode.TOPICS:
        return Outcome(Verdict.NOT_ALLOWED)
    await run(connection, GIVE_TO_TECHNICIAN, ticket=ticket, technician=technician)
    return Outcome(facts={"from": now.technician_name, "technician": technician, "was": now.state})


async def close(connection: AsyncConnection, ticket: TicketId, by: By, reason: str) -> Outcome:
    """End a ticket."""
    now = await lock(connection, ticket)
    if now.state is TicketState.CLOSED:
        return Outcome(Verdict.SAME)
    if not await may(connection, by, now):
        return Outcome(Verdict.NOT_THEIRS, other=now.operator_name)
    held = await close_locked(connection, now, reason)
    await run(connection, ASK_FOR_FEEDBACK, ticket=ticket)
    return Outcome(held=held, facts={"reason": reason})


async def close_silent(
    connection: AsyncConnection, ticket: TicketId, since: datetime, by: By
) -> Outcome:
    """End a ticket whose client is silent since then; one who spoke meanwhile goes on."""
    await lock(connection, ticket)
    if await one(connection, STILL_SILENT, ticket=ticket, since=since) is None:
        return Outcome(Verdict.SAME)
    return await close(connection, ticket, by, "idle")


async def close_locked(connection: AsyncConnection, ticket: Ticket, reason: str) -> TicketId | None:
    """Close a ticket that is locked with its holder; returns the holder's next dialogue."""
    await run(connection, CLOSE, ticket=ticket.id, reason=reason)
    await run(connection, CLOSE_THREADS, ticket=ticket.id)
    await end_clocks(connection, ticket.id)
    return await promote(connection, ticket.operator, ticket.id)
