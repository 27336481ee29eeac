"""What clients write and show before anybody answers: kept where no lost memory reaches it."""

import asyncpg
from redis.asyncio import Redis

from db.engine import plain_url
from simulator.world.media import Contact
from simulator.world.messages import Draft
from simulator.world.people import Person
from support.catalogue import Flow, MenuTopic
from support.ids import TgUserId
from support.languages import Language
from tests.integration.desk.stand import BOSS, Stand

WRITTEN = [f"line {number}" for number in range(12)]
NUMBER = "+79991234567"


async def lose_redis(stand: Stand) -> None:
    """Forget everything that the desk remembers in Redis."""
    async with Redis.from_url(stand.redis_url) as redis:
        await redis.flushdb()


async def test_nothing_that_was_written_before_a_ticket_is_lost_with_redis(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna = stand.person("Anna")
        for line in WRITTEN:
            stand.say(anna, line)
        asked = await stand.shown(anna, "Связаться с оператором?")
        await stand.until(lambda: len(asked_of(stand, anna)) == len(WRITTEN), "all are handled")
        await lose_redis(stand)
        stand.press(anna, asked, "v1:ask:other")
        card = await stand.in_group("Новый клиент #1")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, WRITTEN[-1])
        assert [m.text for m in stand.told(olga) if m.text in WRITTEN] == WRITTEN


def asked_of(stand: Stand, person: Person) -> list[str]:
    """Return how often somebody was asked whether to call an operator."""
    return [one.text for one in stand.told(person) if "Связаться" in one.text]


async def test_what_needs_no_operator_is_no_part_of_a_later_ticket(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna = stand.person("Anna")
        stand.say(anna, "never mind")
        asked = await stand.shown(anna, "Связаться с оператором?")
        stand.press(anna, asked, "v1:ok")
        await stand.until(lambda: "Связаться" not in asked.text, "the question is gone")
        stand.say(anna, "this one counts")
        again = await stand.shown(anna, "Связаться с оператором?", after=asked.id)
        stand.press(anna, again, "v1:ask:other")
        card = await stand.in_group("Новый клиент #1")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "this one counts")
        assert not any(m.text == "never mind" for m in stand.told(olga))


async def test_a_number_is_shared_or_typed_and_kept_encrypted(stand: Stand) -> None:
    async with stand.open() as door:
        titles = {Language.RU: "Звонок", Language.EN: "Call"}
        topic = MenuTopic("call", titles, Flow.OPERATOR, {}, asks_phone=True)
        await door.desk.catalogue.put_menu_topic(BOSS, topic)
        anna, boris = stand.person("Anna"), stand.person("Boris")
        for client in (anna, boris):
            stand.say(client, "/start")
            menu = await stand.shown(client, "Здравствуйте")
            stand.press(client, menu, "v1:topic:call")
            await stand.shown(client, "Связаться")
            stand.press(client, menu, "v1:ask:call")
            await stand.shown(client, "Оставьте номер")
        send = stand.world.private_talk.send
        send(anna, stand.bot, Draft("", media=Contact(NUMBER, "Boris", user=boris.id)))
        await stand.shown(anna, "чужой номер")
        send(anna, stand.bot, Draft("", media=Contact(NUMBER, "Anna", user=anna.id)))
        await stand.in_group("…4567")
        stand.say(boris, "I have none")
        await stand.shown(boris, "Не похоже на номер")
        stand.say(boris, "8 (999) 123-45-68")
        await stand.in_group("…4568")
        for client, number in ((anna, NUMBER), (boris, "+79991234568")):
            found = await door.desk.clients.client_of(TgUserId(client.id))
            assert found is not None
            assert await door.desk.clients.phone_of(found.id) == number
    assert not await stands_readable(stand, "9991234567")


async def stands_readable(stand: Stand, digits: str) -> bool:
    """Tell whether a client's row shows a number to whoever reads the database."""
    connection = await asyncpg.connect(plain_url(stand.database_url))
    try:
        rows = await connection.fetch("SELECT clients::text AS row, phone_encrypted FROM clients")
    finally:
        await connection.close()
    return any(
        digits in one["row"] or digits.encode() in (one["phone_encrypted"] or b"") for one in rows
    )
