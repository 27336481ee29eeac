"""How tickets are read from their rows."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.base import one
from orchestrator.errors import NotFound
from support.ids import (
    ChatId,
    ClientId,
    ConversationId,
    OperatorId,
    TechnicianId,
    TgMessageId,
    ThreadId,
    TicketId,
)
from support.languages import Language
from support.tickets import Mode, Place, Priority, Ticket, TicketState

COLUMNS = """
    SELECT t.id, t.client_id, t.state, t.mode, t.priority, t.language, t.topic, t.subject,
           t.operator_id, coalesce(u.display_name, u.name) AS operator_name,
           t.technician_id, h.name AS technician_name, t.is_current,
           t.main_chat_id, t.main_thread_id, t.card_message_id, t.conversation_id,
           t.created_at, t.waiting_since, t.taken_at, t.closed_at, t.merged_into, t.reopened
    FROM tickets t
    LEFT JOIN users u ON u.id = t.operator_id
    LEFT JOIN technicians h ON h.id = t.technician_id
"""
BY_ID = text(COLUMNS + " WHERE t.id = :ticket")


async def find_ticket(connection: AsyncConnection, ticket: TicketId) -> Ticket:
    """Read a ticket; raises NotFound."""
    row = await one(connection, BY_ID, ticket=ticket)
    if row is None:
        raise NotFound(f"There is no ticket {ticket}: see `troupe tickets list`")
    return to_ticket(row)


def to_ticket(row: Row[Any]) -> Ticket:
    """Read a ticket from its row."""
    return Ticket(
        id=TicketId(row.id),
        client=ClientId(row.client_id),
        state=TicketState(row.state),
        mode=Mode(row.mode),
        priority=Priority(row.priority),
        language=Language(row.language),
        topic=row.topic,
        subject=row.subject,
        operator=None if row.operator_id is None else OperatorId(row.operator_id),
        operator_name=row.operator_name,
        technician=None if row.technician_id is None else TechnicianId(row.technician_id),
        technician_name=row.technician_name,
        is_current=row.is_current,
        main=to_place(row.main_chat_id, row.main_thread_id),
        card=None if row.card_message_id is None else TgMessageId(row.card_message_id),
        conversation=None if row.conversation_id is None else ConversationId(row.conversation_id),
        created_at=row.created_at,
        waiting_since=row.waiting_since,
        taken_at=row.taken_at,
        closed_at=row.closed_at,
        merged_into=None if row.merged_into is None else TicketId(row.merged_into),
        reopened=row.reopened,
    )


def to_place(chat: int | None, thread: int | None) -> Place | None:
    """Read a place, if there is one."""
    if chat is None:
        return None
    return Place(ChatId(chat), None if thread is None else ThreadId(thread))
