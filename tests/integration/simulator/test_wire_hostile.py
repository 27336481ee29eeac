"""What strangers may send: it ends their connection, and the server goes on."""

import asyncio
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon.tl import TLObject
from telethon.tl.functions import InvokeWithoutUpdatesRequest
from telethon.tl.functions.help import GetNearestDcRequest
from telethon.tl.types import RpcError, UpdatesTooLong

from simulator.mtproto.call import Call, Result
from simulator.mtproto.connection import MAX_UNSENT
from simulator.mtproto.crypto import AuthKey, Sender, seal, unseal
from simulator.mtproto.errors import BadFrame, MalformedMessage, TamperedPacket, WireError
from simulator.mtproto.framing import (
    MAX_PAYLOAD,
    Abridged,
    Framing,
    Full,
    Intermediate,
    PaddedIntermediate,
)
from simulator.mtproto.messages import ENVELOPE, open_container, open_envelope
from simulator.mtproto.messages import Message as Incoming
from simulator.mtproto.obfuscation import counter_mode
from simulator.mtproto.reading import MAX_DEPTH, read_object
from simulator.mtproto.transport import detect_framing
from simulator.server import TelegramServer, serve
from tests.integration.simulator.conftest import NewWire, stay_anonymous
from tests.integration.simulator.wire import WireClient, all_gone, connect

ASK = GetNearestDcRequest()
KEY = AuthKey.of(bytes(range(256)))
FRAMINGS = [Full, Abridged, Intermediate, PaddedIntermediate]
TAGS = {Full: b"", Abridged: b"\xef", Intermediate: b"\xee" * 4, PaddedIntermediate: b"\xdd" * 4}


async def talk(server: TelegramServer, *parts: bytes, ends: bool = True) -> bytes:
    """Send bytes, and what the server says until it ends the connection."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    for part in parts:
        writer.write(part)
    if ends:
        writer.write_eof()
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def still_serves(server: TelegramServer) -> bool:
    client = await WireClient.greet(server)
    try:
        return bool((await client.ask(ASK)).this_dc)
    finally:
        await client.hang_up()


def full(payload: bytes, counter: int = 0, *, length: int | None = None) -> bytes:
    body = struct.pack("<iI", len(payload) + 12 if length is None else length, counter) + payload
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 8,
        b"\xff" * 100,
        b"\x00" * 100,
        full(b"x" * 20, length=2**31 - 1),
        full(b"x" * 20, length=-1),
        full(b"x" * 20, length=11),
        full(b"x" * 60, counter=1),
        b"POST",
        bytes(range(64)),
        full(b"x" * 20)[:-1] + b"\x00",
        full(b""),
        full(b"\x00" * 20),
        full(b"\x00" * 8),
        full(b"\x00" * 4),
        full(struct.pack("<qqi", 0, 4, 4) + b"\x15\xc4\xb5\x1c"),
        full(struct.pack("<qqi", 0, 4, 400) + b"\xf1\x8e\x7e\xbe"),
        b"\xef\x7f\xff\xff\xff",
        b"\xef\x80",
        b"\xef\x00",
        b"\xee\xee\xee\xee\xff\xff\xff\xff",
        b"\xdd\xdd\xdd\xdd\x01\x00\x00\x00x",
        b"\xef\x01abcd",
    ],
)
async def test_what_is_no_mtproto_is_refused_without_an_answer(
    server: TelegramServer, sent: bytes
) -> None:
    assert await talk(server, sent, ends=False) == b""
    assert await still_serves(server)


async def test_half_a_handshake_or_nothing_at_all_leaves_nothing_behind(
    server: TelegramServer,
) -> None:
    for sent in (b"", b"\xef", b"\xee\xee", full(bytes(40))[:10], bytes(range(63))):
        await talk(server, sent)
    assert await still_serves(server)
    assert await all_gone(server)


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_an_unknown_key_is_answered_with_404(
    server: TelegramServer, framing: type[Framing]
) -> None:
    sent, received = framing(), framing()
    packet = seal(KEY, bytes(32), Sender.CLIENT)
    answer = await talk(server, TAGS[framing], sent.frame(packet), ends=False)
    reader = fed(answer)
    assert struct.unpack("<i", await received.read(reader)) == (-404,)
    assert await still_serves(server)


async def test_a_packet_that_was_touched_ends_the_connection(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    await client.ask(ASK)
    packet = seal(client.key, bytes(48), Sender.CLIENT)
    await client.send(packet[:-1] + bytes([packet[-1] ^ 1]))
    assert await client.is_cut()
    assert await still_serves(server)


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        bytes(16),
        ENVELOPE.pack(0, 0, 0, 0, 2**32 - 4) + bytes(100),
        ENVELOPE.pack(0, 0, 0, 0, 3) + bytes(29),
        ENVELOPE.pack(0, 0, 0, 0, 0) + bytes(2000),
    ],
)
async def test_lengths_that_contradict_each_other_end_the_connection(
    wire: NewWire, plain: bytes
) -> None:
    client = await wire()
    await client.send(seal(client.key, plain, Sender.CLIENT))
    assert await client.is_cut()


@pytest.mark.parametrize(
    "body",
    [
        b"\x11\x22\x33\x44",
        b"",
        b"\x15\xc4\xb5\x1c\xff\xff\xff\x7f",
        bytes(ASK)[:3],
        b"\xb7\x59\x94\xbf" * 100_000,
    ],
)
async def test_a_message_that_does_not_read_is_refused_and_the_session_goes_on(
    wire: NewWire, body: bytes
) -> None:
    client = await wire()
    refusal = await client.ask(Raw(body + bytes(-len(body) % 4)))
    assert isinstance(refusal, RpcError)
    assert refusal.error_message.startswith("INPUT_")
    assert (await client.ask(ASK)).this_dc


async def test_a_constructor_of_another_layer_is_named_and_counted(
    server: TelegramServer, wire: NewWire
) -> None:
    refusal = await (await wire()).ask(Raw(b"\x44\x33\x22\x11"))
    assert refusal.error_message == f"INPUT_METHOD_INVALID_{0x11223344}_0"
    assert server.methods.unknown["0x11223344"] == 1


class Raw(TLObject):  # type: ignore[misc]
    """Bytes in the place of an object."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def _bytes(self) -> bytes:
        return self.data


