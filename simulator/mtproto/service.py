"""The messages by which client and server speak about messages.

Source: https://core.telegram.org/mtproto/service_messages
"""

from collections.abc import Callable
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
)

from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.session import Receipt, Session
from simulator.mtproto.sessions import Cuttable, SessionBook

FORGOTTEN, NOT_RECEIVED, RECEIVED = 1, 2, 4
MAX_ASKED = 8192


class Pinged(Cuttable, Protocol):
    """A connection that can be told to end unless it is pinged again in time."""

    def end_after(self, seconds: float) -> None:
        """End the connection in `seconds`, in place of an earlier such term."""


Answerer = Callable[[Session, int, TLObject, Pinged], None]


class Service:
    """Answers service messages; `handlers` says which objects are such."""

    def __init__(self, keys: KeyRing, book: SessionBook) -> None:
        self.keys, self.book = keys, book
        self.handlers: dict[type[TLObject], Answerer] = {
            PingRequest: self.ping,
            PingDelayDisconnectRequest: self.ping_or_end,
            MsgsAck: self.acknowledge,
            MsgsStateReq: self.state,
            MsgResendReq: self.resend,
            GetFutureSaltsRequest: self.future_salts,
            RpcDropAnswerRequest: self.drop_answer,
            DestroySessionRequest: self.destroy_session,
            DestroyAuthKeyRequest: self.destroy_key,
            HttpWait: ignore,
            MsgsStateInfo: ignore,
            MsgsAllInfo: ignore,
        }

    def ping(self, session: Session, msg_id: int, ping: PingRequest, line: Pinged) -> None:  # noqa: ARG002  # one shape for all
        session.send(Pong(msg_id, ping.ping_id))

    def ping_or_end(
        self, session: Session, msg_id: int, ping: PingDelayDisconnectRequest, line: Pinged
    ) -> None:
        line.end_after(max(0, ping.disconnect_delay))
        self.ping(session, msg_id, ping, line)

    def acknowledge(self, session: Session, msg_id: int, ack: MsgsAck, line: Pinged) -> None:  # noqa: ARG002  # one shape for all
        session.confirm(ack.msg_ids)

    def state(self, session: Session, msg_id: int, asked: MsgsStateReq, line: Pinged) -> None:  # noqa: ARG002  # one shape for all
        states = (state_of(session, each) for each in asked.msg_ids[:MAX_ASKED])
        session.send(MsgsStateInfo(msg_id, "".join(map(chr, states))))

    def resend(self, session: Session, msg_id: int, asked: MsgResendReq, line: Pinged) -> None:
        for answer_id in asked.msg_ids:
            if answer_id in session.unconfirmed:
                receipt = session.unconfirmed[answer_id]
                session.deliver(receipt)
        self.state(session, msg_id, asked, line)

    def future_salts(
        self,
        session: Session,
        msg_id: int,
        asked: GetFutureSaltsRequest,
        line: Pinged,  # noqa: ARG002  # one shape for all
    ) -> None:
        salts = session.salts.future(session.key.id, asked.num)
        session.send(FutureSalts(msg_id, int(session.salts.clock()), salts))

    def drop_answer(
        self,
        session: Session,
        msg_id: int,
        drop: RpcDropAnswerRequest,
        line: Pinged,  # noqa: ARG002  # one shape for all
    ) -> None:
        answer = drop_one(session.receipts.get(drop.req_msg_id))
        own = session.receipts[msg_id]
        own.result = bytes(answer)
        session.deliver(own)

    def destroy_session(
        self,
        session: Session,
        msg_id: int,
        asked: DestroySessionRequest,
        line: Pinged,  # noqa: ARG002  # one shape for all
    ) -> None:
        is_own = asked.session_id == session.id
        gone = not is_own and self.book.destroy(session.key.id, asked.session_id)
        session.send((DestroySessionOk if gone else DestroySessionNone)(asked.session_id))

    def destroy_key(
        self,
        session: Session,
        msg_id: int,
        asked: DestroyAuthKeyRequest,
        line: Pinged,  # noqa: ARG002  # one shape for all
    ) -> None:
        self.keys.discard(session.key.id)
        session.send(DestroyAuthKeyOk())


def ignore(session: Session, msg_id: int, body: TLObject, line: Pinged) -> None:
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
