"""Secrets at rest: AES-256-GCM, each ciphertext bound to its table, column and row.

A ciphertext is a version byte, the key's id (4 bytes), a nonce (12 bytes), then text and tag as
in NIST SP 800-38D. The place is authenticated with it, so that a row's secret, copied into
another row, cannot be read there.
"""

import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.keys import EncryptionKey, Keyring
from orchestrator.errors import TroupeError

VERSION: Final = b"\x01"
HEADER_BYTES: Final = 5
NONCE_BYTES: Final = 12


class Undecipherable(TroupeError):
    """A stored secret cannot be read with the keys at hand."""


def place(table: str, column: str, *row: object) -> bytes:
    """Name the place that a ciphertext is bound to."""
    return "\0".join((table, column, *map(str, row))).encode()


class Cipher:
    """Encrypts with the newest key; reads with any, also with keys added since the start."""

    def __init__(self, keyring: Keyring, reload: Callable[[], Keyring] | None = None) -> None:
        self.keyring, self.reload = keyring, reload

    @property
    def header(self) -> bytes:
        """Return how ciphertexts under the newest key begin."""
        return VERSION + self.keyring.active.id

    def encrypt(self, plain: bytes, where: bytes) -> bytes:
        """Encrypt for that place."""
        nonce = os.urandom(NONCE_BYTES)
        header = self.header
        sealed = AESGCM(self.keyring.active.secret).encrypt(nonce, plain, header + where)
        return header + nonce + sealed

    def decrypt(self, stored: bytes, where: bytes) -> bytes:
        """Read what was encrypted for that place; raises Undecipherable."""
        header, nonce = stored[:HEADER_BYTES], stored[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        key = self.key_for(header)
        try:
            return AESGCM(key.secret).decrypt(
                nonce, stored[HEADER_BYTES + NONCE_BYTES :], header + where
            )
        except (InvalidTag, ValueError):
            raise Undecipherable(
                "A stored secret was damaged or moved: restore the database from a backup"
            ) from None

    def key_for(self, header: bytes) -> EncryptionKey:
        """Find the key that the header names, also among keys added since the start."""
        if header[:1] != VERSION:
            raise Undecipherable("A stored secret is in a form that this version does not know")
        key = self.keyring.key(header[1:])
        if key is None and self.reload is not None:
            self.keyring = self.reload()
            key = self.keyring.key(header[1:])
        if key is None:
            raise Undecipherable(
                f"A stored secret was not encrypted with a key in {self.keyring.origin}: give"
                " Troupe the key it was written with (TROUPE_ENCRYPTION_KEY)"
            )
        return key
