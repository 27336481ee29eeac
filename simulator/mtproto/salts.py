"""Server salts: numbers that every message must carry and that change with time.

Source: https://core.telegram.org/mtproto/service_messages#get-future-salts
"""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from telethon.tl.types import FutureSalt

PERIOD = 3600
OVERLAP = 1800
MAX_FUTURE = 64


class Salts:
    """Derives each key's salts from one secret, so that none need be stored."""

    def __init__(self, clock: Callable[[], float] = time.time, secret: bytes = b"") -> None:
        self.clock, self.secret = clock, secret or secrets.token_bytes(32)
        self.first: dict[int, tuple[int, float]] = {}

    def begin(self, key_id: int, salt: int) -> None:
        """Accept the salt that came of a key's making, for one period."""
        self.first[key_id] = (salt, self.clock() + PERIOD)

    def current(self, key_id: int) -> int:
        """Return the salt that is to be used now."""
        return self.derive(key_id, self.period())

    def accepts(self, key_id: int, salt: int) -> bool:
        """Tell whether a message with that salt is to be read; old salts linger a little."""
        period = self.period()
        first, until = self.first.get(key_id, (0, 0.0))
        if salt == self.derive(key_id, period) or (salt == first and self.clock() < until):
            return True
        return self.clock() % PERIOD < OVERLAP and salt == self.derive(key_id, period - 1)

    def future(self, key_id: int, count: int) -> list[FutureSalt]:
        """Return the salts of the periods to come, the current one first."""
        first, wanted = self.period(), max(1, min(count, MAX_FUTURE))
        return [self.describe(key_id, period) for period in range(first, first + wanted)]

    def rotate(self) -> None:
        """Make every salt wrong at once, as a restarted server does."""
        self.secret = secrets.token_bytes(32)
        self.first.clear()

    def period(self) -> int:
        """Return the number of the period in which we are."""
        return int(self.clock()) // PERIOD

    def describe(self, key_id: int, period: int) -> FutureSalt:
        """Return a period's salt with its term."""
        begins = datetime.fromtimestamp(period * PERIOD, UTC)
        ends = datetime.fromtimestamp((period + 1) * PERIOD + OVERLAP, UTC)
        return FutureSalt(begins, ends, self.derive(key_id, period))

    def derive(self, key_id: int, period: int) -> int:
        """Return the salt of one key in one period."""
        seed = self.secret + f"{key_id}/{period}".encode()
        return int.from_bytes(sha256(seed).digest()[:8], "little", signed=True)
