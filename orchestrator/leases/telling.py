"""How it is said, at any door, that something waits for whoever holds accounts."""

from datetime import datetime, timedelta
from typing import Final

from orchestrator.clock import Clock

ANOTHER: Final = "another process"
"""Who holds an account where the lease does not say."""


def wait_told(what: str, holder: str | None, clock: Clock, seconds: float) -> str:
    """Say that accounts are held by somebody who is silent, and until when that is waited for."""
    until: datetime = (clock.now() + timedelta(seconds=seconds)).astimezone()
    who = holder or ANOTHER
    return f"{what} still held by {who}, which is silent: waiting until {until:%H:%M:%S} at most"
