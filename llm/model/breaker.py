"""Leaves a failing server alone for a while, then lets one request try."""

from dataclasses import dataclass

from orchestrator.clock import Clock


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after so many failures in a row; counts on the clock that never jumps."""

    clock: Clock
    failures_allowed: int = 5
    rests: float = 30.0
    """Seconds."""
    failures: int = 0
    opened_at: float | None = None
    probing: bool = False

    def admits(self) -> bool:
        """Whether a request may go out now; after the rest, one alone may."""
        if self.opened_at is None:
            return True
        if self.probing or self.clock.monotonic() - self.opened_at < self.rests:
            return False
        self.probing = True
        return True

    def succeeded(self) -> None:
        """Close: the server works."""
        self.failures, self.opened_at, self.probing = 0, None, False

    def failed(self) -> None:
        """Count a failure; open when there were too many, or when the probe failed."""
        self.failures += 1
        if self.probing or self.failures >= self.failures_allowed:
            self.opened_at = self.clock.monotonic()
        self.probing = False

    def gave_up(self) -> None:
        """Forget a probe whose outcome nobody will learn, so that another may try."""
        self.probing = False
