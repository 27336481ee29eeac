"""Keys that expire, and stand for lasting ones once that is proved."""

import secrets
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

import pytest
from telethon.tl import TLObject
from telethon.tl.functions.auth import BindTempAuthKeyRequest
from telethon.tl.functions.updates import GetStateRequest
from telethon.tl.types import BindAuthKeyInner, UpdatesTooLong
from telethon.tl.types.updates import State

from simulator.mtproto.crypto import AuthKey, encrypt_ige
from simulator.mtproto.keyring import KEY_BYTES, KeyRing
from simulator.mtproto.temporary import HEAD, derive_old_aes
from simulator.server import TelegramServer
from tests.integration.simulator.wire import WireClient, result_of

NONCE = 5


@pytest.fixture
async def client(server: TelegramServer) -> AsyncIterator[WireClient]:
    """A client under a key that expires in a minute."""
    key = AuthKey.of(b"\x02" + secrets.token_bytes(KEY_BYTES - 1))
    server.keys.add(key, 60)
    wire = await WireClient.open(server, key=key)
    wire.salt = server.listener.salts.current(key.id)
    yield wire
    await wire.hang_up()


def soon() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)


def prove(client: WireClient, lasting: AuthKey, msg_id: int, **other: Any) -> TLObject:
    """Make the request that binds the client's key, spoilt by what is given."""
    named = {"nonce": NONCE, "temp": client.key.id, "session": client.session_id} | other
    inner = bytes(
        BindAuthKeyInner(named["nonce"], named["temp"], lasting.id, named["session"], soon())
    )
    plain = HEAD.pack(secrets.token_bytes(16), named.get("number", msg_id), 0, len(inner)) + inner
    msg_key = sha1(plain, usedforsecurity=False).digest()[4:20]
    padded = plain + secrets.token_bytes(-len(plain) % 16)
    cipher = encrypt_ige(padded, *derive_old_aes(lasting, msg_key))
    sealed = struct.pack("<q", lasting.id) + msg_key + cipher
    return BindTempAuthKeyRequest(lasting.id, NONCE, soon(), sealed)


async def bind(client: WireClient, lasting: AuthKey, **other: Any) -> Any:
    msg_id = client.next_id()
    request = prove(client, lasting, msg_id, **other)
    await client.post(request, msg_id=msg_id)
    while True:
        heard = await client.hear()
        if getattr(heard.body, "req_msg_id", None) == msg_id:
            return result_of(heard, request)


async def test_a_bound_key_speaks_and_hears_for_the_lasting_one(
    server: TelegramServer, client: WireClient
) -> None:
    anna, lasting = server.world.add_person("9996620002", "Anna"), server.keys.issue()
    server.world.logins.admit(lasting.id, anna)
    assert await bind(client, lasting) is True
    assert isinstance(await client.ask(GetStateRequest()), State)
    server.listener.book.push(lasting.id, UpdatesTooLong())
    await client.hear_of(UpdatesTooLong)
    server.world.logins.end(lasting.id)
    assert await client.is_cut()


async def test_a_key_that_expires_opens_nothing_before_it_is_bound(client: WireClient) -> None:
    error = await client.ask(GetStateRequest())
    assert (error.error_code, error.error_message) == (401, "AUTH_KEY_PERM_EMPTY")


@pytest.mark.parametrize(
    "other", [{"nonce": 6}, {"temp": 7}, {"session": 8}, {"number": 9}], ids=",".join
)
async def test_a_proof_for_something_else_binds_nothing(
    server: TelegramServer, client: WireClient, other: dict[str, int]
) -> None:
    error = await bind(client, server.keys.issue(), **other)
    assert error.error_message == "ENCRYPTED_MESSAGE_INVALID"
    assert server.keys.bound == {}


async def test_a_proof_under_another_key_binds_nothing(
    server: TelegramServer, client: WireClient
) -> None:
    lasting, other = server.keys.issue(), server.keys.issue()
    lie = AuthKey(other.data, lasting.id, other.aux_hash)
    error = await bind(client, lie)
    assert error.error_message == "ENCRYPTED_MESSAGE_INVALID"


def test_a_key_is_gone_when_its_time_is_over_and_never_saved() -> None:
    now = 100.0
    keys = KeyRing(lambda: now)
    lasting, short = keys.issue(), AuthKey.of(secrets.token_bytes(KEY_BYTES))
    keys.add(short, 10)
    keys.bind(short.id, lasting.id)
    assert (keys.find(short.id), keys.lasting(short.id)) == (short, lasting.id)
    assert keys.dump() == [lasting.data]
    now = 110.0
    with pytest.raises(Exception, match="was made here"):
        keys.find(short.id)
    assert keys.standing_for(lasting.id) == [lasting.id]
