"""What goes wrong on cue, as a real client meets it."""

import asyncio
from dataclasses import asdict
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from telethon import TelegramClient, errors, events
from telethon.tl.functions.help import GetConfigRequest, GetNearestDcRequest
from telethon.tl.functions.messages import SendMessageRequest
from telethon.tl.types import InputPeerChannel, PeerChannel

from simulator.mtproto.faults import Fault, FaultKind
from simulator.mtproto.naming import chats_of_request, mark
from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.conftest import Street

ASK = GetNearestDcRequest()
NAME = "help.GetNearestDc"
SEND = "messages.SendMessage"
NEW_POST = "UpdateNewChannelMessage"
PATIENCE = 60


@pytest.fixture
def channel(street: Street, anna: Person, boris: Person) -> Channel:
    channel = street.world.add_channel("News", owner=anna)
    street.world.join(channel, boris)
    return channel


def marked(channel: Channel) -> int:
    return -(10**12 + channel.id)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("FLOOD_WAIT_70", errors.FloodWaitError),
        ("SLOWMODE_WAIT_70", errors.SlowModeWaitError),
        ("PEER_FLOOD", errors.PeerFloodError),
        ("CHAT_WRITE_FORBIDDEN", errors.ChatWriteForbiddenError),
        ("CHAT_ADMIN_REQUIRED", errors.ChatAdminRequiredError),
        ("CHAT_GUEST_SEND_FORBIDDEN", errors.ChatGuestSendForbiddenError),
        ("USER_BANNED_IN_CHANNEL", errors.UserBannedInChannelError),
        ("CHANNEL_PRIVATE", errors.ChannelPrivateError),
        ("MSG_ID_INVALID", errors.MsgIdInvalidError),
        ("AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
        ("SESSION_REVOKED", errors.SessionRevokedError),
        ("USER_DEACTIVATED_BAN", errors.UserDeactivatedBanError),
        ("FROZEN_METHOD_INVALID", errors.FrozenMethodInvalidError),
        # Telethon does not list these two; the class is that of their number.
        ("PRIVACY_PREMIUM_REQUIRED", errors.AuthKeyError),
        ("ALLOW_PAYMENT_REQUIRED_70", errors.ForbiddenError),
        ("RPC_CALL_FAIL", errors.RpcCallFailError),
    ],
)
async def test_every_error_arrives_as_telethons_own_class(
    street: Street, anna: Person, error: str, kind: type[errors.RPCError]
) -> None:
    client = await street.enter(anna, request_retries=0, raise_last_call_error=True)
    street.server.faults.add(Fault(SEND, FaultKind.ERROR, error))
    with pytest.raises(errors.RPCError) as caught:
        await client.send_message("me", "Hello")
    assert type(caught.value) is kind
    assert getattr(caught.value, "seconds", 70) == 70
    assert not street.world.messages_of((anna, anna))


async def test_a_call_that_times_out_is_not_done_and_not_answered(
    street: Street, anna: Person
) -> None:
    client = await street.enter(anna)
    street.server.faults.add(Fault(SEND, FaultKind.TIME_OUT))
    asked = asyncio.ensure_future(client.send_message("me", "Hello"))
    await until_fired(street)
    assert (await client(ASK)).this_dc
    assert not asked.done()
    assert not street.world.messages_of((anna, anna))
    asked.cancel()


async def test_a_lost_answer_leaves_the_act_done(street: Street, anna: Person) -> None:
    client = await street.enter(anna)
    street.server.faults.add(Fault(SEND, FaultKind.LOST_ANSWER))
    asked = asyncio.ensure_future(client.send_message("me", "Hello"))
    await until_fired(street)
    assert (await client(ASK)).this_dc
    assert not asked.done()
    assert [each.text for each in street.world.messages_of((anna, anna))] == ["Hello"]
    asked.cancel()


async def until_fired(street: Street, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(street.server.faults.fired) < count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)


