"""A desk with operators and clients, for tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from orchestrator.actor import Actor
from support.actor import By, Side
from support.ids import ActKey, ChatId, ClientId, OperatorId, TgMessageId, TgUserId, TicketId
from support.people import ClientSeen, NewStaff, Role
from support.ports.stores import DeskStores
from support.talk import ContentType, NewMessage, Recorded, Source
from support.tickets import Decided, Mode, Opened, Opening

OLGA = Actor("olga")
A_DAY = timedelta(hours=24)
DESK_TABLES = (
    "ticket_events",
    "tickets",
    "clients",
    "technicians",
    "desk_staff",
    "roles",
    "users",
    "canned_replies",
    "desk_texts",
    "sla_policies",
    "desk_calendars",
)
"""In an order in which they can be emptied."""


@dataclass(slots=True)
class Desk:
    """Stores of a desk, and short words for what tests do all the time."""

    engine: AsyncEngine
    stores: DeskStores
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def sql(self, statement: str, **values: Any) -> Any:
        """Run a statement; returns the first value of its first row, if it has rows."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    def act(self) -> ActKey:
        """Name an act that was never done."""
        return ActKey(f"test:{next(self.numbers)}")

    async def operator(self, name: str, *roles: Role) -> OperatorId:
        """Add an operator, or somebody with other roles."""
        given = frozenset(roles or (Role.OPERATOR,))
        telegram_id = TgUserId(9000 + next(self.numbers))
        return (await self.stores.staff.add_staff(OLGA, NewStaff(name, telegram_id, given))).id

    async def client(self, name: str = "Ivan Petrov") -> ClientId:
        """Let somebody write for the first time."""
        number = TgUserId(100_000 + next(self.numbers))
        return (await self.stores.clients.see_client(ClientSeen(number, f"u{number}", name))).id

    async def open(
        self, client: ClientId, mode: Mode = Mode.TAKE, topic: str | None = "other"
    ) -> Opened:
        """Let a client ask for something."""
        language = (await self.stores.clients.client(client)).language
        opening = Opening(client, mode, language, topic)
        return await self.stores.tickets.open_ticket(self.act(), opening, A_DAY)

    async def ticket(self, mode: Mode = Mode.TAKE) -> TicketId:
        """Let somebody new ask for something."""
        return (await self.open(await self.client(), mode)).ticket.id

    async def take(
        self, ticket: TicketId, operator: OperatorId, *, several: bool = False
    ) -> Decided:
        """Press the button."""
        return await self.stores.tickets.take(self.act(), ticket, operator, several=several)

    async def finish(self, ticket: TicketId, operator: OperatorId) -> Decided:
        """End a dialogue."""
        return await self.stores.tickets.finish(self.act(), ticket, staff(operator))

    async def say(
        self, ticket: TicketId, by: By, words: str, *, ago: timedelta = timedelta(0)
    ) -> Recorded:
        """Write a message in a ticket, so long before it is recorded."""
        number = next(self.numbers)
        message = NewMessage(
            ticket=ticket,
            by=by,
            source=Source(ChatId(1), TgMessageId(number)),
            content_type=ContentType.TEXT,
            text=words,
            caption=None,
            sent_at=datetime.now(UTC) - ago,
        )
        return await self.stores.talk.record_message(message)


def staff(operator: OperatorId) -> By:
    """Speak as an operator."""
    return By(Side.STAFF, "an operator", operator)


def the_client(client: ClientId) -> By:
    """Speak as a client."""
    return By(Side.CLIENT, "a client", client)
