"""Accounts that are too fast are told to wait, once that is switched on."""

from datetime import timedelta

import pytest
from telethon import errors
from telethon.tl.functions.channels import JoinChannelRequest
from telethon.tl.functions.help import GetNearestDcRequest

from simulator.mtproto.limits import SENDING, Limit
from simulator.world.people import Person
from tests.integration.simulator.conftest import Street

NO_SLEEP = {"flood_sleep_threshold": 0}


async def test_nobody_waits_until_it_is_switched_on(street: Street, anna: Person) -> None:
    client = await street.enter(anna, **NO_SLEEP)
    for number in range(40):
        await client.send_message("me", f"Message {number}")
    assert len(street.world.messages_of((anna, anna))) == 40


async def test_who_sends_too_fast_waits_as_long_as_was_said(street: Street, anna: Person) -> None:
    street.server.limits.enabled = True
    street.server.limits.limits = (Limit(SENDING, 2, 60),)
    client = await street.enter(anna, **NO_SLEEP)
    for _ in range(2):
        await client.send_message("me", "In time")
    with pytest.raises(errors.FloodWaitError) as caught:
        await client.send_message("me", "Too fast")
    assert 55 <= caught.value.seconds <= 60
    street.world.clock.advance(timedelta(seconds=caught.value.seconds))
    client_forgets(client)
    await client.send_message("me", "In time again")
    assert len(street.world.messages_of((anna, anna))) == 3


async def test_what_is_refused_costs_nothing_and_others_do_not_wait(
    street: Street, anna: Person, boris: Person
) -> None:
    street.server.limits.enabled = True
    street.server.limits.limits = (Limit(SENDING, 1, 60),)
    hers, his = [await street.enter(each, **NO_SLEEP) for each in (anna, boris)]
    await hers.send_message("me", "First")
    for _ in range(3):
        client_forgets(hers)
        with pytest.raises(errors.FloodWaitError):
            await hers.send_message("me", "Refused")
    await his.send_message("me", "His own")
    assert (await hers(GetNearestDcRequest())).this_dc
    street.world.clock.advance(timedelta(seconds=60))
    client_forgets(hers)
    await hers.send_message("me", "Second")


def client_forgets(client: object) -> None:
    """Have Telethon ask again instead of waiting by itself."""
    client._flood_waited_requests.clear()  # type: ignore[attr-defined]


async def test_a_limit_may_count_each_chat_apart(
    street: Street, anna: Person, boris: Person
) -> None:
    street.world.people.take_username(boris, "boris_b")
    street.server.limits.enabled = True
    street.server.limits.limits = (Limit(SENDING, 1, 60, per_chat=True),)
    client = await street.enter(anna, **NO_SLEEP)
    await client.send_message("me", "Here")
    await client.send_message("boris_b", "There")
    with pytest.raises(errors.FloodWaitError):
        await client.send_message("boris_b", "There again")


async def test_the_usual_limits_hold_up_who_joins_everything(street: Street, anna: Person) -> None:
    street.server.limits.enabled = True
    owner = street.world.add_person("9996640004", "Owner")
    names = [f"channel_{number}" for number in range(6)]
    for name in names:
        street.world.add_channel(name, name, owner=owner)
    client = await street.enter(anna, **NO_SLEEP)
    *first, last = names
    for name in first:
        await client(JoinChannelRequest(name))
    with pytest.raises(errors.FloodWaitError):
        await client(JoinChannelRequest(last))
