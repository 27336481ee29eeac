"""Accounts as PostgreSQL keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher, place
from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import not_found, one, rows, run
from orchestrator.actor import Actor
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.accounts import Account, AccountEvent, AccountState, EventRecord
from orchestrator.ports.telegram import Profile

EVENT_OF_STATE = {
    AccountState.LIMITED: AccountEvent.LIMIT,
    AccountState.PUBLIC_STOPPED: AccountEvent.LIMIT,
    AccountState.FROZEN: AccountEvent.FREEZE,
    AccountState.BANNED: AccountEvent.BAN,
}

HINT = 2
"""How many of a phone number's last digits are kept in the clear, for people."""

COLUMNS = """
    SELECT a.id, a.name, a.phone_hint, a.telegram_id, a.username, a.first_name, a.bio,
           p.key AS persona, p.disclosure, a.state, a.state_reason, a.disclosed_at,
           a.last_used_at, a.created_at, coalesce(w.recovered_late, 0) AS recovered_late
    FROM accounts a LEFT JOIN personas p ON p.id = a.persona_id
    LEFT JOIN account_watch w ON w.account_id = a.id
"""
BY_NAME = text(COLUMNS + " WHERE a.name = :name")
BY_ID = text(COLUMNS + " WHERE a.id = :account")
ALL = text(COLUMNS + " ORDER BY a.name")
NAMES = text("SELECT name FROM accounts ORDER BY name")
PERSONA_KEYS = text("SELECT key FROM personas ORDER BY key")

