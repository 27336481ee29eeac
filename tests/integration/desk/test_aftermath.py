"""What follows from acts that no update asked for reaches whom it concerns, also over a kill -9."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from desk.upkeep import Clockwork
from orchestrator.actor import Actor
from orchestrator.service.merging import Merging
from simulator.world.peers import MessageId
from support.ids import TicketId
from support.people import UserStatus
from support.terms import DeskTerms
from support.tickets import TicketState
from tests.integration.desk.forum import Forum, forum_on
from tests.integration.desk.stand import BOSS, Stand, buttons_of
from tests.integration.desk.test_killed import fetch, live_until_killed
from tests.integration.desk.test_operators_day import ask, house_of, texts

CLI = Actor("cli")


@pytest.fixture
async def forum(stand: Stand) -> AsyncIterator[Forum]:
    async with forum_on(stand) as made:
        yield made


async def test_a_node_killed_after_it_closed_a_ticket_leaves_the_words_to_the_next(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(idle_warning=timedelta())
    async with stand.open() as door, house_of(stand, door) as house:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        stand.say(olga, "Is it on?")
        await stand.shown(anna, "Is it on?")
        await Clockwork(house).warn_the_silent()
        await stand.shown(anna, "Вы давно не отвечали")
    assert await live_until_killed(stand, "victim", "untold", 0) == -9
    closed = await fetch(stand, "SELECT state FROM tickets")
    assert [row[0] for row in closed] == ["closed"]
    assert not any("завершено" in one for one in texts(stand, anna))
    async with stand.open("next"):
        survey = await stand.shown(anna, "завершено")
        assert any(one.startswith("v1:rate:1:1") for one in buttons_of(survey))
        await stand.in_group("Закрыто")
        await stand.shown(olga, "Диалог #1 завершён")
        stand.press(anna, survey, "v1:rate:1:1:5")
        await stand.shown(anna, "Как быстро")
    assert len(texts(stand, anna)) == len(set(texts(stand, anna))), "nothing is said twice"


async def test_a_merged_ticket_points_from_its_topics_to_the_other_and_closes_them(
    forum: Forum,
) -> None:
    stand, desk = forum.stand, forum.door.desk
    anna = await forum.ask("Anna", "First words")
    first = await forum.titled("#1 | Anna")
    await forum.stands("First words", first)
    forum.write(forum.maria, first, "An answer")
    await stand.shown(anna, "An answer")
    card = await forum.stands("Обращение #1", first)
    stand.press(forum.maria, card, "v1:tclose:1")
    await forum.closed(first)
    stand.terms = DeskTerms(reopen=timedelta())
    said = stand.say(anna, "Second words")
    asked = await stand.shown(anna, "Связаться", after=said.id)
    stand.press(anna, asked, "v1:ask:other")
    second = await forum.titled("#2 | Anna")
    await forum.stands("Second words", second)

    await Merging(desk.tickets).merge(CLI, 1, 2)

    number = str(second)
    pointer = await forum.stands("объединено с #2", first)
    assert pointer.text.endswith(f"/{number}")
    await forum.stands("объединено с #2", second)
    await forum.stands("First words", second)
    await forum.stands("Maria:\nAn answer", second)
    await stand.until(lambda: is_closed(forum, first), "the merged ticket's topic is closed")
    assert sum("объединено" in one for one in forum.texts(first)) == 1
    stand.say(anna, "Third words")
    await forum.stands("Third words", second)
    assert not any("объединено" in one for one in texts(stand, anna)), "it was closed before"


def is_closed(forum: Forum, topic: int) -> bool:
    found = forum.main.topics[MessageId(topic)]
    return found.closed and "Закрыт" in found.title


async def test_an_operator_whose_ticket_is_merged_away_is_told_where_it_goes_on(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(reopen=timedelta())
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "one", 1)
        stand.press(olga, card, "v1:take")
        controls = await stand.shown(olga, "Вы подключены")
        stand.say(olga, "An answer")
        await stand.shown(anna, "An answer")
        stand.press(olga, controls, "v1:finish")
        await stand.shown(anna, "завершено")
        said = stand.say(anna, "two")
        again = await stand.shown(anna, "Связаться", after=said.id)
        stand.press(anna, again, "v1:ask:other")
        card = await stand.in_group("Новый клиент #2")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "two")
        await Merging(door.desk.tickets).merge(CLI, 1, 2)
        await stand.shown(olga, "#1 объединено с #2")
        excerpt = await stand.shown(olga, "уже сказано в обращении #1")
        assert excerpt.text.endswith("Anna: one\nOlga: An answer")
        await stand.in_group("Объединено с #2")


async def test_who_is_let_go_leaves_a_new_card_and_a_client_who_knows(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        igor = await stand.operator(door, "Igor")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        member = await stand.staff(door, olga)
        await door.desk.staff.set_status(BOSS, member.id, UserStatus.REMOVED)
        await stand.shown(anna, "снова в очереди")
        again = await stand.until(
            lambda: next((m for m in stand.group.history if m.id > card.id and "#1" in m.text), 0)
        )
        stand.press(igor, again, "v1:take")
        await stand.shown(igor, "уже сказано")
        ticket = await door.desk.tickets.ticket(TicketId(1))
        assert ticket.state is TicketState.WORK
        assert not await door.desk.tickets.untold()
