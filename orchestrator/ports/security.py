"""Who else is in an account: its sessions and its password, as they were seen last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orchestrator.ids import AccountId


@dataclass(frozen=True, slots=True)
class Authorization:
    """One session of an account, as Telegram lists it."""

    hash: int
    """Telegram's number for it; the session that asks is 0."""
    device: str
    application: str
    country: str
    created_at: datetime

    @property
    def is_ours(self) -> bool:
        """Whether it is the session that asks."""
        return self.hash == 0


@dataclass(frozen=True, slots=True)
class SecurityView:
    """What an account sees of its own protection."""

    sessions: tuple[Authorization, ...]
    password_mark: str
    """Changes whenever the two-step password or its hint does; tells neither."""


@dataclass(frozen=True, slots=True)
class KnownSecurity:
    """What was seen at the last look."""

    sessions: frozenset[int]
    password_mark: str


class SecurityStore(Protocol):
    """Remembers who was in each account."""

    async def look_is_due(self, account: AccountId, every: timedelta) -> bool:
        """Tell whether it is time to look, or something happened since."""

    async def ask_for_look(self, account: AccountId) -> None:
        """Make the next look due now."""

    async def known_security(self, account: AccountId) -> KnownSecurity | None:
        """Return what was seen at the last look; None before the first."""

    async def note_security(self, account: AccountId, view: SecurityView) -> Sequence[str]:
        """Store what is seen now, with an account event for each stranger and for a new password.

        The first look is what later ones are compared with. Returns a sentence for each event.
        """
