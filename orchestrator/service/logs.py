"""What doors may ask about what was done."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.ids import AccountId
from orchestrator.ports.logs import LogFilter, OperationRow, SessionRow
from orchestrator.ports.stats import Stats, StatsFilter
from orchestrator.stage import Stage

LOOK_EVERY = 0.5
"""Seconds between two looks of whoever follows a log."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines a person asks for; the account by its name."""

    account: str | None = None
    kinds: tuple[str, ...] = ()
    failed: bool = False
    since: timedelta | None = None
    correlation: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Logs:
    """Reads logs, follows them, and adds up."""

    stage: Stage

    async def operations(self, query: LogQuery) -> list[OperationRow]:
        """Return the newest operations that the query keeps, oldest first."""
        page = await self.stage.stores.logs.operations(await self.filter_of(query), None)
        return list(page.rows)

    async def sessions(self, query: LogQuery) -> list[SessionRow]:
        """Return the newest session events that the query keeps, oldest first."""
        page = await self.stage.stores.logs.sessions(await self.filter_of(query), None)
        return list(page.rows)

    async def follow_operations(self, query: LogQuery) -> AsyncIterator[list[OperationRow]]:
        """Yield the newest operations, then what comes to light, each once, for ever."""
        wanted, bookmark = await self.filter_of(query), None
        while True:
            page = await self.stage.stores.logs.operations(wanted, bookmark)
            bookmark = page.bookmark
            if page.rows:
                yield list(page.rows)
            await self.stage.clock.sleep(LOOK_EVERY)

    async def follow_sessions(self, query: LogQuery) -> AsyncIterator[list[SessionRow]]:
        """Yield the newest session events, then what comes to light, each once, for ever."""
        wanted, bookmark = await self.filter_of(query), None
        while True:
            page = await self.stage.stores.logs.sessions(wanted, bookmark)
            bookmark = page.bookmark
            if page.rows:
                yield list(page.rows)
            await self.stage.clock.sleep(LOOK_EVERY)

    async def stats(self, since: timedelta, account: str | None, user: str | None) -> Stats:
        """Add up what was done since then, by everybody or by one account or person."""
        now = self.stage.clock.now()
        return await self.stage.stores.stats.stats(
            StatsFilter(now - since, now, await self.account(account), user)
        )

    async def filter_of(self, query: LogQuery) -> LogFilter:
        """Put the account's number in its name's place; raises NotFound."""
        return LogFilter(
            account=await self.account(query.account),
            kinds=query.kinds,
            failed=query.failed,
            since=self.moment(query.since),
            correlation=query.correlation,
            limit=query.limit,
        )

    async def account(self, name: str | None) -> AccountId | None:
        """Find an account; raises NotFound."""
        return (await self.stage.stores.accounts.account_named(name)).id if name else None

    def moment(self, ago: timedelta | None) -> datetime | None:
        """Return the moment that long ago."""
        return None if ago is None else self.stage.clock.now() - ago
