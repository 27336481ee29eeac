"""Technicians and their groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from orchestrator.errors import BadInput, NotFound
from support.actor import Actor
from support.ids import ChatId, TechnicianId, TgUserId
from support.people import NewTechnician, Technician

COLUMNS = """
    SELECT h.id, h.name, h.tg_user_id, h.group_chat_id, h.is_active,
           (SELECT count(*) FROM tickets t
            WHERE t.technician_id = h.id AND t.state = 'work') AS open_tickets
    FROM technicians h
"""
BY_ID = text(COLUMNS + " WHERE h.id = :technician")
BY_NAME = text(COLUMNS + " WHERE h.name = :name")
ALL = text(COLUMNS + " WHERE h.is_active OR NOT CAST(:active AS boolean) ORDER BY h.name")
OF_GROUP = text(COLUMNS + " WHERE h.is_active AND h.group_chat_id = :group ORDER BY h.name")
TAKEN = text("SELECT name FROM technicians WHERE tg_user_id = :person AND name <> :name")
PUT = text(
    """
    INSERT INTO technicians (name, tg_user_id, group_chat_id) VALUES (:name, :person, :group)
    ON CONFLICT (name) DO UPDATE
    SET tg_user_id = excluded.tg_user_id, group_chat_id = excluded.group_chat_id, is_active = true
    RETURNING id
    """
)
SET_ACTIVE = text("UPDATE technicians SET is_active = :is_active WHERE id = :technician")


@dataclass(frozen=True, slots=True)
class PostgresTechnicians:
    """Implements `TechnicianStore`."""

    engine: AsyncEngine

    async def put_technician(self, actor: Actor, new: NewTechnician) -> Technician:
        """Add a technician, or change the one of that name."""
        async with transaction(self.engine) as connection:
            return await put(connection, actor, new)

    async def apply_mapping(self, actor: Actor, mapping: Mapping[str, ChatId]) -> int:
        """Bring technicians in line with the setting."""
        changed = 0
        async with transaction(self.engine) as connection:
            for name, group in sorted(mapping.items()):
                row = await one(connection, BY_NAME, name=name)
                if row is None or row.group_chat_id != group:
                    person = row.tg_user_id if row is not None else None
                    await put(connection, actor, NewTechnician(name, person, group))
                    changed += 1
        return changed

    async def set_technician_active(
        self, actor: Actor, technician: TechnicianId, *, is_active: bool
    ) -> Technician:
        """Let a technician get tickets, or not."""
        async with transaction(self.engine) as connection:
            if not await run(connection, SET_ACTIVE, technician=technician, is_active=is_active):
                raise missing(technician)
            subject, after = f"technician {technician}", {"is_active": is_active}
            await write_audit(connection, actor, "set_technician_active", subject, after=after)
            return await find(connection, technician)

    async def technicians(self, *, only_active: bool = True) -> Sequence[Technician]:
        """Return technicians by name."""
        async with transaction(self.engine) as connection:
            return [to_technician(row) for row in await rows(connection, ALL, active=only_active)]

    async def technician(self, technician: TechnicianId) -> Technician:
        """Return a technician."""
        async with transaction(self.engine) as connection:
            return await find(connection, technician)

    async def technician_of_group(self, group: ChatId) -> Sequence[Technician]:
        """Return the active technicians whose group that is."""
        async with transaction(self.engine) as connection:
            return [to_technician(row) for row in await rows(connection, OF_GROUP, group=group)]


async def put(connection: AsyncConnection, actor: Actor, new: NewTechnician) -> Technician:
    """Add a technician or change one, on record."""
    if not new.name.strip():
        raise BadInput("A technician needs a name")
    values = {"name": new.name.strip(), "person": new.tg_user_id}
    taken = await one(connection, TAKEN, **values)
    if taken is not None:
        raise BadInput(f"Telegram id {new.tg_user_id} is technician {taken.name} already")
    number = (await connection.execute(PUT, {**values, "group": new.group})).scalar_one()
    after = {"tg_user_id": new.tg_user_id, "group_chat_id": new.group}
    await write_audit(connection, actor, "put_technician", f"technician {new.name}", after=after)
    return await find(connection, TechnicianId(number))


async def find(connection: AsyncConnection, technician: TechnicianId) -> Technician:
    """Read a technician; raises NotFound."""
    row = await one(connection, BY_ID, technician=technician)
    if row is None:
        raise missing(technician)
    return to_technician(row)


def missing(technician: TechnicianId) -> NotFound:
    """Say that there is no such technician."""
    return NotFound(f"There is no technician {technician}: see /technicians")


def to_technician(row: Row[Any]) -> Technician:
    """Read a technician from its row."""
    return Technician(
        id=TechnicianId(row.id),
        name=row.name,
        tg_user_id=None if row.tg_user_id is None else TgUserId(row.tg_user_id),
        group=None if row.group_chat_id is None else ChatId(row.group_chat_id),
        is_active=row.is_active,
        open_tickets=row.open_tickets,
    )
