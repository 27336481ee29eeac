"""Telegram sessions, their keys encrypted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.encryption import Cipher, place
from db.engine import transaction, write_json
from db.gathering import Gathering
from db.stores.base import one, rows, run
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState

LOAD = text(
    """
    SELECT dc_id, server_address, port, auth_key_encrypted, user_id, update_state
    FROM account_sessions WHERE account_id = :account
    """
)
SAVE = text(
    """
    INSERT INTO account_sessions
        (account_id, dc_id, server_address, port, auth_key_encrypted, user_id, update_state)
    VALUES (:account, :dc_id, :address, :port, :auth_key, :user_id, CAST(:updates AS jsonb))
    ON CONFLICT (account_id) DO UPDATE
    SET dc_id = excluded.dc_id, server_address = excluded.server_address, port = excluded.port,
        auth_key_encrypted = excluded.auth_key_encrypted, user_id = excluded.user_id,
        update_state = excluded.update_state, saved_at = now()
    """
)
SAVE_UPDATES = text(
    """
    UPDATE account_sessions s SET update_state = CAST(u.updates AS jsonb), saved_at = now()
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:updates AS text[])) AS u (account, updates)
    WHERE s.account_id = u.account
    """
)
FORGET = text("DELETE FROM account_sessions WHERE account_id = :account")
LOAD_ENTITIES = text(
    """
    SELECT kind, telegram_id, access_hash, username, phone_encrypted
    FROM account_entities WHERE account_id = :account
    """
)
SAVE_ENTITIES = text(
    """
    INSERT INTO account_entities
        (account_id, kind, telegram_id, access_hash, username, phone_encrypted)
    SELECT e.account, e.kind, e.telegram_id, e.access_hash, e.username, e.phone
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:kinds AS text[]), CAST(:ids AS bigint[]),
                CAST(:hashes AS bigint[]), CAST(:usernames AS text[]), CAST(:phones AS bytea[]))
        AS e (account, kind, telegram_id, access_hash, username, phone)
    ORDER BY e.account, e.kind, e.telegram_id
    ON CONFLICT (account_id, kind, telegram_id) DO UPDATE
    SET access_hash = excluded.access_hash, username = excluded.username,
        phone_encrypted = coalesce(excluded.phone_encrypted, account_entities.phone_encrypted),
        seen_at = now()
    """
)


@dataclass(frozen=True, slots=True)
class PostgresSessions:
    """Implements `SessionStore`."""

    engine: AsyncEngine
    cipher: Cipher
    states: Gathering[tuple[AccountId, UpdateState], None] = field(init=False)
    entities: Gathering[tuple[AccountId, Sequence[StoredEntity]], None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather: a node stores the states of a thousand accounts every second."""
        object.__setattr__(self, "states", Gathering("update states", self.save_states))
        object.__setattr__(self, "entities", Gathering("access hashes", self.save_all_entities))

    async def load_session(self, account: AccountId) -> StoredSession | None:
        """Return the account's session."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LOAD, account=account)
        if row is None:
            return None
        return StoredSession(
            dc_id=row.dc_id,
            address=row.server_address,
            port=row.port,
            auth_key=self.cipher.decrypt(row.auth_key_encrypted, key_place(account)),
            user_id=None if row.user_id is None else TelegramId(row.user_id),
            updates=None if row.update_state is None else to_updates(row.update_state),
        )

    async def save_session(self, account: AccountId, session: StoredSession) -> None:
        """Store or replace the session whole."""
        updates = None if session.updates is None else write_json(asdict(session.updates))
        async with transaction(self.engine) as connection:
            await run(
                connection,
                SAVE,
                account=account,
                dc_id=session.dc_id,
                address=session.address,
                port=session.port,
                auth_key=self.cipher.encrypt(session.auth_key, key_place(account)),
                user_id=session.user_id,
                updates=updates,
            )

    async def save_update_state(self, account: AccountId, state: UpdateState) -> None:
        """Store how far updates are committed, together with whoever stores the same now."""
        await self.states.ask((account, state))

    async def save_states(self, told: Sequence[tuple[AccountId, UpdateState]]) -> Sequence[None]:
        """Store the states of many accounts; of two about one, the later counts."""
        latest = {account: write_json(asdict(state)) for account, state in told}
        async with transaction(self.engine) as connection:
            await run(
                connection, SAVE_UPDATES, accounts=list(latest), updates=list(latest.values())
            )
        return [None] * len(told)

    async def forget_session(self, account: AccountId) -> None:
        """Remove the session; access hashes stay: they belong to the user, not to the key."""
        async with transaction(self.engine) as connection:
            await run(connection, FORGET, account=account)

    async def load_entities(self, account: AccountId) -> Sequence[StoredEntity]:
        """Return the peers whose access hashes are known."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LOAD_ENTITIES, account=account)
        return [
            StoredEntity(
                telegram_id=TelegramId(row.telegram_id),
                kind=row.kind,
                access_hash=row.access_hash,
                username=row.username,
                phone=self.open_phone(account, row.kind, row.telegram_id, row.phone_encrypted),
            )
            for row in found
        ]

    async def save_entities(self, account: AccountId, entities: Sequence[StoredEntity]) -> None:
        """Store or refresh access hashes, together with whoever stores some now."""
        if entities:
            await self.entities.ask((account, entities))

    async def save_all_entities(
        self, told: Sequence[tuple[AccountId, Sequence[StoredEntity]]]
    ) -> Sequence[None]:
        """Store what several accounts know; of two about one peer, the later counts."""
        latest = {
            (account, entity.kind, entity.telegram_id): (account, entity)
            for account, entities in told
            for entity in entities
        }
        kept = list(latest.values())
        async with transaction(self.engine) as connection:
            await run(
                connection,
                SAVE_ENTITIES,
                accounts=[account for account, _ in kept],
                kinds=[entity.kind for _, entity in kept],
                ids=[entity.telegram_id for _, entity in kept],
                hashes=[entity.access_hash for _, entity in kept],
                usernames=[entity.username for _, entity in kept],
                phones=[self.seal_phone(account, entity) for account, entity in kept],
            )
        return [None] * len(told)

    def seal_phone(self, account: AccountId, entity: StoredEntity) -> bytes | None:
        """Encrypt a contact's number."""
        if entity.phone is None:
            return None
        where = phone_place(account, entity.kind, entity.telegram_id)
        return self.cipher.encrypt(entity.phone.encode(), where)

    def open_phone(
        self, account: AccountId, kind: str, telegram_id: int, sealed: bytes | None
    ) -> str | None:
        """Decrypt a contact's number."""
        if sealed is None:
            return None
        return self.cipher.decrypt(sealed, phone_place(account, kind, telegram_id)).decode()


def key_place(account: AccountId) -> bytes:
    """Name the place of a session's key."""
    return place("account_sessions", "auth_key_encrypted", account)


def phone_place(account: AccountId, kind: str, telegram_id: int) -> bytes:
    """Name the place of a contact's number."""
    return place("account_entities", "phone_encrypted", account, kind, telegram_id)


def to_updates(stored: dict[str, Any]) -> UpdateState:
    """Read the update state; JSON knows no numbers as keys."""
    channels = {int(channel): pts for channel, pts in stored.get("channels", {}).items()}
    return UpdateState(
        pts=stored["pts"],
        qts=stored["qts"],
        date=stored["date"],
        seq=stored["seq"],
        channels=channels,
    )
