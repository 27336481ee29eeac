"""Which transport a client speaks, told from its first bytes.

Source: https://core.telegram.org/mtproto/mtproto-transports
"""

import asyncio

from simulator.mtproto.errors import BadFrame
from simulator.mtproto.framing import (
    Abridged,
    ByteSource,
    Framing,
    Full,
    Intermediate,
    PaddedIntermediate,
)
from simulator.mtproto.obfuscation import HEADER_BYTES, open_obfuscated

ABRIDGED_TAG = b"\xef"
INTERMEDIATE_TAG = b"\xee" * 4
PADDED_TAG = b"\xdd" * 4
OBFUSCATED_TAGS: dict[bytes, type[Framing]] = {
    ABRIDGED_TAG * 4: Abridged,
    INTERMEDIATE_TAG: Intermediate,
    PADDED_TAG: PaddedIntermediate,
}
FIRST_COUNTER = bytes(4)
# An obfuscated client takes care not to begin like one of these.
OTHER_PROTOCOLS = frozenset({b"GET ", b"POST", b"HEAD", b"OPTI", b"PVrG", b"\x16\x03\x01\x02"})


class RewoundSource:
    """A reader to which the bytes that named the transport were given back."""

    def __init__(self, reader: asyncio.StreamReader, ahead: bytes) -> None:
        self.reader, self.ahead = reader, ahead

    async def readexactly(self, n: int, /) -> bytes:
        """Return the bytes given back first, then what the socket brings."""
        taken, self.ahead = self.ahead[:n], self.ahead[n:]
        if len(taken) == n:
            return taken
        return taken + await self.reader.readexactly(n - len(taken))


async def detect_framing(reader: asyncio.StreamReader) -> tuple[Framing, ByteSource]:
    """Tell from a connection's first bytes which transport the client speaks.

    A client of the full transport sends no tag: what it begins with is its first frame, whose
    counter is 0. An obfuscated client begins with 64 bytes that look random and have no 0 there.
    """
    first = await reader.readexactly(1)
    if first == ABRIDGED_TAG:
        return Abridged(), reader
    first += await reader.readexactly(3)
    if first == INTERMEDIATE_TAG:
        return Intermediate(), reader
    if first == PADDED_TAG:
        return PaddedIntermediate(), reader
    if first in OTHER_PROTOCOLS:
        raise BadFrame("the client speaks another protocol")
    counter = await reader.readexactly(4)
    if counter == FIRST_COUNTER:
        return Full(), RewoundSource(reader, first + counter)
    rest = await reader.readexactly(HEADER_BYTES - len(first + counter))
    return open_obfuscated(first + counter + rest, reader, OBFUSCATED_TAGS)
