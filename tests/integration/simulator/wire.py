"""A client that says exactly what it is told to, for what no decent client would say."""

import asyncio
import logging
import struct
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from telethon.crypto import rsa
from telethon.extensions import BinaryReader
from telethon.network import ConnectionTcpFull, MTProtoPlainSender, authenticator
from telethon.tl import TLObject
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult

from simulator.mtproto.crypto import AuthKey, Sender, seal, unseal
from simulator.mtproto.messages import ENVELOPE, INNER
from simulator.server import TelegramServer

LOGGERS: dict[str, logging.Logger] = defaultdict(lambda: logging.getLogger("wire"))
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the server."""

    id: int
    seqno: int
    body: Any


class WireClient:
    """Speaks MTProto message by message; ids, seqnos and salts are the test's to choose."""

    def __init__(self, connection: Any, key: AuthKey) -> None:
        self.connection, self.key = connection, key
        self.session_id, self.salt = 77, 0
        self.last_id = self.content = 0

    @classmethod
    async def open(
        cls, server: TelegramServer, kind: Any = ConnectionTcpFull, key: AuthKey | None = None
    ) -> "WireClient":
        rsa.add_key(server.public_key, old=False)
        connection = await connect(server, kind)
        if key is None:
            plain = MTProtoPlainSender(connection, loggers=LOGGERS)
            made, _ = await authenticator.do_authentication(plain)
            key = AuthKey.of(made.key)
        return cls(connection, key)

    @classmethod
    async def greet(cls, server: TelegramServer, kind: Any = ConnectionTcpFull) -> "WireClient":
        """Open a connection and learn the salt."""
        client = await cls.open(server, kind)
        client.salt = server.listener.salts.current(client.key.id)
        return client

    def next_id(self) -> int:
        self.last_id = max(int(time.time() * (1 << 32)) // 4 * 4, self.last_id + 4)
        return self.last_id

    def next_seqno(self, *, content: bool = True) -> int:
        seqno = 2 * self.content + content
        self.content += content
        return seqno

    async def post(
        self,
        body: TLObject | bytes,
        *,
        msg_id: int | None = None,
        seqno: int | None = None,
        content: bool = True,
    ) -> int:
        msg_id = self.next_id() if msg_id is None else msg_id
        seqno = self.next_seqno(content=content) if seqno is None else seqno
        data = bytes(body)
        head = ENVELOPE.pack(self.salt, self.session_id, msg_id, seqno, len(data))
        await self.send(seal(self.key, head + data, Sender.CLIENT))
        return msg_id

    async def post_container(self, *inner: tuple[int, int, bytes], **how: Any) -> int:
        body = struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(inner))
        body += b"".join(INNER.pack(i, seqno, len(data)) + data for i, seqno, data in inner)
        return await self.post(body, content=False, **how)

    async def send(self, payload: bytes) -> None:
        await self.connection.send(payload)

    async def hear(self) -> Heard:
        """Return the next message, whatever it is."""
        async with asyncio.timeout(PATIENCE):
            payload = await self.connection.recv()
        plain = unseal(self.key, payload, Sender.SERVER)
        _, session_id, msg_id, seqno, length = ENVELOPE.unpack_from(plain)
        assert session_id == self.session_id
        body = BinaryReader(plain[ENVELOPE.size : ENVELOPE.size + length]).tgread_object()
        if isinstance(body, GzipPacked):
            body = BinaryReader(body.data).tgread_object()
        return Heard(msg_id, seqno, body)

    async def hear_of(self, *kinds: type) -> Heard:
        """Return the next message of one of these kinds; what comes before is passed over."""
        while True:
            heard = await self.hear()
            if isinstance(heard.body, kinds):
                return heard

    async def ask(self, request: TLObject) -> Any:
        """Send a request; return its result, or the `RpcError`."""
        msg_id = await self.post(request)
        heard = await self.hear_of(RpcResult)
        assert heard.body.req_msg_id == msg_id
        return result_of(heard, request)

    async def is_cut(self) -> bool:
        """Read until the server ends the connection; False if it does not in time."""
        try:
            while True:
                await self.hear()
        except TimeoutError:
            return False
        except (ConnectionError, asyncio.IncompleteReadError, BufferError):
            return True

    async def hang_up(self) -> None:
        await self.connection.disconnect()


def result_of(heard: Heard, request: TLObject) -> Any:
    if heard.body.error is not None:
        return heard.body.error
    return request.read_result(BinaryReader(heard.body.body))


async def connect(server: TelegramServer, kind: Any = ConnectionTcpFull) -> Any:
    """Open one of Telethon's transports without anything above it."""
    connection = kind(server.host, server.port, server.dc_id, loggers=LOGGERS)
    await connection.connect(timeout=PATIENCE)
    return connection


async def all_gone(server: TelegramServer) -> bool:
    """Wait until the server has noticed that nobody is connected."""
    tasks = tuple(server.listener.connections)
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE)
    return not server.listener.connections
