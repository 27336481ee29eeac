"""Noise of every kind, against the readers and against a server that listens."""

import asyncio
import gzip
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon.tl import TLObject
from telethon.tl.core import GzipPacked
from telethon.tl.functions import InitConnectionRequest, InvokeWithLayerRequest
from telethon.tl.functions.account import UpdatePasswordSettingsRequest
from telethon.tl.functions.help import GetNearestDcRequest
from telethon.tl.functions.messages import GetHistoryRequest, SendMessageRequest
from telethon.tl.types import (
    InputCheckPasswordEmpty,
    InputPeerChannel,
    InputReplyToMessage,
    MessageEntityTextUrl,
    PasswordKdfAlgoUnknown,
)
from telethon.tl.types.account import PasswordInputSettings

from simulator.mtproto.crypto import Sender, seal
from simulator.mtproto.errors import WireError
from simulator.mtproto.messages import ENVELOPE, INNER, open_container
from simulator.mtproto.reading import read_object
from simulator.server import TelegramServer
from tests.integration.simulator.conftest import NewWire
from tests.integration.simulator.test_wire_hostile import full, still_serves, talk
from tests.integration.simulator.wire import WireClient, all_gone

ASK = GetNearestDcRequest()
CHANNEL = InputPeerChannel(2_000_000_001, 77)
CONTAINER = bytes.fromhex("dcf8f173")
SAMPLES: list[TLObject] = [
    SendMessageRequest(
        CHANNEL,
        "Some words",
        reply_to=InputReplyToMessage(5, quote_text="words"),
        entities=[MessageEntityTextUrl(0, 4, "https://example.org")],
        random_id=9,
    ),
    GetHistoryRequest(CHANNEL, 1, None, 2, 3, 4, 5, 6),
    InvokeWithLayerRequest(200, InitConnectionRequest(1, "m", "s", "a", "en", "", "en", ASK)),
    UpdatePasswordSettingsRequest(
        InputCheckPasswordEmpty(), PasswordInputSettings(PasswordKdfAlgoUnknown(), bytes(256), "h")
    ),
]
FUZZ = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LIVE = settings(FUZZ, max_examples=40)
EDITS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6)


def container(*bodies: bytes) -> bytes:
    inner = b"".join(INNER.pack(4 * n, 1, len(body)) + body for n, body in enumerate(bodies))
    return CONTAINER + len(bodies).to_bytes(4, "little") + inner


def packed(body: bytes) -> bytes:
    data = TLObject.serialize_bytes(gzip.compress(body))
    return int(GzipPacked.CONSTRUCTOR_ID).to_bytes(4, "little") + bytes(data)


BODIES = [bytes(each) for each in SAMPLES]
WHOLE = [*BODIES, *map(packed, BODIES), container(*BODIES)]


def spoil(whole: bytes, edits: list[tuple[int, int]], length: int) -> bytes:
    spoilt = bytearray(whole)
    for at, value in edits:
        spoilt[at % len(spoilt)] = value
    return bytes(spoilt[:length])


@FUZZ
@given(whole=st.sampled_from(WHOLE), edits=EDITS, length=st.integers(0, 500))
def test_real_requests_that_were_spoilt_read_or_are_refused_in_order(
    whole: bytes, edits: list[tuple[int, int]], length: int
) -> None:
    for take in (read_object, lambda body: list(open_container(body))):
        try:
            take(spoil(whole, edits, length))
        except WireError:
            continue


def test_the_samples_read_as_they_are() -> None:
    for body in BODIES:
        assert bytes(read_object(body)) == bytes(read_object(packed(body))) == body
    assert [each.body for each in open_container(container(*BODIES))] == BODIES


@LIVE
@given(noise=st.lists(st.binary(max_size=200), max_size=4))
async def test_noise_on_a_socket_ends_that_connection_only(
    server: TelegramServer, noise: list[bytes]
) -> None:
    await talk(server, *noise)
    assert await all_gone(server)
    assert not server.crashed


@LIVE
@given(plain=st.binary(max_size=300), edits=EDITS, sample=st.sampled_from(WHOLE))
async def test_noise_under_a_right_key_hurts_nobody_else(
    server: TelegramServer, plain: bytes, edits: list[tuple[int, int]], sample: bytes
) -> None:
    key = server.keys.issue()
    client = await WireClient.open(server, key=key)
    client.salt = server.listener.salts.current(key.id)
    await client.send(seal(key, plain, Sender.CLIENT))
    await client.hang_up()
    other = await WireClient.open(server, key=key)
    other.salt = client.salt
    await other.post(spoil(sample, edits, len(sample) // 4 * 4))
    await other.post(ASK)
    await other.hang_up()
    assert await all_gone(server)


async def test_after_all_that_the_server_goes_on(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [bytes([value]) * 70 for value in range(0, 256, 5)]
    await asyncio.gather(*(talk(server, part) for part in parts))
    assert await still_serves(server)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_what_is_refused_is_logged_with_its_reason(
    server: TelegramServer, wire: NewWire, caplog: pytest.LogCaptureFixture
) -> None:
    def reasons() -> str:
        return " ".join(each.getMessage() for each in caplog.records)

    await talk(server, full(b"x" * 20, length=2**31 - 1))
    assert "bytes is refused" in reasons()
    await talk(server, full(seal(server.keys.issue(), bytes(64), Sender.SERVER)))
    assert "message key does not match" in reasons()
    client: Any = await wire()
    head = ENVELOPE.pack(client.salt, 1, client.next_id(), 1, 4)
    await client.send(seal(client.key, head + bytes(4), Sender.CLIENT)[:-16])
    assert await client.is_cut()
    assert reasons().count("was refused") == 3
