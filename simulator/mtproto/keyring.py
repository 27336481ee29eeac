"""The auth keys that clients made here."""

import secrets
import time
from collections.abc import Callable, Iterable

from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.errors import UnknownKey

KEY_BYTES = 256


class KeyRing:
    """Keeps auth keys in memory; `dump` and `load` carry them over a restart.

    Some expire, and stand for a lasting one once they are bound: `bound` leads from those to these.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.keys: dict[int, AuthKey] = {}
        self.expires: dict[int, float] = {}
        self.bound: dict[int, int] = {}

    def add(self, key: AuthKey, seconds: int | None = None) -> None:
        """Keep `key`, for ever or for so many seconds."""
        self.keys[key.id] = key
        if seconds is not None:
            self.expires[key.id] = self.clock() + seconds

    def is_temporary(self, key_id: int) -> bool:
        """Tell whether a key expires."""
        return key_id in self.expires

    def bind(self, key_id: int, lasting: int) -> None:
        """Let a key that expires stand for a lasting one."""
        self.bound[key_id] = lasting

    def lasting(self, key_id: int) -> int:
        """Name the key for which a key stands: another, or itself."""
        return self.bound.get(key_id, key_id)

    def standing_for(self, key_id: int) -> list[int]:
        """List a key and those that stand for it."""
        return [key_id, *(each for each, lasting in self.bound.items() if lasting == key_id)]

    def issue(self) -> AuthKey:
        """Make a key without an exchange, for trials with more clients than can be waited for."""
        key = AuthKey.of(b"\x01" + secrets.token_bytes(KEY_BYTES - 1))
        self.add(key)
        return key

    def find(self, key_id: int) -> AuthKey:
        """Return the key of that id; raise `UnknownKey` if there is none, or none any more."""
        if self.expires.get(key_id, float("inf")) <= self.clock():
            self.discard(key_id)
        try:
            return self.keys[key_id]
        except KeyError:
            raise UnknownKey(f"no auth key {key_id} was made here") from None

    def discard(self, key_id: int) -> bool:
        """Forget a key; tell whether it was there."""
        self.expires.pop(key_id, None)
        self.bound.pop(key_id, None)
        return self.keys.pop(key_id, None) is not None

    def dump(self) -> list[bytes]:
        """Return the secrets of all lasting keys, in the order in which they were made."""
        return [key.data for key in self.keys.values() if not self.is_temporary(key.id)]

    def load(self, dumped: Iterable[bytes]) -> None:
        """Keep the keys that `dump` returned."""
        for data in dumped:
            self.add(AuthKey.of(data))
