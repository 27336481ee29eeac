"""Accounts as they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.telegram import Profile


class AccountState(StrEnum):
    """What an account may do; only `active` speaks, only `RUNS` are opened at all."""

    NEW = "new"
    ACTIVE = "active"
    PAUSED = "paused"
    LIMITED = "limited"
    PUBLIC_STOPPED = "public_stopped"
    NEEDS_LOGIN = "needs_login"
    QUARANTINED = "quarantined"
    FROZEN = "frozen"
    BANNED = "banned"
    RETIRED = "retired"
    """Signed out for good; what it said stays on record."""


RUNS = frozenset({AccountState.ACTIVE, AccountState.LIMITED, AccountState.PUBLIC_STOPPED})
"""A limited account still reads; a paused or parked one is not connected."""


class AccountEvent(StrEnum):
    """What happened to an account, for `troupe accounts events`."""

    LOGIN = "login"
    LOGOUT = "logout"
    FOREIGN_SESSION = "foreign_session"
    LIMIT = "limit"
    FREEZE = "freeze"
    BAN = "ban"
    BIO_CHANGED = "bio_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - names an event
    STATE_CHANGED = "state_changed"
    ALERT = "alert"
    """Telegram refused something that a person should look at."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the organisation; `name` is what people call it here, like `anna`."""

    id: AccountId
    name: str
    phone_hint: str
    telegram_id: TelegramId | None
    username: str | None
    first_name: str | None
    bio: str | None
    persona: str | None
    """The persona's key."""
    disclosure: str | None
    """What the persona's bio must carry."""
    state: AccountState
    state_reason: str | None
    disclosed_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    recovered_late: int = 0
    """How many direct messages no update told of and a comparison found."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of an account's history."""

    account: str
    kind: AccountEvent
    detail: str
    at: datetime


class AccountStore(Protocol):
    """Accounts, their states and what happened to them."""

    async def check_new_account(self, name: str, persona: str) -> None:
        """Raise AlreadyExists for the name, NotFound for the persona, before more is asked."""

    async def add_account(self, actor: Actor, name: str, phone: str, persona: str) -> Account:
        """Record an account (state `new`).

        Raises NotFound for the persona, AlreadyExists for the name, and for a phone number that
        another account has, whose name it says.
        """

    async def remove_account(self, actor: Actor, account: AccountId) -> None:
        """Forget an account that never signed in; raises NotAllowed where history would go."""

    async def account_named(self, name: str) -> Account:
        """Return the account of that name; raises NotFound with the names there are."""

    async def account(self, account: AccountId) -> Account:
        """Return the account; raises NotFound."""

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts by name."""

    async def phone_of(self, account: AccountId) -> str:
        """Return the decrypted phone number."""

    async def set_account_state(
        self, actor: Actor, account: AccountId, state: AccountState, reason: str | None
    ) -> None:
        """Move the account to a state; writes the event that goes with it."""

    async def record_profile(self, account: AccountId, profile: Profile) -> None:
        """Store how the account shows itself; a bio that changed becomes an event."""

    async def record_disclosure(self, account: AccountId, fence: int, *, disclosed: bool) -> None:
        """Store that the bio was read now under that fence, and whether it discloses."""

    async def record_event(self, account: AccountId, kind: AccountEvent, detail: str) -> None:
        """Add a line to the account's history."""

    async def account_events(self, account: AccountId | None, limit: int) -> Sequence[EventRecord]:
        """Return the newest events, of one account or of all."""
