"""Which message stands for which, what stands behind short buttons, and the bots' tokens."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.desk_memory import RedisDeskMemory
from db.encryption import Cipher, place
from db.engine import transaction
from db.stores.base import one, rows, run
from db.stores.desk_parcels import PostgresParcels
from db.stores.desk_pending import PostgresPending
from db.stores.desk_updates import PostgresDeskUpdates
from orchestrator.ports.desk import (
    BotId,
    Counterpart,
    DoorStores,
    MessageAt,
    OnItsWay,
    ParcelId,
)
from support.ids import ChatId, TgMessageId, TicketId

COPIES = text(
    """
    SELECT dest_chat AS chat, dest_message AS message, dest_thread AS thread, ticket_id
    FROM relays
    WHERE bot_id = :bot AND source_chat = :chat AND source_message = :message
    """
)
RELAYED = text(
    """
    SELECT DISTINCT r.source_chat, r.source_message
    FROM unnest(CAST(:chats AS bigint[]), CAST(:messages AS bigint[])) AS m (chat, message)
    JOIN relays r ON r.bot_id = :bot AND r.source_chat = m.chat AND r.source_message = m.message
    """
)
# Three questions, for each has an index of its own over the few parcels of its state.
ON_THEIR_WAY = text(
    """
    SELECT id, chat_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'sending'
      AND source_chat = :chat AND source_message = :message
    UNION
    SELECT id, chat_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'due'
      AND source_chat = :chat AND source_message = :message
    UNION
    SELECT id, chat_id FROM desk_parcels
    WHERE bot_id = :bot AND state = 'held'
      AND source_chat = :chat AND source_message = :message
    """
)
COUNTERPARTS = text(
    """
    SELECT dest_chat AS chat, dest_message AS message, dest_thread AS thread, ticket_id
    FROM relays
    WHERE bot_id = :bot AND source_chat = :chat AND source_message = :message
    UNION
    SELECT source_chat, source_message, 0, ticket_id
    FROM relays
    WHERE bot_id = :bot AND dest_chat = :chat AND dest_message = :message
    UNION
    SELECT s.dest_chat, s.dest_message, s.dest_thread, s.ticket_id
    FROM relays r
    JOIN relays s ON s.bot_id = r.bot_id AND s.source_chat = r.source_chat
        AND s.source_message = r.source_message
    WHERE r.bot_id = :bot AND r.dest_chat = :chat AND r.dest_message = :message
      AND (s.dest_chat, s.dest_message) <> (r.dest_chat, r.dest_message)
    """
)
KEEP_DATA = text(
    "INSERT INTO callback_keys (key, data) VALUES (:key, :data) ON CONFLICT (key) DO NOTHING"
)
DATA = text("SELECT data FROM callback_keys WHERE key = :key")
KEEP_TOKEN = text(
    """
    INSERT INTO bots (id, username, token_encrypted) VALUES (:bot, :username, :token)
    ON CONFLICT (id) DO UPDATE
    SET username = excluded.username, token_encrypted = excluded.token_encrypted, kept_at = now()
    """
)
USERNAME = text("SELECT username FROM bots ORDER BY kept_at DESC LIMIT 1")
TOKEN = text("SELECT id, token_encrypted FROM bots ORDER BY kept_at DESC LIMIT 1")

ROOM = 64
"""Bytes of callback data that a button holds (https://core.telegram.org/bots/api)."""
MARK = "k:"
SIGNED = 24
"""Bytes of the signature that a key shows: 192 bits, 32 letters."""


@dataclass(frozen=True, slots=True)
class PostgresRelays:
    """Implements `RelayStore`."""

    engine: AsyncEngine

    async def counterparts(
        self, bot: BotId, at: MessageAt, chat: ChatId | None = None
    ) -> Sequence[Counterpart]:
        """Look both ways."""
        found = await self.look(COUNTERPARTS, bot, at)
        return [one for one in found if chat is None or one.chat == chat]

    async def copies(self, bot: BotId, at: MessageAt) -> Sequence[Counterpart]:
        """Look one way."""
        return await self.look(COPIES, bot, at)

    async def on_their_way(self, bot: BotId, at: MessageAt) -> Sequence[OnItsWay]:
        """Look for parcels that are open."""
        values = {"bot": bot, "chat": at.chat, "message": at.message}
        async with transaction(self.engine) as connection:
            found = await rows(connection, ON_THEIR_WAY, **values)
        return [OnItsWay(ParcelId(row.id), ChatId(row.chat_id)) for row in found]

    async def relayed(self, bot: BotId, messages: Sequence[MessageAt]) -> frozenset[MessageAt]:
        """Look for their copies."""
        asked = {"chats": [m.chat for m in messages], "messages": [m.message for m in messages]}
        async with transaction(self.engine) as connection:
            found = await rows(connection, RELAYED, bot=bot, **asked)
        return frozenset(
            MessageAt(ChatId(row.source_chat), TgMessageId(row.source_message)) for row in found
        )

    async def look(self, statement: TextClause, bot: BotId, at: MessageAt) -> list[Counterpart]:
        """Run a statement and read what it found."""
        values = {"bot": bot, "chat": at.chat, "message": at.message}
        async with transaction(self.engine) as connection:
            found = await rows(connection, statement, **values)
        return [
            Counterpart(
                ChatId(row.chat),
                TgMessageId(row.message),
                row.thread,
                None if row.ticket_id is None else TicketId(row.ticket_id),
            )
            for row in found
        ]


@dataclass(frozen=True, slots=True)
class SignedKeys:
    """Implements `CallbackKeys`: a key is the signature of what it stands for."""

    engine: AsyncEngine
    secret: bytes = field(repr=False)
    memory: RedisDeskMemory

    async def shorten(self, data: str) -> str:
        """Keep what is too long under its signature."""
        if len(data.encode()) <= ROOM and not data.startswith(MARK):
            return data
        key = MARK + self.sign(data)
        async with transaction(self.engine) as connection:
            await run(connection, KEEP_DATA, key=key, data=data)
        await self.memory.keep_data(key, data)
        return key

    async def expand(self, data: str) -> str | None:
        """Find what a key stands for, and believe it only under its own signature."""
        if not data.startswith(MARK):
            return data
        found = await self.memory.data(data)
        if found is None:
            async with transaction(self.engine) as connection:
                row = await one(connection, DATA, key=data)
            found = None if row is None else str(row.data)
        if found is None or not hmac.compare_digest(MARK + self.sign(found), data):
            return None
        return found

    def sign(self, data: str) -> str:
        """Sign with a key that is made of ours."""
        digest = hmac.digest(self.secret, data.encode(), sha256)
        return urlsafe_b64encode(digest[:SIGNED]).decode()


@dataclass(frozen=True, slots=True)
class PostgresBots:
    """Implements `BotStore`."""

    engine: AsyncEngine
    cipher: Cipher

    async def keep_token(self, bot: BotId, username: str, token: str) -> None:
        """Encrypt it for its row."""
        sealed = self.cipher.encrypt(token.encode(), place_of(bot))
        async with transaction(self.engine) as connection:
            await run(connection, KEEP_TOKEN, bot=bot, username=username, token=sealed)

    async def username(self) -> str | None:
        """Return the name of the bot whose token was kept last."""
        async with transaction(self.engine) as connection:
            row = await one(connection, USERNAME)
        return None if row is None else str(row.username)

    async def token(self) -> str | None:
        """Decrypt what was kept last."""
        async with transaction(self.engine) as connection:
            row = await one(connection, TOKEN)
        if row is None:
            return None
        return self.cipher.decrypt(row.token_encrypted, place_of(BotId(row.id))).decode()


def place_of(bot: BotId) -> bytes:
    """Name the place that a token is encrypted for."""
    return place("bots", "token_encrypted", bot)


def door_stores(engine: AsyncEngine, cipher: Cipher, memory: RedisDeskMemory) -> DoorStores:
    """Put together what the desk's door stores."""
    secret = hmac.digest(cipher.keyring.active.secret, b"troupe callback keys", sha256)
    return DoorStores(
        updates=PostgresDeskUpdates(engine),
        parcels=PostgresParcels(engine),
        relays=PostgresRelays(engine),
        pending=PostgresPending(engine),
        keys=SignedKeys(engine, secret, memory),
        bots=PostgresBots(engine, cipher),
        memory=memory,
    )
