"""Salts, ids, sequence numbers, containers, acknowledgements and service messages."""

import asyncio
import secrets
import struct
import time
from collections.abc import Callable

import pytest
from telethon.tl import TLObject
from telethon.tl.core import GzipPacked, RpcResult
from telethon.tl.functions import (
    DestroyAuthKeyRequest,
    DestroySessionRequest,
    GetFutureSaltsRequest,
    InvokeAfterMsgRequest,
    InvokeAfterMsgsRequest,
    InvokeWithoutUpdatesRequest,
    PingDelayDisconnectRequest,
    PingRequest,
    RpcDropAnswerRequest,
)
from telethon.tl.functions.account import UpdateStatusRequest
from telethon.tl.functions.help import GetConfigRequest, GetNearestDcRequest
from telethon.tl.functions.messages import GetAllDraftsRequest
from telethon.tl.types import (
    BadMsgNotification,
    BadServerSalt,
    DestroyAuthKeyOk,
    DestroySessionNone,
    DestroySessionOk,
    FutureSalts,
    HttpWait,
    InputPeerSelf,
    MsgResendReq,
    MsgsAck,
    MsgsStateInfo,
    MsgsStateReq,
    NewSessionCreated,
    Pong,
    RpcAnswerDropped,
    RpcAnswerDroppedRunning,
    RpcAnswerUnknown,
    UpdatesTooLong,
)

from simulator.mtproto.call import Call, Result, RpcFault
from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.numbering import BadMessage, Numbering
from simulator.mtproto.salts import OVERLAP, PERIOD, Salts
from simulator.mtproto.session import GZIP_FROM, MAX_REMEMBERED, Session, pack_body
from simulator.mtproto.sessions import MAX_SESSIONS
from simulator.server import TelegramServer
from tests.integration.simulator.conftest import NewClient, NewWire
from tests.integration.simulator.wire import WireClient, result_of

ASK = GetNearestDcRequest()


class Counted:
    """A method that counts its runs and waits until it is let go on."""

    def __init__(self, server: TelegramServer) -> None:
        self.runs = 0
        self.may_end, self.started = asyncio.Event(), asyncio.Event()
        self.may_end.set()
        server.methods.handles(UpdateStatusRequest)(self.run)

    async def run(self, _call: Call, _request: TLObject) -> Result:
        self.runs += 1
        self.started.set()
        await self.may_end.wait()
        return True


@pytest.fixture
def counted(server: TelegramServer) -> Counted:
    return Counted(server)


COUNTED = UpdateStatusRequest(offline=False)


async def test_a_wrong_salt_is_answered_with_the_right_one(wire: NewWire) -> None:
    client = await wire()
    right, client.salt = client.salt, 5
    msg_id = await client.post(ASK)
    notice = (await client.hear()).body
    assert isinstance(notice, BadServerSalt)
    assert (notice.bad_msg_id, notice.new_server_salt, notice.error_code) == (msg_id, right, 48)


