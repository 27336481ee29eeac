"""Waiting for one's turn, within one process."""

from typing import Protocol

from orchestrator.clock import Clock
from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.gcra import Turn, next_turn
from orchestrator.tuning import Pace, Tuning


class Pacer(Protocol):
    """Lets each account, each chat and the whole speak no faster than they may."""

    async def wait_turn(self, account: AccountId, peer: TelegramId) -> None:
        """Return when a message of this account to that chat may go out."""


class LocalPacer:
    """Keeps the pace of the accounts that this process holds.

    An account is held by one process, so its own pace needs nobody else; the overall pace is each
    process' own.
    """

    def __init__(self, tuning: Tuning, clock: Clock) -> None:
        self.tuning, self.clock = tuning, clock
        self.arrivals: dict[str, float] = {}

    async def wait_turn(self, account: AccountId, peer: TelegramId) -> None:
        """Reserve a turn under all three limits at once, then wait for it."""
        delay = self.reserve(account, peer) - self.clock.monotonic()
        if delay > 0:
            await self.clock.sleep(delay)

    def reserve(self, account: AccountId, peer: TelegramId) -> float:
        """Take the earliest moment that all limits allow; without an await, so in order."""
        now = self.clock.monotonic()
        limits = {
            "all": self.tuning.overall_pace,
            f"account {account}": self.tuning.account_pace,
            f"chat {account} {peer}": self.tuning.chat_pace,
        }
        at = max(self.turn(name, pace, now).at for name, pace in limits.items())
        for name, pace in limits.items():
            self.arrivals[name] = self.turn(name, pace, at).arrival
        self.forget_passed(now)
        return at

    def turn(self, name: str, pace: Pace, now: float) -> Turn:
        """Look up one limit's next turn."""
        return next_turn(pace, self.arrivals.get(name, 0.0), now)

    def forget_passed(self, now: float) -> None:
        """Drop limits that no longer bind, so that memory does not grow with every chat."""
        if len(self.arrivals) > 10_000:
            self.arrivals = {name: at for name, at in self.arrivals.items() if at > now}
