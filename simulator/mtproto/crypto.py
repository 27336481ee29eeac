"""The ciphers of MTProto 2.0.

Source: https://core.telegram.org/mtproto/description
"""

import hmac
import secrets
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha1, sha256

import cryptg

from simulator.mtproto.errors import TamperedPacket

BLOCK = 16
HEADER = 24
MIN_PADDING = 12


class Sender(IntEnum):
    """Who encrypted a packet; the value is the offset into the auth key."""

    CLIENT = 0
    SERVER = 8


@dataclass(frozen=True, slots=True)
class AuthKey:
    """The secret that a client and the server agreed on."""

    data: bytes
    id: int
    aux_hash: bytes

    @classmethod
    def of(cls, data: bytes) -> "AuthKey":
        """Return the key with what its hash names: its id and its auxiliary hash."""
        digest = sha1(data, usedforsecurity=False).digest()
        return cls(data, int.from_bytes(digest[12:20], "little", signed=True), digest[:8])

    def __repr__(self) -> str:
        return f"AuthKey(id={self.id})"


def encrypt_ige(plain: bytes, key: bytes, iv: bytes) -> bytes:
    """Encrypt whole blocks with AES-256 in IGE mode."""
    return bytes(cryptg.encrypt_ige(plain, key, iv))


def decrypt_ige(cipher: bytes, key: bytes, iv: bytes) -> bytes:
    """Decrypt whole blocks with AES-256 in IGE mode."""
    return bytes(cryptg.decrypt_ige(cipher, key, iv))


def message_key(key: AuthKey, padded: bytes, sender: Sender) -> bytes:
    """Return the 16 bytes that both name and prove a plaintext."""
    return sha256(key.data[88 + sender : 120 + sender] + padded).digest()[8:24]


def derive_aes(key: AuthKey, msg_key: bytes, sender: Sender) -> tuple[bytes, bytes]:
    """Return the AES key and the initialisation vector of one packet."""
    a = sha256(msg_key + key.data[sender : sender + 36]).digest()
    b = sha256(key.data[sender + 40 : sender + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def seal(key: AuthKey, plain: bytes, sender: Sender = Sender.SERVER) -> bytes:
    """Return the packet that carries `plain` under `key`."""
    padding = MIN_PADDING + -(len(plain) + MIN_PADDING) % BLOCK
    padded = plain + secrets.token_bytes(padding)
    msg_key = message_key(key, padded, sender)
    cipher = encrypt_ige(padded, *derive_aes(key, msg_key, sender))
    return key.id.to_bytes(8, "little", signed=True) + msg_key + cipher


def unseal(key: AuthKey, packet: bytes, sender: Sender = Sender.CLIENT) -> bytes:
    """Return the padded plaintext of a packet; raise `TamperedPacket` if it was touched."""
    msg_key, cipher = packet[8:HEADER], packet[HEADER:]
    if not cipher or len(cipher) % BLOCK:
        raise TamperedPacket("the ciphertext does not consist of whole blocks")
    padded = decrypt_ige(cipher, *derive_aes(key, msg_key, sender))
    if not hmac.compare_digest(msg_key, message_key(key, padded, sender)):
        raise TamperedPacket("the message key does not match the plaintext")
    return padded
