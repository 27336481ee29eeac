"""How long to wait for a server, and when to ask again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MILLISECONDS = "retry-after-ms"
"""What OpenAI's and Azure's servers send besides the standard header."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits in seconds, and how often is asked again."""

    attempt: float = 30.0
    """One request, from its first byte to the answer's last."""
    total: float = 90.0
    """Everything together, waiting included."""
    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 20.0
    """A server that asks for more than this is not asked again."""

    def wait(self, failures: int, asked_for: float | None, luck: float) -> float | None:
        """Return the seconds until the next attempt, or None when it is not worth waiting.

        `luck` is drawn from 0 to 1. What the server asked for is waited for in full, and a little
        more, so that not everybody who was turned away comes back at once.
        """
        step = min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1))
        if asked_for is None:
            return step * luck
        if asked_for > self.longest_wait:
            return None
        return asked_for + luck * self.first_wait


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that the server asks to wait (RFC 9110, 10.2.3), if it says so."""
    milliseconds = as_seconds(headers.get(MILLISECONDS, ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after", "").strip()
    seconds = as_seconds(said)
    return seconds if seconds is not None else seconds_until(said, now)


def as_seconds(said: str) -> float | None:
    """Read a number that can be waited for."""
    try:
        seconds = float(said)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def seconds_until(said: str, now: datetime) -> float | None:
    """Read an HTTP date."""
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