async def test_a_fault_of_one_chat_leaves_the_others_alone(
    street: Street, anna: Person, channel: Channel
) -> None:
    client = await street.enter(anna)
    fault = Fault(SEND, FaultKind.ERROR, "CHAT_WRITE_FORBIDDEN", times=None, chat=marked(channel))
    street.server.faults.add(fault)
    await client.send_message("me", "Here it works")
    place = await client.get_input_entity(await find(client, channel))
    for _ in range(2):
        with pytest.raises(errors.ChatWriteForbiddenError):
            await client.send_message(place, "Here it does not")
    assert {each.occasion.chats for each in street.server.faults.fired} == {
        frozenset({marked(channel)})
    }


async def find(client: TelegramClient, channel: Channel) -> InputPeerChannel:
    async for dialog in client.iter_dialogs():
        if dialog.id == marked(channel):
            return dialog.input_entity
    raise AssertionError(channel)


async def test_a_fault_of_one_connection_leaves_the_others_alone(
    street: Street, anna: Person
) -> None:
    here, there = await street.enter(anna), await street.enter(anna, local_addr="127.0.0.9")
    street.server.faults.add(Fault(NAME, FaultKind.ERROR, "HERE", connection=end_of(here)))
    street.server.faults.add(Fault(NAME, FaultKind.ERROR, "THERE", connection="127.0.0.9"))
    for client, error in ((there, "THERE"), (here, "HERE")):
        with pytest.raises(errors.BadRequestError, match=error):
            await client(ASK)
        assert (await client(ASK)).this_dc


def end_of(client: Any) -> str:
    host, port = client._sender._connection._writer.get_extra_info("sockname")
    return f"{host}:{port}"


async def test_the_same_seed_draws_the_same_chances(street: Street, anna: Person) -> None:
    client = await street.enter(anna)

    async def fails(seed: int) -> list[bool]:
        street.server.faults.clear()
        fault = Fault(NAME, FaultKind.ERROR, "ODD", times=None, chance=0.5, seed=seed)
        street.server.faults.add(fault)
        return [await is_refused(client) for _ in range(30)]

    first = await fails(1)
    assert first == await fails(1)
    assert first != await fails(2)
    assert 5 < sum(first) < 25


async def is_refused(client: TelegramClient) -> bool:
    try:
        await client(ASK)
    except errors.BadRequestError:
        return True
    return False


async def test_the_first_calls_can_be_spared(street: Street, anna: Person) -> None:
    client = await street.enter(anna)
    street.server.faults.add(Fault(NAME, FaultKind.ERROR, "ODD", skip=2, times=2))
    assert [await is_refused(client) for _ in range(6)] == [False, False, True, True, False, False]


async def test_what_fired_is_on_record(street: Street, anna: Person) -> None:
    client = await street.enter(anna)
    armed = street.server.faults.add(Fault("*", FaultKind.ERROR, "ODD"))
    assert await is_refused(client)
    (fired,) = street.server.faults.fired
    assert (fired.number, fired.fault) == (armed.number, armed.fault)
    assert fired.occasion.names == {NAME}
    assert (fired.occasion.account, fired.occasion.connection) == (anna.id, end_of(client))
    assert fired.at.tzinfo is not None


