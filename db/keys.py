"""Where the encryption keys come from: the environment, the system's keyring, or a file of ours.

A keyring is written as base64 keys of 32 bytes, the newest first, divided by commas or lines. The
first encrypts; the others only read what was written with them, until `troupe keys rotate` has
rewritten it.
"""

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import keyring
import keyring.errors

from orchestrator.errors import BadInput

KEY_BYTES = 32
KEY_FILE = "encryption.keys"
SYSTEM_SERVICE, SYSTEM_USER = "troupe", "encryption-keys"
VARIABLE = "TROUPE_ENCRYPTION_KEY"


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A secret and the name under which ciphertexts mention it (made from the secret itself)."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        """Return four bytes that name the key and tell nothing about it."""
        return hashlib.sha256(b"troupe key id\0" + self.secret).digest()[:4]


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys, the newest first, and where they were found."""

    keys: tuple[EncryptionKey, ...]
    origin: str
    """For people: "TROUPE_ENCRYPTION_KEY", "the system's keyring", or the file's path."""

    @property
    def active(self) -> EncryptionKey:
        """Return the key that encrypts."""
        return self.keys[0]

    def key(self, key_id: bytes) -> EncryptionKey | None:
        """Find the key that a ciphertext mentions."""
        return next((key for key in self.keys if key.id == key_id), None)


def load_keyring(given: str | None, folder: Path) -> Keyring:
    """Find the keys: as given, in the system's keyring, or in the folder's file, made when missing.

    Raises BadInput for keys that are not 32 bytes in base64, and for a file that others may read.
    """
    if given and given.strip():
        return Keyring(read_keys(given, VARIABLE), VARIABLE)
    path = folder / KEY_FILE
    if not path.exists():
        kept = system_keys()
        if kept:
            return Keyring(read_keys(kept, "the system's keyring"), "the system's keyring")
        make_key_file(path)
    return Keyring(read_keys(read_key_file(path), str(path)), str(path))


def read_keys(text: str, origin: str) -> tuple[EncryptionKey, ...]:
    """Read keys as people store them; raises BadInput without repeating any of it."""
    keys = tuple(read_key(part, origin) for part in text.replace(",", "\n").split())
    if not keys:
        raise BadInput(f"{origin} holds no encryption key: restore it from your backup")
    return keys


def read_key(text: str, origin: str) -> EncryptionKey:
    """Read one key."""
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise BadInput(
            f"{origin} must hold {KEY_BYTES} random bytes in base64; make them with: "
            "openssl rand -base64 32"
        )
    return EncryptionKey(secret)


def system_keys() -> str | None:
    """Ask the system's keyring, where there is one."""
    try:
        return keyring.get_password(SYSTEM_SERVICE, SYSTEM_USER)
    except (keyring.errors.KeyringError, RuntimeError, OSError):
        return None


def new_key() -> str:
    """Draw a key, as it is written down."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def make_key_file(path: Path) -> None:
    """Write a first key for nobody else to read; of two processes, both end with the same."""
    draft = write_draft(path, new_key() + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def add_key(path: Path) -> Keyring:
    """Put a new key before those in the file; what was written before stays readable."""
    write_draft(path, new_key() + "\n" + read_key_file(path)).replace(path)
    return Keyring(read_keys(read_key_file(path), str(path)), str(path))


def keep_keys(path: Path, keys: tuple[EncryptionKey, ...]) -> None:
    """Leave only these keys in the file."""
    lines = (base64.b64encode(key.secret).decode() + "\n" for key in keys)
    write_draft(path, "".join(lines)).replace(path)


def write_draft(path: Path, text: str) -> Path:
    """Write a file beside `path` with rights 0600, safely on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def read_key_file(path: Path) -> str:
    """Read the file; raises BadInput when others may read it too."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise BadInput(f"others may read the encryption keys: run chmod 600 {path}")
    return path.read_text()
