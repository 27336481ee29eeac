"""Handlers, their results and refusals, faults on cue, pushed updates."""

import asyncio
import logging
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import TLObject
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions import (
    InitConnectionRequest,
    InvokeWithLayerRequest,
    InvokeWithoutUpdatesRequest,
)
from telethon.tl.functions.account import UpdateStatusRequest
from telethon.tl.functions.contacts import GetContactIDsRequest
from telethon.tl.functions.help import GetConfigRequest, GetNearestDcRequest
from telethon.tl.functions.messages import DeleteChatRequest
from telethon.tl.functions.payments import GetStarsStatusRequest
from telethon.tl.functions.photos import DeletePhotosRequest
from telethon.tl.functions.users import GetUsersRequest
from telethon.tl.types import (
    InputPeerSelf,
    NewSessionCreated,
    UpdateConfig,
    UpdateShort,
    UpdatesTooLong,
    UserEmpty,
)

from simulator.mtproto.call import Call, Result, RpcFault
from simulator.mtproto.dispatch import Methods, method_name, serialise
from simulator.mtproto.faults import Fault, FaultKind
from simulator.server import TelegramServer
from tests.integration.simulator.conftest import NewClient, NewWire
from tests.integration.simulator.wire import WireClient, all_gone

ASK = GetNearestDcRequest()
NAME = "help.GetNearestDc"
UPDATE = UpdateShort(UpdateConfig(), None)


def give(server: TelegramServer, request: type[TLObject], result: Result) -> None:
    @server.methods.handles(request)
    async def answer(_call: Call, _request: TLObject) -> Result:
        return result


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (UpdateStatusRequest(offline=True), True),
        (UpdateStatusRequest(offline=True), False),
        (DeletePhotosRequest([]), [2**40, -1]),
        (DeletePhotosRequest([]), []),
        (GetContactIDsRequest(hash=0), [7, 2**31 - 1]),
        (GetUsersRequest([]), [UserEmpty(1), UserEmpty(2)]),
        (GetUsersRequest([]), []),
    ],
)
async def test_telethon_reads_every_kind_of_result(
    server: TelegramServer, telethon: NewClient, request_: TLObject, result: Result
) -> None:
    client = await telethon()
    give(server, type(request_), result)
    assert await client(request_) == result


def test_numbers_are_refused_where_the_method_answers_none() -> None:
    with pytest.raises(TypeError):
        serialise([1], UpdateStatusRequest)


def test_methods_are_named_as_in_the_schema() -> None:
    assert method_name(GetUsersRequest) == "users.GetUsers"
    assert method_name(InvokeWithLayerRequest) == "InvokeWithLayer"


def test_registries_are_composed_and_two_handlers_for_one_method_refused() -> None:
    first, second = Methods(), Methods()

    async def handler(_call: Call, _request: TLObject) -> Result:
        return True

    first.handles(UpdateStatusRequest)(handler)
    second.handles(GetUsersRequest)(handler)
    first.include(second)
    assert first.known() == ["account.UpdateStatus", "users.GetUsers"]
    with pytest.raises(ValueError, match=r"users\.GetUsers"):
        first.include(second)


