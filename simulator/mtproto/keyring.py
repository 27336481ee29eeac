"""The auth keys that clients made here."""

import secrets
from collections.abc import Iterable

from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.errors import UnknownKey

KEY_BYTES = 256


class KeyRing:
    """Keeps auth keys in memory; `dump` and `load` carry them over a restart."""

    def __init__(self) -> None:
        self.keys: dict[int, AuthKey] = {}

    def add(self, key: AuthKey) -> None:
        """Keep `key`."""
        self.keys[key.id] = key

    def issue(self) -> AuthKey:
        """Make a key without an exchange, for trials with more clients than can be waited for."""
        key = AuthKey.of(b"\x01" + secrets.token_bytes(KEY_BYTES - 1))
        self.add(key)
        return key

    def find(self, key_id: int) -> AuthKey:
        """Return the key of that id; raise `UnknownKey` if there is none."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise UnknownKey(f"no auth key {key_id} was made here") from None

    def discard(self, key_id: int) -> bool:
        """Forget a key; tell whether it was there."""
        return self.keys.pop(key_id, None) is not None

    def dump(self) -> list[bytes]:
        """Return the secrets of all keys, in the order in which they were made."""
        return [key.data for key in self.keys.values()]

    def load(self, dumped: Iterable[bytes]) -> None:
        """Keep the keys that `dump` returned."""
        for data in dumped:
            self.add(AuthKey.of(data))
