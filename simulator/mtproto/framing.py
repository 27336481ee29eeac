"""How payloads are cut into frames on a TCP connection.

Source: https://core.telegram.org/mtproto/mtproto-transports
"""

import secrets
import struct
from typing import Protocol
from zlib import crc32

from simulator.mtproto.errors import BadFrame

MAX_PAYLOAD = 2 * 1024 * 1024
LONG_FORM = 127


class ByteSource(Protocol):
    """Whatever yields the client's bytes, deciphered if the transport is obfuscated."""

    async def readexactly(self, n: int, /) -> bytes:
        """Return exactly `n` bytes or raise `asyncio.IncompleteReadError`."""


class Framing(Protocol):
    """One way of cutting payloads into frames."""

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload; raise `BadFrame` on what is none."""

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""


class Full:
    """Length, counter, payload, CRC-32."""

    def __init__(self) -> None:
        self.received = self.sent = 0

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload once its counter and its checksum are right."""
        head = await source.readexactly(8)
        length, counter = struct.unpack("<II", head)
        check_length(length - 12)
        if counter != self.received:
            raise BadFrame(f"frame {counter} came where {self.received} was due")
        rest = await source.readexactly(length - 8)
        if crc32(rest[:-4], crc32(head)) != int.from_bytes(rest[-4:], "little"):
            raise BadFrame("the checksum does not match")
        self.received += 1
        return rest[:-4]

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
        head = struct.pack("<II", len(payload) + 12, self.sent) + payload
        self.sent += 1
        return head + struct.pack("<I", crc32(head))


class Abridged:
    """A length of one or four bytes, counted in words, then the payload."""

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload."""
        words = (await source.readexactly(1))[0]
        if words == LONG_FORM:
            words = int.from_bytes(await source.readexactly(3), "little")
        elif words > LONG_FORM:
            raise BadFrame("quick acknowledgements are not given here")
        check_length(words * 4)
        return await source.readexactly(words * 4)

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
        words = len(payload) // 4
        if words < LONG_FORM:
            return bytes([words]) + payload
        return bytes([LONG_FORM]) + words.to_bytes(3, "little") + payload


class Intermediate:
    """A length of four bytes, then the payload."""

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload."""
        length = int.from_bytes(await source.readexactly(4), "little")
        check_length(length)
        return await source.readexactly(length)

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
        return struct.pack("<I", len(payload)) + payload


class PaddedIntermediate(Intermediate):
    """Like `Intermediate`, with up to three random bytes behind each payload."""

    async def read(self, source: ByteSource) -> bytes:
        """Return the next payload without what pads its last word."""
        padded = await super().read(source)
        return padded[: len(padded) // 4 * 4]

    def frame(self, payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
        return super().frame(payload + secrets.token_bytes(secrets.randbelow(4)))


def check_length(length: int) -> None:
    """Raise `BadFrame` unless a payload may be that long."""
    if not 0 < length <= MAX_PAYLOAD:
        raise BadFrame(f"a payload of {length} bytes is refused")
