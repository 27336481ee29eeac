"""A conversation of an account, handed to a person, at the desk: Telethon here, the Bot API there.

One person talks with the account over MTProto; the operators see a ticket in Telegram's Bot API.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desk.door import Door
from desk.house import Accounts
from orchestrator.ports.conversations import ConversationState
from simulator.world.messages import Draft, Message
from simulator.world.people import Person
from support.ids import ClientId, TicketId
from tests.e2e.talking import Talk, talking
from tests.integration.desk.forum import Forum, forum_on
from tests.integration.desk.stand import Stand, buttons_of
from tests.integration.desk.test_killed import fetch, live_until_killed


@dataclass
class Both:
    """A person who talks with the account, and the desk's side of it."""

    talk: Talk
    stand: Stand

    def accounts(self) -> Accounts:
        """Return how a desk takes part in the conversations."""
        company = self.talk.company
        return Accounts(company.service.conversations, company.stage.stores.account_tickets)

    @asynccontextmanager
    async def open(self, name: str = "node", **options: Any) -> AsyncIterator[Door]:
        """Run a desk that has accounts."""
        async with self.stand.open(name, accounts=self.accounts(), **options) as door:
            yield door

    async def handed_over(self) -> None:
        """Go with the script until it asks for a person."""
        await self.talk.says("Хотим прийти к вам с классом", "Сколько вас")
        await self.talk.says("60", "60 человек", parts=2)
        await self.talk.reaches(ConversationState.HANDED_OVER)

    async def answered(self, operator: Person, words: str) -> None:
        """Let an operator write, and wait until the person reads it from the account."""
        self.stand.say(operator, words)
        await self.talk.until(lambda: words in self.talk.answers())

    def bot_wrote_to_the_person(self) -> bool:
        """Tell whether the desk's bot ever wrote to whom it never met."""
        return bool(self.stand.told(self.talk.person))


