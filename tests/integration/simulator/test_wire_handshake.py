"""The key exchange, with Telethon and against those who break it."""

import asyncio
import secrets
import struct
from hashlib import sha1, sha256
from typing import Any

import pytest
from telethon.crypto import AES, AuthKey, Factorization, rsa
from telethon.errors import AuthKeyNotFound, SecurityError
from telethon.network import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
    MTProtoPlainSender,
)
from telethon.network.connection.connection import Connection, ObfuscatedConnection
from telethon.network.connection.tcpintermediate import (
    IntermediatePacketCodec,
    RandomizedIntermediatePacketCodec,
)
from telethon.network.connection.tcpobfuscated import ObfuscatedIO
from telethon.sessions import MemorySession
from telethon.tl import TLObject, TLRequest
from telethon.tl.functions import ReqDHParamsRequest, ReqPqMultiRequest, SetClientDHParamsRequest
from telethon.tl.functions.help import GetConfigRequest
from telethon.tl.types import PQInnerDataDc, ResPQ

from simulator.mtproto.crypto import encrypt_ige
from simulator.mtproto.errors import HandshakeRefused, WireError
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.server_key import ServerKey, is_nameable
from simulator.server import TelegramServer, serve
from tests.integration.simulator.conftest import NewClient, NewWire, stay_anonymous
from tests.integration.simulator.wire import LOGGERS, WireClient, connect


class PaddedCodec(RandomizedIntermediatePacketCodec):  # type: ignore[misc]
    tag = b"\xdd" * 4


class PaddedConnection(Connection):  # type: ignore[misc]
    packet_codec = PaddedCodec


class ObfuscatedIntermediate(ObfuscatedConnection):  # type: ignore[misc]
    obfuscated_io = ObfuscatedIO
    packet_codec = IntermediatePacketCodec


class ObfuscatedPadded(ObfuscatedConnection):  # type: ignore[misc]
    obfuscated_io = ObfuscatedIO
    packet_codec = RandomizedIntermediatePacketCodec


TRANSPORTS = [
    ConnectionTcpFull,
    ConnectionTcpAbridged,
    ConnectionTcpIntermediate,
    PaddedConnection,
    ConnectionTcpObfuscated,
    ObfuscatedIntermediate,
    ObfuscatedPadded,
]


@pytest.mark.parametrize("kind", TRANSPORTS)
async def test_telethon_makes_a_key_and_asks_for_the_configuration(
    server: TelegramServer, telethon: NewClient, kind: Any
) -> None:
    client = await telethon(connection=kind)
    config = await client(GetConfigRequest())
    assert (config.this_dc, config.dc_options[0].port) == (server.dc_id, server.port)
    assert list(server.keys.keys) == [signed(client.session.auth_key.key_id)]


@pytest.mark.parametrize("kind", TRANSPORTS)
async def test_long_payloads_pass_every_transport(wire: NewWire, kind: Any) -> None:
    client = await wire(kind=kind)
    request = GetConfigRequest()
    assert (await client.ask(request)).this_dc
    await client.post(bytes(request) + secrets.token_bytes(40_000))
    assert await client.hear()


async def test_a_known_key_needs_no_second_exchange(
    server: TelegramServer, telethon: NewClient
) -> None:
    first = await telethon()
    await first.disconnect()
    second = await telethon(session=first.session)
    assert (await second(GetConfigRequest())).this_dc == server.dc_id
    assert len(server.keys.keys) == 1


