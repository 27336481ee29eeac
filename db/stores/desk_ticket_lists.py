"""Looking at tickets: queues, lists, places, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import by_statement, transaction
from db.gathering import Gathering
from db.stores.base import one, rows
from db.stores.desk_rows import COLUMNS, find_ticket, to_ticket
from orchestrator.errors import NotFound
from support.ids import ClientId, ConversationId, OperatorId, TicketId
from support.reports import TicketFilter
from support.tickets import Mode, QueuePlace, Ticket, TicketEvent

TICKETS_AT_ONCE = 100

WANTED = """
    (CAST(:operator AS bigint) IS NULL OR operator_id = :operator)
    AND (CAST(:tag AS text) IS NULL
         OR EXISTS (SELECT FROM ticket_tags g WHERE g.ticket_id = tickets.id AND g.tag = :tag))
"""
# The open ones are few and have an index; of the others the newest are read from the end.
LIST = text(
    f"""
    WITH found AS MATERIALIZED (
        (SELECT id, false AS is_closed FROM tickets
         WHERE state IN ('new', 'work') AND coalesce(CAST(:state AS text), state) = state
           AND {WANTED}
         ORDER BY id DESC LIMIT :limit)
        UNION ALL
        (SELECT id, true FROM tickets
         WHERE state = 'closed' AND coalesce(CAST(:state AS text), 'closed') = 'closed'
           AND {WANTED}
         ORDER BY id DESC LIMIT :limit)
    )
    {COLUMNS} JOIN found f ON f.id = t.id ORDER BY f.is_closed, t.id DESC LIMIT :limit
    """  # noqa: S608 - put together of what stands above
)
# What each message asks: many messages that come at about the same time ask it together.
NAMED = text(
    f"""
    WITH named AS MATERIALIZED (
        SELECT id FROM tickets WHERE id = ANY(CAST(:tickets AS bigint[]))
        UNION
        SELECT id FROM tickets
        WHERE client_id = ANY(CAST(:clients AS bigint[])) AND state IN ('new', 'work')
          AND conversation_id IS NULL
        UNION
        SELECT id FROM tickets
        WHERE operator_id = ANY(CAST(:operators AS bigint[])) AND mode = 'take'
          AND state = 'work' AND is_current
    )
    {COLUMNS} JOIN named n ON n.id = t.id
    """  # noqa: S608 - put together of what stands above
)
ABOUT = text(COLUMNS + " WHERE t.conversation_id = :conversation AND t.state IN ('new', 'work')")
OF_CLIENT = text(
    COLUMNS
    + """
    WHERE t.client_id = :client AND t.conversation_id IS NULL ORDER BY t.id DESC LIMIT :limit
    """
)
OF_OPERATOR = text(
    COLUMNS + " WHERE t.operator_id = :operator AND t.state = 'work' ORDER BY t.taken_at, t.id"
)
WAITING = text(
    COLUMNS
    + """
    WHERE t.state = 'new' AND (CAST(:mode AS text) IS NULL OR t.mode = :mode)
    ORDER BY t.priority DESC, t.waiting_since, t.id
    """
)
WITHOUT_TOPIC = text(
    COLUMNS
    + """
    WHERE t.state IN ('new', 'work') AND t.mode = 'topics' AND t.main_thread_id IS NULL
    ORDER BY t.id
    """
)
PLACE = text(
    """
    SELECT count(*) FILTER (WHERE (-w.priority, w.waiting_since, w.id)
                                  <= (-t.priority, t.waiting_since, t.id)) AS position,
           count(*) AS waiting
    FROM tickets t JOIN tickets w ON w.mode = t.mode AND w.state = 'new'
    WHERE t.id = :ticket AND t.state = 'new'
    """
)
EVENTS = text(
    """
    SELECT ts, actor, actor_name, action, payload FROM ticket_events
    WHERE ticket_id = :ticket ORDER BY ts, id
    """
)


@dataclass(frozen=True, slots=True)
class Named:
    """One ticket as somebody names it: by its number, its client, or whose dialogue it is."""

    ticket: TicketId | None = None
    client: ClientId | None = None
    operator: OperatorId | None = None

    def means(self, found: Ticket) -> bool:
        """Tell whether that is the ticket."""
        if self.client is not None:
            return found.client == self.client and found.is_open and found.conversation is None
        if self.operator is not None:
            return found.operator == self.operator and found.is_current and found.mode is Mode.TAKE
        return found.id == self.ticket


@dataclass(frozen=True, slots=True)
class PostgresTicketLists:
    """The part of `TicketStore` that changes nothing."""

    engine: AsyncEngine
    alone: AsyncEngine = field(init=False)
    """For what is one statement."""
    looks: Gathering[Named, Ticket | None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        object.__setattr__(self, "alone", by_statement(self.engine))
        object.__setattr__(self, "looks", Gathering("tickets", self.look, limit=TICKETS_AT_ONCE))

    async def look(self, asked: Sequence[Named]) -> Sequence[Ticket | None]:
        """Find the tickets that several ask for at about the same time."""
        wanted = {
            "tickets": sorted({one.ticket for one in asked if one.ticket is not None}),
            "clients": sorted({one.client for one in asked if one.client is not None}),
            "operators": sorted({one.operator for one in asked if one.operator is not None}),
        }
        found = await self.all_of(NAMED, **wanted)
        return [next((ticket for ticket in found if one.means(ticket)), None) for one in asked]

    async def ticket(self, ticket: TicketId) -> Ticket:
        """Return a ticket."""
        found = await self.looks.ask(Named(ticket=ticket))
        if found is None:
            raise NotFound(f"There is no ticket {ticket}: see `troupe tickets list`")
        return found

    async def tickets(self, wanted: TicketFilter) -> Sequence[Ticket]:
        """Return tickets, open ones first."""
        return await self.all_of(
            LIST,
            state=wanted.state,
            operator=wanted.operator,
            tag=wanted.tag and wanted.tag.casefold(),
            limit=wanted.limit,
        )

    async def open_ticket_of(self, client: ClientId) -> Ticket | None:
        """Return the client's open ticket in the bot."""
        return await self.looks.ask(Named(client=client))

    async def open_ticket_about(self, conversation: ConversationId) -> Ticket | None:
        """Return the open ticket that stands for a conversation."""
        found = await self.all_of(ABOUT, conversation=conversation)
        return found[0] if found else None

    async def tickets_of_client(self, client: ClientId, limit: int = 10) -> Sequence[Ticket]:
        """Return the client's own tickets, newest first."""
        return await self.all_of(OF_CLIENT, client=client, limit=limit)

    async def current_of(self, operator: OperatorId) -> Ticket | None:
        """Return the operator's current dialogue."""
        return await self.looks.ask(Named(operator=operator))

    async def tickets_of_operator(self, operator: OperatorId) -> Sequence[Ticket]:
        """Return the operator's tickets in work."""
        return await self.all_of(OF_OPERATOR, operator=operator)

    async def waiting(self, mode: Mode | None = None) -> Sequence[Ticket]:
        """Return the queue."""
        return await self.all_of(WAITING, mode=mode)

    async def without_topic(self) -> Sequence[Ticket]:
        """Return open ones of mode topics that stand nowhere."""
        return await self.all_of(WITHOUT_TOPIC)

    async def queue_place(self, ticket: TicketId) -> QueuePlace | None:
        """Return where it stands."""
        async with transaction(self.engine) as connection:
            row = await one(connection, PLACE, ticket=ticket)
        return QueuePlace(row.position, row.waiting) if row is not None and row.waiting else None

    async def events(self, ticket: TicketId) -> Sequence[TicketEvent]:
        """Return what happened to it."""
        async with transaction(self.engine) as connection:
            await find_ticket(connection, ticket)
            found = await rows(connection, EVENTS, ticket=ticket)
        return [
            TicketEvent(row.ts, row.actor_name, row.actor, row.action, row.payload) for row in found
        ]

    async def all_of(self, statement: TextClause, **values: object) -> list[Ticket]:
        """Read the tickets that a statement finds."""
        async with transaction(self.alone) as connection:
            return [to_ticket(row) for row in await rows(connection, statement, **values)]
