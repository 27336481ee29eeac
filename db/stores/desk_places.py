"""Where tickets live in groups, and what staff keep with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.desk_acts import Act, note
from db.stores.desk_rows import find_ticket
from orchestrator.errors import BadInput
from support.actor import By
from support.ids import ActKey, ChatId, TechnicianId, TgMessageId, ThreadId, TicketId
from support.tickets import Note, Place, TechThread, ThreadOwner

SET_CARD = text(
    """
    UPDATE tickets
    SET main_chat_id = :chat, main_thread_id = CAST(:thread AS bigint),
        card_message_id = CAST(:card AS bigint)
    WHERE id = :ticket
    """
)
ADD_THREAD = text(
    """
    INSERT INTO tech_threads (ticket_id, technician_id, chat_id, thread_id)
    VALUES (:ticket, :technician, :chat, :thread)
    ON CONFLICT (ticket_id, technician_id) DO UPDATE
    SET chat_id = excluded.chat_id, thread_id = excluded.thread_id, closed_at = NULL
    RETURNING ticket_id, technician_id, chat_id, thread_id, closed_at
    """
)
CLOSE_THREADS = text(
    """
    WITH closed AS (
        UPDATE tech_threads SET closed_at = now()
        WHERE ticket_id = :ticket AND closed_at IS NULL
          AND technician_id IS DISTINCT FROM CAST(:but AS bigint)
        RETURNING ticket_id, technician_id, chat_id, thread_id, closed_at
    )
    SELECT * FROM closed
    UNION ALL
    SELECT ticket_id, technician_id, chat_id, thread_id, closed_at FROM tech_threads
    WHERE ticket_id = :ticket AND closed_at >= CAST(:since AS timestamptz)
      AND technician_id IS DISTINCT FROM CAST(:but AS bigint)
    """
)
THREADS = text(
    """
    SELECT ticket_id, technician_id, chat_id, thread_id, closed_at
    FROM tech_threads WHERE ticket_id = :ticket ORDER BY id DESC
    """
)
OWNER = text(
    """
    SELECT id AS ticket_id, CAST(NULL AS bigint) AS technician_id FROM tickets
    WHERE main_chat_id = :chat AND main_thread_id = :thread
    UNION ALL
    SELECT ticket_id, technician_id FROM tech_threads WHERE chat_id = :chat AND thread_id = :thread
    LIMIT 1
    """
)
ADD_NOTE = text("INSERT INTO ticket_notes (ticket_id, author, text) VALUES (:ticket, :by, :text)")
NOTES = text(
    "SELECT author, text, created_at FROM ticket_notes WHERE ticket_id = :ticket ORDER BY id"
)
ADD_TAG = text(
    "INSERT INTO ticket_tags (ticket_id, tag) VALUES (:ticket, :tag) ON CONFLICT DO NOTHING"
)
REMOVE_TAG = text("DELETE FROM ticket_tags WHERE ticket_id = :ticket AND tag = :tag")
TAGS = text("SELECT tag FROM ticket_tags WHERE ticket_id = :ticket ORDER BY tag")

TAG_LENGTH = 50


@dataclass(frozen=True, slots=True)
class PostgresPlaces:
    """Implements `PlaceStore`."""

    engine: AsyncEngine

    async def set_card(self, ticket: TicketId, main: Place, card: TgMessageId | None) -> bool:
        """Remember where the card or topic is."""
        values = {"chat": main.chat, "thread": main.thread, "card": card}
        try:
            async with transaction(self.engine) as connection:
                await find_ticket(connection, ticket)
                return await run(connection, SET_CARD, ticket=ticket, **values) > 0
        except IntegrityError:
            return False

    async def add_tech_thread(
        self, ticket: TicketId, technician: TechnicianId, place: Place
    ) -> TechThread:
        """Remember a mirror topic."""
        async with transaction(self.engine) as connection:
            await find_ticket(connection, ticket)
            values = {"technician": technician, "chat": place.chat, "thread": place.thread}
            [row] = await rows(connection, ADD_THREAD, ticket=ticket, **values)
            return to_thread(row)

    async def close_tech_threads(
        self, ticket: TicketId, but: TechnicianId | None = None, since: datetime | None = None
    ) -> Sequence[TechThread]:
        """Mark the ticket's mirror topics as closed."""
        values = {"but": but, "since": since}
        async with transaction(self.engine) as connection:
            closed = await rows(connection, CLOSE_THREADS, ticket=ticket, **values)
        return [to_thread(row) for row in closed]

    async def tech_threads(self, ticket: TicketId) -> Sequence[TechThread]:
        """Return the ticket's mirror topics."""
        async with transaction(self.engine) as connection:
            return [to_thread(row) for row in await rows(connection, THREADS, ticket=ticket)]

    async def owner_of_thread(self, chat: ChatId, thread: ThreadId) -> ThreadOwner | None:
        """Return to which ticket a topic belongs."""
        async with transaction(self.engine) as connection:
            row = await one(connection, OWNER, chat=chat, thread=thread)
            if row is None:
                return None
            technician = None if row.technician_id is None else TechnicianId(row.technician_id)
            return ThreadOwner(await find_ticket(connection, TicketId(row.ticket_id)), technician)


