"""Cards, topics and groups that are in doubt, refused or gone: no ticket is without a place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from desk.house import House
from desk.topics.hall import TopicsHall
from desk.topics.outcomes import TopicsGoOn
from desk.turn import Turn
from orchestrator.clock import SystemClock
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.world.peers import MessageId
from support.assignment import Assignment
from support.ids import TicketId
from support.terms import DeskTerms
from support.tickets import Mode, TicketState
from tests.integration.desk.forum import Forum, forum_on
from tests.integration.desk.stand import Stand, buttons_of, chat_id
from tests.integration.desk.test_killed import fetch
from tests.integration.desk.test_late import SlowNews, desk_of, mirrors, slow, unheard
from tests.integration.desk.test_operators_day import ask, house_of

OPEN = """
    SELECT (SELECT count(*) FROM desk_updates WHERE state = 'waiting')
         + (SELECT count(*) FROM desk_parcels WHERE state IN ('due', 'sending'))
"""
"""How much is still to be handled or sent."""
NO_RIGHTS = "Bad Request: not enough rights to create a topic"


class Later(SystemClock):
    """Three minutes ahead of everybody else."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=3)


@pytest.fixture
async def forum(stand: Stand) -> AsyncIterator[tuple[Forum, SlowNews]]:
    made: list[SlowNews] = []
    async with forum_on(stand, prepare=lambda door: made.append(slow(door))) as forum:
        yield forum, made[0]


@asynccontextmanager
async def overdue(forum: Forum) -> AsyncIterator[tuple[House, TopicsGoOn]]:
    """Make what asks again for topics, minutes later."""
    async with house_of(forum.stand, forum.door) as house:
        house.clock = Later()
        hall = house.halls[Mode.TOPICS]
        assert isinstance(hall, TopicsHall)
        yield house, TopicsGoOn(house, hall)


