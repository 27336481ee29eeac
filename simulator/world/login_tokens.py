"""The tokens that a new session shows as a QR code, to be accepted by one that is signed in.

Source: https://core.telegram.org/api/qr-login
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.world.clock import Clock
from simulator.world.people import Person
from simulator.world.refusals import Refusal

TOKEN_BYTES = 32
LIFE = timedelta(seconds=30)


@dataclass(slots=True)
class LoginToken:
    """One token: the session that shows it, and who accepted it."""

    value: bytes
    key_id: int
    address: str
    expires: datetime
    accepted_by: Person | None = None


class LoginTokens:
    """One token for each session that waits; a new one takes the place of the old."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.by_key: dict[int, LoginToken] = {}

    def issue(self, key_id: int, address: str) -> LoginToken:
        """Make a token for a session to show."""
        now = self.clock.now()
        self.by_key = {k: each for k, each in self.by_key.items() if each.expires + LIFE > now}
        value = secrets.token_bytes(TOKEN_BYTES)
        token = self.by_key[key_id] = LoginToken(value, key_id, address, now + LIFE)
        return token

    def accept(self, value: bytes, person: Person) -> LoginToken:
        """Let the session that shows this token speak for a person; raises `Refusal`."""
        token = self.find(value)
        if token.accepted_by is not None:
            raise Refusal("AUTH_TOKEN_ALREADY_ACCEPTED")
        if token.expires <= self.clock.now():
            raise Refusal("AUTH_TOKEN_EXPIRED")
        token.accepted_by = person
        return token

    def find(self, value: bytes) -> LoginToken:
        """Find a token by what is shown; raises `Refusal`."""
        for token in self.by_key.values():
            if secrets.compare_digest(token.value, value):
                return token
        raise Refusal("AUTH_TOKEN_INVALID")

    def claim(self, key_id: int) -> Person | None:
        """Tell who accepted a session's token, once; None while nobody has."""
        token = self.by_key.get(key_id)
        if token is None or token.accepted_by is None:
            return None
        del self.by_key[key_id]
        return token.accepted_by