@pytest.fixture
async def both(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    async with talking(database_url, redis_url, tmp_path, bot_api=True) as talk:
        server = talk.play.theatre.server
        api, world = server.bot_api, server.world
        assert api is not None
        bot = world.add_bot("Desk", "desk_bot")
        boss = world.add_person("9996610001", "Boss")
        group = world.add_group("Operators", owner=boss)
        world.join(group, bot)
        world.make_admin(group, bot)
        company = talk.company
        stand = Stand(
            world,
            api,
            api.url,
            bot,
            boss,
            group,
            company.engine,
            redis_url,
            database_url,
            company.keyring,
        )
        yield Both(talk, stand)
        assert not api.crashed


async def test_an_operator_answers_through_the_account_and_gives_the_conversation_back(
    both: Both,
) -> None:
    talk, stand = both.talk, both.stand
    async with talk.company.running_node(), both.open() as door:
        olga = await stand.operator(door, "Olga")
        await both.handed_over()
        card = await stand.in_group("Новый клиент #1")
        assert "lena" in card.text
        talk.write("Вы ещё тут?")
        stand.press(olga, card, "v1:take")
        begun = await stand.shown(olga, "Вы подключены")
        assert "уйдёт человеку от аккаунта lena, только текстом" in begun.text
        history = await stand.shown(olga, "Переписка аккаунта lena")
        assert "Хотим прийти к вам с классом" in history.text
        assert "Сколько вас" in history.text
        await stand.shown(olga, "Вы ещё тут?")

        stand.say(olga, "/noet rude")
        await stand.shown(olga, "Такой команды нет; клиенту не отправлено.")
        await both.answered(olga, "Да, здравствуйте! Я Ольга.")
        assert not [one for one in talk.answers() if "rude" in one]
        await stand.shown(olga, "✓ Отправлено от lena")
        talk.write("Спасибо, ждём")
        await stand.shown(olga, "Спасибо, ждём")

        stand.press(olga, begun, "v1:finish")
        question = await stand.shown(olga, "Что делать с перепиской?")
        talk.write("И ещё одно")
        again = await stand.until(
            lambda: next((one for one in stand.group.history if waits(one, card)), None),
            "the ticket waits again",
        )
        stand.press(olga, again, "v1:take")
        begun = await stand.shown(olga, "Вы подключены", after=begun.id)
        await stand.shown(olga, "И ещё одно")

        stand.press(olga, begun, "v1:finish")
        question = await stand.shown(olga, "Что делать с перепиской?", after=question.id)
        stand.press(olga, question, "v1:acback")
        await talk.reaches(ConversationState.OPEN)
        await stand.until(lambda: "возвращена сценарию" in question.text, "the choice is shown")
        assert not both.bot_wrote_to_the_person()
        assert await door.desk.tickets.tickets_of_client(ClientId(1)) == []


def waits(message: Message, card: Message) -> bool:
    """Tell whether a message is a later card than that one, and may be taken."""
    return message.id > card.id and any("v1:take:1" in one for one in buttons_of(message))


async def test_a_card_tells_the_scripts_language_and_the_reason_in_the_desks(both: Both) -> None:
    talk, stand = both.talk, both.stand
    async with talk.company.running_node():
        await both.handed_over()
        await fetch(stand, "UPDATE handoffs SET reason = 'the client asks for a person'")
        await fetch(stand, "UPDATE scripts SET language = 'en'")
        async with both.open() as door:
            olga = await stand.operator(door, "Olga")
            card = await stand.in_group("Новый клиент #1")
            assert "lena: просит человека" in card.text
            assert "Язык: EN" in card.text
            stand.press(olga, card, "v1:take")
            await stand.shown(olga, "Причина: просит человека")


async def test_whoever_opts_out_ends_the_ticket(both: Both) -> None:
    talk, stand = both.talk, both.stand
    async with talk.company.running_node(), both.open() as door:
        olga = await stand.operator(door, "Olga")
        await both.handed_over()
        card = await stand.in_group("Новый клиент #1")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "Вы подключены")
        await both.answered(olga, "Чем помочь?")
        talk.write("не пишите мне больше")
        await stand.shown(olga, "переписка окончена")
        said = len(talk.answers())
        stand.say(olga, "Постойте")
        refusals = ("У вас нет открытого диалога", "Не отправлено: человек попросил")

        def refused() -> bool:
            read = [one.text for one in olga.inbox.messages.values()]
            return any(text.startswith(refusals) for text in read)

        await stand.until(refused, f"one of {refusals}")
        assert len(talk.answers()) == said


async def test_a_desk_that_dies_and_begins_again_loses_and_doubles_nothing(both: Both) -> None:
    talk, stand = both.talk, both.stand
    async with talk.company.running_node():
        await both.handed_over()
        async with both.open("first") as door:
            olga = await stand.operator(door, "Olga")
            card = await stand.in_group("Новый клиент #1")
            stand.press(olga, card, "v1:take")
            await stand.shown(olga, "Переписка аккаунта lena")
        for number in range(5):
            talk.write(f"Вопрос {number}")
        await talk.play.until(talk.recorded(7))
        stand.say(olga, "Отвечаю")
        async with both.open("second"):
            for number in range(5):
                await stand.shown(olga, f"Вопрос {number}")
            await talk.until(lambda: "Отвечаю" in talk.answers())
            await stand.shown(olga, "✓ Отправлено от lena")
        read = [one.text for one in olga.inbox.messages.values()]
        assert all(read.count(f"Вопрос {number}") == 1 for number in range(5))
        assert talk.answers().count("Отвечаю") == 1
        assert sum("Переписка аккаунта" in text for text in read) == 1


