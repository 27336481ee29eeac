"""What clients write and show before anybody answers: kept where no lost memory reaches it."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from redis.asyncio import Redis

from db.engine import plain_url
from simulator.world.media import Contact
from simulator.world.messages import Draft
from simulator.world.people import Person
from support.assignment import Assignment
from support.calendar import Span
from support.catalogue import Flow, Hours, MenuTopic
from support.ids import TgUserId, TicketId
from support.languages import Language
from support.terms import DeskTerms
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


async def asks(stand: Stand, person: Person, opened: str) -> None:
    """Let somebody ask for an operator and wait until the ticket is confirmed."""
    said = stand.say(person, "help")
    words = "Связаться" if person.language == "ru" else "Shall we call"
    asked = await stand.shown(person, words, after=said.id)
    stand.press(person, asked, "v1:ask:other")
    await stand.shown(person, opened, after=said.id)


async def test_clients_see_their_place_when_the_desk_opens_and_their_own_tickets(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(reopen=timedelta(hours=1))
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        now = datetime.now(ZoneInfo("Europe/Moscow"))
        later = (now.weekday() + 3) % 7
        hours = Hours("desk", "Europe/Moscow", {later: (Span(540, 1080),)}, is_desk=True)
        await door.desk.catalogue.put_hours(BOSS, hours)
        anna, john = stand.person("Anna"), stand.person("John", language="en")
        await asks(stand, anna, "Обращение #1 принято")
        await asks(stand, john, "Ticket #2")
        first, second = (
            await stand.shown(anna, "в очереди"),
            await stand.shown(john, "You are number"),
        )
        assert "Вы 1-й в очереди (всего ждут: 1)" in first.text
        day = (now + timedelta(days=3)).strftime("%d.%m")
        assert f"откроемся {day} 09:00" in first.text
        assert "2" in second.text
        assert f"{day} 09:00" in second.text

        stand.press(olga, await stand.in_group("Новый клиент #1"), "v1:take")
        controls = await stand.shown(olga, "Вы подключены")
        stand.press(olga, controls, "v1:finish")
        await stand.shown(anna, "завершено")
        await asks(stand, anna, "#1")
        stand.say(anna, "/tickets")
        mine = await stand.shown(anna, "Ваши обращения")
        assert "🟢 #1" in mine.text, "it was closed a moment ago, and is open again"
        assert "#2" not in mine.text
        stand.say(john, "/tickets")
        his = await stand.shown(john, "Your tickets")
        assert "#2" in his.text
        russian = re.compile("[а-яё]", re.IGNORECASE)
        told = [one.text for one in stand.told(john) if one.author == stand.bot.id]
        assert not [one for one in told if russian.search(one)], "John reads English only"
        stand.press(john, his, "v1:home")
        menu = await stand.shown(john, "Hello, John", after=his.id)
        stand.press(john, menu, "v1:lang:ru")
        await stand.until(lambda: "Здравствуйте" in menu.text, "the other language")


async def test_who_writes_too_much_is_told_once_and_heard_again_later(stand: Stand) -> None:
    stand.terms = DeskTerms(client_messages_a_minute=3)
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna = stand.person("Anna")
        await asks(stand, anna, "Обращение #1 принято")
        stand.press(olga, await stand.in_group("Новый клиент #1"), "v1:take")
        await stand.shown(olga, "help")
        for number in range(6):
            stand.say(anna, f"line {number}")
        await stand.shown(anna, "Слишком много сообщений")
        stand.say(anna, "/tickets")
        await stand.shown(anna, "Ваши обращения")
        told = [one.text for one in stand.told(anna)]
        assert sum("Слишком много" in one for one in told) == 1
        await stand.shown(olga, "line 1")
        heard = [one.text for one in stand.told(olga) if one.text.startswith("line ")]
        assert heard == ["line 0", "line 1"], "the first words counted too"


async def test_a_rule_gives_tickets_to_operators_who_are_there(stand: Stand) -> None:
    stand.terms = DeskTerms(assignment=Assignment.ROUND_ROBIN)
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        igor = await stand.operator(door, "Igor")
        vera = await stand.operator(door, "Vera")
        stand.say(vera, "/away")
        await stand.shown(vera, "Перерыв")
        anna, boris, clara = (stand.person(name) for name in ("Anna", "Boris", "Clara"))
        for number, client in enumerate((anna, boris), start=1):
            await asks(stand, client, f"#{number} принято")
            await stand.shown(client, "Оператор подключился")
        await stand.shown(olga, "Вы подключены")
        await stand.shown(igor, "Вы подключены")
        await asks(stand, clara, "#3 принято")
        waiting = await door.desk.tickets.waiting()
        assert [one.id for one in waiting] == [3], "whoever is away is given nobody"


async def test_what_is_edited_before_there_is_a_ticket_begins_it_as_it_reads_now(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        anna = stand.person("Anna")
        said = stand.say(anna, "Wher is it?")
        asked = await stand.shown(anna, "Связаться")
        stand.world.private_talk.edit(anna, said.id, Draft("Where is it?"))
        stand.press(anna, asked, "v1:ask:other")
        await stand.in_group("Новый клиент")
        assert [m.text for m in await door.desk.talk.messages(TicketId(1))] == ["Where is it?"]
