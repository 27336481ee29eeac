"""Acts that come before the desk knows where its card or topic stands: nothing shows the past."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from desk.door import Door
from orchestrator.ports.desk import BotId, Outcome, ParcelStore
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.peers import MessageId
from tests.integration.desk.forum import Forum, forum_on
from tests.integration.desk.stand import Stand, buttons_of
from tests.integration.desk.test_operators_day import ask


class SlowNews:
    """Parcels of which the desk hears late what became of them, once `held` names their sequel."""

    def __init__(self, parcels: ParcelStore) -> None:
        self.parcels = parcels
        self.held: set[str] = set()
        self.heard = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parcels, name)

    async def settle_parcel(self, bot: BotId, outcome: Outcome) -> None:
        """Wait with the news until they are let go."""
        if outcome.after is not None and outcome.after.name in self.held:
            await self.heard.wait()
        await self.parcels.settle_parcel(bot, outcome)


def slow(door: Door) -> SlowNews:
    """Have a door that does not run yet hear of its parcels late."""
    news = SlowNews(door.door.parcels)
    door.door = replace(door.door, parcels=news)
    return news


@contextmanager
def unheard(news: SlowNews, *sequels: str) -> Iterator[None]:
    """Keep the news of some parcels back until the block ends."""
    news.heard.clear()
    news.held |= set(sequels)
    yield
    news.held.clear()
    news.heard.set()


@pytest.fixture
async def forum(stand: Stand) -> AsyncIterator[tuple[Forum, SlowNews]]:
    made: list[SlowNews] = []
    async with forum_on(stand, prepare=lambda door: made.append(slow(door))) as forum:
        yield forum, made[0]


@asynccontextmanager
async def desk_of(stand: Stand) -> AsyncIterator[tuple[Door, SlowNews]]:
    async with stand.door() as door:
        news = slow(door)
        async with stand.running(door):
            yield door, news


def is_closed(group: Channel, topic: int) -> bool:
    found = group.topics[MessageId(topic)]
    return found.closed and "Закрыт" in found.title


async def test_a_card_pressed_before_it_is_known_shows_that_its_ticket_is_closed(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, news = forum
    with unheard(news, "topic_card"):
        anna = await desk.ask("Anna", "Hello")
        topic = await desk.titled("#1 | Anna")
        card = await desk.stands("Обращение #1", topic)
        desk.stand.press(desk.maria, card, "v1:tclose:1")
        await desk.stand.shown(anna, "завершено")
        await desk.closed(topic)
    await desk.stand.until(lambda: "v1:topen:1" in buttons_of(card), "the card offers to reopen")
    assert not any(one.startswith("v1:tclose") for one in buttons_of(card))


async def test_a_card_that_nothing_happened_to_is_not_written_twice(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    await desk.ask("Anna", "Hello")
    topic = await desk.titled("#1 | Anna")
    card = await desk.stands("Обращение #1", topic)
    await desk.stands("Hello", topic)
    await desk.stand.until(lambda: "Новый" in desk.main.topics[MessageId(topic)].title, "titled")
    assert card.edited_at is None


async def test_a_topic_whose_ticket_was_closed_while_it_was_opened_is_closed_too(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, news = forum
    with unheard(news, "topic_opened"):
        anna = await desk.ask("Anna", "Hello")
        topic = await desk.titled("#1 | Anna")
        said = desk.stand.say(anna, "/start")
        menu = await desk.stand.shown(anna, "Anna", after=said.id)
        desk.stand.press(anna, menu, "v1:end:1")
        await desk.stand.shown(anna, "завершено")
    await desk.stands("Обращение #1", topic)
    await desk.stand.until(lambda: is_closed(desk.main, topic), "the topic is closed and says so")


async def test_a_technician_let_go_before_their_topic_was_known_finds_it_when_chosen_again(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, news = forum
    stand, chosen = desk.stand, f"v1:tech:1:{desk.technician.id}"
    await desk.ask("Anna", "Hello")
    card = await desk.stands("Обращение #1", await desk.titled("#1 | Anna"))
    await stand.until(lambda: chosen in buttons_of(card), "the card offers Ivan")
    with unheard(news, "mirror_opened"):
        stand.press(desk.maria, card, chosen)
        mirror = await desk.titled("#1 | Anna", desk.workshop)
        await stand.until(lambda: "v1:tech:1:0" in buttons_of(card), "Ivan is chosen")
        stand.press(desk.maria, card, "v1:tech:1:0")
        await stand.until(lambda: chosen in buttons_of(card), "Ivan is let go")
    await desk.closed(mirror, desk.workshop)
    assert "Hello" not in desk.texts(mirror, desk.workshop)
    stand.press(desk.maria, card, chosen)
    await desk.stands("Hello", mirror, desk.workshop)
    topics = [one for one in desk.workshop.topics.values() if "#1" in one.title]
    assert [one.closed for one in topics] == [False]


async def test_a_technician_chosen_twice_before_the_topic_was_known_works_in_one(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, news = forum
    stand, chosen = desk.stand, f"v1:tech:1:{desk.technician.id}"
    anna = await desk.ask("Anna", "Hello")
    card = await desk.stands("Обращение #1", await desk.titled("#1 | Anna"))
    await stand.until(lambda: chosen in buttons_of(card), "the card offers Ivan")
    with unheard(news, "mirror_opened"):
        for press, then in ((chosen, "v1:tech:1:0"), ("v1:tech:1:0", chosen)):
            stand.press(desk.maria, card, press)
            await stand.until(partial(offers, card, then), then)
        stand.press(desk.maria, card, chosen)
        await stand.until(lambda: len(mirrors(desk)) == 2, "a topic for each choice")
    await stand.until(lambda: sum(not one.closed for one in mirrors(desk)) == 1, "one is closed")
    stand.say(anna, "More")
    (used,) = [one for one in mirrors(desk) if not one.closed]
    await desk.stands("Hello", used.id, desk.workshop)
    await desk.stands("More", used.id, desk.workshop)


def offers(card: Message, data: str) -> bool:
    return data in buttons_of(card)


def mirrors(desk: Forum) -> list[Any]:
    return [one for one in desk.workshop.topics.values() if "#1" in one.title]


async def test_a_technician_whose_topic_could_not_be_opened_may_be_chosen_again(
    forum: tuple[Forum, SlowNews],
) -> None:
    desk, _ = forum
    stand, chosen = desk.stand, f"v1:tech:1:{desk.technician.id}"
    await desk.ask("Anna", "Hello")
    card = await desk.stands("Обращение #1", await desk.titled("#1 | Anna"))
    await stand.until(lambda: chosen in buttons_of(card), "the card offers Ivan")
    refused = "Bad Request: not enough rights to create a topic"
    fault = BotFault(BotFaultKind.ERROR, method="createForumTopic", code=400, error=refused)
    stand.api.faults.add(fault)
    stand.press(desk.maria, card, chosen)
    await stand.in_group("not enough rights", desk.workshop)
    await stand.until(lambda: "v1:tech:1:0" in buttons_of(card), "Ivan is chosen")
    stand.press(desk.maria, card, "v1:tech:1:0")
    await stand.until(lambda: chosen in buttons_of(card), "Ivan is let go")
    stand.press(desk.maria, card, chosen)
    mirror = await desk.titled("#1 | Anna", desk.workshop)
    await desk.stands("Hello", mirror, desk.workshop)


async def test_a_card_taken_before_it_is_known_loses_its_button(stand: Stand) -> None:
    async with desk_of(stand) as (door, news):
        olga = await stand.operator(door, "Olga")
        with unheard(news, "card"):
            _, card = await ask(stand, "Anna", "help", 1)
            stand.press(olga, card, "v1:take")
            await stand.shown(olga, "Вы подключены")
        await in_place_of(stand, card, "В работе: Olga")
        assert not buttons_of(card)


async def test_a_card_whose_ticket_was_closed_before_it_is_known_says_by_whom(
    stand: Stand,
) -> None:
    async with desk_of(stand) as (door, news):
        olga = await stand.operator(door, "Olga")
        with unheard(news, "card"):
            anna, card = await ask(stand, "Anna", "help", 1)
            stand.press(olga, card, "v1:take")
            controls = await stand.shown(olga, "Вы подключены")
            stand.press(olga, controls, "v1:finish")
            await stand.shown(anna, "завершено")
        await in_place_of(stand, card, "Закрыто: Olga")


async def in_place_of(stand: Stand, card: Message, text: str) -> None:
    """Wait until these words stand on the card."""
    await stand.until(lambda: text in card.text, f"the card says {text!r}")