@dataclass(frozen=True, slots=True)
class PostgresNotes:
    """Implements `NoteStore`."""

    engine: AsyncEngine

    async def add_note(self, act: ActKey, ticket: TicketId, by: By, text: str) -> bool:
        """Write a private note."""

        async def step(connection: AsyncConnection) -> bool:
            values = {"by": by.name or by.side.lower(), "text": text}
            return await run(connection, ADD_NOTE, ticket=ticket, **values) > 0

        return await note(self.engine, Act(act, by, "note"), ticket, step)

    async def notes(self, ticket: TicketId) -> Sequence[Note]:
        """Return its notes."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, NOTES, ticket=ticket)
        return [Note(row.author, row.text, row.created_at) for row in found]

    async def add_tag(self, act: ActKey, ticket: TicketId, by: By, tag: str) -> bool:
        """Add a tag."""
        folded = fold(tag)

        async def step(connection: AsyncConnection) -> bool:
            return await run(connection, ADD_TAG, ticket=ticket, tag=folded) > 0

        return await note(self.engine, Act(act, by, "tag"), ticket, step, tag=folded)

    async def remove_tag(self, act: ActKey, ticket: TicketId, by: By, tag: str) -> bool:
        """Take a tag away."""
        folded = fold(tag)

        async def step(connection: AsyncConnection) -> bool:
            return await run(connection, REMOVE_TAG, ticket=ticket, tag=folded) > 0

        return await note(self.engine, Act(act, by, "untag"), ticket, step, tag=folded)

    async def tags(self, ticket: TicketId) -> Sequence[str]:
        """Return its tags."""
        async with transaction(self.engine) as connection:
            return [row.tag for row in await rows(connection, TAGS, ticket=ticket)]

    async def record_event(
        self, act: ActKey, ticket: TicketId, by: By, action: str, payload: dict[str, object]
    ) -> bool:
        """Record something that happened."""

        async def step(_connection: AsyncConnection) -> bool:
            return True

        return await note(self.engine, Act(act, by, action), ticket, step, **payload)


def fold(tag: str) -> str:
    """Write a tag as it is kept; raises BadInput for one of nothing."""
    folded = " ".join(tag.strip().lstrip("#").casefold().split())[:TAG_LENGTH]
    if not folded:
        raise BadInput("A tag needs at least one letter")
    return folded


def to_thread(row: Row[Any]) -> TechThread:
    """Read a mirror topic from its row."""
    return TechThread(
        ticket=TicketId(row.ticket_id),
        technician=TechnicianId(row.technician_id),
        place=Place(ChatId(row.chat_id), ThreadId(row.thread_id)),
        is_closed=row.closed_at is not None,
    )
