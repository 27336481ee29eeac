"""What staff ask the bot, and what admins change in its menu."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from desk.door import Door
from simulator.world.messages import Message
from simulator.world.people import Person
from support.assignment import Assignment
from support.catalogue import Flow
from support.groups import NewInvite
from support.ids import TgUserId
from support.languages import Language
from support.people import NewStaff, Role, UserStatus
from support.sla import SlaPolicy
from support.tickets import Priority
from tests.integration.desk.stand import BOSS, Stand, buttons_of


async def admin(stand: Stand, door: Door) -> Person:
    """Let an admin be born who has opened the menu."""
    person = stand.person("Vera")
    await door.desk.staff.add_staff(
        BOSS, NewStaff("Vera", TgUserId(person.id), frozenset({Role.ADMIN}))
    )
    stand.say(person, "/admin")
    return person


async def turned(stand: Stand, person: Person, menu: Message, button: str, words: str) -> None:
    """Press a button of the menu and wait until the page shows these words."""
    stand.press(person, menu, button)
    await stand.until(lambda: words in menu.text, f"the menu shows {words!r} after {button}")


async def test_admins_edit_menu_topics_and_clients_see_it_at_once(stand: Stand) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:topics", "стартового меню")
        await turned(stand, vera, menu, "adm:ask:topic:new", "Пришлите ключ")
        stand.say(vera, "delivery Доставка | Delivery")
        page = await stand.shown(vera, "Сразу предложить")
        stand.press(vera, page, "adm:do:topic_shown:delivery")
        await stand.until(lambda: "✅ В меню" in titles(page), "it is shown")
        anna = stand.person("Anna")
        stand.say(anna, "/start")
        start = await stand.shown(anna, "Anna")
        assert "Доставка" in titles(start)
        stand.press(vera, page, "adm:ask:title:delivery:ru")
        await stand.until(lambda: "новое название" in page.text, "the question")
        stand.say(vera, "x" * 100)
        await stand.shown(vera, "Так не получится")
        stand.say(vera, "Курьер")
        await stand.shown(vera, "RU: Курьер")
    topic = await door.desk.catalogue.menu_topic("delivery")
    assert topic is not None
    assert topic.title(Language.RU) == "Курьер"


async def test_a_text_that_an_admin_changed_is_used_at_once_and_can_be_brought_back(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        await stand.shown(vera, "Настройки поддержки")
        await door.desk.catalogue.put_text(BOSS, "client.glad", Language.EN, "Fine")
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:texts:0", "страница 1")
        key = next(one for one in buttons_of(menu) if one.startswith("adm:text:"))
        await turned(stand, vera, menu, key, "EN:")
        stand.press(vera, menu, key.replace("adm:text:", "adm:ask:text:") + ":ru")
        await stand.until(lambda: "новый текст" in menu.text, "the question")
        stand.say(vera, "Свои слова")
        page = await stand.shown(vera, "RU: Свои слова")
        back = next(one for one in buttons_of(page) if one.startswith("adm:do:text_back"))
        stand.press(vera, page, back)
        await stand.until(lambda: "Свои слова" not in page.text, "ours is back")


async def test_roles_are_given_and_taken_and_all_of_it_is_audited(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        number = (await stand.staff(door, olga)).id
        await turned(stand, vera, menu, "adm:staff", "Кто работает")
        await turned(stand, vera, menu, f"adm:person:{number}", "Olga")
        stand.press(vera, menu, f"adm:do:role:{number}:lead")
        await stand.until(lambda: "✅ старший" in titles(menu), "she leads")
        stand.press(vera, menu, f"adm:do:status:{number}:suspended")
        await stand.until(lambda: "приостановлен" in menu.text, "she is suspended")
        changed = await stand.staff(door, olga)
        assert Role.LEAD in changed.roles
        assert not changed.takes_tickets
    async with stand.engine.connect() as connection:
        acts = await connection.execute(text("SELECT action FROM audit_log WHERE actor = 'Vera'"))
        assert len(acts.all()) == 2


async def test_who_is_no_admin_finds_no_menu_and_presses_in_vain(stand: Stand) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        olga = await stand.operator(door, "Olga")
        stand.say(olga, "/admin")
        stand.say(olga, "/stats")
        await stand.shown(olga, "За 7 дней")
        assert not any("Настройки" in one.text for one in olga.inbox.messages.values())
        await turned(stand, vera, menu, "adm:hours", "Часы работы")


async def test_hours_are_typed_as_people_write_them(stand: Stand) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:hours", "Часы работы")
        await turned(stand, vera, menu, "adm:ask:week", "Пришлите часы")
        stand.say(vera, "someday 9-18")
        await stand.shown(vera, "Так не получится")
        stand.say(vera, "пн-пт 9-18; сб 10:00-14:00")
        await stand.shown(vera, "🕘 пн-пт 09:00-18:00; сб 10:00-14:00")
    calendar = await door.desk.catalogue.desk_calendar()
    assert calendar is not None
    assert set(calendar.week) == {0, 1, 2, 3, 4, 5}


async def test_admins_see_and_change_what_is_promised_and_it_is_audited(stand: Stand) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:hours", "Часы работы")
        await turned(stand, vera, menu, "adm:ask:week", "Пришлите часы")
        stand.say(vera, "пн-пт 9-18")
        menu = await stand.shown(vera, "🕘 пн-пт")
        await turned(stand, vera, menu, "adm:ask:holiday", "Пришлите дату")
        stand.say(vera, "2027-01-01 Новый год")
        menu = await stand.shown(vera, "2027-01-01 Новый год")
        await turned(stand, vera, menu, "adm:home", "Настройки поддержки")
        await turned(stand, vera, menu, "adm:sla", "обещаны клиентам")
        await turned(stand, vera, menu, "adm:ask:policy:new", "Пришлите имя")
        stand.say(vera, "default")
        page = await stand.shown(vera, "Первый ответ: 30 min")
        for field, typed, words in (
            ("first_answer", "15m", "Первый ответ: 15 min"),
            ("next_answer", "1h", "Следующий ответ: 1 h"),
            ("resolution", "2d", "Решение: 2 d"),
            ("resolution", "-", "Решение: –"),
            ("warn_before", "3m", "Предупредить за: 3 min"),
        ):
            await turned(stand, vera, page, f"adm:ask:span:default:{field}", "Пришлите время")
            stand.say(vera, typed)
            page = await stand.shown(vera, words)
        await turned(stand, vera, page, "adm:do:policy:default:calendar", "Часы: desk")
        await turned(stand, vera, page, "adm:do:policy:default:priority", "приоритет: низкий")
        await turned(stand, vera, page, "adm:do:policy:default:topic", "Тема: warranty")
        stand.press(vera, page, "adm:do:policy:default:pauses_while_waiting:0")
        await stand.until(lambda: "◻️ Пауза" in titles(page), "no pause")
        (policy,) = await door.desk.catalogue.policies()
        assert policy == SlaPolicy(
            "default",
            timedelta(minutes=15),
            timedelta(hours=1),
            None,
            timedelta(minutes=3),
            calendar="desk",
            topic="warranty",
            priority=Priority.LOW,
            pauses_while_waiting=False,
        )
        stand.press(vera, page, "adm:do:policy_gone:default")
        await stand.until(lambda: "обещаны клиентам" in page.text, "the list")
        assert not await door.desk.catalogue.policies()
        await turned(stand, vera, page, "adm:home", "Настройки поддержки")
        await turned(stand, vera, page, "adm:hours", "Новый год")
        stand.press(vera, page, "adm:do:holiday_gone:2027-01-01")
        await stand.until(lambda: "Новый год" not in page.text, "the holiday is gone")
    acts = await audited(stand)
    assert acts["put_policy"] == 10
    assert acts["remove"] == 1


async def audited(stand: Stand) -> Counter[str]:
    """Count the audit log's acts of the admin."""
    async with stand.engine.connect() as connection:
        found = await connection.execute(text("SELECT action FROM audit_log WHERE actor = 'Vera'"))
        return Counter(row.action for row in found)


