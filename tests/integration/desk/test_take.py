"""The whole life of a ticket in mode take."""

from tests.integration.desk.stand import Stand


async def test_a_ticket_lives_from_the_menu_to_the_survey(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna = stand.person("Anna")
        stand.say(anna, "/start")
        menu = await stand.shown(anna, "Здравствуйте, Anna")
        stand.press(anna, menu, "v1:topic:other")
        await stand.shown(anna, "Связаться с оператором?")
        stand.press(anna, menu, "v1:ask:other")
        await stand.shown(anna, "Обращение #1 принято")
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
