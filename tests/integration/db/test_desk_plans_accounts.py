"""What the desk asks of accounts' conversations every second is answered by index."""

from collections.abc import Awaitable, Callable

from db.stores.account_tickets import PostgresAccountTickets
from desk.places import ACCOUNTS
from tests.integration.db.desk_scene import Desk
from tests.integration.db.test_desk_plans import caught, plans_of, scans

ROWS = 20_000
LARGE = {"tickets", "ticket_messages", "messages", "conversations", "handoffs", "account_answers"}
FILL = (
    "INSERT INTO accounts (name, phone_hint) VALUES ('lena', '')",
    f"""
    INSERT INTO contacts (telegram_id, name)
    SELECT 700000 + n, 'Person ' || n FROM generate_series(1, {ROWS}) n
    """,
    f"""
    INSERT INTO clients (telegram_id, full_name)
    SELECT 700000 + n, 'Person ' || n FROM generate_series(1, {ROWS}) n
    """,
    """
    INSERT INTO conversations (account_id, contact_id, state)
    SELECT a.id, c.id, CASE WHEN c.id % 200 = 0 THEN 'handed_over' ELSE 'open' END
    FROM accounts a, contacts c
    """,
    """
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at,
                          edited_at, deleted_at)
    SELECT v.id, 'incoming', n, 'words ' || n, now(),
           CASE WHEN v.id % 50 = 0 AND n = 1 THEN now() END,
           CASE WHEN v.id % 70 = 0 AND n = 2 THEN now() END
    FROM conversations v, generate_series(1, 3) n
    """,
    """
    INSERT INTO tickets (client_id, mode, state, closed_at, conversation_id, heard_upto)
    SELECT k.id, 'take', CASE WHEN v.state = 'handed_over' THEN 'new' ELSE 'closed' END,
           CASE WHEN v.state <> 'handed_over' THEN now() END, v.id,
           (SELECT max(m.id) FROM messages m WHERE m.conversation_id = v.id)
    FROM conversations v JOIN contacts c ON c.id = v.contact_id
    JOIN clients k ON k.telegram_id = c.telegram_id
    """,
    f"""
    INSERT INTO ticket_messages (ticket_id, sender_type, content_type, message_text, sent_at,
                                 source_chat_id, source_message_id)
    SELECT t.id, 'CLIENT', 'text', m.text, now(), {ACCOUNTS} - m.conversation_id, m.id
    FROM tickets t JOIN messages m ON m.conversation_id = t.conversation_id
    """,
    """
    INSERT INTO handoffs (conversation_id, reason, taken_at, seen_at)
    SELECT id, 'asked', now(), now() FROM conversations
    """,
    """
    INSERT INTO account_answers (outbox_id, ticket_id, act, chat_id, told_at)
    SELECT id, id, 'act ' || id, 1, now() FROM tickets
    """,
    "ANALYZE",
)


async def test_following_accounts_reads_no_large_table_whole(desk: Desk) -> None:
    for statement in FILL:
        await desk.sql(statement)
    store = PostgresAccountTickets(desk.engine)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "handed over": lambda: store.unseen_handoffs(50),
        "heard": lambda: store.heard(50),
        "changed": lambda: store.changed(50, ACCOUNTS),
        "ended": lambda: store.ended(50),
        "fates": lambda: store.fates(50),
    }
    whole = {}
    for what, ask in asked.items():
        with caught(desk.engine) as sent:
            await ask()
        plans = await plans_of(desk, sent)
        whole[what] = {table for plan in plans for table in scans(plan)} & LARGE
    assert not any(whole.values()), whole
    assert len(await store.changed(500, ACCOUNTS)) > 0