async def test_admins_change_settings_and_a_second_press_changes_nothing(stand: Stand) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:numbers", "Действуют сразу")
        several = next(b for b in buttons_of(menu) if b.startswith("adm:do:number:several"))
        for _ in range(2):
            stand.world.callbacks.press(vera, menu, several.encode())
        await stand.until(lambda: "✅ Несколько" in titles(menu), "it is set")
        stand.press(vera, menu, "adm:do:number:assignment:round_robin")
        await stand.until(lambda: "Кому достаётся: по очереди" in titles(menu), "it is set")
        await turned(stand, vera, menu, "adm:ask:number:reopen", "новое значение")
        stand.say(vera, "soon")
        await stand.shown(vera, "Так не получится")
        stand.say(vera, "48h")
        page = await stand.until(lambda: with_title(stand, vera, "в течение: 2 d"), "the setting")
        assert "✅ Несколько" in titles(page)
        assert door.numbers is not None
        terms = (await door.numbers.tuning()).desk
        assert terms.several_tickets
        assert terms.reopen == timedelta(days=2)
        assert terms.assignment is Assignment.ROUND_ROBIN


def with_title(stand: Stand, person: Person, title: str) -> Message | None:
    """Find the latest message with such words on a button."""
    return next((one for one in reversed(stand.told(person)) if title in titles(one)), None)


