"""The transport that looks like noise: another transport's frames under AES in counter mode.

Source: https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation
"""

import asyncio

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from simulator.mtproto.errors import BadFrame
from simulator.mtproto.framing import ByteSource, Framing

HEADER_BYTES = 64
KEY, IV, TAG = slice(8, 40), slice(40, 56), slice(56, 60)
SEED = slice(8, 56)


class Obfuscated:
    """Frames of another transport, enciphered on their way out."""

    def __init__(self, inner: Framing, cipher: CipherContext) -> None:
        self.inner, self.cipher = inner, cipher

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload from what was deciphered already."""
        return await self.inner.read(source)

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
        return self.cipher.update(self.inner.frame(payload))


class DecipheredSource:
    """A reader whose bytes are deciphered as they come."""

    def __init__(self, reader: asyncio.StreamReader, cipher: CipherContext) -> None:
        self.reader, self.cipher = reader, cipher

    async def readexactly(self, n: int, /) -> bytes:
        """Return exactly `n` plain bytes."""
        return self.cipher.update(await self.reader.readexactly(n))


def open_obfuscated(
    header: bytes, reader: asyncio.StreamReader, tags: dict[bytes, type[Framing]]
) -> tuple[Framing, ByteSource]:
    """Undo what a header of 64 bytes announces; raise `BadFrame` if it names no transport."""
    incoming = counter_mode(header[KEY], header[IV])
    tag = incoming.update(header)[TAG]
    framing = tags.get(tag)
    if framing is None:
        raise BadFrame("the bytes name no transport, neither plainly nor obfuscated")
    mirrored = header[SEED][::-1]
    outgoing = counter_mode(mirrored[:32], mirrored[32:])
    return Obfuscated(framing(), outgoing), DecipheredSource(reader, incoming)


def counter_mode(key: bytes, start: bytes) -> CipherContext:
    """Begin a stream, which is enciphered and deciphered in the same way."""
    return Cipher(AES256(key), CTR(start)).encryptor()
