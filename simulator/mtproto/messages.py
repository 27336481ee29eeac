"""What stands inside a packet: one message, or a container of them.

Source: https://core.telegram.org/mtproto/service_messages
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from telethon.tl.core import GzipPacked, MessageContainer

from simulator.mtproto.errors import MalformedMessage
from simulator.mtproto.reading import GuardedReader, unpack_gzip

ENVELOPE = struct.Struct("<qqqII")
INNER = struct.Struct("<qII")
CONTAINER_HEAD = struct.Struct("<II")
MIN_PADDING, MAX_PADDING = 12, 1024
MAX_CONTAINED = 1024
CONTAINER = MessageContainer.CONSTRUCTOR_ID.to_bytes(4, "little")
GZIP = GzipPacked.CONSTRUCTOR_ID.to_bytes(4, "little")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came: `body` is a serialised object, unpacked if it was gzipped."""

    id: int
    seqno: int
    body: bytes

    @property
    def is_container(self) -> bool:
        """Tell whether the body holds messages and not an object."""
        return self.body.startswith(CONTAINER)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A decrypted packet."""

    salt: int
    session_id: int
    message: Message


def open_envelope(plain: bytes) -> Envelope:
    """Read a padded plaintext; raise `MalformedMessage` if its lengths contradict each other."""
    if len(plain) < ENVELOPE.size:
        raise MalformedMessage("the packet is shorter than its own head")
    salt, session_id, msg_id, seqno, length = ENVELOPE.unpack_from(plain)
    padding = len(plain) - ENVELOPE.size - length
    if length % 4 or not MIN_PADDING <= padding <= MAX_PADDING:
        raise MalformedMessage(f"a body of {length} bytes does not fit a packet of {len(plain)}")
    body = plain[ENVELOPE.size : ENVELOPE.size + length]
    return Envelope(salt, session_id, Message(msg_id, seqno, unpack_body(body)))


def unpack_body(body: bytes) -> bytes:
    """Return the serialised object itself, whether or not it came gzipped."""
    if not body.startswith(GZIP):
        return body
    try:
        return unpack_gzip(GuardedReader(body[4:]).tgread_bytes())
    except (BufferError, struct.error) as error:
        raise MalformedMessage("the gzipped body is cut off") from error


def open_container(body: bytes) -> Iterator[Message]:
    """Yield the messages of a container; raise `MalformedMessage` at the first that is broken."""
    if len(body) < CONTAINER_HEAD.size:
        raise MalformedMessage("the container has no count")
    count, at = CONTAINER_HEAD.unpack_from(body)[1], CONTAINER_HEAD.size
    if count > MAX_CONTAINED:
        raise MalformedMessage(f"a container of {count} messages is refused")
    for _ in range(count):
        if len(body) < at + INNER.size:
            raise MalformedMessage("the container is cut off")
        msg_id, seqno, length = INNER.unpack_from(body, at)
        at += INNER.size + length
        if len(body) < at:
            raise MalformedMessage("a message of the container is cut off")
        inner = Message(msg_id, seqno, unpack_body(body[at - length : at]))
        if inner.is_container:
            raise MalformedMessage("containers do not hold containers")
        yield inner