async def test_a_fault_is_withdrawn_by_its_number(street: Street, anna: Person) -> None:
    client = await street.enter(anna)
    faults = street.server.faults
    gone, kept = (faults.add(Fault(NAME, FaultKind.ERROR, "ODD")) for _ in range(2))
    assert faults.withdraw(gone.number)
    assert not faults.withdraw(gone.number)
    assert await is_refused(client)
    assert [each.number for each in faults.fired] == [kept.number]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (FaultKind.DROP_UPDATES, ["Second"]),
        (FaultKind.DOUBLE_UPDATES, ["First", "First", "Second"]),
        (FaultKind.DELAY_UPDATES, ["Second", "First"]),
    ],
)
async def test_updates_are_dropped_doubled_and_delayed(
    street: Street, boris: Person, channel: Channel, kind: FaultKind, texts: list[str]
) -> None:
    sent = asyncio.Queue[str]()
    key = street.server.keys.issue()
    street.world.logins.admit(key.id, boris)
    line = Listener(sent)
    session = street.server.listener.book.open(key, 1, line)
    session.takes_updates = True
    session.push = lambda packed: sent.put_nowait(text_in(packed))  # type: ignore[method-assign]
    street.server.faults.add(
        Fault(NEW_POST, kind, seconds=0.01, chat=marked(channel), account=boris.id)
    )
    street.world.publish(channel, "First")
    street.world.publish(channel, "Second")
    async with asyncio.timeout(PATIENCE):
        assert [await sent.get() for _ in texts] == texts
    assert sent.empty()


def text_in(packed: bytes) -> str:
    return next(text for text in ("First", "Second") if text.encode() in packed)


class Listener:
    """A connection that leads nowhere."""

    address, name = "127.0.0.1", "127.0.0.1:1"

    def __init__(self, sent: asyncio.Queue[str]) -> None:
        self.sent = sent

    def send(self, packet: bytes) -> None:
        """Take it and forget it."""

    def cut(self) -> None:
        """Nothing to cut."""

    def close(self) -> None:
        """Nothing to close."""


async def test_telethon_makes_up_for_a_dropped_update_from_the_difference(
    street: Street, boris: Person, channel: Channel
) -> None:
    client = await street.enter(boris)
    await client.get_dialogs()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(event: Any) -> None:
        await heard.put(event.raw_text)

    client.add_event_handler(hear, events.NewMessage)
    street.world.publish(channel, "Known")
    async with asyncio.timeout(PATIENCE):
        assert await heard.get() == "Known"
    street.server.faults.add(Fault(NEW_POST, FaultKind.DROP_UPDATES))
    street.world.publish(channel, "Dropped")
    street.world.publish(channel, "Next")
    async with asyncio.timeout(PATIENCE):
        assert [await heard.get(), await heard.get()] == ["Dropped", "Next"]


async def test_updates_that_were_put_off_do_not_outlive_the_server(
    street: Street, boris: Person, channel: Channel
) -> None:
    client = await street.enter(boris)
    assert (await client(GetConfigRequest())).this_dc
    street.server.faults.add(Fault("*", FaultKind.DELAY_UPDATES, seconds=3600))
    street.world.publish(channel, "Late")
    assert len(street.server.listener.book.late) == 1
    street.server.listener.book.stop()
    assert not street.server.listener.book.late


FORM: TypeAdapter[Fault] = TypeAdapter(Fault)


def test_a_fault_fits_into_json_and_comes_back() -> None:
    fault = Fault(SEND, FaultKind.ERROR, "PEER_FLOOD", times=None, chat=-1002000000001, chance=0.1)
    assert FORM.validate_json(FORM.dump_json(fault)) == fault
    assert asdict(fault)["kind"] == "error"


@pytest.mark.parametrize(
    "said",
    [
        '{"method": "*", "kind": "error"}',
        '{"method": "*", "kind": "delay"}',
        '{"method": "*", "kind": "unheard_of"}',
        '{"method": "*", "kind": "time_out", "times": 0}',
        '{"method": "*", "kind": "time_out", "chance": 0}',
        '{"method": "*", "kind": "time_out", "chance": 1.5}',
        '{"method": "*", "kind": "time_out", "skip": -1}',
        '{"method": "*", "kind": "error", "error": "ODD", "code": 0}',
        '{"kind": "time_out"}',
    ],
)
def test_a_fault_that_cannot_be_carried_out_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        FORM.validate_json(said)


def test_a_request_names_chats_by_their_marked_ids() -> None:
    request = SendMessageRequest(InputPeerChannel(5, 0), "text")
    assert chats_of_request(request) == {-1000000000005}
    assert mark(PeerChannel(5)) == -1000000000005
    assert mark("text") is None
