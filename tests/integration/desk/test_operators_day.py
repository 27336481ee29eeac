"""What operators do all day: several tickets, notes, canned replies, giving away, promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from desk.calls import open_bot
from desk.door import Door
from desk.house import House
from desk.upkeep import Clockwork
from desk.wings import make_wings
from simulator.world.media import Location
from simulator.world.messages import Draft, Message
from simulator.world.people import Person
from support.catalogue import CannedReply
from support.ids import TicketId
from support.languages import Language
from support.people import Role
from support.sla import SlaPolicy
from support.terms import DeskTerms
from support.tickets import Priority
from tests.integration.desk.stand import BOSS, Stand, buttons_of
from tests.integration.desk.test_client import lose_redis


async def ask(stand: Stand, name: str, text: str, number: int) -> tuple[Person, Message]:
    """Let a client ask for an operator; returns the card too."""
    client = stand.person(name)
    stand.say(client, text)
    asked = await stand.shown(client, "Связаться")
    stand.press(client, asked, "v1:ask:other")
    return client, await stand.in_group(f"Новый клиент #{number}")


def texts(stand: Stand, person: Person) -> list[str]:
    """Return what the bot told somebody."""
    return [one.text for one in stand.told(person) if one.author != person.id]


@asynccontextmanager
async def house_of(stand: Stand, door: Door) -> AsyncIterator[House]:
    """Make what handlers work with, beside the door that runs."""
    bot = open_bot(stand.token, stand.url)
    try:
        house = await door.open_house(bot)
        for make in make_wings(house):
            make(house)
        yield house
    finally:
        await bot.session.close()


async def test_a_ticket_given_on_brings_what_was_said_once_and_nothing_twice(stand: Stand) -> None:
    async with stand.open() as door:
        olga, igor = [await stand.operator(door, name) for name in ("Olga", "Igor")]
        anna, card = await ask(stand, "Anna", "<b>Where</b> is it?", 1)
        stand.press(olga, card, "v1:take")
        begun = await stand.shown(olga, "Вы подключены")
        await stand.shown(olga, "Where")
        assert not any("уже сказано" in one for one in texts(stand, olga))
        stand.say(olga, "I shall look")
        await stand.shown(anna, "I shall look")
        stand.press(olga, begun, "v1:requeue")
        await stand.shown(anna, "снова в очереди")
        stand.say(anna, "Anybody there?")
        again = await stand.until(partial(newer, stand, card), "a new card")
        stand.press(igor, again, "v1:take")
        told = await stand.shown(igor, "уже сказано")
        assert "Anna: <b>Where</b> is it?" in told.text
        assert "Olga: I shall look" in told.text
        assert "Anybody there?" not in told.text
        await stand.shown(igor, "Anybody there?")
        controls = await stand.shown(igor, "Вы подключены")
        stand.press(igor, controls, "v1:pass:1")
        whom = await stand.shown(igor, "Кому передать")
        stand.press(igor, whom, "v1:passto:1")
        await stand.shown(igor, "#1 передано")
        back = await stand.shown(olga, "Anna: Anybody there?")
        stand.say(anna, "Thank you")
        await stand.shown(olga, "Thank you", after=back.id)
        for person in (olga, igor):
            assert texts(stand, person).count("<b>Where</b> is it?") == (person is olga)
        assert texts(stand, igor).count("Anybody there?") == 1
        assert "Thank you" not in texts(stand, igor)


def newer(stand: Stand, card: Message) -> Message | None:
    """Find the card that stands below another one."""
    below = [one for one in stand.group.history if one.id > card.id and "Новый" in one.text]
    return below[-1] if below else None


async def test_an_operator_keeps_several_dialogues_apart_and_in_order(stand: Stand) -> None:
    stand.terms = DeskTerms(several_tickets=True)
    async with stand.open() as door:
        reply = CannedReply(
            "thanks",
            {Language.RU: "Спасибо", Language.EN: "Thanks"},
            {Language.RU: "{client}, спасибо! {operator}, #{ticket}", Language.EN: "Thanks"},
        )
        await door.desk.catalogue.put_canned_reply(BOSS, reply)
        olga = await stand.operator(door, "Olga")
        anna, first = await ask(stand, "Anna", "I am Anna", 1)
        boris, second = await ask(stand, "Boris", "I am Boris", 2)
        for card, words in ((first, "I am Anna"), (second, "I am Boris")):
            stand.press(olga, card, "v1:take")
            await stand.shown(olga, words)
        stand.say(olga, "for Boris")
        await stand.shown(boris, "for Boris")
        stand.say(olga, "/mine")
        mine = await stand.shown(olga, "Ваши диалоги")
        stand.press(olga, mine, "v1:switch:1")
        await stand.shown(olga, "Текущий диалог: #1")
        stand.say(olga, "for Anna")
        await stand.shown(anna, "for Anna")
        stand.say(olga, "/note drinks tea")
        await stand.shown(olga, "Заметка к #1")
        stand.say(olga, "/tag Urgent parcel")
        await stand.shown(olga, "parcel, urgent")
        stand.say(olga, "/untag parcel")
        await stand.shown(olga, "Метки #1: urgent")
        stand.say(olga, "/priority 3")
        await stand.shown(olga, "#1: приоритет")
        stand.say(olga, "/canned")
        canned = await stand.until(partial(with_button, stand, olga, "v1:say:1"), "replies")
        stand.press(olga, canned, "v1:say:1")
        await stand.shown(anna, "Anna, спасибо! Olga, #1")
        ticket = TicketId(1)
        assert [one.text for one in await door.desk.notes.notes(ticket)] == ["drinks tea"]
        assert (await door.desk.tickets.ticket(ticket)).priority is Priority.URGENT
        assert not any("tea" in one or "for Boris" in one for one in texts(stand, anna))


def with_button(stand: Stand, person: Person, begin: str) -> Message | None:
    """Find the latest message with such a button."""
    shown = reversed(stand.told(person))
    return next((m for m in shown if any(b.startswith(begin) for b in buttons_of(m))), None)


async def test_promises_and_silence_are_warned_of_once_before_it_is_too_late(stand: Stand) -> None:
    stand.terms = DeskTerms(idle_warning=timedelta(), idle_close=timedelta())
    async with stand.open() as door, house_of(stand, door) as house:
        hour = timedelta(hours=1)
        await door.desk.catalogue.put_policy(BOSS, SlaPolicy("all", hour, None, None, 2 * hour))
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        clockwork = Clockwork(house)
        for _ in range(2):
            await clockwork.warn_of_promises()
        await stand.in_group("⏰ #1: первый ответ")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        stand.say(olga, "Is it on?")
        await stand.shown(anna, "Is it on?")
        for _ in range(2):
            await clockwork.warn_the_silent()
        await stand.shown(anna, "Вы давно не отвечали")
        await clockwork.queue(await clockwork.close_the_silent())
        await stand.shown(anna, "завершено")
        await stand.shown(olga, "#1")
        warned = [one.text for one in stand.group.history if "⏰" in one.text]
        assert len(warned) == 1
        assert sum("давно не отвечали" in one for one in texts(stand, anna)) == 1


async def test_a_note_that_was_asked_for_goes_to_no_client_though_redis_is_lost(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        controls = await stand.shown(olga, "Вы подключены")
        stand.press(olga, controls, "v1:note:1")
        await stand.shown(olga, "Напишите заметку")
    await lose_redis(stand)
    async with stand.open("next") as door:
        place = Location(55.75, 37.61)
        stand.world.private_talk.send(olga, stand.bot, Draft("", media=place))
        asked = await stand.shown(olga, "только текст")
        stand.say(olga, "secret")
        await stand.shown(olga, "Заметка к #1 сохранена", after=asked.id)
        stand.say(olga, "Hello, Anna")
        await stand.shown(anna, "Hello, Anna")
        stand.press(olga, controls, "v1:note:1")
        cancel = await stand.shown(olga, "Напишите заметку", after=asked.id)
        stand.press(olga, cancel, "v1:nonote")
        await stand.shown(olga, "заметки не будет")
        stand.say(olga, "no secret")
        await stand.shown(anna, "no secret")
        assert [one.text for one in await door.desk.notes.notes(TicketId(1))] == ["secret"]
        assert not any(one == "secret" or "📍" in one for one in texts(stand, anna))


async def test_what_an_admin_typed_for_the_menu_goes_to_no_client_though_redis_is_lost(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        roles = frozenset({Role.ADMIN, Role.OPERATOR})
        await door.desk.staff.set_roles(BOSS, (await stand.staff(door, olga)).id, roles)
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "Вы подключены")
        stand.say(olga, "/admin")
        menu = await stand.shown(olga, "Настройки поддержки")
        stand.press(olga, menu, "adm:hours")
        hours = await stand.shown(olga, "Часы работы не заданы")
        stand.press(olga, hours, "adm:ask:week")
        await stand.shown(olga, "Пришлите часы")
    await lose_redis(stand)
    async with stand.open("next"):
        stand.say(olga, "пн-пт 09:00-18:00")
        await stand.shown(olga, "клиенту это не отправлено")
        stand.say(olga, "Hello, Anna")
        await stand.shown(anna, "Hello, Anna")
        assert not any("09:00" in one for one in texts(stand, anna))


async def test_a_client_who_is_blocked_is_not_heard_until_they_are_forgiven(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        stand.say(olga, "/block")
        await stand.shown(olga, "больше не принимаются")
        stand.say(anna, "rude words")
        stand.say(anna, "/tickets")
        await stand.shown(anna, "Ваши обращения")
        stand.say(olga, "/unblock #1")
        await stand.shown(olga, "снова принимаются")
        stand.say(anna, "sorry")
        await stand.shown(olga, "sorry")
        assert "rude words" not in texts(stand, olga)
