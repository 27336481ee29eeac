"""What happens between two steps of a handler: no words are lost, nothing is done on old news."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from desk.door import Door
from desk.upkeep import Clockwork
from orchestrator.ports.desk import BotId, Outcome, ParcelId, ParcelStore
from simulator.world.messages import Draft
from simulator.world.peers import MessageId
from simulator.world.people import Person
from support.ids import ChatId, TicketId
from support.terms import DeskTerms
from support.tickets import TicketState
from tests.integration.desk.forum import forum_on
from tests.integration.desk.lives import has_gone_on
from tests.integration.desk.stand import Stand, buttons_of
from tests.integration.desk.test_killed import fetch
from tests.integration.desk.test_lost_places import OPEN
from tests.integration.desk.test_operators_day import ask, house_of, texts

Happening = Callable[[], Awaitable[object]]


class Meanwhile:
    """A store between whose answer and what is made of it something happens, once."""

    def __init__(self, store: Any, method: str) -> None:
        self.store, self.method = store, method
        self.happens: Happening | None = None

    def __getattr__(self, name: str) -> Any:
        known = getattr(self.store, name)
        return known if name != self.method else self.answer

    async def answer(self, *asked: Any, **named: Any) -> Any:
        """Answer, and let it happen before anybody hears the answer."""
        answer = await getattr(self.store, self.method)(*asked, **named)
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        return answer


async def test_words_that_come_as_the_ticket_is_closed_are_asked_about_and_delivered(
    stand: Stand,
) -> None:
    async with stand.door() as door:
        tickets = Meanwhile(door.desk.tickets, "open_ticket_of")
        door.desk = replace(door.desk, tickets=tickets)
        async with stand.running(door):
            olga = await stand.operator(door, "Olga")
            anna, card = await ask(stand, "Anna", "help", 1)
            stand.press(olga, card, "v1:take")
            await stand.shown(olga, "help")
            controls = await stand.shown(olga, "Вы подключены")

            async def is_closed() -> None:
                stand.press(olga, controls, "v1:finish")
                await stand.shown(anna, "завершено")

            tickets.happens = is_closed
            said = stand.say(anna, "One more thing")
            asked = await stand.shown(anna, "Связаться", after=said.id)
            stand.press(anna, asked, "v1:ask:other")
            await stand.shown(anna, "принято", after=asked.id)
            again = await stand.until(lambda: newest_card(stand, "v1:take"), "a card")
            stand.press(olga, again, "v1:take")
            await stand.shown(olga, "One more thing")
    assert texts(stand, olga).count("One more thing") == 1


def newest_card(stand: Stand, button: str) -> Any:
    """Find the latest message of the group with such a button."""
    found = reversed(list(stand.group.history))
    return next((one for one in found if any(b.startswith(button) for b in buttons_of(one))), None)


async def test_a_silent_client_who_speaks_as_their_ticket_is_to_be_closed_keeps_it(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(idle_warning=timedelta(), idle_close=timedelta())
    async with stand.open() as door, house_of(stand, door) as house:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")
        stand.say(olga, "Is it on?")
        await stand.shown(anna, "Is it on?")
        await Clockwork(house).warn_the_silent()
        await stand.shown(anna, "Вы давно не отвечали")
        clocks = Meanwhile(house.desk.clocks, "idle_to_close")
        house.desk = replace(house.desk, clocks=clocks)

        async def speaks() -> None:
            stand.say(anna, "It is")
            await stand.shown(olga, "It is")

        clocks.happens = speaks
        await Clockwork(house).close_the_silent()
        ticket = await door.desk.tickets.ticket(TicketId(1))
        assert ticket.state is TicketState.WORK


async def test_a_ticket_that_is_closed_again_is_asked_about_again(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        anna, card = await ask(stand, "Anna", "help", 1)
        stand.press(olga, card, "v1:take")
        first = await stand.shown(olga, "Вы подключены")
        stand.press(olga, first, "v1:finish")
        survey = await stand.shown(anna, "завершено")
        for question in (1, 2, 3):
            stand.press(anna, survey, f"v1:rate:1:{question}:5")
            await stand.until(partial(has_gone_on, survey, question), "it is taken")
        await stand.in_group("5 · 5 · 5")
        await stand.until(lambda: "Спасибо" in survey.text, "the client is thanked")
        stand.press(anna, survey, "v1:home")
        said = stand.say(anna, "Again")
        asked = await stand.shown(anna, "Связаться", after=said.id)
        stand.press(anna, asked, "v1:ask:other")
        again = await stand.until(lambda: newest_card(stand, "v1:take"), "a card")
        stand.press(olga, again, "v1:take")
        begun = await stand.shown(olga, "Вы подключены", after=first.id)
        stand.press(olga, begun, "v1:finish")
        second = await stand.shown(anna, "завершено", after=asked.id)
        assert (await surveyed(door)).answers == (5, 5, 5), "until something is answered anew"
        stand.press(anna, second, "v1:rate:1:1:4")
        await stand.until(lambda: "быстро" in second.text, "the second question")
        assert (await surveyed(door)).answers == (4, None, None)


async def surveyed(door: Door) -> Any:
    found = await door.desk.surveys.survey(TicketId(1))
    assert found is not None
    return found


class SlowCopies:
    """Parcels of which the desk hears late that one with these words arrived."""

    def __init__(self, parcels: ParcelStore) -> None:
        self.parcels, self.late = parcels, ""
        self.asked, self.heard = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parcels, name)

    async def settle_parcel(self, bot: BotId, outcome: Outcome) -> None:
        """Wait with the news of a copy."""
        if self.late and outcome.parcel.parcel.source is not None:
            await self.heard.wait()
        await self.parcels.settle_parcel(bot, outcome)

    async def sending_to(self, bot: BotId, chat: ChatId) -> frozenset[ParcelId]:
        """Tell that somebody asked."""
        found = await self.parcels.sending_to(bot, chat)
        self.asked.set()
        return found


async def test_a_reply_to_what_is_not_known_to_have_arrived_reaches_whom_it_answers(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(several_tickets=True)
    async with stand.door() as door:
        parcels = SlowCopies(door.door.parcels)
        door.door = replace(door.door, parcels=parcels)
        async with stand.running(door):
            olga = await stand.operator(door, "Olga")
            people = []
            for number, name in enumerate(("Anna", "Boris"), start=1):
                person, card = await ask(stand, name, f"I am {name}", number)
                stand.press(olga, card, "v1:take")
                await stand.shown(olga, f"I am {name}")
                people.append(person)
            anna, boris = people
            parcels.late = "copies"
            stand.say(anna, "It is me")
            seen = await stand.shown(olga, "It is me")
            parcels.asked.clear()
            draft = Draft("for Anna", reply_to=seen.id)
            stand.world.private_talk.send(olga, stand.bot, draft)
            async with asyncio.timeout(60):
                await parcels.asked.wait()
            parcels.late = ""
            parcels.heard.set()
            got = await stand.shown(anna, "for Anna")
            assert got.reply_to is not None
            assert anna.inbox.messages[got.reply_to].text == "It is me"
            stand.say(olga, "for Boris")
            await stand.shown(boris, "for Boris")
    assert "for Anna" not in texts(stand, boris)


async def test_a_reply_to_somebody_whose_ticket_is_closed_reaches_nobody_else(
    stand: Stand,
) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga")
        _, card = await ask(stand, "Anna", "I am Anna", 1)
        stand.press(olga, card, "v1:take")
        seen = await stand.shown(olga, "I am Anna")
        stand.press(olga, await stand.shown(olga, "Вы подключены"), "v1:finish")
        boris, card = await ask(stand, "Boris", "I am Boris", 2)
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "I am Boris")
        draft = Draft("for Anna", reply_to=seen.id)
        stand.world.private_talk.send(olga, stand.bot, draft)
        await stand.shown(olga, "#1 уже закрыто")
        stand.say(olga, "for Boris")
        await stand.shown(boris, "for Boris")
        assert "for Anna" not in texts(stand, boris)


async def test_a_ticket_that_is_ended_as_it_is_passed_on_begins_with_nobody(stand: Stand) -> None:
    async with stand.door() as door:
        tickets = Meanwhile(door.desk.tickets, "hand_over")
        door.desk = replace(door.desk, tickets=tickets)
        async with stand.running(door):
            olga, igor = [await stand.operator(door, name) for name in ("Olga", "Igor")]
            anna, card = await ask(stand, "Anna", "help", 1)
            stand.press(olga, card, "v1:take")
            controls = await stand.shown(olga, "Вы подключены")

            async def ends() -> None:
                await end(stand, anna)
                await stand.shown(igor, "Диалог #1 завершён")

            tickets.happens = ends
            stand.press(olga, controls, "v1:pass:1")
            whom = await stand.shown(olga, "Кому передать")
            stand.press(olga, whom, "v1:passto:1")
            await stand.shown(olga, "#1 передано")
    assert not any("Вы подключены" in one for one in texts(stand, igor))


async def end(stand: Stand, client: Person) -> None:
    """Have a client end their ticket by the menu."""
    said = stand.say(client, "/start")
    menu = await stand.shown(client, "#1", after=said.id)
    stand.press(client, menu, "v1:end:1")
    await stand.shown(client, "завершено")


async def test_a_card_and_title_written_on_old_news_are_put_right(stand: Stand) -> None:
    made: list[Meanwhile] = []

    def prepare(door: Door) -> None:
        made.append(Meanwhile(door.desk.tickets, "choose_technician"))
        door.desk = replace(door.desk, tickets=made[0])

    async with forum_on(stand, prepare=prepare) as desk:
        anna = await desk.ask("Anna", "Hello")
        topic = await desk.titled("#1 | Anna")
        card = await desk.stands("Обращение #1", topic)
        chosen = f"v1:tech:1:{desk.technician.id}"
        await stand.until(lambda: chosen in buttons_of(card), "the card offers Ivan")

        def shows_the_end() -> bool:
            found = desk.main.topics[MessageId(topic)]
            return "v1:topen:1" in buttons_of(card) and "Закрыт" in found.title

        async def ends() -> None:
            await end(stand, anna)
            await stand.until(shows_the_end, "the card and the title tell of the end")

        made[0].happens = ends
        stand.press(desk.maria, card, chosen)
        mirror = await desk.titled("#1 | Anna", desk.workshop)
        await desk.closed(mirror, desk.workshop)
        async with asyncio.timeout(60):
            while (await fetch(stand, OPEN))[0][0]:
                pass
        assert shows_the_end()
