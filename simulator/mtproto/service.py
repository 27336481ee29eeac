"""The messages by which client and server speak about messages.

Source: https://core.telegram.org/mtproto/service_messages
"""

import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from telethon.tl import TLObject
from telethon.tl.functions import (
    DestroyAuthKeyRequest,
    DestroySessionRequest,
    GetFutureSaltsRequest,
    PingDelayDisconnectRequest,
    PingRequest,
    RpcDropAnswerRequest,
)
from telethon.tl.functions.auth import BindTempAuthKeyRequest
from telethon.tl.types import (
    DestroyAuthKeyOk,
    DestroySessionNone,
    DestroySessionOk,
    FutureSalts,
    HttpWait,
    MsgResendReq,
    MsgsAck,
    MsgsAllInfo,
    MsgsStateInfo,
    MsgsStateReq,
    Pong,
    RpcAnswerDropped,
    RpcAnswerDroppedRunning,
    RpcAnswerUnknown,
    RpcError,
)

from simulator.mtproto.dispatch import BOOL_TRUE
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.session import Line, Receipt, Session
from simulator.mtproto.sessions import SessionBook
from simulator.mtproto.temporary import BindingRefused, bind

log = logging.getLogger(__name__)

FORGOTTEN, NOT_RECEIVED, RECEIVED = 1, 2, 4
MAX_ASKED = 8192
BAD_REQUEST = 400


class Pinged(Line, Protocol):
    """A connection that can be told to end unless it is pinged again in time."""

    def end_after(self, seconds: float) -> None:
        """End the connection in `seconds`, in place of an earlier such term."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A service message with where it came from."""

    session: Session
    msg_id: int
    body: TLObject
    line: Pinged


class Service:
    """Answers service messages; `handlers` says which objects are such."""

    def __init__(self, keys: KeyRing, book: SessionBook) -> None:
        self.keys, self.book = keys, book
        self.handlers: dict[type[TLObject], Callable[[Asked], None]] = {
            PingRequest: ping,
            PingDelayDisconnectRequest: ping_or_end,
            MsgsAck: acknowledge,
            MsgsStateReq: tell_state,
            MsgResendReq: resend,
            GetFutureSaltsRequest: tell_salts,
            RpcDropAnswerRequest: drop_answer,
            DestroySessionRequest: self.destroy_session,
            DestroyAuthKeyRequest: self.destroy_key,
            BindTempAuthKeyRequest: self.bind_key,
            HttpWait: ignore,
            MsgsStateInfo: ignore,
            MsgsAllInfo: ignore,
        }

    def destroy_session(self, asked: Asked) -> None:
        """Forget another session of the same key; the one that asks cannot be meant."""
        session_id = asked.body.session_id
        is_own = session_id == asked.session.id
        gone = not is_own and self.book.destroy(asked.session.key.id, session_id)
        asked.session.send((DestroySessionOk if gone else DestroySessionNone)(session_id))

    def destroy_key(self, asked: Asked) -> None:
        """Forget the key; the next packet under it is answered with -404."""
        self.keys.discard(asked.session.key.id)
        self.book.sessions.pop(asked.session.key.id, None)
        asked.session.send(DestroyAuthKeyOk())

    def bind_key(self, asked: Asked) -> None:
        """Let a key that expires stand for a lasting one, of which the client has proof."""
        receipt = asked.session.receipts[asked.msg_id]
        try:
            bind(self.keys, asked.session, asked.msg_id, asked.body)
        except BindingRefused as refused:
            log.info("a key that expires was not bound: %s", refused)
            receipt.failed = True
            receipt.result = bytes(RpcError(BAD_REQUEST, "ENCRYPTED_MESSAGE_INVALID"))
        else:
            receipt.result = struct.pack("<I", BOOL_TRUE)
        asked.session.deliver(receipt)


def ping(asked: Asked) -> None:
    """Answer a ping."""
    asked.session.send(Pong(asked.msg_id, asked.body.ping_id))


def ping_or_end(asked: Asked) -> None:
    """Answer a ping and end the connection unless another one comes in time."""
    asked.line.end_after(max(0, asked.body.disconnect_delay))
    ping(asked)


def acknowledge(asked: Asked) -> None:
    """Forget the answers that have arrived."""
    asked.session.confirm(asked.body.msg_ids)


def tell_state(asked: Asked) -> None:
    """Say of each message what became of it, one character for each."""
    states = (state_of(asked.session, each) for each in asked.body.msg_ids[:MAX_ASKED])
    asked.session.send(MsgsStateInfo(asked.msg_id, "".join(map(chr, states))))


def resend(asked: Asked) -> None:
    """Send answers again that got lost, and say what is known of the rest."""
    for answer_id in asked.body.msg_ids[:MAX_ASKED]:
        receipt = asked.session.unconfirmed.get(answer_id)
        if receipt is not None:
            asked.session.deliver(receipt)
    tell_state(asked)


def tell_salts(asked: Asked) -> None:
    """Name the salts of the hours to come."""
    session = asked.session
    salts = session.salts.future(session.key.id, asked.body.num)
    session.send(FutureSalts(asked.msg_id, int(session.salts.clock()), salts))


def drop_answer(asked: Asked) -> None:
    """Hold an answer back; what was known of it is itself the answer of a request."""
    own = asked.session.receipts[asked.msg_id]
    own.result = bytes(drop_one(asked.session.receipts.get(asked.body.req_msg_id)))
    asked.session.deliver(own)


def ignore(asked: Asked) -> None:
    """Take note of what needs no answer on TCP."""


def state_of(session: Session, msg_id: int) -> int:
    """Return the byte that says what became of a message."""
    if msg_id in session.receipts:
        return RECEIVED
    return FORGOTTEN if msg_id <= session.forgotten_below else NOT_RECEIVED


def drop_one(receipt: Receipt | None) -> TLObject:
    """Make sure that an answer is not sent any more; say what was known of it."""
    if receipt is None or (receipt.result is None and receipt.task is None):
        return RpcAnswerUnknown()
    receipt.dropped = True
    if receipt.task is not None:
        return RpcAnswerDroppedRunning()
    return RpcAnswerDropped(receipt.answer_id, receipt.answer_seqno, len(receipt.result or b""))