IS_NAMED = text("SELECT 1 FROM accounts WHERE name = :name")
IS_PERSONA = text("SELECT 1 FROM personas WHERE key = :persona")
# Encrypted, one number is never the same twice, so no unique index holds numbers apart.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('accounts.phone'))")
OF_HINT = text(
    """
    SELECT id, name, state, phone_encrypted FROM accounts
    WHERE phone_hint = :hint AND phone_encrypted IS NOT NULL
    """
)
INSERT = text(
    """
    WITH added AS (
        INSERT INTO accounts (name, phone_hint, persona_id)
        SELECT :name, :hint, p.id FROM personas p WHERE p.key = :persona
        RETURNING id
    )
    INSERT INTO leases (account_id) SELECT id FROM added RETURNING account_id
    """
)
LOCK_TO_REMOVE = text(
    "SELECT name, state, telegram_id FROM accounts WHERE id = :account FOR UPDATE"
)
HAS_SESSION = text("SELECT 1 FROM account_sessions WHERE account_id = :account")
REMOVE = (
    text("DELETE FROM leases WHERE account_id = :account"),
    text("DELETE FROM schedules WHERE account_id = :account"),
    text("DELETE FROM commands WHERE account_id = :account"),
    text("DELETE FROM holds WHERE account_id = :account"),
    text("DELETE FROM account_watch WHERE account_id = :account"),
    text("DELETE FROM account_events WHERE account_id = :account"),
    text("DELETE FROM accounts WHERE id = :account"),
)
STORE_PHONE = text("UPDATE accounts SET phone_encrypted = :phone WHERE id = :account")
PHONE = text("SELECT phone_encrypted FROM accounts WHERE id = :account")
LOCK_STATE = text(
    "SELECT name, state, state_reason FROM accounts WHERE id = :account FOR NO KEY UPDATE"
)
SET_STATE = text("UPDATE accounts SET state = :state, state_reason = :reason WHERE id = :account")
LOCK_PROFILE = text("SELECT bio FROM accounts WHERE id = :account FOR NO KEY UPDATE")
STORE_PROFILE = text(
    """
    UPDATE accounts
    SET telegram_id = :telegram_id, username = :username, first_name = :first_name, bio = :bio,
        last_used_at = now()
    WHERE id = :account
    """
)
STORE_DISCLOSURE = text(
    """
    UPDATE accounts
    SET disclosed_at = CASE WHEN CAST(:disclosed AS boolean) THEN clock_timestamp() END,
        disclosed_fence = :fence
    WHERE id = :account
    """
)
ADD_EVENT = text(
    "INSERT INTO account_events (account_id, kind, detail) VALUES (:account, :kind, :detail)"
)
EVENTS = text(
    """
    SELECT a.name, e.kind, e.detail, e.at
    FROM account_events e JOIN accounts a ON a.id = e.account_id
    WHERE CAST(:account AS bigint) IS NULL OR e.account_id = :account
    ORDER BY e.id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class PostgresAccounts:
    """Implements `AccountStore`."""

    engine: AsyncEngine
    cipher: Cipher

    async def check_new_account(self, name: str, persona: str) -> None:
        """See whether the name is free and the persona there."""
        async with transaction(self.engine) as connection:
            await check_new(connection, name, persona)

    async def add_account(self, actor: Actor, name: str, phone: str, persona: str) -> Account:
        """Record an account with its lease, held by nobody."""
        async with transaction(self.engine) as connection:
            await run(connection, ONE_AT_A_TIME)
            await self.check_new_phone(connection, phone)
            account = await insert(connection, name, phone, persona)
            where = place("accounts", "phone_encrypted", account)
            sealed = self.cipher.encrypt(phone.encode(), where)
            await run(connection, STORE_PHONE, phone=sealed, account=account)
            await write_audit(
                connection, actor, "add_account", f"account {name}", after={"persona": persona}
            )
            return await find(connection, account)

    async def check_new_phone(self, connection: AsyncConnection, phone: str) -> None:
        """Raise AlreadyExists when an account has the number; few are read, for hints differ."""
        for row in await rows(connection, OF_HINT, hint=phone[-HINT:]):
            where = place("accounts", "phone_encrypted", row.id)
            if self.cipher.decrypt(row.phone_encrypted, where).decode() == phone:
                raise phone_taken(row.name, AccountState(row.state))

    async def remove_account(self, actor: Actor, account: AccountId) -> None:
        """Delete the account with all that it left, which is nothing of what was said."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LOCK_TO_REMOVE, account=account)
            if row is None:
                raise NotFound(f"There is no account {account}")
            is_fresh = row.state == AccountState.NEW and row.telegram_id is None
            if not is_fresh or await one(connection, HAS_SESSION, account=account):
                raise stays(row.name, "has signed in", AccountState(row.state))
            try:
                for statement in REMOVE:
                    await run(connection, statement, account=account)
            except IntegrityError:
                why = "is part of what is on record"
                raise stays(row.name, why, AccountState(row.state)) from None
            await write_audit(connection, actor, "remove_account", f"account {row.name}")

    async def account_named(self, name: str) -> Account:
        """Return the account of that name."""
        async with transaction(self.engine) as connection:
            row = await one(connection, BY_NAME, name=name)
            if row is None:
                names = [known.name for known in await rows(connection, NAMES)]
                raise not_found("account", name, names, "add one with `troupe accounts add`")
            return to_account(row)

    async def account(self, account: AccountId) -> Account:
        """Return the account of that number."""
        async with transaction(self.engine) as connection:
            return await find(connection, account)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts."""
        async with transaction(self.engine) as connection:
            return [to_account(row) for row in await rows(connection, ALL)]

    async def phone_of(self, account: AccountId) -> str:
        """Return the phone number in the clear."""
        async with transaction(self.engine) as connection:
            row = await one(connection, PHONE, account=account)
        if row is None or row.phone_encrypted is None:
            raise NotFound(f"No phone number is on record for account {account}: add it anew")
        where = place("accounts", "phone_encrypted", account)
        return self.cipher.decrypt(row.phone_encrypted, where).decode()

    async def set_account_state(
        self, actor: Actor, account: AccountId, state: AccountState, reason: str | None
    ) -> None:
        """Move the account to a state."""
        async with transaction(self.engine) as connection:
            was = await one(connection, LOCK_STATE, account=account)
            if was is None:
                raise NotFound(f"There is no account {account}")
            if (was.state, was.state_reason) == (state, reason):
                return
            await run(connection, SET_STATE, state=state, reason=reason, account=account)
            kind = EVENT_OF_STATE.get(state, AccountEvent.STATE_CHANGED)
            detail = f"{was.state} → {state}" + (f": {reason}" if reason else "")
            await run(connection, ADD_EVENT, account=account, kind=kind, detail=detail)
            before, after = {"state": was.state}, {"state": state, "reason": reason}
            await write_audit(
                connection,
                actor,
                "set_account_state",
                f"account {was.name}",
                before=before,
                after=after,
            )

    async def record_profile(self, account: AccountId, profile: Profile) -> None:
        """Store how the account shows itself."""
        async with transaction(self.engine) as connection:
            was = await one(connection, LOCK_PROFILE, account=account)
            await store_profile(connection, account, profile)
            if was is not None and was.bio is not None and was.bio != profile.bio:
                kind, detail = AccountEvent.BIO_CHANGED, f"{was.bio!r} → {profile.bio!r}"
                await run(connection, ADD_EVENT, account=account, kind=kind, detail=detail)

    async def record_disclosure(self, account: AccountId, fence: int, *, disclosed: bool) -> None:
        """Store what the bio said just now."""
        async with transaction(self.engine) as connection:
            await run(
                connection, STORE_DISCLOSURE, account=account, fence=fence, disclosed=disclosed
            )

    async def record_event(self, account: AccountId, kind: AccountEvent, detail: str) -> None:
        """Add a line to the account's history."""
        async with transaction(self.engine) as connection:
            await run(connection, ADD_EVENT, account=account, kind=kind, detail=detail)

    async def account_events(self, account: AccountId | None, limit: int) -> Sequence[EventRecord]:
        """Return the newest events."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, EVENTS, account=account, limit=limit)
        return [EventRecord(row.name, AccountEvent(row.kind), row.detail, row.at) for row in found]


async def check_new(connection: AsyncConnection, name: str, persona: str) -> None:
    """Raise AlreadyExists for a name that is taken, NotFound for a persona that is not there."""
    if await one(connection, IS_NAMED, name=name):
        raise AlreadyExists(f"An account goes by the name {name} already")
    if not await one(connection, IS_PERSONA, persona=persona):
        keys = [row.key for row in await rows(connection, PERSONA_KEYS)]
        raise not_found("persona", persona, keys, "import one with `troupe personas import`")


async def insert(connection: AsyncConnection, name: str, phone: str, persona: str) -> AccountId:
    """Insert the account and its lease; raises AlreadyExists, NotFound for the persona."""
    await check_new(connection, name, persona)
    added = await one(connection, INSERT, name=name, hint=phone[-HINT:], persona=persona)
    if added is None:
        raise NotFound(f"The persona {persona} was removed meanwhile")
    return AccountId(added.account_id)


def phone_taken(name: str, state: AccountState) -> AlreadyExists:
    """Say whose the number is, and what to do."""
    mistaken = f", or `troupe accounts remove {name}` forgets it" * (state is AccountState.NEW)
    return AlreadyExists(
        f"The account {name} has this phone number already: `troupe accounts login {name}` "
        f"signs it in{mistaken}"
    )


def stays(name: str, why: str, state: AccountState) -> NotAllowed:
    """Say why an account cannot be forgotten, and what can be done instead (charter rule 6)."""
    remedy = (
        "it is retired already"
        if state is AccountState.RETIRED
        else f"`troupe accounts retire {name}` signs it out for good"
    )
    return NotAllowed(f"{name} {why}, so it stays on record: {remedy}")


async def store_profile(connection: AsyncConnection, account: AccountId, profile: Profile) -> None:
    """Write the profile; raises AlreadyExists when another account here is that Telegram user."""
    try:
        await run(
            connection,
            STORE_PROFILE,
            account=account,
            telegram_id=profile.telegram_id,
            username=profile.username,
            first_name=profile.first_name,
            bio=profile.bio,
        )
    except IntegrityError:
        raise AlreadyExists(
            "This Telegram user is another account here already: sign in with another number"
        ) from None


async def find(connection: AsyncConnection, account: AccountId) -> Account:
    """Return the account; raises NotFound."""
    row = await one(connection, BY_ID, account=account)
    if row is None:
        raise NotFound(f"There is no account {account}: see `troupe accounts list`")
    return to_account(row)


def to_account(row: Row[Any]) -> Account:
    """Read an account from its row."""
    return Account(
        id=AccountId(row.id),
        name=row.name,
        phone_hint=row.phone_hint,
        telegram_id=None if row.telegram_id is None else TelegramId(row.telegram_id),
        username=row.username,
        first_name=row.first_name,
        bio=row.bio,
        persona=row.persona,
        disclosure=row.disclosure,
        state=AccountState(row.state),
        state_reason=row.state_reason,
        disclosed_at=row.disclosed_at,
        last_used_at=row.last_used_at,
        created_at=row.created_at,
        recovered_late=row.recovered_late,
    )
