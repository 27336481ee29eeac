"""Until when this process may speak for each account, asked where bytes leave it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestrator.clock import Clock
from orchestrator.ids import AccountId


@dataclass(slots=True)
class Tenure:
    """What the process may use, and until when on the clock that counts sleep.

    A process that was stopped and goes on runs first what was ready before it was stopped; that
    may be a packet on its way out. So the last look at the lease stands before each packet.
    """

    clock: Clock
    until: dict[AccountId, float] = field(default_factory=dict)
    cuts: dict[AccountId, Callable[[], None]] = field(default_factory=dict)
    """How the connection of each account that is open here is broken."""

    def holds(self, account: AccountId) -> bool:
        """Tell whether the account is certainly ours at this moment."""
        return self.clock.monotonic() < self.until.get(account, float("-inf"))

    def extend(self, accounts: Iterable[AccountId], until: float) -> None:
        """Let these be used until then."""
        self.until.update(dict.fromkeys(accounts, until))

    def end(self, account: AccountId) -> None:
        """Let nothing leave for this account any more, and break its connection now."""
        self.until.pop(account, None)
        cut = self.cuts.pop(account, None)
        if cut is not None:
            cut()

    @contextmanager
    def connected(self, account: AccountId, cut: Callable[[], None]) -> Iterator[None]:
        """Break the account's connection when its tenure ends while the block lasts."""
        self.cuts[account] = cut
        try:
            yield
        finally:
            if self.cuts.get(account) == cut:
                del self.cuts[account]