@pytest.mark.parametrize("point", ["handled", "finished"])
async def test_an_answer_outlives_a_desk_that_is_killed_around_it_and_is_sent_once(
    both: Both, tmp_path: Path, point: str
) -> None:
    talk, stand = both.talk, both.stand
    async with both.open("first") as door, talk.company.running_node():
        olga = await stand.operator(door, "Olga")
        await both.handed_over()
        card = await stand.in_group("Новый клиент #1")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "Переписка аккаунта lena")
    stand.say(olga, "Отвечаю")
    assert await live_until_killed(stand, "victim", point, 0, tmp_path) == -9
    queued = await fetch(stand, "SELECT count(*) FROM account_answers")
    assert queued[0][0] == 1, "it was killed when the answer waited in the account's outbox"
    async with talk.company.running_node(), both.open("next"):
        await talk.until(lambda: "Отвечаю" in talk.answers())
        await stand.shown(olga, "✓ Отправлено от lena")
        stand.say(olga, "И ещё")
        await talk.until(lambda: "И ещё" in talk.answers())
    assert talk.answers().count("Отвечаю") == 1
    read = [one.text for one in olga.inbox.messages.values()]
    assert sum(text.startswith("✓ Отправлено") for text in read) <= 2


async def test_what_the_person_changes_is_changed_before_the_operator_too(both: Both) -> None:
    talk, stand = both.talk, both.stand
    private = stand.world.private_talk
    async with talk.company.running_node(), both.open() as door:
        olga = await stand.operator(door, "Olga")
        await both.handed_over()
        card = await stand.in_group("Новый клиент #1")
        unread = talk.write("Вы ещё тут?")
        early = talk.write("Ау")
        stand.press(olga, card, "v1:take")
        shown = await stand.shown(olga, "Вы ещё тут?")
        await stand.shown(olga, "Ау")
        private.edit(talk.person, unread.id, Draft("Вы тут?"))
        await stand.until(lambda: shown.text == "Вы тут?", "the edit is shown")
        private.edit(talk.person, unread.id, Draft("Есть кто?"))
        await stand.until(lambda: shown.text == "Есть кто?", "the second edit is shown")
        gone = await stand.shown(olga, "Ау")
        private.delete(talk.person, [early.id], revoke=True)
        await stand.until(lambda: gone.text == "🗑 Удалено: Ау", "the deletion is shown")
        first = next(
            one
            for one in stand.world.messages_of((talk.person, talk.account))
            if "с классом" in one.text
        )
        private.edit(talk.person, first.id, Draft("Хотим прийти вдвоём"))
        await stand.shown(olga, "Исправлено написанное раньше: Хотим прийти вдвоём")
        kept = await door.desk.talk.messages(TicketId(1))
        assert any(one.deleted_at is not None and one.text == "Ау" for one in kept)
        read = [one.text for one in olga.inbox.messages.values()]
        assert sum("вдвоём" in text for text in read) == 1


async def test_a_topic_stands_for_the_conversation_in_mode_topics(both: Both) -> None:
    talk, stand = both.talk, both.stand
    async with talk.company.running_node(), forum_on(stand, accounts=both.accounts()) as forum:
        await both.handed_over()
        topic = await forum.titled("#1 | Pavel Petrov")
        await forum.stands("Переписка аккаунта lena", topic)
        forum.write(forum.maria, topic, "Приходите в пятницу")
        await talk.until(lambda: "Приходите в пятницу" in talk.answers())
        await forum.stands("✓ Отправлено от lena", topic)
        talk.write("Придём!")
        await forum.stands("Придём!", topic)
        await close(forum, topic)
        question = await forum.stands("Что делать с перепиской?", topic)
        stand.press(forum.maria, question, "v1:acend")
        await talk.reaches(ConversationState.CLOSED)
        assert not both.bot_wrote_to_the_person()


async def close(forum: Forum, topic: int) -> None:
    """Close a ticket by the button under its card."""
    card = await forum.stands("Обращение #1", topic)
    forum.stand.press(forum.maria, card, "v1:tclose:1")
    await forum.closed(topic)
