"""Waiting for one's turn."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from orchestrator.clock import Clock
from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.book import LocalBook
from orchestrator.pacing.gcra import Turn
from orchestrator.pacing.limits import SEND, SPEECH, limits_of
from orchestrator.tuning import Tuning


class Pacer(Protocol):
    """Lets each account, each chat and the whole ask and speak no faster than they may."""

    async def wait_turn(
        self, account: AccountId, peer: TelegramId | None = None, method: str = SEND
    ) -> Turn:
        """Return when this account may make that request, to that chat if one is named.

        Those who wait are served in the order in which they came.
        """

    async def give_back(self, turn: Turn) -> None:
        """Let others have a turn that was waited for and will not be used; at most once."""

    def describe(self) -> str:
        """Say in a few words which pacing holds."""


Asking = Callable[[AccountId, str], Awaitable[None]]
"""Returns when an account may make a request by that one of Telegram's methods."""


def asking(pacer: Pacer) -> Asking:
    """Pace whatever leaves an account but messages: those waited before the gate was asked."""

    async def wait(account: AccountId, method: str) -> None:
        if method not in SPEECH:
            await pacer.wait_turn(account, method=method)

    return wait


class LocalPacer:
    """Keeps the pace within one process, with bursts from the start; implements `Pacer`."""

    def __init__(self, tuning: Tuning, clock: Clock) -> None:
        self.tuning, self.clock, self.book = tuning, clock, LocalBook(clock)

    async def wait_turn(
        self, account: AccountId, peer: TelegramId | None = None, method: str = SEND
    ) -> Turn:
        """Reserve a turn under all limits at once, then wait for it."""
        limits = limits_of(self.tuning, account, method, peer)
        while True:
            turn = await self.book.take(limits, self.tuning.pacing_horizon)
            if turn.wait > 0:
                await self.clock.sleep(turn.wait)
            if isinstance(turn, Turn):
                return turn

    async def give_back(self, turn: Turn) -> None:
        """Open the turn's slots again."""
        await self.book.give_back(turn, self.tuning.pacing_horizon)

    def describe(self) -> str:
        """Say that nobody else is asked."""
        return "within this process"
