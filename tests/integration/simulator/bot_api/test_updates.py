import asyncio
from datetime import timedelta

from simulator.world.people import Person
from tests.integration.simulator.bot_api.conftest import Place, Raw, in_time


async def test_a_bot_is_told_who_it_is(raw: Raw, place: Place) -> None:
    me = await raw.do("getMe")
    assert (me["id"], me["is_bot"], me["username"]) == (place.bot.id, True, "desk_bot")


async def test_a_wrong_token_opens_nothing(place: Place) -> None:
    stranger = await place.raw("1:wrong")
    assert (await stranger.ask("getMe"))["error_code"] == 401


async def test_an_unknown_method_is_named_and_counted(raw: Raw, place: Place) -> None:
    answer = await raw.ask("makeCoffee")
    assert (answer["ok"], answer["error_code"]) == (False, 404)
    assert "makeCoffee" in answer["description"]
    assert place.api.unknown == {"makeCoffee": 1}


async def test_get_and_forms_say_the_same_as_json(raw: Raw, place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    said = {"chat_id": str(anna.id), "text": "hello"}
    address = f"{place.url}/bot{place.token}/SENDMESSAGE"
    replies = [
        await raw.client.get(address, params=said),
        await raw.client.post(address, data=said),
        await raw.client.post(address, files={k: (None, v) for k, v in said.items()}),
        await raw.client.post(address, json=said),
    ]
    assert [reply.json()["result"]["text"] for reply in replies] == ["hello"] * 4
    assert len(place.world.messages_of((anna, place.bot))) == 5


async def test_an_update_is_repeated_until_it_is_confirmed(
    raw: Raw, place: Place, anna: Person
) -> None:
    for text in ("one", "two"):
        place.world.send_private(anna, place.bot, text)
    first = await raw.do("getUpdates")
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert await raw.do("getUpdates", limit=1) == first[:1]
    assert await raw.do("getUpdates", offset=first[1]["update_id"]) == first[1:]
    assert await raw.do("getUpdates", offset=first[1]["update_id"] + 1) == []


async def test_a_negative_offset_forgets_all_but_the_last(
    raw: Raw, place: Place, anna: Person
) -> None:
    for text in ("one", "two", "three"):
        place.world.send_private(anna, place.bot, text)
    assert [u["message"]["text"] for u in await raw.do("getUpdates", offset=-1)] == ["three"]
    assert len(await raw.do("getUpdates")) == 1


async def test_a_poll_waits_for_what_comes(raw: Raw, place: Place, anna: Person) -> None:
    poll = asyncio.create_task(raw.do("getUpdates", timeout=30))
    await until_polled(place)
    place.world.send_private(anna, place.bot, "now")
    assert [u["message"]["text"] for u in await in_time(poll)] == ["now"]


async def until_polled(place: Place) -> None:
    await in_time(place.api.rooms.of(place.bot.id).backlog.polled.wait())


async def test_a_second_poll_ends_the_first(raw: Raw, place: Place) -> None:
    first = asyncio.create_task(raw.ask("getUpdates", timeout=30))
    await until_polled(place)
    assert await raw.do("getUpdates") == []
    refused = await in_time(first)
    assert refused["error_code"] == 409
    assert "terminated by other getUpdates" in refused["description"]


async def test_unwanted_kinds_do_not_come(raw: Raw, place: Place, anna: Person) -> None:
    await raw.do("getUpdates", allowed_updates=["edited_message"])
    place.world.send_private(anna, place.bot, "unwanted")
    assert await raw.do("getUpdates", allowed_updates=[]) == []
    place.world.send_private(anna, place.bot, "wanted")
    assert len(await raw.do("getUpdates")) == 1


async def test_updates_of_yesterday_are_gone(raw: Raw, place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "old")
    place.world.clock.advance(timedelta(hours=25))
    assert await raw.do("getUpdates") == []