async def test_a_method_that_is_not_known_is_named_and_counted(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon(request_retries=1)
    request = GetStarsStatusRequest(InputPeerSelf())
    for _ in range(2):
        with pytest.raises(errors.NotFoundError, match=r"METHOD_NOT_KNOWN: payments\.GetStarsSt"):
            await client(request)
    assert server.methods.unknown["payments.GetStarsStatus"] == 2


async def test_a_handlers_refusal_arrives_as_telethons_own_error(
    server: TelegramServer, telethon: NewClient
) -> None:
    @server.methods.handles(DeleteChatRequest)
    async def refuse(_call: Call, _request: TLObject) -> Result:
        raise RpcFault(400, "CHAT_ID_INVALID")

    client = await telethon()
    with pytest.raises(errors.ChatIdInvalidError):
        await client(DeleteChatRequest(chat_id=1))


async def test_a_handler_that_crashes_is_told_and_counted_and_the_server_goes_on(
    server: TelegramServer, telethon: NewClient, caplog: pytest.LogCaptureFixture
) -> None:
    @server.methods.handles(DeleteChatRequest)
    async def crash(_call: Call, _request: TLObject) -> Result:
        raise ZeroDivisionError

    client = await telethon()
    with pytest.raises(errors.BadRequestError, match=r"HANDLER_FAILED: messages\.DeleteChat"):
        await client(DeleteChatRequest(chat_id=1))
    assert server.crashed == {"messages.DeleteChat": 1}
    assert "ZeroDivisionError" in caplog.text
    assert (await client(ASK)).this_dc


async def test_a_handler_is_told_who_calls(server: TelegramServer, telethon: NewClient) -> None:
    calls: list[Call] = []

    @server.methods.handles(DeleteChatRequest)
    async def note(call: Call, _request: TLObject) -> Result:
        calls.append(call)
        return True

    client = await telethon(local_addr="127.0.0.9", device_model="Loom")
    await client(DeleteChatRequest(chat_id=1))
    (call,) = calls
    assert (call.address, call.layer) == ("127.0.0.9", LAYER)
    assert call.session_id == client._sender._state.id
    assert server.listener.book.clients[call.key_id].device_model == "Loom"


async def test_a_session_that_moved_leaves_no_trace_of_its_old_connection(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    await client.ask(ASK)
    moved = await WireClient.open(server, key=client.key)
    moved.salt, moved.last_id, moved.content = client.salt, client.last_id, client.content
    await moved.ask(ASK)
    await asyncio.gather(client.hang_up(), moved.hang_up())
    assert await all_gone(server)
    book = server.listener.book
    assert (book.addresses(client.key.id), book.keys, book.lines) == (set(), {}, {})


async def test_an_error_on_cue_comes_as_often_as_was_said(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon(flood_sleep_threshold=0)
    fault = Fault(NAME, FaultKind.ERROR, error="FLOOD_WAIT_5", times=1)
    server.faults.add(fault)
    with pytest.raises(errors.FloodWaitError) as caught:
        await client(ASK)
    assert caught.value.seconds == 5
    client._flood_waited_requests.clear()
    assert (await client(ASK)).this_dc
    assert server.faults.met == [fault]


@pytest.mark.parametrize(
    ("error", "code"),
    [("AUTH_KEY_UNREGISTERED", 401), ("CHAT_WRITE_FORBIDDEN", 403), ("PEER_FLOOD", 400)],
)
async def test_errors_carry_the_code_under_which_telethon_lists_them(
    server: TelegramServer, wire: NewWire, error: str, code: int
) -> None:
    server.faults.add(Fault("*", FaultKind.ERROR, error=error))
    refusal = await (await wire()).ask(ASK)
    assert (refusal.error_message, refusal.error_code) == (error, code)


async def test_a_code_can_be_given_for_what_is_not_listed(
    server: TelegramServer, wire: NewWire
) -> None:
    server.faults.add(Fault("*", FaultKind.ERROR, error="ODD", code=406))
    assert (await (await wire()).ask(ASK)).error_code == 406


def test_an_error_without_a_name_is_no_fault(server: TelegramServer) -> None:
    with pytest.raises(ValueError, match="FLOOD_WAIT"):
        server.faults.add(Fault(NAME, FaultKind.ERROR))


async def test_a_fault_concerns_only_its_method_and_its_account(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    anna = server.world.add_person("+79990000001", "Anna")
    server.faults.add(Fault("help.GetConfig", FaultKind.ERROR, error="OTHER"))
    mine = Fault(NAME, FaultKind.ERROR, error="MINE", account=anna.id, times=None)
    server.faults.add(mine)
    assert (await client.ask(ASK)).this_dc
    server.world.logins.admit(client.key.id, anna)
    for _ in range(3):
        assert (await client.ask(ASK)).error_message == "MINE"
    server.faults.remove(mine)
    assert (await client.ask(ASK)).this_dc
    server.faults.clear()
    assert (await client.ask(GetConfigRequest())).this_dc


class Acts:
    """Counts how often a method acts."""

    def __init__(self, server: TelegramServer) -> None:
        self.count = 0
        server.methods.handles(GetNearestDcRequest)(self.act)

    async def act(self, _call: Call, _request: TLObject) -> Result:
        self.count += 1
        return True


@pytest.mark.parametrize(("kind", "acted"), [(FaultKind.CUT_BEFORE, 0), (FaultKind.CUT_AFTER, 1)])
async def test_a_connection_can_be_cut_before_or_after_the_act(
    server: TelegramServer, telethon: NewClient, kind: FaultKind, acted: int
) -> None:
    acts = Acts(server)
    client = await telethon(auto_reconnect=False)
    server.faults.add(Fault(NAME, kind))
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client(ASK)
    assert acts.count == acted


async def test_telethon_asks_again_after_a_cut_connection(
    server: TelegramServer, telethon: NewClient
) -> None:
    acts = Acts(server)
    client = await telethon()
    server.faults.add(Fault(NAME, FaultKind.CUT_AFTER))
    assert await client(ASK)
    assert acts.count == 2


async def test_a_lost_answer_is_there_when_the_same_message_comes_again(
    server: TelegramServer, wire: NewWire
) -> None:
    acts = Acts(server)
    client = await wire()
    server.faults.add(Fault(NAME, FaultKind.LOST_ANSWER))
    msg_id = await client.post(ASK, seqno=1)
    assert isinstance((await client.hear()).body, NewSessionCreated)
    client.content = 1
    assert await client.ask(ASK)
    await client.post(ASK, msg_id=msg_id, seqno=1)
    assert (await client.hear()).body.req_msg_id == msg_id
    assert acts.count == 2


async def test_a_delay_holds_up_one_request_and_no_other(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    server.faults.add(Fault(NAME, FaultKind.DELAY, seconds=3600))
    await client.post(ASK)
    assert (await client.ask(GetConfigRequest())).this_dc


async def test_a_delay_may_come_before_another_fault(server: TelegramServer, wire: NewWire) -> None:
    client = await wire()
    server.faults.add(Fault(NAME, FaultKind.DELAY, seconds=0.001))
    server.faults.add(Fault(NAME, FaultKind.ERROR, error="FIRST"))
    server.faults.add(Fault(NAME, FaultKind.ERROR, error="SECOND"))
    assert (await client.ask(ASK)).error_message == "FIRST"
    assert (await client.ask(ASK)).error_message == "SECOND"
    assert (await client.ask(ASK)).this_dc


def key_of(client: Any) -> int:
    return int.from_bytes(client.session.auth_key.key_id.to_bytes(8, "big"), "big", signed=True)


async def listen(client: TelegramClient) -> asyncio.Queue[Any]:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    client.add_event_handler(heard.put, events.Raw)
    return heard


async def next_of(heard: asyncio.Queue[Any]) -> Any:
    async with asyncio.timeout(10):
        return await heard.get()


async def test_pushed_updates_reach_telethon(server: TelegramServer, telethon: NewClient) -> None:
    client = await telethon()
    heard = await listen(client)
    server.listener.book.push(key_of(client), UPDATE)
    assert isinstance(await next_of(heard), UpdateConfig)


async def test_updates_reach_telethon_after_it_reconnected(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon(retry_delay=0)
    heard = await listen(client)
    server.faults.add(Fault(NAME, FaultKind.CUT_BEFORE))
    assert (await client(ASK)).this_dc
    server.listener.book.push(key_of(client), UPDATE)
    assert isinstance(await next_of(heard), UpdateConfig)


async def test_a_client_that_wants_no_updates_gets_none(
    server: TelegramServer, telethon: NewClient
) -> None:
    client = await telethon(receive_updates=False)
    await client(ASK)
    (session,) = server.listener.book.sessions[key_of(client)].values()
    assert not session.takes_updates


async def test_the_session_that_acted_can_be_left_out(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    await client.ask(ASK)
    other = await WireClient.open(server, key=client.key)
    other.salt, other.session_id = client.salt, 78
    await other.ask(ASK)
    server.listener.book.push(client.key.id, UpdatesTooLong(), but_session=client.session_id)
    server.listener.book.push(client.key.id, UPDATE)
    assert isinstance((await client.hear()).body, UpdateShort)
    assert isinstance((await other.hear()).body, UpdatesTooLong)
    await other.hang_up()


async def test_a_session_takes_updates_from_its_first_plain_request(
    server: TelegramServer, wire: NewWire
) -> None:
    client = await wire()
    book = server.listener.book
    init = InitConnectionRequest(1, "m", "s", "a", "en", "", "en", ASK)
    assert (await client.ask(InvokeWithoutUpdatesRequest(InvokeWithLayerRequest(5, init)))).this_dc
    session = book.sessions[client.key.id][client.session_id]
    assert (session.takes_updates, session.layer) == (False, 5)
    book.push(client.key.id, UPDATE)
    assert (await client.ask(ASK)).this_dc
    book.push(client.key.id, UPDATE)
    assert isinstance((await client.hear()).body, UpdateShort)


async def test_closing_a_key_lets_the_last_answer_out(
    server: TelegramServer, wire: NewWire
) -> None:
    @server.methods.handles(DeleteChatRequest)
    async def close(call: Call, _request: TLObject) -> Result:
        call.switchboard.close(call.key_id)
        return True

    client = await wire()
    assert await client.ask(DeleteChatRequest(1)) is True
    assert await client.is_cut()


async def test_nothing_that_happens_on_cue_is_logged_as_a_fault_of_ours(
    server: TelegramServer, wire: NewWire, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(Fault(NAME, FaultKind.CUT_AFTER))
    client = await wire()
    await client.post(ASK)
    assert await client.is_cut()
    ours = [each for each in caplog.records if each.name.startswith("simulator")]
    assert all(each.levelno < logging.WARNING for each in ours)
