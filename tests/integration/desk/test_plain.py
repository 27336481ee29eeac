"""Plain messages go past aiogram's routers, and come to the same."""

from collections.abc import Mapping
from typing import Any

from aiogram.types import Update

from desk.calls import open_bot
from desk.client.wing import Wanted
from desk.dispatch import Switchboard
from desk.plain import plain_message
from desk.turn import Turn, update_name
from desk.wings import make_wings
from simulator.world.people import Person
from tests.integration.desk.stand import Stand
from tests.integration.desk.test_relays import dialogue

CONTENTS: list[Mapping[str, Any]] = [
    {"text": "hello"},
    {"caption": "so", "document": {"file_id": "a", "file_unique_id": "b"}},
    {"text": "part", "media_group_id": "4"},
    {"text": "answer", "reply": True},
    {"pinned": True},
]


def update(number: int, author: Person, content: Mapping[str, Any]) -> Update:
    """Write the update that tells of a message."""
    chat = {"id": author.id, "type": "private"}
    other = {"message_id": 1, "date": 1, "chat": chat, "text": "before"}
    parts = {"reply": ("reply_to_message", other), "pinned": ("pinned_message", other)}
    told: dict[str, Any] = dict(parts.get(name, (name, value)) for name, value in content.items())
    person = {"id": author.id, "is_bot": False, "first_name": author.first_name}
    message = {"message_id": 90_000 + number, "date": 1, "chat": chat, "from": person}
    return Update.model_validate({"update_id": number, "message": message | told})


async def test_a_plain_message_comes_to_the_same_by_both_ways(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        bot = open_bot(stand.token, stand.url)
        house = await talk.door.open_house(bot)
        switchboard = Switchboard.of(house, [make(house) for make in make_wings(house)])
        stranger = stand.person("Zoe")
        try:
            number = 0
            for author in (talk.client, talk.operator, stranger):
                for content in CONTENTS:
                    number += 1
                    told = update(number, author, content)
                    name = update_name(house.bot_id, number)
                    routed, plain = (Turn(house.bot_id, name) for _ in range(2))
                    await switchboard.route(routed, told)
                    message = plain_message(told)
                    assert message is not None
                    assert await switchboard.plain.take(message, plain, switchboard.state(message))
                    assert plain.parcels == routed.parcels
                    assert bool(plain.parcels) != ("pinned" in content)
        finally:
            await switchboard.close()
            await bot.session.close()


async def test_what_was_asked_for_is_not_plain(stand: Stand) -> None:
    async with stand.open() as door:
        bot = open_bot(stand.token, stand.url)
        house = await door.open_house(bot)
        switchboard = Switchboard.of(house, [make(house) for make in make_wings(house)])
        try:
            message = plain_message(update(1, stand.person("Anna"), {"text": "89991234567"}))
            assert message is not None
            state = switchboard.state(message)
            await state.set_state(Wanted.phone)
            turn = Turn(house.bot_id, "u:1:1")
            assert not await switchboard.plain.take(message, turn, state)
            assert turn.parcels == []
        finally:
            await bot.session.close()
