"""The process that ends this one when it is stopped, hangs, or cannot keep its leases."""

from typing import Protocol


class Watchdog(Protocol):
    """Ends this process at a moment that is put off again and again."""

    async def start(self, until: float) -> None:
        """Begin to guard, or begin anew with another process; raises NotAllowed with the reason.

        The time is that of `Clock.monotonic`: what the machine sleeps through is counted.
        """

    def feed(self, until: float) -> None:
        """Put the end off until then."""

    def is_awake(self) -> bool:
        """Tell whether it is there and has heard what it was fed of late."""

    async def stop(self) -> None:
        """Guard no more."""
