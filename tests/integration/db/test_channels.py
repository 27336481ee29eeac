"""Channels: who reads them, and which grants speak of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest
from sqlalchemy import event

from db.stores.channels import LOOKS_AN_HOUR
from orchestrator.actor import SYSTEM
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed, NotFound
from orchestrator.facts import ChannelLost
from orchestrator.ids import AccountId, MessageId, NodeName, TelegramId
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.sessions import StoredSession
from orchestrator.ports.telegram import ChannelSeen, Role
from tests.integration.db.conftest import CHANNEL, GROUP, OLGA, Scene, seen

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def stand_in(scene: Scene, name: str, role: Role) -> AccountId:
    """Another account that runs and may read the channel."""
    stores = scene.stores
    phone = f"+1{crc32(name.encode())}"
    account = (await stores.accounts.add_account(OLGA, name, phone, "anna")).id
    await stores.sessions.save_session(account, StoredSession(2, "127.0.0.1", 443, b"k"))
    await stores.accounts.set_account_state(OLGA, account, AccountState.ACTIVE, None)
    await stores.leases.take_lease(NodeName("north"), await stores.leases.lease_of(account))
    await stores.channels.record_role(scene.channel, account, role)
    return account


@pytest.mark.parametrize("name", ["@sky", "sky", "https://t.me/sky", "Sky", "1", "700", " @SKY "])
async def test_a_channel_is_found_by_whatever_people_call_it(scene: Scene, name: str) -> None:
    assert (await scene.stores.channels.channel_named(name)).telegram_id == CHANNEL


async def test_a_channel_that_is_not_there_is_answered_with_those_that_are(scene: Scene) -> None:
    with pytest.raises(NotFound, match="@sky"):
        await scene.stores.channels.channel_named("@sea")


async def test_a_title_of_two_channels_asks_for_a_number(scene: Scene) -> None:
    twin = ChannelSeen(TelegramId(800), "Sky", "", None, None, None, Role.MEMBER, MessageId(0))
    await scene.stores.channels.add_channel(OLGA, twin, scene.anna, timedelta(minutes=1))
    with pytest.raises(BadInput, match="1, 2"):
        await scene.stores.channels.channel_named("Sky ")
    assert (await scene.stores.channels.channel_named("2")).telegram_id == 800


async def test_a_channel_is_watched_once(scene: Scene) -> None:
    with pytest.raises(AlreadyExists):
        await scene.stores.channels.add_channel(OLGA, seen(), scene.anna, timedelta(minutes=1))


async def test_a_channel_with_a_live_grant_stays(scene: Scene) -> None:
    channels = scene.stores.channels
    with pytest.raises(NotAllowed, match="revoke"):
        await channels.remove_channel(OLGA, scene.channel)
    await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    await channels.remove_channel(OLGA, scene.channel)
    assert await channels.channels() == []
    again = await channels.add_channel(OLGA, seen(), scene.anna, timedelta(minutes=7))
    assert again.id == scene.channel


async def test_another_linked_group_suspends_the_grant_once(scene: Scene) -> None:
    channels = scene.stores.channels
    assert await channels.record_channel_seen(scene.anna, seen(), NOW) == []
    swapped = seen(TelegramId(999))
    [sentence] = await channels.record_channel_seen(scene.anna, swapped, NOW)
    assert "Sky" in sentence
    assert await channels.record_channel_seen(scene.anna, swapped, NOW) == []
    grant = await scene.stores.grants.grant(scene.grant)
    await scene.stores.grants.record_verified(scene.grant, grant.proof)
    assert (await scene.stores.grants.grant(scene.grant)).suspended_at is not None
    assert await channels.record_channel_seen(scene.anna, seen(GROUP), NOW) == []


async def test_a_lost_proof_suspends_until_it_is_found_again(scene: Scene) -> None:
    grants = scene.stores.grants
    await grants.suspend_grant(SYSTEM, scene.grant, "no admin any more")
    assert (await grants.grant(scene.grant)).suspended_reason == "no admin any more"
    await grants.record_verified(scene.grant, (await grants.grant(scene.grant)).proof)
    assert (await grants.grant(scene.grant)).suspended_at is None


async def test_a_member_takes_over_before_an_outsider(scene: Scene) -> None:
    channels = scene.stores.channels
    await stand_in(scene, "aaron", Role.PUBLIC)
    await stand_in(scene, "boris", Role.MEMBER)
    assert await channels.assign_readers() == []
    assert (await channels.channel_named("sky")).reader == "anna"
    await channels.record_channel_lost(ChannelLost(scene.anna, CHANNEL, "thrown out"))
    assert (await channels.channel_named("sky")).reader is None
    assert await channels.assign_readers() == []
    taken = await channels.channel_named("sky")
    assert (taken.reader, taken.reader_role) == ("boris", Role.MEMBER)


async def test_a_reader_that_is_parked_is_replaced(scene: Scene) -> None:
    boris = await stand_in(scene, "boris", Role.PUBLIC)
    await scene.stores.accounts.set_account_state(
        OLGA, scene.anna, AccountState.BANNED, "Telegram said so"
    )
    assert await scene.stores.channels.assign_readers() == []
    [reading] = await scene.stores.channels.readings_of(boris)
    assert reading.telegram_id == CHANNEL
    assert await scene.stores.channels.readings_of(scene.anna) == []


async def test_a_channel_that_nobody_can_read_is_complained_about(scene: Scene) -> None:
    await scene.stores.channels.record_role(scene.channel, scene.anna, Role.NONE)
    [complaint] = await scene.stores.channels.assign_readers()
    assert "Sky" in complaint
    await scene.stores.channels.set_channel_active(OLGA, scene.channel, active=False)
    assert await scene.stores.channels.assign_readers() == []


async def test_a_channel_is_due_again_after_its_interval(scene: Scene) -> None:
    channels = scene.stores.channels
    [reading] = await channels.readings_of(scene.anna)
    assert reading.due
    await channels.note_checked(scene.channel, datetime.now(UTC), None)
    [reading] = await channels.readings_of(scene.anna)
    assert not reading.due
    await channels.note_checked(scene.channel, datetime.now(UTC) - timedelta(minutes=6), None)
    [reading] = await channels.readings_of(scene.anna)
    assert reading.due


async def test_a_gap_that_updates_left_is_still_to_be_compared(scene: Scene) -> None:
    await scene.post(5)
    [reading] = await scene.stores.channels.readings_of(scene.anna)
    assert reading.last_message == 0
    assert (await scene.stores.channels.channel_named("sky")).last_message == 5
    await scene.stores.channels.note_checked(scene.channel, NOW, MessageId(5))
    [reading] = await scene.stores.channels.readings_of(scene.anna)
    assert reading.last_message == 5


async def test_few_accounts_look_at_a_channel_in_an_hour_and_each_looks_once_a_day(
    scene: Scene,
) -> None:
    channels = scene.stores.channels
    crowd = [await stand_in(scene, f"one-{number}", Role.NONE) for number in range(8)]
    await scene.sql(
        "UPDATE channel_access SET since = now() - interval '2 days' WHERE role = 'none'"
    )
    looked: set[AccountId] = set()
    for wanted in (2, 0):  # Anna reads it, and two more are enough
        found = await asyncio.gather(*(channels.take_scouting(account) for account in crowd))
        chosen = {account for account, readings in zip(crowd, found, strict=True) if readings}
        assert len(chosen) == wanted
        looked |= chosen
    await scene.sql(
        "UPDATE channel_access SET since = now() - interval '2 hours' WHERE account_id = ANY(:a)",
        a=sorted(looked),
    )
    found = await asyncio.gather(*(channels.take_scouting(account) for account in crowd))
    again = {account for account, readings in zip(crowd, found, strict=True) if readings}
    assert len(again) == 2
    assert not again & looked


async def test_an_account_looks_at_so_many_channels_in_an_hour(scene: Scene) -> None:
    boris = await stand_in(scene, "boris", Role.NONE)
    await scene.sql("DELETE FROM channel_access WHERE account_id = :a", a=boris)
    await scene.sql(
        "INSERT INTO channels (telegram_id, title)"
        " SELECT 9000 + n, 'Channel ' || n FROM generate_series(1, 60) AS n"
    )
    looks = [len(await scene.stores.channels.take_scouting(boris)) for _ in range(4)]
    assert looks == [LOOKS_AN_HOUR, 0, 0, 0]


async def test_many_lanes_that_look_together_ask_in_few_statements(scene: Scene) -> None:
    asked: list[str] = []
    listen = scene.engine.sync_engine
    event.listen(listen, "before_cursor_execute", lambda *told: asked.append(told[2]), named=False)
    stores, lanes = scene.stores, [AccountId(number) for number in range(1, 501)]
    hour = timedelta(hours=1)
    readings = await asyncio.gather(*(stores.channels.readings_of(lane) for lane in lanes))
    due = await asyncio.gather(*(stores.security.look_is_due(lane, hour) for lane in lanes))
    taken = await asyncio.gather(*(stores.commands.take_commands([lane]) for lane in lanes))
    told = await asyncio.gather(*(stores.intake.dialogue_reading(scene.anna, hour) for _ in lanes))
    assert sum(map(len, readings)) == 1
    assert all(due)
    assert not any(taken)
    assert all(reading.due for reading in told)
    assert len(asked) == 4
