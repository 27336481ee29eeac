"""What is done with a payload once the transport has cut it out of the stream."""

import struct

from telethon.tl import TLObject, TLRequest
from telethon.tl.types import (
    BadMsgNotification,
    BadServerSalt,
    MsgsAck,
    NewSessionCreated,
    RpcError,
)

from simulator.mtproto.crypto import unseal
from simulator.mtproto.errors import HandshakeRefused, MalformedMessage, UnknownConstructor
from simulator.mtproto.handshake import Handshake
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.messages import Message, open_container, open_envelope
from simulator.mtproto.numbering import BadMessage, Numbering, judge_id
from simulator.mtproto.reading import read_object
from simulator.mtproto.rpc import RpcRunner
from simulator.mtproto.service import Asked, Pinged, Service
from simulator.mtproto.session import Receipt, Session
from simulator.mtproto.sessions import SessionBook
from simulator.mtproto.sightings import Sightings
from simulator.mtproto.wrappers import unwrap

PLAIN_HEAD = struct.Struct("<qqI")
BAD_REQUEST, UNAUTHORISED = 400, 401


class Reception:
    """Takes payloads of all connections: the key exchange's, and those under a key."""

    def __init__(
        self,
        keys: KeyRing,
        book: SessionBook,
        service: Service,
        runner: RpcRunner,
        sightings: Sightings,
    ) -> None:
        self.keys, self.book, self.service, self.runner = keys, book, service, runner
        self.sightings = sightings

    def take_plain(self, payload: bytes, handshake: Handshake, numbering: Numbering) -> bytes:
        """Take one step of a key exchange; return the payload that answers it."""
        if len(payload) < PLAIN_HEAD.size:
            raise HandshakeRefused("the unencrypted message is cut off")
        _, _, length = PLAIN_HEAD.unpack_from(payload)
        body = payload[PLAIN_HEAD.size : PLAIN_HEAD.size + length]
        answer = bytes(handshake.answer(read_object(body)))
        return PLAIN_HEAD.pack(0, numbering.next_id(reply=True), len(answer)) + answer

    def take_sealed(self, payload: bytes, line: Pinged) -> None:
        """Open a packet and act on what is inside; raise `WireError` if it cannot be trusted."""
        key = self.keys.find(int.from_bytes(payload[:8], "little", signed=True))
        envelope = open_envelope(unseal(key, payload))
        session = self.book.open(key, envelope.session_id, line)
        self.watch(key.id, line)
        message = envelope.message
        if not session.salts.accepts(key.id, envelope.salt):
            session.send(
                BadServerSalt(
                    message.id, message.seqno, BadMessage.SALT_WRONG, session.salts.current(key.id)
                )
            )
            return
        wrong = judge_id(message.id, session.salts.clock())
        if wrong:
            refuse(session, message, wrong)
            return
        greet(session, message.id)
        self.take_message(session, message, line)

    def watch(self, key_id: int, line: Pinged) -> None:
        """Notice a key that is in use from two addresses; the other side has to come again."""
        addresses = self.book.addresses(key_id)
        if len(addresses) > 1 and self.sightings.report(key_id, addresses):
            self.book.cut_elsewhere(key_id, line.address)

    def take_message(self, session: Session, message: Message, line: Pinged) -> None:
        """Take a message that stands on its own, or every message of a container."""
        if not message.is_container:
            self.take_one(session, message, line)
            return
        try:
            inner = list(open_container(message.body))
        except MalformedMessage:
            refuse(session, message, BadMessage.CONTAINER_INVALID)
            return
        if message.seqno % 2:
            refuse(session, message, BadMessage.SEQNO_MUST_BE_EVEN)
        elif isinstance(session.admit(message.id), Receipt):
            refuse(session, message, BadMessage.CONTAINER_ID_REPEATED)
        elif any(each.id >= message.id for each in inner):
            refuse(session, message, BadMessage.CONTAINER_INVALID)
        else:
            for each in inner:
                self.take_one(session, each, line)

    def take_one(self, session: Session, message: Message, line: Pinged) -> None:
        """Read one message unless it came before; a repeated request is answered again."""
        wrong = judge_id(message.id, session.salts.clock())
        known = wrong or session.admit(message.id)
        if isinstance(known, BadMessage):
            refuse(session, message, known)
        elif known is not None:
            repeat(session, known)
        else:
            self.take_new(session, message, line)

    def take_new(self, session: Session, message: Message, line: Pinged) -> None:
        """Judge the sequence number of a new message and act on it."""
        try:
            body = read_object(message.body)
        except UnknownConstructor as error:
            self.runner.methods.unknown[f"{error.constructor:#010x}"] += 1
            answer_unreadable(session, message, f"INPUT_METHOD_INVALID_{error.constructor}_0")
            return
        except MalformedMessage:
            answer_unreadable(session, message, "INPUT_REQUEST_INVALID")
            return
        wrong = judge_parity(body, message.seqno) or session.seqnos.judge(message.id, message.seqno)
        if wrong:
            del session.receipts[message.id]
            refuse(session, message, wrong)
            return
        self.act(session, message.id, body, line)

    def act(self, session: Session, msg_id: int, body: TLObject, line: Pinged) -> None:
        """Hand a message to whoever is there for its kind."""
        wrapped = unwrap(body)
        handler = self.service.handlers.get(type(wrapped.query))
        if handler is not None:
            handler(Asked(session, msg_id, wrapped.query, line))
        elif self.keys.is_temporary(session.key.id) and session.key.id not in self.keys.bound:
            answer_error(session, msg_id, RpcError(UNAUTHORISED, "AUTH_KEY_PERM_EMPTY"))
        elif isinstance(wrapped.query, TLRequest):
            self.runner.start(session, msg_id, wrapped, line)
        else:
            raise MalformedMessage(f"{type(body).__name__} is nothing that a client sends")


def greet(session: Session, msg_id: int) -> None:
    """Tell the client once that the server knows nothing of earlier messages."""
    if not session.greeted:
        session.greeted = True
        salt = session.salts.current(session.key.id)
        session.send(NewSessionCreated(msg_id, session.unique_id, salt), content=True, reply=False)


def refuse(session: Session, message: Message, wrong: BadMessage) -> None:
    """Tell the client why a message was not taken."""
    session.send(BadMsgNotification(message.id, message.seqno, wrong))


def repeat(session: Session, receipt: Receipt) -> None:
    """Answer a message that came before: again if there is an answer, else that it is here."""
    if receipt.result is not None:
        session.deliver(receipt)
    else:
        session.send(MsgsAck([receipt.request_id]))


def judge_parity(body: TLObject, seqno: int) -> BadMessage | None:
    """Hold a sequence number's last bit against the kind of the message.

    Only what is certain is judged: clients differ in what else they count as content; mtcute
    counts its acknowledgements.
    """
    if isinstance(body, TLRequest) and not seqno % 2 and not is_service(body):
        return BadMessage.SEQNO_MUST_BE_ODD
    return None


def is_service(body: TLObject) -> bool:
    """Tell a request of the protocol itself, or a wrapper, from one of the API."""
    return "." not in type(body).__module__.partition("telethon.tl.functions")[2]


def answer_unreadable(session: Session, message: Message, error: str) -> None:
    """Refuse what has a message's form but cannot be read; the session goes on."""
    answer_error(session, message.id, RpcError(BAD_REQUEST, error))


def answer_error(session: Session, msg_id: int, error: RpcError) -> None:
    """Answer a request that is not run."""
    receipt = session.receipts[msg_id]
    receipt.result, receipt.failed = bytes(error), True
    session.deliver(receipt)