async def test_keys_that_were_dumped_open_another_server(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon()
    await client.disconnect()
    keys = KeyRing()
    keys.load(server.keys.dump())
    async with serve(keys=keys) as other:
        stay_anonymous(other)
        client.session.set_dc(other.dc_id, other.host, other.port)
        again = await telethon(session=client.session)
        assert (await again(GetConfigRequest())).this_dc == other.dc_id


async def test_an_issued_key_serves_telethon_without_an_exchange(
    server: TelegramServer, telethon: NewClient
) -> None:
    session = MemorySession()
    session.set_dc(server.dc_id, server.host, server.port)
    session.auth_key = AuthKey(server.keys.issue().data)
    client = await telethon(session=session)
    assert (await client(GetConfigRequest())).this_dc == server.dc_id
    assert len(server.keys.keys) == 1


async def test_a_key_that_was_never_made_here_is_not_found(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon()
    await client.disconnect()
    server.keys.discard(signed(client.session.auth_key.key_id))
    with pytest.raises(AuthKeyNotFound):
        await telethon(session=client.session)


async def test_a_client_that_does_not_know_our_rsa_key_goes_no_further(
    server: TelegramServer,
) -> None:
    rsa._server_keys.pop(server.server_key.fingerprint, None)
    connection = await connect(server)
    from telethon.network import authenticator  # noqa: PLC0415  # shadowed nowhere else

    with pytest.raises(SecurityError):
        await authenticator.do_authentication(MTProtoPlainSender(connection, loggers=LOGGERS))
    await connection.disconnect()


def signed(key_id: int) -> int:
    return int(struct.unpack("<q", struct.pack("<Q", key_id))[0])


class Exchange:
    """The key exchange by hand, so that any step can be spoilt."""

    def __init__(self, server: TelegramServer, connection: Any) -> None:
        self.server, self.connection = server, connection
        self.plain = MTProtoPlainSender(connection, loggers=LOGGERS)
        self.nonce = int.from_bytes(secrets.token_bytes(16), "little", signed=True)
        self.offered: ResPQ | None = None

    async def begin(self) -> ResPQ:
        self.offered = await self.plain.send(ReqPqMultiRequest(self.nonce))
        return self.offered

    def inner(self, **changes: Any) -> bytes:
        assert self.offered is not None
        p, q = Factorization.factorize(int.from_bytes(self.offered.pq, "big"))
        parts = {
            "pq": self.offered.pq,
            "p": rsa.get_byte_array(p),
            "q": rsa.get_byte_array(q),
            "nonce": self.nonce,
            "server_nonce": self.offered.server_nonce,
            "new_nonce": 1,
            "dc": 2,
        }
        return bytes(PQInnerDataDc(**(parts | changes)))

    def dh_request(self, cipher: bytes, **changes: Any) -> TLRequest:
        assert self.offered is not None
        p, q = Factorization.factorize(int.from_bytes(self.offered.pq, "big"))
        parts = {
            "nonce": self.nonce,
            "server_nonce": self.offered.server_nonce,
            "p": rsa.get_byte_array(p),
            "q": rsa.get_byte_array(q),
            "public_key_fingerprint": self.offered.server_public_key_fingerprints[0],
            "encrypted_data": cipher,
        }
        return ReqDHParamsRequest(**(parts | changes))


async def refused(connection: Any, plain: Any, request: TLObject) -> bool:
    """Tell whether a step ends the connection without an answer."""
    try:
        async with asyncio.timeout(10):
            await plain.send(request)
    except (ConnectionError, asyncio.IncompleteReadError):
        return True
    finally:
        await connection.disconnect()
    return False


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": 5},
        {"server_nonce": 5},
        {"p": b"\x03"},
        {"public_key_fingerprint": 5},
        {"encrypted_data": b"short"},
        {"encrypted_data": b"\xff" * 256},
        {"encrypted_data": b"\x00" * 256},
    ],
)
async def test_a_spoilt_second_step_ends_the_exchange(
    server: TelegramServer, wire: NewWire, changes: dict[str, Any]
) -> None:
    await wire()
    exchange = Exchange(server, await connect(server))
    await exchange.begin()
    cipher = rsa.encrypt(server.server_key.fingerprint, exchange.inner())
    spoilt = exchange.dh_request(cipher, **changes)
    assert await refused(exchange.connection, exchange.plain, spoilt)
    assert (await (await wire()).ask(GetConfigRequest())).this_dc


