"""How tickets come to be open: anew, again, or made one of two."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import one, run
from db.stores.desk_acts import Outcome
from db.stores.desk_clocks import moment, start_clocks
from db.stores.desk_holding import close_locked, lock
from db.stores.desk_rows import find_ticket
from orchestrator.errors import NotFound
from support.actor import By
from support.ids import ClientId, TicketId
from support.sla import ClockKind
from support.tickets import How, Opening, TicketState, Verdict, may_reopen

LOCK_CLIENT = text("SELECT id FROM clients WHERE id = :client FOR NO KEY UPDATE")
OPEN_ONE = text(
    """
    SELECT id FROM tickets
    WHERE client_id = :client AND state IN ('new', 'work')
      AND conversation_id IS NOT DISTINCT FROM CAST(:conversation AS bigint)
    """
)
LAST_CLOSED = text(
    """
    SELECT id FROM tickets
    WHERE client_id = :client AND state = 'closed' AND mode = :mode AND merged_into IS NULL
      AND conversation_id IS NOT DISTINCT FROM CAST(:conversation AS bigint)
      AND (CAST(:topic AS text) IS NULL OR topic = :topic)
      AND closed_at >= now() - CAST(:within AS interval)
    ORDER BY closed_at DESC LIMIT 1
    """
)
INSERT = text(
    """
    INSERT INTO tickets (client_id, mode, priority, language, topic, subject, conversation_id,
                         last_client_at)
    VALUES (:client, :mode, :priority, :language, :topic, :subject, :conversation, now())
    RETURNING id
    """
)
REOPEN = text(
    """
    UPDATE tickets
    SET state = 'new', closed_at = NULL, closed_reason = '', operator_id = NULL,
        technician_id = NULL, taken_at = NULL, waiting_since = now(), reopened = reopened + 1,
        last_client_at = now(), silent_since = NULL, idle_warned_at = NULL
    WHERE id = :ticket AND state = 'closed'
    """
)
MOVE = (
    text(
        """
        UPDATE ticket_messages SET ticket_id = :into, came_from = ticket_id
        WHERE ticket_id = :ticket
        """
    ),
    text("UPDATE ticket_notes SET ticket_id = :into WHERE ticket_id = :ticket"),
    text(
        """
        INSERT INTO ticket_tags (ticket_id, tag)
        SELECT CAST(:into AS bigint), tag FROM ticket_tags WHERE ticket_id = :ticket
        ON CONFLICT DO NOTHING
        """
    ),
)
MERGED = text("UPDATE tickets SET merged_into = :into WHERE id = :ticket")
EVENT_THERE = text(
    """
    INSERT INTO ticket_events (ticket_id, actor, actor_id, actor_name, action, payload)
    VALUES (:into, :side, CAST(:by AS bigint), :name, 'merge_here',
            jsonb_build_object('ticket', CAST(:ticket AS bigint)))
    """
)


async def lock_client(connection: AsyncConnection, client: ClientId) -> None:
    """Let one transaction at a time decide about a client's tickets; raises NotFound."""
    if await one(connection, LOCK_CLIENT, client=client) is None:
        raise NotFound(f"There is no client {client}: they write to the bot first")


async def open_one(
    connection: AsyncConnection, opening: Opening, reopen_within: timedelta
) -> tuple[TicketId, How]:
    """Find the client's open ticket, open their last again, or open one."""
    await lock_client(connection, opening.client)
    whose = {"client": opening.client, "conversation": opening.conversation}
    row = await one(connection, OPEN_ONE, **whose)
    if row is not None:
        return TicketId(row.id), How.ONGOING
    last = {"mode": opening.mode, "topic": opening.topic, "within": reopen_within}
    row = await one(connection, LAST_CLOSED, **whose, **last)
    if row is not None:
        await open_again(connection, TicketId(row.id))
        return TicketId(row.id), How.REOPENED
    values = {
        "priority": int(opening.priority),
        "language": opening.language,
        "mode": opening.mode,
        "topic": opening.topic,
        "subject": opening.subject,
    }
    number = TicketId((await connection.execute(INSERT, {**whose, **values})).scalar_one())
    await start_clocks(connection, number, (ClockKind.FIRST_ANSWER, ClockKind.RESOLUTION))
    return number, How.NEW


async def open_again(connection: AsyncConnection, ticket: TicketId) -> None:
    """Let a closed ticket wait again."""
    await run(connection, REOPEN, ticket=ticket)
    await start_clocks(connection, ticket, (ClockKind.NEXT_ANSWER, ClockKind.RESOLUTION))


async def reopen(
    connection: AsyncConnection, ticket: TicketId, within: timedelta | None
) -> Outcome:
    """Let a closed ticket wait again, unless its time is over."""
    client = (await find_ticket(connection, ticket)).client
    await lock_client(connection, client)
    now = await lock(connection, ticket)
    if now.state is not TicketState.CLOSED:
        return Outcome(Verdict.SAME)
    if now.merged_into is not None:
        return Outcome(Verdict.NOT_ALLOWED, held=now.merged_into)
    at = await moment(connection)
    closed_at = now.closed_at or at
    if within is not None and not may_reopen(closed_at, at, within):
        return Outcome(Verdict.TOO_LATE)
    open_now = await one(connection, OPEN_ONE, client=client, conversation=now.conversation)
    if open_now is not None:
        return Outcome(Verdict.BUSY, held=TicketId(open_now.id))
    await open_again(connection, ticket)
    return Outcome()


async def merge(connection: AsyncConnection, ticket: TicketId, into: TicketId, by: By) -> Outcome:
    """Move what was said in a ticket into another, and close it."""
    first, second = sorted((ticket, into))
    if first == second:
        return Outcome(Verdict.SAME)
    holders = [(await find_ticket(connection, one_of)).operator for one_of in (first, second)]
    both = {one_of: await lock(connection, one_of, *holders) for one_of in (first, second)}
    source, target = both[ticket], both[into]
    if source.merged_into is not None:
        return Outcome(Verdict.SAME, remains=source.merged_into)
    if target.merged_into is not None:
        return Outcome(Verdict.CLOSED)
    if source.client != target.client:
        return Outcome(Verdict.NOT_ALLOWED)
    for statement in MOVE:
        await run(connection, statement, ticket=ticket, into=into)
    if source.is_open:
        await close_locked(connection, source, "merged")
    await run(connection, MERGED, ticket=ticket, into=into)
    values = {"side": by.side, "by": by.id, "name": by.name}
    await run(connection, EVENT_THERE, ticket=ticket, into=into, **values)
    return Outcome(remains=into, facts={"into": into, "was": source.state})