async def test_telethon_gets_over_salts_that_change(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon()
    for _ in range(3):
        server.listener.salts.rotate()
        answers = await asyncio.gather(*(client(ASK) for _ in range(5)))
        assert all(answer.this_dc == server.dc_id for answer in answers)


def test_an_old_salt_lingers_and_then_ends() -> None:
    now = 100.0 * PERIOD + 10
    salts = Salts(lambda: now)
    old = salts.current(1)
    now += PERIOD
    assert salts.current(1) != old
    assert salts.accepts(1, old)
    now += OVERLAP
    assert not salts.accepts(1, old)
    assert salts.accepts(1, salts.current(1))


async def test_future_salts_begin_with_the_present_one(wire: NewWire) -> None:
    client = await wire()
    msg_id = await client.post(GetFutureSaltsRequest(num=3))
    heard = (await client.hear_of(FutureSalts)).body
    assert heard.req_msg_id == msg_id
    assert len(heard.salts) == 3
    assert heard.salts[0].salt == client.salt
    assert heard.salts[0].valid_until > heard.salts[1].valid_since


async def test_telethon_reads_future_salts(telethon: NewClient) -> None:
    client = await telethon()
    assert len((await client(GetFutureSaltsRequest(num=64))).salts) == 64


async def test_a_new_session_is_announced_once(wire: NewWire) -> None:
    client = await wire()
    first = await client.post(ASK)
    announced = (await client.hear()).body
    assert isinstance(announced, NewSessionCreated)
    assert (announced.first_msg_id, announced.server_salt) == (first, client.salt)
    assert isinstance((await client.hear()).body, RpcResult)
    await client.post(ASK)
    assert isinstance((await client.hear()).body, RpcResult)


@pytest.mark.parametrize(
    ("shift", "remainder", "wrong"),
    [
        (-301, 0, BadMessage.ID_TOO_LOW),
        (+40, 0, BadMessage.ID_TOO_HIGH),
        (0, 1, BadMessage.ID_NOT_CLIENTS),
        (0, 2, BadMessage.ID_NOT_CLIENTS),
    ],
)
async def test_an_id_out_of_the_window_is_named_and_not_run(
    counted: Counted, wire: NewWire, shift: int, remainder: int, wrong: BadMessage
) -> None:
    client = await wire()
    msg_id = (int(time.time() + shift) << 32) + remainder
    await client.post(COUNTED, msg_id=msg_id)
    notice = (await client.hear()).body
    assert isinstance(notice, BadMsgNotification)
    assert (notice.bad_msg_id, notice.error_code) == (msg_id, wrong)
    assert counted.runs == 0


@pytest.mark.parametrize("offset", [-4000, 4000])
async def test_telethon_gets_over_a_wrong_clock(
    server: TelegramServer, telethon: NewClient, offset: int
) -> None:
    client = await telethon()
    client._sender._state.time_offset = offset
    client._sender._state._last_msg_id = 0
    assert (await client(ASK)).this_dc == server.dc_id
    assert abs(client._sender._state.time_offset) <= 1


async def test_sequence_numbers_that_go_back_are_refused(counted: Counted, wire: NewWire) -> None:
    client = await wire()
    first = await client.post(COUNTED, seqno=9)
    await client.hear_of(RpcResult)
    await client.post(COUNTED, seqno=9)
    assert (await client.hear()).body.error_code == BadMessage.SEQNO_TOO_LOW
    await client.post(COUNTED, seqno=11, msg_id=first - 4)
    assert (await client.hear()).body.error_code == BadMessage.SEQNO_TOO_HIGH
    await client.post(COUNTED, seqno=11)
    await client.hear_of(RpcResult)
    assert counted.runs == 2


async def test_the_parity_of_a_sequence_number_fits_the_message(wire: NewWire) -> None:
    client = await wire()
    await client.post(ASK, seqno=2)
    notice = (await client.hear_of(BadMsgNotification)).body
    assert notice.error_code == BadMessage.SEQNO_MUST_BE_ODD


async def test_an_acknowledgement_that_was_counted_is_taken(wire: NewWire) -> None:
    client = await wire()
    await client.post(MsgsAck([1]), content=True)
    assert (await client.ask(ASK)).this_dc


async def test_telethon_gets_over_a_sequence_number_that_is_too_low(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon()
    for _ in range(3):
        await client(ASK)
    client._sender._state._sequence = 0
    assert (await client(ASK)).this_dc == server.dc_id


async def test_all_messages_of_a_container_are_answered(wire: NewWire) -> None:
    client = await wire()
    ids = [client.next_id() for _ in range(3)]
    inner = [(i, client.next_seqno(), bytes(ASK)) for i in ids]
    await client.post_container(*inner)
    heard = [(await client.hear_of(RpcResult)).body.req_msg_id for _ in ids]
    assert sorted(heard) == ids


async def test_telethon_may_send_a_hundred_requests_at_once(telethon: NewClient) -> None:
    client = await telethon()
    answers = await asyncio.gather(*(client(ASK) for _ in range(250)))
    assert len(answers) == 250


Spoil = Callable[[WireClient, int], tuple[int, int, bytes]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda client, _: (client.last_id + 4000, 1, bytes(ASK)),
        lambda client, _: (client.last_id, 1, struct.pack("<Ii", 0x73F1F8DC, 0)),
    ],
)
async def test_a_container_that_breaks_the_rules_is_refused(wire: NewWire, spoil: Spoil) -> None:
    client = await wire()
    await client.ask(ASK)
    own = client.next_id()
    await client.post_container(spoil(client, own), msg_id=own + 4)
    assert (await client.hear()).body.error_code == BadMessage.CONTAINER_INVALID


async def test_a_container_id_may_not_come_twice(wire: NewWire) -> None:
    client = await wire()
    inner = (client.next_id(), client.next_seqno(), bytes(ASK))
    msg_id = await client.post_container(inner)
    await client.hear_of(RpcResult)
    await client.post_container(inner, msg_id=msg_id)
    assert (await client.hear()).body.error_code == BadMessage.CONTAINER_ID_REPEATED


async def test_a_repeated_request_runs_once_and_is_answered_again(
    counted: Counted, wire: NewWire
) -> None:
    client = await wire()
    msg_id = await client.post(COUNTED, seqno=1)
    first = await client.hear_of(RpcResult)
    await client.post(COUNTED, seqno=1, msg_id=msg_id)
    second = await client.hear()
    assert first.body.req_msg_id == second.body.req_msg_id == msg_id
    assert first.body.body == second.body.body
    assert second.id > first.id
    assert counted.runs == 1


async def test_a_request_repeated_while_it_runs_is_only_acknowledged(
    counted: Counted, wire: NewWire
) -> None:
    client = await wire()
    counted.may_end.clear()
    msg_id = await client.post(COUNTED, seqno=1)
    await counted.started.wait()
    await client.post(COUNTED, seqno=1, msg_id=msg_id)
    assert (await client.hear_of(MsgsAck)).body.msg_ids == [msg_id]
    counted.may_end.set()
    assert (await client.hear_of(RpcResult)).body.req_msg_id == msg_id
    assert counted.runs == 1


async def test_an_answer_that_was_acknowledged_is_forgotten_but_not_run_again(
    server: TelegramServer, counted: Counted, wire: NewWire
) -> None:
    client = await wire()
    msg_id = await client.post(COUNTED, seqno=1)
    answer = await client.hear_of(RpcResult)
    await client.post(MsgsAck([answer.id]), content=False, seqno=2)
    await client.post(COUNTED, seqno=1, msg_id=msg_id)
    assert (await client.hear()).body.msg_ids == [msg_id]
    assert counted.runs == 1
    assert not session_of(server, client).unconfirmed


def session_of(server: TelegramServer, client: WireClient) -> Session:
    return server.listener.book.sessions[client.key.id][client.session_id]


async def test_what_is_remembered_of_a_session_is_bounded(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    first = await client.post(ASK)
    await client.hear_of(RpcResult)
    for _ in range(MAX_REMEMBERED + 5):
        await client.ask(ASK)
    session = session_of(server, client)
    assert len(session.receipts) == MAX_REMEMBERED
    assert len(session.unconfirmed) <= MAX_REMEMBERED
    await client.post(ASK, seqno=1, msg_id=first)
    assert (await client.hear()).body.error_code == BadMessage.TOO_OLD_TO_TELL


async def test_the_sessions_of_one_key_are_bounded(server: TelegramServer, wire: NewWire) -> None:
    client = await wire()
    for session_id in range(MAX_SESSIONS + 10):
        client.session_id = session_id
        await client.ask(ASK)
    kept = server.listener.book.sessions[client.key.id]
    assert list(kept) == list(range(10, MAX_SESSIONS + 10))


async def test_an_answer_reaches_the_session_over_its_next_connection(
    server: TelegramServer, counted: Counted, wire: NewWire
) -> None:
    client = await wire()
    counted.may_end.clear()
    msg_id = await client.post(COUNTED)
    await counted.started.wait()
    await client.hang_up()
    again = await WireClient.open(server, key=client.key)
    again.salt, again.last_id, again.content = client.salt, client.last_id, 1
    await again.post(PingRequest(1))
    await again.hear_of(Pong)
    counted.may_end.set()
    assert (await again.hear_of(RpcResult)).body.req_msg_id == msg_id
    await again.hang_up()


async def test_a_ping_is_answered_while_a_request_runs(counted: Counted, wire: NewWire) -> None:
    client = await wire()
    counted.may_end.clear()
    await client.post(COUNTED)
    msg_id = await client.post(PingRequest(ping_id=-3))
    pong = (await client.hear_of(Pong, RpcResult)).body
    assert (pong.msg_id, pong.ping_id) == (msg_id, -3)
    counted.may_end.set()


async def test_a_connection_ends_when_the_promised_ping_does_not_come(wire: NewWire) -> None:
    client = await wire()
    await client.post(PingDelayDisconnectRequest(ping_id=1, disconnect_delay=0))
    assert await client.is_cut()


async def test_a_later_ping_takes_the_place_of_an_earlier_term(wire: NewWire) -> None:
    client = await wire()
    for delay in (1000, 2000):
        await client.post(PingDelayDisconnectRequest(ping_id=delay, disconnect_delay=delay))
        assert (await client.hear_of(Pong)).body.ping_id == delay


async def test_the_state_of_messages_is_told(wire: NewWire) -> None:
    client = await wire()
    known = await client.post(ASK)
    await client.post(MsgsStateReq([known, known - 4, known + 4_000_000]), content=False)
    state = (await client.hear_of(MsgsStateInfo)).body
    assert [ord(each) for each in state.info] == [4, 2, 2]


async def test_an_answer_is_sent_again_when_asked_for(wire: NewWire) -> None:
    client = await wire()
    await client.post(ASK)
    lost = await client.hear_of(RpcResult)
    await client.post(MsgResendReq([lost.id]), content=False)
    again = await client.hear_of(RpcResult)
    assert again.body.req_msg_id == lost.body.req_msg_id


async def test_an_answer_can_be_dropped_while_the_request_runs(
    counted: Counted, wire: NewWire
) -> None:
    client = await wire()
    counted.may_end.clear()
    running = await client.post(COUNTED)
    await counted.started.wait()
    assert isinstance(await client.ask(RpcDropAnswerRequest(running)), RpcAnswerDroppedRunning)
    counted.may_end.set()
    assert (await client.ask(ASK)).this_dc


async def test_an_answer_that_was_sent_can_be_dropped(wire: NewWire) -> None:
    client = await wire()
    msg_id = await client.post(ASK)
    answer = await client.hear_of(RpcResult)
    dropped = await client.ask(RpcDropAnswerRequest(msg_id))
    assert isinstance(dropped, RpcAnswerDropped)
    assert (dropped.msg_id, dropped.seq_no) == (answer.id, answer.seqno)
    assert isinstance(await client.ask(RpcDropAnswerRequest(12)), RpcAnswerUnknown)


async def test_another_session_can_be_destroyed_but_not_ones_own(wire: NewWire) -> None:
    client = await wire()
    await client.ask(ASK)
    client.session_id = 78
    await client.ask(ASK)
    for session_id, kind in ((77, DestroySessionOk), (77, DestroySessionNone), (78, None)):
        await client.post(DestroySessionRequest(session_id))
        answer = (await client.hear_of(DestroySessionOk, DestroySessionNone)).body
        assert isinstance(answer, kind or DestroySessionNone)


async def test_a_destroyed_key_is_not_found_any_more(server: TelegramServer, wire: NewWire) -> None:
    client = await wire()
    await client.post(DestroyAuthKeyRequest())
    await client.hear_of(DestroyAuthKeyOk)
    assert client.key.id not in server.keys.keys


async def test_waiting_for_http_is_ignored(wire: NewWire) -> None:
    client = await wire()
    await client.post(HttpWait(0, 0, 0), content=False)
    assert (await client.ask(ASK)).this_dc


async def test_a_request_waits_for_the_one_it_names(counted: Counted, wire: NewWire) -> None:
    client = await wire()
    counted.may_end.clear()
    first = await client.post(COUNTED)
    second = await client.post(InvokeAfterMsgRequest(first, ASK))
    await counted.started.wait()
    await client.post(PingRequest(1))
    assert isinstance((await client.hear_of(Pong, RpcResult)).body, Pong)
    counted.may_end.set()
    heard = [(await client.hear_of(RpcResult)).body.req_msg_id for _ in range(2)]
    assert heard == [first, second]


async def test_a_request_is_refused_when_the_one_it_names_failed(
    server: TelegramServer, wire: NewWire
) -> None:
    @server.methods.handles(GetAllDraftsRequest)
    async def fail(_call: Call, _request: GetAllDraftsRequest) -> Result:
        raise RpcFault(400, "NO_DRAFTS")

    client = await wire()
    failed = await client.post(GetAllDraftsRequest())
    await client.hear_of(RpcResult)
    for named in (failed, 12, client.last_id + 8_000_000_000):
        refusal = await client.ask(InvokeAfterMsgsRequest([named], ASK))
        assert refusal.error_message == "MSG_WAIT_FAILED"


async def test_telethons_ordered_requests_are_done_in_order(telethon: NewClient) -> None:
    client = await telethon()
    assert len(await client([ASK, GetConfigRequest(), ASK], ordered=True)) == 3


async def test_a_gzipped_request_is_read(wire: NewWire) -> None:
    client = await wire()
    await client.post(GzipPacked(bytes(ASK)))
    assert result_of(await client.hear_of(RpcResult), ASK).this_dc
    wrapper = bytes(InvokeWithoutUpdatesRequest(ASK)).removesuffix(bytes(ASK))
    await client.post(wrapper + bytes(GzipPacked(bytes(ASK))))
    assert result_of(await client.hear_of(RpcResult), ASK).this_dc


async def test_gzip_that_unpacks_to_too_much_ends_the_connection(wire: NewWire) -> None:
    client = await wire()
    await client.post(GzipPacked(bytes(64 * 1024 * 1024)))
    assert await client.is_cut()
    assert (await (await wire()).ask(ASK)).this_dc


async def test_long_results_come_gzipped(server: TelegramServer, telethon: NewClient) -> None:
    peers = [InputPeerSelf()] * 5000

    @server.methods.handles(GetAllDraftsRequest)
    async def answer(_call: Call, _request: GetAllDraftsRequest) -> Result:
        return peers

    client = await telethon()
    assert await client(GetAllDraftsRequest()) == peers
    (session,) = server.listener.book.sessions[next(iter(server.keys.keys))].values()
    assert max(len(each.result or b"") for each in session.receipts.values()) < 2000


def test_what_gzip_does_not_shrink_is_left_alone() -> None:
    noise = secrets.token_bytes(2 * GZIP_FROM)
    assert pack_body(noise) == noise


def test_server_ids_rise_and_tell_answers_from_the_rest() -> None:
    numbering = Numbering(lambda: 1_700_000_000.0)
    ids = [numbering.next_id(reply=i % 3 == 0) for i in range(100)]
    assert ids == sorted(set(ids))
    assert [i % 4 for i in ids[:4]] == [1, 3, 3, 1]
    assert ids[0] >> 32 == 1_700_000_000


def test_sequence_numbers_count_content() -> None:
    numbering = Numbering()
    contents = [True, False, True, True, False]
    assert [numbering.next_seqno(content=each) for each in contents] == [1, 2, 3, 5, 6]


def test_updates_for_a_key_without_sessions_go_nowhere(server: TelegramServer) -> None:
    key = AuthKey.of(bytes(256))
    server.listener.book.push(key.id, UpdatesTooLong())
    server.listener.book.close(key.id)
    assert server.listener.book.addresses(key.id) == set()
