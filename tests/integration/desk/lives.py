"""The whole life of a ticket in each mode, as several tests let it be lived."""

from functools import partial

from desk.door import Door
from simulator.world.messages import Message
from tests.integration.desk.forum import Forum
from tests.integration.desk.stand import Stand, buttons_of


async def life_with_an_operator(stand: Stand, door: Door) -> None:
    """Live from the menu to what could be better, in mode take."""
    olga = await stand.operator(door, "Olga")
    anna = stand.person("Anna")
    stand.say(anna, "/start")
    menu = await stand.shown(anna, "Здравствуйте, Anna")
    stand.press(anna, menu, "v1:topic:other")
    await stand.shown(anna, "Связаться с оператором?")
    stand.press(anna, menu, "v1:ask:other")
    await stand.shown(anna, "Обращение #1 принято")
    asked = stand.say(anna, "/start")
    menu = await stand.shown(anna, "Здравствуйте, Anna", after=asked.id)
    stand.press(anna, menu, "v1:topic:other")
    await stand.until(lambda: "v1:ask:other" in buttons_of(menu), "asked once more")
    stand.press(anna, menu, "v1:ask:other")
    await stand.shown(anna, "#1", after=menu.id)
    stand.say(anna, "Where is my parcel?")
    card = await stand.in_group("Новый клиент #1")
    stand.press(olga, card, "v1:take")
    begun = await stand.shown(olga, "Вы подключены")
    await stand.shown(olga, "Where is my parcel?")
    await stand.shown(anna, "Оператор подключился")
    stand.say(olga, "On its way")
    await stand.shown(anna, "On its way")
    stand.press(olga, begun, "v1:finish")
    survey = await stand.shown(anna, "завершено")
    stand.press(anna, survey, "v1:rate:1:1:5")
    await stand.shown(anna, "Как быстро")
    stand.press(anna, survey, "v1:rate:1:2:5")
    await stand.shown(anna, "вежлив")
    stand.press(anna, survey, "v1:rate:1:3:4")
    await stand.shown(anna, "Что улучшить?")
    stand.say(anna, "Faster parcels")
    await stand.shown(anna, "Спасибо за оценку")
    await stand.in_group("Faster parcels")


async def life_in_topics(forum: Forum) -> None:
    """Live from the question to the survey, in mode topics."""
    stand = forum.stand
    anna = await forum.ask("Anna", "My phone is broken", username="anna_k")
    topic = await forum.titled("🟢 [Новый] #1 | Anna (@anna_k)")
    card = await forum.stands("Обращение #1", topic)
    await forum.stands("My phone is broken", topic)

    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("My phone is broken", mirror, forum.workshop)
    assert await forum.titled("🟡 [В работе | Ivan] #1 | Anna") == topic
    await stand.shown(anna, "Оператор подключился")

    forum.write(forum.ivan, mirror, "Bring it in", forum.workshop)
    await stand.shown(anna, "Bring it in")
    await forum.stands("Ivan:\nBring it in", topic)

    stand.say(anna, "When?")
    await forum.stands("When?", topic)
    await forum.stands("When?", mirror, forum.workshop)

    forum.write(forum.maria, topic, "Tomorrow at nine")
    await stand.shown(anna, "Tomorrow at nine")
    await forum.stands("Maria:\nTomorrow at nine", mirror, forum.workshop)

    close = await forum.stands("Обращение #1", mirror, forum.workshop)
    stand.press(forum.ivan, close, "v1:tclose:1")
    survey = await stand.shown(anna, "завершено")
    await forum.closed(topic)
    await forum.closed(mirror, forum.workshop)
    assert await forum.titled("🟣 [Закрыт | Ivan] #1 | Anna") == topic
    for question in (1, 2, 3):
        stand.press(anna, survey, f"v1:rate:1:{question}:5")
        await stand.until(partial(has_gone_on, survey, question), f"answer {question} is taken")
    await forum.stands("5 · 5 · 5", topic)


def has_gone_on(survey: Message, question: int) -> bool:
    """Tell whether the survey asks the next question."""
    return not any(f":{question}:5" in data for data in buttons_of(survey))
