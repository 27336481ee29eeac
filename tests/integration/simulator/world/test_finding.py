import pytest
from telethon import errors
from telethon.tl import types
from telethon.tl.functions import contacts

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town


@pytest.fixture
def news(town: Town, boss: Person, anna: Person) -> Channel:
    channel = town.world.add_channel("Rocket news", "town_news", owner=boss)
    town.world.join(channel, anna)
    return channel


async def test_people_and_channels_are_found_by_name(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    town.world.add_channel("Elsewhere", "rocket_club", owner=boris)
    town.world.send_private(boris, anna, "hello")
    client = await town.sign_in(anna)
    found = await client(contacts.SearchRequest("rocket", 10))
    assert found.my_results == [types.PeerChannel(news.id)]
    assert [chat.title for chat in found.chats] == ["Rocket news", "Elsewhere"]
    found = await client(contacts.SearchRequest("bori", 10))
    assert found.my_results == [types.PeerUser(boris.id)]
    with pytest.raises(errors.QueryTooShortError):
        await client(contacts.SearchRequest("ro", 10))


async def test_all_chats_are_searched_at_once_page_by_page(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    hidden = town.world.add_channel("Hidden", owner=boris)
    town.world.publish(hidden, "a comet nobody may see")
    for _ in range(100):  # Telethon takes numbers up to its page's size for the last page
        town.world.publish(news, "noise")
        town.world.send_private(boris, anna, "noise")
    expected = []
    for number in range(130):
        if number % 2:
            expected.append(town.world.publish(news, f"comet {number}").text)
        else:
            expected.append(town.world.send_private(boris, anna, f"a Comet {number}").text)
    client = await town.sign_in(anna)
    found = [message async for message in client.iter_messages(None, search="comet")]
    assert len(found) == 130
    assert sorted(message.text for message in found) == sorted(expected)
    assert [m.date for m in found] == sorted((m.date for m in found), reverse=True)