async def test_a_button_pressed_twice_does_what_it_says_and_an_old_one_only_shows_its_page(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        vera = await admin(stand, door)
        igor = await stand.operator(door, "Igor")
        number = (await stand.staff(door, igor)).id
        menu = await stand.shown(vera, "Настройки поддержки")
        await turned(stand, vera, menu, "adm:topics", "стартового меню")
        await turned(stand, vera, menu, "adm:topic:warranty", "warranty")
        for act in (
            "topic_shown:warranty:0",
            "topic_phone:warranty:1",
            "topic_flow:warranty:operator",
            "topic_up:warranty:0",
            f"role:{number}:lead:1",
            f"status:{number}:suspended",
            "topic_shown:warranty",
            f"role:{number}:lead",
        ):
            for _ in range(2):
                stand.world.callbacks.press(vera, menu, f"adm:do:{act}".encode(), stale=True)
        stand.say(vera, "/find nothing")
        await stand.shown(vera, "ничего не нашлось")
        topic = await door.desk.catalogue.menu_topic("warranty")
        assert topic is not None
        assert (topic.is_active, topic.asks_phone, topic.flow) == (False, True, Flow.OPERATOR)
        member = await door.desk.staff.staff_member(number)
        assert member.roles == {Role.OPERATOR, Role.LEAD}
        assert member.status is UserStatus.SUSPENDED


async def test_staff_find_tickets_and_list_technicians(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna = stand.person("Anna", username="anna_k")
        stand.say(anna, "My kettle leaks")
        question = await stand.shown(anna, "Связаться с оператором?")
        stand.press(anna, question, "v1:ask:other")
        await stand.shown(anna, "принято")
        stand.say(olga, "/find kettle")
        await stand.shown(olga, "My kettle leaks")
        stand.say(olga, "/find")
        await stand.shown(olga, "что найти")
        stand.say(olga, "/technicians")
        await stand.shown(olga, "Мастеров пока нет")


async def test_an_invitation_lets_one_person_in_once(stand: Stand) -> None:
    async with stand.open() as door:
        ends = door.clock.now() + timedelta(days=1)
        roles = frozenset({Role.OPERATOR})
        await door.desk.invites.invite(BOSS, NewInvite("secret", roles, ends))
        boris, thief = stand.person("Boris"), stand.person("Thief")
        stand.say(boris, "Is anybody there?")
        await stand.shown(boris, "Связаться")
        stand.say(boris, "/start invite_secret")
        await stand.shown(boris, "Добро пожаловать, Boris")
        stand.say(boris, "/queue")
        await stand.shown(boris, "Никто не ждёт")
        assert (await stand.staff(door, boris)).takes_tickets
        stand.say(thief, "/start invite_secret")
        await stand.shown(thief, "уже использовано")
        assert await door.desk.staff.staff_of(TgUserId(thief.id)) is None


def titles(message: Message) -> str:
    """Return the titles of the buttons under a message."""
    rows = getattr(message.markup, "rows", ())
    return " / ".join(one.text for row in rows for one in row)
