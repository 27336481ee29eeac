"""What becomes of connections, for the session log: how long each lasted, and what ended it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.clock import Clock
from orchestrator.facts import Sink
from orchestrator.ids import AccountId
from orchestrator.operations import name_of, sentence_of
from orchestrator.ports.logs import OperationLog, SessionEvent, SessionKind
from orchestrator.ports.telegram import AccountClient, Profile, SignInAnswers, Telegram

STOPPED = (asyncio.CancelledError, GeneratorExit)
"""A connection that ended by these ended because we wanted it to."""


@dataclass(frozen=True, slots=True)
class Away:
    """Since when, and why, an account is not connected."""

    since: float
    cause: str


@dataclass(slots=True)
class WatchedTelegram:
    """Implements `Telegram` by another one, and notes what becomes of each connection."""

    telegram: Telegram
    log: OperationLog
    clock: Clock
    away: dict[AccountId, Away] = field(default_factory=dict)
    """Accounts whose last connection broke, in this process."""

    @asynccontextmanager
    async def open(self, account: AccountId, sink: Sink | None) -> AsyncIterator[AccountClient]:
        """Connect as the other does; every way in and out is noted."""
        begun = self.clock.monotonic()
        opened: float | None = None
        try:
            async with self.telegram.open(account, sink) as client:
                opened = self.clock.monotonic()
                self.note_opened(account, begun)
                yield client
        except BaseException as ended:
            self.note_broken(account, begun, opened, ended)
            raise
        self.note(SessionKind.DISCONNECT, account, opened, cause="stopped in order")

    async def sign_in(self, account: AccountId, phone: str, answers: SignInAnswers) -> Profile:
        """Sign in as the other does; the attempt is noted."""
        begun = self.clock.monotonic()
        try:
            profile = await self.telegram.sign_in(account, phone, answers)
        except Exception as failed:
            self.note(SessionKind.LOGIN, account, begun, failure=failed)
            raise
        self.note(SessionKind.LOGIN, account, begun)
        return profile

    def note_opened(self, account: AccountId, begun: float) -> None:
        """Note a first connection, or one after a break with its cause and how long it lasted."""
        broken = self.away.pop(account, None)
        if broken is None:
            self.note(SessionKind.CONNECT, account, begun)
        else:
            self.note(SessionKind.RECONNECT, account, broken.since, cause=broken.cause)

    def note_broken(
        self, account: AccountId, begun: float, opened: float | None, ended: BaseException
    ) -> None:
        """Note how a connection ended, or that there was none."""
        kind = SessionKind.CONNECT if opened is None else SessionKind.DISCONNECT
        since = begun if opened is None else opened
        if isinstance(ended, STOPPED):
            self.note(kind, account, since, cause="stopped")
            return
        self.note(kind, account, since, failure=ended)
        self.away.setdefault(account, Away(self.clock.monotonic(), sentence_of(ended)))

    def note(
        self,
        kind: SessionKind,
        account: AccountId,
        since: float | None,
        *,
        cause: str | None = None,
        failure: BaseException | None = None,
    ) -> None:
        """Note one event that began at `since` on the clock that never jumps."""
        now = self.clock.monotonic()
        self.log.note(
            SessionEvent(
                kind,
                account,
                succeeded=failure is None,
                duration=timedelta(seconds=now - (now if since is None else since)),
                cause=sentence_of(failure) if failure else cause,
                error_name=name_of(failure) if failure else None,
            )
        )
