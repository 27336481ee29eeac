"""Where sessions rest between connections; keys are encrypted before they touch the disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.ids import AccountId, TelegramId


@dataclass(frozen=True, slots=True)
class UpdateState:
    """How far the account's updates are committed."""

    pts: int
    qts: int
    date: int
    seq: int
    channels: dict[int, int] = field(default_factory=dict)
    """Each channel's own pts, by the channel's bare id."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Everything that a connection needs to be the same session again."""

    dc_id: int
    address: str
    port: int
    auth_key: bytes = field(repr=False)
    user_id: TelegramId | None = None
    updates: UpdateState | None = None


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """A peer with the access hash that this account was given for it."""

    telegram_id: TelegramId
    kind: str
    """`user`, `channel` (also supergroups) or `chat`."""
    access_hash: int
    username: str | None = None
    phone: str | None = field(default=None, repr=False)


class SessionStore(Protocol):
    """Sessions of all accounts; only the holder of an account's lease writes its session."""

    async def load_session(self, account: AccountId) -> StoredSession | None:
        """Return the account's session, its key decrypted."""

    async def save_session(self, account: AccountId, session: StoredSession) -> None:
        """Store or replace the session whole, with its key encrypted."""

    async def save_update_state(self, account: AccountId, state: UpdateState) -> None:
        """Store how far updates are committed."""

    async def forget_session(self, account: AccountId) -> None:
        """Remove the session: its key is dead or was ended."""

    async def load_entities(self, account: AccountId) -> Sequence[StoredEntity]:
        """Return the peers whose access hashes are known."""

    async def save_entities(self, account: AccountId, entities: Sequence[StoredEntity]) -> None:
        """Store or refresh access hashes."""
