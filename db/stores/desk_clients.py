"""Clients of the desk; their phone numbers are encrypted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.encryption import Cipher, place
from db.engine import by_statement, transaction, write_json
from db.gathering import Gathering
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from orchestrator.errors import NotFound
from support.actor import Actor
from support.ids import ClientId, TgUserId
from support.languages import Language, language_of
from support.people import Client, ClientSeen
from support.phones import Phone

AT_ONCE = 100

COLUMNS = """
    SELECT id, telegram_id, username, full_name, language, phone_hint, created_at, last_seen_at,
           blocked_at IS NOT NULL AS is_blocked, left_at IS NOT NULL AS has_left
    FROM clients
"""
BY_ID = text(COLUMNS + " WHERE id = :client")
BY_TELEGRAM_ID = text(COLUMNS + " WHERE telegram_id = :telegram_id")
SEE = text(
    """
    INSERT INTO clients (telegram_id, username, full_name, language)
    SELECT DISTINCT ON (s.telegram_id) s.telegram_id, s.username, s.full_name, s.language
    FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS s (place int, telegram_id bigint,
        username text, full_name text, language text)
    ORDER BY s.telegram_id, s.place DESC
    ON CONFLICT (telegram_id) DO UPDATE
    SET username = excluded.username, full_name = excluded.full_name, last_seen_at = now(),
        left_at = NULL,
        language = CASE WHEN clients.chose_language THEN clients.language
                   ELSE excluded.language END
    RETURNING id, telegram_id, username, full_name, language, phone_hint, created_at,
              last_seen_at, blocked_at IS NOT NULL AS is_blocked, left_at IS NOT NULL AS has_left
    """
)
SET_LANGUAGE = text(
    "UPDATE clients SET language = :language, chose_language = true WHERE id = :client"
)
SET_PHONE = text(
    "UPDATE clients SET phone_encrypted = :sealed, phone_hint = :hint WHERE id = :client"
)
PHONE = text("SELECT phone_encrypted FROM clients WHERE id = :client")
BLOCK = text(
    """
    UPDATE clients SET blocked_at = now(), blocked_by = :by
    WHERE id = :client AND blocked_at IS NULL
    """
)
UNBLOCK = text(
    """
    UPDATE clients SET blocked_at = NULL, blocked_by = NULL
    WHERE id = :client AND blocked_at IS NOT NULL
    """
)
LEFT = text(
    """
    UPDATE clients SET left_at = CASE WHEN CAST(:has_left AS boolean)
                                 THEN coalesce(left_at, now()) END
    WHERE id = :client
    """
)


@dataclass(frozen=True, slots=True)
class PostgresClients:
    """Implements `ClientStore`."""

    engine: AsyncEngine
    cipher: Cipher
    alone: AsyncEngine = field(init=False)
    """For what is one statement."""
    comings: Gathering[ClientSeen, Client] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        object.__setattr__(self, "comings", Gathering("clients", self.see_all, limit=AT_ONCE))
        object.__setattr__(self, "alone", by_statement(self.engine))

    async def see_client(self, seen: ClientSeen) -> Client:
        """Record a client, or their new name."""
        return await self.comings.ask(seen)

    async def see_all(self, seen: Sequence[ClientSeen]) -> Sequence[Client]:
        """Record clients who come at about the same time; of one who is seen twice, the last."""
        shown = [{"place": place, **columns_of(one)} for place, one in enumerate(seen)]
        async with transaction(self.alone) as connection:
            known = {
                row.telegram_id: row for row in await rows(connection, SEE, seen=write_json(shown))
            }
        return [found(known.get(one.telegram_id), "client", one.telegram_id) for one in seen]

    async def client(self, client: ClientId) -> Client:
        """Return a client."""
        async with transaction(self.engine) as connection:
            return found(await one(connection, BY_ID, client=client), "client", client)

    async def client_of(self, telegram_id: TgUserId) -> Client | None:
        """Return the client with that Telegram id."""
        async with transaction(self.engine) as connection:
            row = await one(connection, BY_TELEGRAM_ID, telegram_id=telegram_id)
        return None if row is None else to_client(row)

    async def set_language(self, client: ClientId, language: Language) -> None:
        """Remember what the client chose."""
        await self.change(SET_LANGUAGE, client, language=language)

    async def set_phone(self, client: ClientId, phone: Phone) -> None:
        """Keep the client's number, encrypted."""
        where = place("clients", "phone_encrypted", client)
        sealed = self.cipher.encrypt(phone.e164.encode(), where)
        await self.change(SET_PHONE, client, sealed=sealed, hint=phone.hint)

    async def phone_of(self, client: ClientId) -> str | None:
        """Return the number in the clear."""
        async with transaction(self.engine) as connection:
            row = await one(connection, PHONE, client=client)
        if row is None or row.phone_encrypted is None:
            return None
        where = place("clients", "phone_encrypted", client)
        return self.cipher.decrypt(row.phone_encrypted, where).decode()

    async def block(self, actor: Actor, client: ClientId) -> bool:
        """Take nothing more from the client."""
        return await self.audited(BLOCK, actor, "block_client", client, by=actor.name)

    async def unblock(self, actor: Actor, client: ClientId) -> bool:
        """Take what they write again."""
        return await self.audited(UNBLOCK, actor, "unblock_client", client)

    async def mark_left(self, client: ClientId, *, has_left: bool) -> None:
        """Remember that the client blocked the bot, or came back."""
        await self.change(LEFT, client, has_left=has_left)

    async def change(self, statement: TextClause, client: ClientId, **values: object) -> None:
        """Change a client; raises NotFound."""
        async with transaction(self.engine) as connection:
            if not await run(connection, statement, client=client, **values):
                raise NotFound(f"There is no client {client}")

    async def audited(
        self, statement: TextClause, actor: Actor, action: str, client: ClientId, **values: object
    ) -> bool:
        """Change a client, on record, unless it is so already."""
        async with transaction(self.engine) as connection:
            found(await one(connection, BY_ID, client=client), "client", client)
            if not await run(connection, statement, client=client, **values):
                return False
            await write_audit(connection, actor, action, f"client {client}")
            return True


def found(row: Row[Any] | None, what: str, name: object) -> Client:
    """Read a client; raises NotFound when there is none."""
    if row is None:
        raise NotFound(f"There is no {what} {name}")
    return to_client(row)


def to_client(row: Row[Any]) -> Client:
    """Read a client from its row."""
    return Client(
        id=ClientId(row.id),
        telegram_id=TgUserId(row.telegram_id),
        username=row.username,
        full_name=row.full_name,
        language=Language(row.language),
        phone_hint=row.phone_hint,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        is_blocked=row.is_blocked,
        has_left=row.has_left,
    )


def columns_of(seen: ClientSeen) -> dict[str, object]:
    """Lay out how somebody is shown as their row."""
    return {
        "telegram_id": seen.telegram_id,
        "username": seen.username,
        "full_name": seen.full_name,
        "language": language_of(seen.language_code),
    }
