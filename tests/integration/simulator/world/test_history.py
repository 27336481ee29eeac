from datetime import timedelta

import pytest
from telethon import errors
from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.world.channels import Channel, Right
from simulator.world.media import Picture
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town

POSTS = 250


@pytest.fixture
def news(town: Town, boss: Person) -> Channel:
    channel = town.world.add_channel("News", "town_news", owner=boss)
    for number in range(POSTS):
        town.world.publish(channel, f"post {number}")
    return channel


async def test_a_history_is_read_from_both_ends(town: Town, news: Channel, anna: Person) -> None:
    client = await town.sign_in(anna)
    down = [m.id async for m in client.iter_messages("town_news", wait_time=0)]
    up = [m.id async for m in client.iter_messages("town_news", reverse=True, wait_time=0)]
    assert up == [m.id for m in town.world.messages_of(news)]
    assert down == up[::-1]


@pytest.mark.usefixtures("news")
async def test_a_history_is_read_from_a_place_on(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    newer = [
        m.id async for m in client.iter_messages("town_news", min_id=200, reverse=True, wait_time=0)
    ]
    older = [m.id async for m in client.iter_messages("town_news", offset_id=20, wait_time=0)]
    few = [m.id async for m in client.iter_messages("town_news", limit=3, offset_id=20)]
    assert newer == list(range(201, POSTS + 2))
    assert older == list(range(19, 0, -1))
    assert few == [19, 18, 17]


async def test_a_history_is_read_from_a_date_on(town: Town, boss: Person, anna: Person) -> None:
    channel = town.world.add_channel("Slow", "slow_news", owner=boss)
    dates = []
    for number in range(5):
        town.world.clock.advance(timedelta(hours=1))
        town.world.publish(channel, f"post {number}")
        dates.append(town.world.clock.now())
    client = await town.sign_in(anna)
    since = client.iter_messages("slow_news", offset_date=dates[2], reverse=True, wait_time=0)
    until = client.iter_messages("slow_news", offset_date=dates[2], wait_time=0)
    assert [m.raw_text async for m in since] == ["post 2", "post 3", "post 4"]
    assert [m.raw_text async for m in until][:2] == ["post 1", "post 0"]


@pytest.mark.usefixtures("news")
async def test_single_messages_are_read_by_number(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    found = await client.get_messages("town_news", ids=[5, 9999, 7])
    assert [m and m.id for m in found] == [5, None, 7]


async def test_a_chat_is_searched_by_words_and_author(
    town: Town, boss: Person, anna: Person, boris: Person
) -> None:
    group = town.world.add_group("Club", "our_club", owner=boss)
    town.world.join(group, anna, boris)
    for person in (anna, boris):
        for text in ("Привет всем", "пока"):
            town.world.say(group, person, text)
    client = await town.sign_in(anna)
    by_words = await client.get_messages("our_club", search="ПРИВЕТ", limit=10)
    by_author = await client.get_messages("our_club", from_user="me", limit=10)
    assert len(by_words) == 2
    assert [m.sender_id for m in by_author] == [anna.id, anna.id]


async def test_pictures_are_found_by_their_filter(town: Town, boss: Person, anna: Person) -> None:
    channel = town.world.add_channel("Art", "town_art", owner=boss)
    town.world.publish(channel, "no picture")
    post = town.world.publish(channel, "look", media=Picture(1))
    client = await town.sign_in(anna)
    found = await client.get_messages("town_art", filter=types.InputMessagesFilterPhotos, limit=9)
    assert [m.id for m in found] == [post.id]
    assert found[0].photo.sizes[0].w == 1280


async def test_dialogs_come_with_the_liveliest_first(
    town: Town, boss: Person, anna: Person, boris: Person
) -> None:
    channel = town.world.add_channel("News", owner=boss)
    town.world.join(channel, anna)
    town.world.clock.advance(timedelta(minutes=1))
    town.world.publish(channel, "hello")
    town.world.clock.advance(timedelta(minutes=1))
    town.world.send_private(boris, anna, "hi")
    client = await town.sign_in(anna)
    dialogs = await client.get_dialogs()
    assert [(d.name, d.unread_count) for d in dialogs] == [("Boris", 1), ("News", 1)]
    assert dialogs[0].message.raw_text == "hi"


async def test_many_dialogs_are_listed_page_by_page(town: Town, anna: Person) -> None:
    for number in range(230):
        other = town.world.add_person("", f"P{number}")
        town.world.clock.advance(timedelta(seconds=10))
        town.world.send_private(other, anna, "hi")
    client = await town.sign_in(anna)
    names = [dialog.name async for dialog in client.iter_dialogs()]
    assert names == [f"P{number}" for number in reversed(range(230))]


async def test_members_are_listed_by_page_and_filter(
    town: Town, boss: Person, anna: Person
) -> None:
    group = town.world.add_group("Club", "our_club", owner=boss)
    town.world.join(group, *(town.world.add_person("", f"P{i}") for i in range(250)))
    town.world.make_admin(group, anna, Right.BAN_USERS)
    client = await town.sign_in(anna)
    everybody = [user.id async for user in client.iter_participants("our_club")]
    admins = [
        user.id
        async for user in client.iter_participants(
            "our_club", filter=types.ChannelParticipantsAdmins
        )
    ]
    assert len(everybody) == len(set(everybody)) == 252
    assert set(admins) == {boss.id, anna.id}
    rights = await client.get_permissions("our_club", "me")
    assert (rights.is_admin, rights.ban_users, rights.post_messages) == (True, True, False)


async def test_a_broadcast_channel_shows_its_members_to_admins_only(
    town: Town, news: Channel, anna: Person
) -> None:
    town.world.join(news, anna)
    client = await town.sign_in(anna)
    with pytest.raises(errors.ChatAdminRequiredError):
        await client.get_participants("town_news")
    town.world.make_admin(news, anna)
    assert len(await client.get_participants("town_news")) == 2


@pytest.mark.usefixtures("news")
async def test_adminship_can_be_asked_and_is_lost_again(
    town: Town, boss: Person, anna: Person
) -> None:
    client, owner = await town.sign_in(anna), await town.sign_in(boss)
    with pytest.raises(errors.UserNotParticipantError):
        await client.get_permissions("town_news", "me")
    await owner.edit_admin("town_news", "anna_p", post_messages=True)
    assert (await client.get_permissions("town_news", "me")).post_messages
    assert (await client.get_entity("town_news")).admin_rights.post_messages
    await owner.edit_admin("town_news", "anna_p", is_admin=False)
    assert not (await client.get_permissions("town_news", "me")).is_admin


@pytest.mark.usefixtures("news")
async def test_views_are_counted_when_asked_to(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    for increment in (False, True, False):
        got = await client(messages.GetMessagesViewsRequest("town_news", [2, 9999], increment))
    assert [views.views for views in got.views] == [2, None]


async def test_an_unknown_basic_group_is_refused(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    with pytest.raises(errors.ChatIdInvalidError):
        await client(messages.GetFullChatRequest(1))


async def test_a_channel_with_a_wrong_hash_is_refused(
    town: Town, news: Channel, anna: Person
) -> None:
    client = await town.sign_in(anna)
    with pytest.raises(errors.ChannelInvalidError):
        await client(channels.GetChannelsRequest([types.InputChannel(news.id, 12345)]))
