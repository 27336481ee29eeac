"""Who was in each account when it was looked at last, and what changed since."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.gathering import Gathering
from db.stores.base import one, rows, run
from orchestrator.ids import AccountId
from orchestrator.ports.accounts import AccountEvent
from orchestrator.ports.security import Authorization, KnownSecurity, SecurityView

FRESH = text(
    """
    SELECT account_id FROM account_watch
    WHERE account_id = ANY(CAST(:accounts AS bigint[]))
      AND security_at + CAST(:every AS interval) > now()
    """
)
ASK = text("UPDATE account_watch SET security_at = NULL WHERE account_id = :account")
KNOWN = text(
    """
    SELECT sessions, password_mark FROM account_watch
    WHERE account_id = :account AND sessions IS NOT NULL FOR NO KEY UPDATE
    """
)
NOTE = text(
    """
    INSERT INTO account_watch (account_id, sessions, password_mark, security_at)
    VALUES (:account, CAST(:sessions AS jsonb), :mark, now())
    ON CONFLICT (account_id) DO UPDATE
    SET sessions = excluded.sessions, password_mark = excluded.password_mark, security_at = now()
    """
)
EVENT = text(
    "INSERT INTO account_events (account_id, kind, detail) VALUES (:account, :kind, :detail)"
)


LANES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class PostgresSecurity:
    """Implements `SecurityStore`."""

    engine: AsyncEngine
    looks: Gathering[tuple[AccountId, timedelta], bool] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        looks = Gathering("security", self.all_due, limit=LANES_AT_ONCE)
        object.__setattr__(self, "looks", looks)

    async def look_is_due(self, account: AccountId, every: timedelta) -> bool:
        """Tell whether it is time to look; lanes that ask together share one statement."""
        return await self.looks.ask((account, every))

    async def all_due(self, asked: Sequence[tuple[AccountId, timedelta]]) -> Sequence[bool]:
        """Tell for each account whether it is time."""
        fresh: set[tuple[AccountId, timedelta]] = set()
        async with transaction(self.engine) as connection:
            for every in {every for _, every in asked}:
                accounts = [account for account, its in asked if its == every]
                found = await rows(connection, FRESH, accounts=accounts, every=every)
                fresh |= {(AccountId(row.account_id), every) for row in found}
        return [one not in fresh for one in asked]

    async def ask_for_look(self, account: AccountId) -> None:
        """Make the next look due now."""
        async with transaction(self.engine) as connection:
            await run(connection, ASK, account=account)

    async def known_security(self, account: AccountId) -> KnownSecurity | None:
        """Return what was seen at the last look."""
        async with transaction(self.engine) as connection:
            return await read_known(connection, account)

    async def note_security(self, account: AccountId, view: SecurityView) -> Sequence[str]:
        """Store what is seen now, and what is new about it."""
        sessions = [session.hash for session in view.sessions if not session.is_ours]
        async with transaction(self.engine) as connection:
            known = await read_known(connection, account)
            await run(
                connection,
                NOTE,
                account=account,
                sessions=write_json(sessions),
                mark=view.password_mark,
            )
            events = [] if known is None else changes(known, view)
            for kind, detail in events:
                await run(connection, EVENT, account=account, kind=kind, detail=detail)
        return [detail for _, detail in events]


async def read_known(connection: AsyncConnection, account: AccountId) -> KnownSecurity | None:
    """Read what was seen at the last look."""
    row = await one(connection, KNOWN, account=account)
    return None if row is None else KnownSecurity(frozenset(row.sessions), row.password_mark)


def changes(known: KnownSecurity, view: SecurityView) -> list[tuple[AccountEvent, str]]:
    """Say what is new since the last look."""
    strangers = [
        session
        for session in view.sessions
        if not session.is_ours and session.hash not in known.sessions
    ]
    events = [(AccountEvent.FOREIGN_SESSION, introduce(session)) for session in strangers]
    if view.password_mark != known.password_mark:
        events.append((AccountEvent.PASSWORD_CHANGED, "the two-step password or its hint changed"))
    return events


def introduce(session: Authorization) -> str:
    """Say which session is new, in words that a person can hold against their own devices."""
    since = session.created_at.strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"a session opened at {since}: {session.device or 'unknown device'}, "
        f"{session.application or 'unknown application'}, {session.country or 'unknown place'}"
    )