async def test_a_nonce_that_differs_inside_the_cipher_ends_the_exchange(
    server: TelegramServer, wire: NewWire
) -> None:
    await wire()
    exchange = Exchange(server, await connect(server))
    await exchange.begin()
    cipher = rsa.encrypt(server.server_key.fingerprint, exchange.inner(nonce=9))
    assert await refused(exchange.connection, exchange.plain, exchange.dh_request(cipher))


@pytest.mark.parametrize("cipher", [b"", b"x" * 15, b"x" * 336])
async def test_a_spoilt_third_step_makes_no_key(
    server: TelegramServer, wire: NewWire, cipher: bytes
) -> None:
    await wire()
    exchange = Exchange(server, await connect(server))
    offered = await exchange.begin()
    sealed = rsa.encrypt(server.server_key.fingerprint, exchange.inner())
    await exchange.plain.send(exchange.dh_request(sealed))
    last = SetClientDHParamsRequest(exchange.nonce, offered.server_nonce, cipher)
    assert await refused(exchange.connection, exchange.plain, last)
    assert len(server.keys.keys) == 1


async def test_steps_out_of_order_are_refused(server: TelegramServer) -> None:
    connection = await connect(server)
    plain = MTProtoPlainSender(connection, loggers=LOGGERS)
    assert await refused(connection, plain, SetClientDHParamsRequest(0, 0, b"x" * 16))


async def test_api_methods_are_refused_without_a_key(server: TelegramServer) -> None:
    connection = await connect(server)
    plain = MTProtoPlainSender(connection, loggers=LOGGERS)
    assert await refused(connection, plain, GetConfigRequest())


def pad_new(key: ServerKey, inner: bytes, *, temp_key: bytes) -> bytes:
    """Encrypt as the present documentation of RSA_PAD has it."""
    padded = inner + bytes(192 - len(inner))
    plain = padded[::-1] + sha256(temp_key + padded).digest()
    cipher = encrypt_ige(plain, temp_key, bytes(32))
    masked = bytes(a ^ b for a, b in zip(temp_key, sha256(cipher).digest(), strict=True))
    public = key.numbers.public_numbers
    return pow(int.from_bytes(masked + cipher, "big"), public.e, public.n).to_bytes(256, "big")


INNER = bytes(PQInnerDataDc(b"\x01", b"\x02", b"\x03", 1, 2, 3, dc=2))


def test_both_forms_of_padding_are_understood(server_key: ServerKey) -> None:
    rsa.add_key(server_key.public_pem, old=False)
    old = rsa.encrypt(server_key.fingerprint, INNER)
    new = pad_new(server_key, INNER, temp_key=bytes(range(32)))
    assert bytes(server_key.decrypt(old)) == bytes(server_key.decrypt(new)) == INNER


def test_a_hash_that_does_not_fit_is_refused_in_both_forms(server_key: ServerKey) -> None:
    public = server_key.numbers.public_numbers
    spoilt = sha1(b"else", usedforsecurity=False).digest() + INNER
    number = int.from_bytes(spoilt + bytes(235 - len(INNER)), "big")
    old = pow(number, public.e, public.n).to_bytes(256, "big")
    with pytest.raises(HandshakeRefused):
        server_key.decrypt(old)
    new = bytearray(pad_new(server_key, INNER, temp_key=bytes(32)))
    new[-1] ^= 1
    with pytest.raises(WireError):
        server_key.decrypt(bytes(new))


async def test_telethons_own_ciphers_agree_with_ours(server: TelegramServer) -> None:
    client = await WireClient.greet(server)
    plain, key, iv = secrets.token_bytes(64), secrets.token_bytes(32), secrets.token_bytes(32)
    assert AES.encrypt_ige(plain, key, iv) == encrypt_ige(plain, key, iv)
    await client.hang_up()


def test_the_fingerprint_of_our_key_has_all_its_digits(server_key: ServerKey) -> None:
    assert len(f"{server_key.fingerprint % 2**64:x}") == 16
    assert not is_nameable(0x06DC053F9AA6E7CA)
    assert is_nameable(0x1000000000000000)
    assert is_nameable(-1)
