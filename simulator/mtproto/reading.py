"""Reading TL objects that a stranger wrote."""

import struct
import zlib

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult

from simulator.mtproto.errors import MalformedMessage, UnknownConstructor

MAX_UNPACKED = 8 * 1024 * 1024
MAX_DEPTH = 32
GZIP_WINDOW = 16 + zlib.MAX_WBITS
READING_FAILS = (
    struct.error,
    ArithmeticError,
    AttributeError,
    BufferError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class GuardedReader(BinaryReader):  # type: ignore[misc]  # Telethon carries no types
    """Telethon's reader with bounds: on nesting, and on what unpacks to much more than it is."""

    depth = 0

    def tgread_object(self) -> TLObject:
        """Read one object; the core objects are framing and may not stand inside others."""
        constructor = int.from_bytes(self.stream[self.position : self.position + 4], "little")
        if constructor in (MessageContainer.CONSTRUCTOR_ID, RpcResult.CONSTRUCTOR_ID):
            raise MalformedMessage("a container may not stand inside another object")
        if self.depth >= MAX_DEPTH:
            raise MalformedMessage(f"objects are nested deeper than {MAX_DEPTH}")
        self.depth += 1
        try:
            if constructor == GzipPacked.CONSTRUCTOR_ID:
                return self.read_packed()
            return super().tgread_object()
        finally:
            self.depth -= 1

    def read_packed(self) -> TLObject:
        """Read an object that was packed by itself, such as the query of a wrapper."""
        self.read_int()
        inner = GuardedReader(unpack_gzip(self.tgread_bytes()))
        inner.depth = self.depth
        return inner.tgread_object()


def unpack_gzip(packed: bytes) -> bytes:
    """Unpack what must not grow beyond `MAX_UNPACKED` bytes."""
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    try:
        plain = unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error as error:
        raise MalformedMessage(f"the gzip data is broken: {error}") from error
    if not unpacker.eof:
        raise MalformedMessage("the gzip data is cut off, or unpacks to too much")
    return plain


def read_object(body: bytes) -> TLObject:
    """Return the object that `body` begins with; raise `MalformedMessage` if there is none."""
    return read_object_from(GuardedReader(body))


def read_object_from(reader: GuardedReader) -> TLObject:
    """Return the object at which `reader` stands and leave the reader behind it."""
    try:
        return reader.tgread_object()
    except TypeNotFoundError as error:
        raise UnknownConstructor(error.invalid_constructor_id) from error
    except READING_FAILS as error:
        raise MalformedMessage(f"the object does not read: {type(error).__name__}") from error