async def test_an_object_that_no_client_sends_ends_the_connection(wire: NewWire) -> None:
    client = await wire()
    await client.post(UpdatesTooLong())
    assert await client.is_cut()


async def test_an_object_of_the_wrong_type_does_not_hurt_the_server(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    wrapper = bytes(InvokeWithoutUpdatesRequest(ASK)).removesuffix(bytes(ASK))
    await client.post(wrapper + bytes(UpdatesTooLong()))
    assert await client.is_cut()
    assert await still_serves(server)


async def test_a_client_that_reads_nothing_is_cut_off(server: TelegramServer) -> None:
    client = await WireClient.greet(server)
    await client.ask(ASK)
    client.connection._reader._transport.pause_reading()
    session = server.listener.book.sessions[client.key.id][client.session_id]
    for _ in range(MAX_UNSENT // 100_000 + 200):
        session.post(bytes(100_000), content=True, reply=False)
    assert await all_gone(server)
    client.connection._reader._transport.abort()
    await client.hang_up()


async def test_stopping_ends_connections_and_running_methods_in_bounded_time() -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    async with serve() as server:
        stay_anonymous(server)

        @server.methods.handles(GetNearestDcRequest)
        async def hang(_call: Call, _request: TLObject) -> Result:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return True

        idle = await connect(server)
        client = await WireClient.greet(server)
        await client.post(ASK)
        await started.wait()
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 5
    assert ended.is_set()
    assert not [each for each in asyncio.all_tasks() if each.get_name().startswith(("mtp", "rpc"))]
    await idle.disconnect()
    await client.hang_up()


async def test_every_task_has_a_name_that_tells_what_it_is_for(
    server: TelegramServer, wire: NewWire
) -> None:
    await wire()
    names = [task.get_name() for task in server.listener.connections]
    assert names[0].startswith("mtproto:1:127.0.0.1:")


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


PAYLOADS = st.binary(min_size=1, max_size=700).map(lambda b: b + bytes(-len(b) % 4))
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(payloads=st.lists(PAYLOADS, min_size=1, max_size=5), which=st.sampled_from(FRAMINGS))
def test_what_is_framed_is_read_again(payloads: list[bytes], which: type[Framing]) -> None:
    async def pass_through() -> list[bytes]:
        sender = which()
        reader = fed(TAGS[which] + b"".join(sender.frame(each) for each in payloads))
        framing, source = await detect_framing(reader)
        assert type(framing) is which
        return [await framing.read(source) for _ in payloads]

    assert asyncio.run(pass_through()) == payloads


TAG_BYTES = [b"\xef" * 4, b"\xee" * 4, b"\xdd" * 4]


@FUZZ
@given(
    data=st.binary(max_size=200),
    seed=st.binary(min_size=56, max_size=56),
    tag=st.sampled_from(TAG_BYTES),
)
def test_any_bytes_behind_an_obfuscated_header_are_framed_or_refused(
    data: bytes, seed: bytes, tag: bytes
) -> None:
    cipher = counter_mode(seed[8:40], seed[40:56])
    stream = cipher.update(seed + tag + bytes(4) + data)
    header = b"\x01" * 8 + seed[8:56] + stream[56:64]

    async def read_all() -> None:
        framing, source = await detect_framing(fed(header + stream[64:]))
        while True:
            assert len(await framing.read(source)) <= MAX_PAYLOAD

    with pytest.raises((BadFrame, asyncio.IncompleteReadError)):
        asyncio.run(read_all())


@FUZZ
@given(data=st.binary(max_size=200))
def test_any_bytes_give_frames_or_an_orderly_refusal(data: bytes) -> None:
    async def read_all() -> None:
        framing, source = await detect_framing(fed(data))
        while True:
            assert len(await framing.read(source)) <= MAX_PAYLOAD

    with pytest.raises((BadFrame, asyncio.IncompleteReadError)):
        asyncio.run(read_all())


@FUZZ
@given(data=st.binary(max_size=400))
def test_any_bytes_give_an_object_or_an_orderly_refusal(data: bytes) -> None:
    for take in (read_object, open_envelope, lambda body: list(open_container(body))):
        try:
            take(data)
        except MalformedMessage:
            continue


@FUZZ
@given(data=st.binary(min_size=8, max_size=300))
def test_any_packet_is_refused_that_was_not_sealed_with_the_key(data: bytes) -> None:
    with pytest.raises(TamperedPacket):
        unseal(KEY, data)


@FUZZ
@given(plain=st.binary(min_size=1, max_size=300), sender=st.sampled_from(Sender))
def test_what_is_sealed_opens_for_the_other_side_only(plain: bytes, sender: Sender) -> None:
    packet = seal(KEY, plain, sender)
    opened = unseal(KEY, packet, sender)
    assert opened.startswith(plain)
    assert 12 <= len(opened) - len(plain) < 28
    with pytest.raises(TamperedPacket):
        unseal(KEY, packet, Sender(8 - sender))


@FUZZ
@given(cut=st.integers(0, 200), flip=st.integers(0, 255), at=st.integers(0, 200))
def test_real_objects_that_were_spoilt_never_crash_the_reader(cut: int, flip: int, at: int) -> None:
    whole = bytearray(bytes(InvokeWithoutUpdatesRequest(ASK)) + bytes(200))
    whole[at % len(whole)] ^= flip
    try:
        read_object(bytes(whole[:cut]))
    except WireError:
        return


def test_nesting_is_bounded() -> None:
    wrapper = bytes(InvokeWithoutUpdatesRequest(ASK)).removesuffix(bytes(ASK))
    assert read_object(wrapper * (MAX_DEPTH - 1) + bytes(ASK))
    with pytest.raises(MalformedMessage, match="nested"):
        read_object(wrapper * MAX_DEPTH + bytes(ASK))


def test_a_container_may_not_hold_a_container() -> None:
    inner = struct.pack("<qII", 4, 0, 8) + struct.pack("<II", 0x73F1F8DC, 0)
    with pytest.raises(MalformedMessage):
        list(open_container(struct.pack("<II", 0x73F1F8DC, 1) + inner))
    assert Incoming(4, 0, struct.pack("<I", 0x73F1F8DC)).is_container
