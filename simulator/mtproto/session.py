"""One client's session under an auth key: what it sent, what it was answered.

Source: https://core.telegram.org/mtproto/description#session
"""

import asyncio
import secrets
import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from telethon.tl import TLObject
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked, RpcResult

from simulator.mtproto.crypto import AuthKey, seal
from simulator.mtproto.messages import ENVELOPE
from simulator.mtproto.numbering import BadMessage, Numbering, SeqnoCheck
from simulator.mtproto.salts import Salts

MAX_REMEMBERED = 256
MAX_HELD = 4 * 1024 * 1024
GZIP_FROM = 4096
RESULT_HEAD = struct.Struct("<Iq")


class Line(Protocol):
    """The connection over which a session is reached now."""

    address: str
    name: str

    def send(self, packet: bytes) -> None:
        """Send a packet, or drop it if the connection has ended."""

    def cut(self) -> None:
        """End the connection at once; what it was about to send is lost."""

    def close(self) -> None:
        """End the connection once the answers that are being written now are out."""


@dataclass(slots=True)
class Receipt:
    """What became of one request: its result once there is one, its task while it runs."""

    request_id: int
    task: asyncio.Task[None] | None = None
    result: bytes | None = None
    answer_id: int = 0
    answer_seqno: int = 0
    failed: bool = False
    dropped: bool = False


class Session:
    """Numbers, seals and remembers; it outlives the connection that it came over."""

    def __init__(self, key: AuthKey, session_id: int, salts: Salts) -> None:
        self.key, self.id, self.salts = key, session_id, salts
        self.unique_id = secrets.randbits(63)
        self.numbering = Numbering(salts.clock)
        self.seqnos = SeqnoCheck()
        self.line: Line | None = None
        self.greeted = False
        self.layer = LAYER
        self.takes_updates = False
        self.receipts: OrderedDict[int, Receipt] = OrderedDict()
        self.unconfirmed: dict[int, Receipt] = {}
        self.held = 0
        self.forgotten_below = 0

    def send(self, body: TLObject, *, content: bool = False, reply: bool = True) -> None:
        """Send an object to the client if it is connected."""
        self.post(bytes(body), content=content, reply=reply)

    def push(self, packed: bytes) -> None:
        """Send updates that were serialised (and packed) once for many sessions."""
        self.post(packed, content=True, reply=False)

    def post(self, body: bytes, *, content: bool, reply: bool) -> tuple[int, int]:
        """Send serialised bytes; return the message id and the seqno that they got."""
        msg_id = self.numbering.next_id(reply=reply)
        seqno = self.numbering.next_seqno(content=content)
        if self.line is not None:
            salt = self.salts.current(self.key.id)
            head = ENVELOPE.pack(salt, self.id, msg_id, seqno, len(body))
            self.line.send(seal(self.key, head + body))
        return msg_id, seqno

    def admit(self, msg_id: int) -> Receipt | BadMessage | None:
        """Note a message: None if it is new, its receipt if it came before."""
        known = self.receipts.get(msg_id)
        if known is not None:
            return known
        if msg_id <= self.forgotten_below:
            return BadMessage.TOO_OLD_TO_TELL
        self.receipts[msg_id] = Receipt(msg_id)
        if len(self.receipts) > MAX_REMEMBERED:
            oldest, receipt = self.receipts.popitem(last=False)
            self.forgotten_below = max(self.forgotten_below, oldest)
            self.confirm([receipt.answer_id])
        return None

    def deliver(self, receipt: Receipt) -> None:
        """Send the answer of a request, for the first time or again."""
        if receipt.result is None or receipt.dropped:
            return
        if self.unconfirmed.pop(receipt.answer_id, None):
            self.held -= len(receipt.result)
        body = RESULT_HEAD.pack(RpcResult.CONSTRUCTOR_ID, receipt.request_id) + receipt.result
        receipt.answer_id, receipt.answer_seqno = self.post(body, content=True, reply=True)
        self.unconfirmed[receipt.answer_id] = receipt
        self.held += len(receipt.result)
        while self.held > MAX_HELD:
            self.forget_result(next(iter(self.unconfirmed)))

    def confirm(self, answer_ids: list[int]) -> None:
        """Forget the answers that the client has; that it asked is remembered still."""
        for answer_id in answer_ids:
            if answer_id in self.unconfirmed:
                self.forget_result(answer_id)

    def forget_result(self, answer_id: int) -> None:
        """Let go of the bytes of one answer."""
        receipt = self.unconfirmed.pop(answer_id)
        self.held -= len(receipt.result or b"")
        receipt.result = None


def pack_body(body: bytes) -> bytes:
    """Gzip a serialised object where that pays."""
    if len(body) < GZIP_FROM:
        return body
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = TLObject.serialize_bytes(packer.compress(body) + packer.flush())
    packed = GzipPacked.CONSTRUCTOR_ID.to_bytes(4, "little") + packed
    return packed if len(packed) < len(body) else body