async def test_a_card_that_may_not_stand_in_the_group_is_put_there_again(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        lost = BotFault(
            BotFaultKind.TIME_OUT, "sendMessage", seconds=0.1, chat=chat_id(stand.group)
        )
        stand.api.faults.add(lost)
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(anna, "Оператор подключился")
        await stand.until(lambda: "В работе: Olga" in card.text, "the card says who has it")


async def test_a_card_that_may_not_stand_in_its_topic_is_put_there_again(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    lost = BotFault(BotFaultKind.TIME_OUT, "sendMessage", seconds=0.1, chat=chat_id(desk.main))
    desk.stand.api.faults.add(lost)
    await desk.ask("Anna", "Hello")
    topic = await desk.titled("#1 | Anna")
    card = await desk.stands("Обращение #1", topic)
    desk.stand.press(desk.maria, card, "v1:tclose:1")
    await desk.closed(topic)
    await desk.stand.until(lambda: "v1:topen:1" in buttons_of(card), "the card is kept up to date")


async def test_of_two_cards_that_became_known_late_the_lower_one_counts(stand: Stand) -> None:
    async with desk_of(stand) as (door, news):
        olga = await stand.operator(door, "Olga")
        with unheard(news, "card"):
            anna, first = await ask(stand, "Anna", "help", 1)
            stand.press(olga, first, "v1:take")
            stand.press(olga, await stand.shown(olga, "Вы подключены"), "v1:requeue")
            await stand.shown(anna, "снова в очереди")
            second = await stand.until(
                lambda: next((m for m in stand.group.history if m.id > first.id), None), "a card"
            )
        await stand.until(lambda: "Снова в очереди" in first.text, "the first points to the next")
        assert not buttons_of(first)
        stand.press(olga, second, "v1:take")
        await stand.until(lambda: "В работе: Olga" in second.text, "the second says who has it")


async def test_a_topic_that_waits_for_its_turn_is_not_asked_for_again(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, news = forum
    async with overdue(desk) as (house, going_on):
        with unheard(news, "topic_opened"):
            await desk.ask("Anna", "Hello")
            topic = await desk.titled("#1 | Anna")
            assert not await going_on.open_the_overdue()
            # Should it be asked for twice all the same, one of the two is used.
            ticket = await house.desk.tickets.ticket(TicketId(1))
            client = await house.desk.clients.client(ticket.client)
            turn = Turn(house.bot_id, "twice", about=ticket.id)
            await going_on.hall.open_topic(turn, ticket, client, "topic:1:twice")
            await house.door.parcels.queue_parcels(house.bot_id, turn.parcels)
            other = await desk.stand.until(
                lambda: next((n for n in desk.main.topics if n not in {1, topic}), None), "two"
            )
        await desk.closed(other)
        await desk.stands("Hello", topic)
        assert not any(desk.texts(other))


async def test_a_ticket_in_work_whose_topic_was_refused_gets_one_later(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    desk.stand.terms = DeskTerms(assignment=Assignment.LEAST_BUSY)
    refused = BotFault(BotFaultKind.ERROR, "createForumTopic", code=400, error=NO_RIGHTS)
    desk.stand.api.faults.add(refused)
    await desk.ask("Anna", "Hello")
    await desk.stand.in_group("not enough rights", desk.main)
    async with overdue(desk) as (house, going_on):
        ticket = await house.desk.tickets.ticket(TicketId(1))
        assert ticket.state is TicketState.WORK
        await house.door.parcels.queue_parcels(house.bot_id, await going_on.open_the_overdue())
        await desk.stands("Hello", await desk.titled("#1 | Anna"))


async def test_a_deleted_topic_whose_successor_is_refused_returns_later(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    stand = desk.stand
    anna = await desk.ask("Anna", "Hello")
    topic = await desk.titled("#1 | Anna")
    await desk.stands("Hello", topic)
    stand.world.forums.delete(desk.main, stand.boss.id, MessageId(topic))
    refused = BotFault(BotFaultKind.ERROR, "createForumTopic", code=400, error=NO_RIGHTS)
    stand.api.faults.add(refused)
    stand.say(anna, "More")
    await stand.in_group("not enough rights", desk.main)
    async with overdue(desk) as (house, going_on):
        await house.door.parcels.queue_parcels(house.bot_id, await going_on.open_the_overdue())
        again = await desk.titled("#1 | Anna")
        await desk.stands("Hello", again)
        await desk.stands("More", again)


async def test_a_deleted_mirror_whose_successor_is_refused_returns_with_the_next_words(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    stand = desk.stand
    anna = await desk.ask("Anna", "Hello")
    card = await desk.stands("Обращение #1", await desk.titled("#1 | Anna"))
    stand.press(desk.maria, card, f"v1:tech:1:{desk.technician.id}")
    mirror = await desk.titled("#1 | Anna", desk.workshop)
    await desk.stands("Hello", mirror, desk.workshop)
    stand.world.forums.delete(desk.workshop, stand.boss.id, MessageId(mirror))
    refused = BotFault(BotFaultKind.ERROR, "createForumTopic", code=400, error=NO_RIGHTS)
    stand.api.faults.add(refused)
    stand.say(anna, "More")
    await stand.in_group("not enough rights", desk.workshop)
    stand.say(anna, "And more")
    again = await stand.until(lambda: mirrors(desk), "another mirror")
    await desk.stands("More", again[0].id, desk.workshop)
    await desk.stands("And more", again[0].id, desk.workshop)


async def test_what_a_group_is_told_waits_once_while_the_bot_is_out_of_it(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.world.leave(stand.group, stand.bot)
        stand.press(olga, card, "v1:take")
        stand.press(olga, await stand.shown(olga, "Вы подключены"), "v1:requeue")
        await stand.shown(anna, "снова в очереди")
        stand.say(anna, "Anybody?")
        async with asyncio.timeout(60):
            while (await fetch(stand, OPEN))[0][0]:
                pass
        held = await fetch(stand, "SELECT method FROM desk_parcels WHERE state = 'held'")
        assert sorted(one[0] for one in held) == [
            "editMessageText",
            "editMessageText",
            "sendMessage",
        ]
        stand.world.join(stand.group, stand.bot)
        stand.world.make_admin(stand.group, stand.bot)
        again = await stand.until(
            lambda: next((m for m in stand.group.history if m.id > card.id and "#1" in m.text), 0)
        )
        stand.press(olga, again, "v1:take")
        await stand.shown(olga, "Anybody?")
        await stand.until(lambda: "В работе: Olga" in again.text, "the card is known")


async def test_an_operator_who_cannot_be_reached_is_called_once_until_they_can(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        stand.world.blocks.set(olga, stand.bot, blocked=True)
        for words in ("one", "two", "three"):
            stand.say(anna, words)
        await stand.in_group("бот не может писать вам")
        waiting = "SELECT 3 - count(*) FROM desk_parcels WHERE state = 'held'"
        async with asyncio.timeout(60):
            for left in (waiting, OPEN):
                while (await fetch(stand, left))[0][0]:
                    pass
        assert sum("бот не может" in one.text for one in stand.group.history) == 1
        stand.world.blocks.set(olga, stand.bot, blocked=False)
        await stand.shown(olga, "three")
