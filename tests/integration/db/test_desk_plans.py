"""What a large desk asks again and again is answered by index."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from db.housekeeping import sweep
from support.ids import (
    ActKey,
    ChatId,
    ClientId,
    OperatorId,
    TgMessageId,
    TgUserId,
    ThreadId,
    TicketId,
)
from support.languages import Language
from support.reports import TicketFilter
from support.talk import Source
from support.tickets import Mode, Opening, TicketState
from tests.integration.db.desk_scene import A_DAY, Desk, the_client

ROWS = 20_000
FILL = (
    f"""
    INSERT INTO clients (telegram_id, username, full_name)
    SELECT 500000 + n, 'user' || n, 'Client ' || n FROM generate_series(1, {ROWS}) n
    """,
    "INSERT INTO users (name) SELECT 'somebody ' || n FROM generate_series(1, 50) n",
    """
    INSERT INTO tickets (client_id, mode, state, closed_at, main_chat_id, main_thread_id,
                         created_at)
    SELECT c.id, CASE WHEN n % 2 = 0 THEN 'take' ELSE 'topics' END,
           CASE WHEN n % 100 = 0 THEN 'new' ELSE 'closed' END,
           CASE WHEN n % 100 <> 0 THEN now() - n * interval '1 minute' END, -1, n,
           now() - n * interval '1 minute'
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM clients
          WHERE telegram_id > 500000) c
    """,
    """
    INSERT INTO ticket_messages (ticket_id, sender_type, content_type, message_text, sent_at,
                                 source_chat_id, source_message_id)
    SELECT t.id, 'CLIENT', 'text',
           'слово' || (t.id % 5000) || ' question number ' || (t.id % 7000), now(), t.client_id, n
    FROM tickets t, generate_series(1, 2) n
    """,
    """
    INSERT INTO ticket_events (ticket_id, act, actor, action, payload)
    SELECT id, 'filled:' || id, 'SYSTEM', 'open', '{"how": "new"}' FROM tickets
    """,
    "ANALYZE",
)


@contextmanager
def caught(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that are sent."""
    sent: list[tuple[str, Any]] = []

    def note(_c: object, _cur: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def scans(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads whole."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


async def read_whole(desk: Desk, ask: Callable[[], Awaitable[object]]) -> set[str]:
    """Return the large tables that are read whole to answer something."""
    with caught(desk.engine) as sent:
        await ask()
    found = {table for plan in await plans_of(desk, sent) for table in scans(plan)}
    return found & {"tickets", "ticket_messages", "ticket_events", "clients"}


async def plans_of(desk: Desk, sent: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Return the plans of statements that were sent."""
    found = []
    async with desk.engine.connect() as connection:
        for statement, values in sent:
            if not statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "INSERT", "(SELECT")):
                continue
            explain = f"EXPLAIN (FORMAT JSON) {statement}"
            result = await connection.exec_driver_sql(explain, values)
            plan = result.scalar_one()
            whole = json.loads(plan) if isinstance(plan, str) else plan
            found.append(whole[0]["Plan"])
    return found


@pytest.fixture
async def large(desk: Desk) -> Desk:
    """A desk with many tickets behind it."""
    for statement in FILL:
        await desk.sql(statement)
    return desk


async def test_a_large_desk_reads_no_large_table_whole(large: Desk) -> None:
    stores = large.stores
    now = datetime.now(UTC)
    ticket = TicketId(await large.sql("SELECT max(id) FROM tickets WHERE state = 'new'"))
    client = ClientId(await large.sql("SELECT client_id FROM tickets WHERE id = :t", t=ticket))
    anna = await large.operator("anna")
    source = Source(ChatId(1), TgMessageId(1))
    opening = Opening(client, Mode.TAKE, Language.RU)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "search by words": lambda: stores.reports.search("слово77 question"),
        "search by name": lambda: stores.reports.search("@user77"),
        "the queue": lambda: stores.tickets.waiting(Mode.TAKE),
        "a place in it": lambda: stores.tickets.queue_place(ticket),
        "a client's tickets": lambda: stores.tickets.tickets_of_client(client),
        "a client's open ticket": lambda: stores.tickets.open_ticket_of(client),
        "a client": lambda: stores.clients.client_of(TgUserId(500077)),
        "an operator's dialogue": lambda: stores.tickets.current_of(OperatorId(anna)),
        "a topic's ticket": lambda: stores.places.owner_of_thread(ChatId(-1), ThreadId(77)),
        "a message": lambda: stores.talk.message_at(source),
        "what the client wrote": lambda: stores.talk.messages_of_client(ticket),
        "acts to tell": stores.tickets.untold,
        "files to remove": lambda: stores.talk.gone_files(20),
        "notices": lambda: stores.clocks.due_notices(now),
        "silences": lambda: stores.clocks.idle_to_warn(now, A_DAY),
        "the newest": lambda: stores.tickets.tickets(TicketFilter()),
        "those in work": lambda: stores.tickets.tickets(TicketFilter(TicketState.WORK)),
        "figures": lambda: stores.reports.stats(now - timedelta(hours=1)),
        "speaking": lambda: large.say(ticket, the_client(client), "hello"),
        "opening": lambda: stores.tickets.open_ticket(ActKey("plan"), opening, A_DAY),
        "taking": lambda: large.take(ticket, anna),
        "ending": lambda: large.finish(ticket, anna),
    }
    whole = {what: found for what, ask in asked.items() if (found := await read_whole(large, ask))}
    assert whole == {}


async def test_tickets_are_kept_for_half_a_year_and_then_go_whole(desk: Desk) -> None:
    old, young, waiting = await desk.ticket(), await desk.ticket(), await desk.ticket()
    anna = await desk.operator("anna")
    for ticket in (old, young):
        await desk.take(ticket, anna)
        await desk.finish(ticket, anna)
    await desk.sql("UPDATE tickets SET created_at = now() - interval '3 years'")
    ago = "UPDATE tickets SET closed_at = now() - CAST(:ago AS interval) WHERE id = :ticket"
    await desk.sql(ago, ago=timedelta(days=731), ticket=old)
    await desk.sql(ago, ago=timedelta(days=729), ticket=young)
    swept = await sweep(desk.engine)
    assert swept is not None
    assert swept.removed["tickets"] == 1
    assert await desk.sql("SELECT array_agg(id ORDER BY id) FROM tickets") == [young, waiting]
    for table in ("ticket_events", "feedback"):
        gone = await desk.sql(f"SELECT count(*) FROM {table} WHERE ticket_id = :t", t=old)
        assert gone == 0
