"""Somebody writes to an account: a whole sale, told by its scripts, over real Telethon."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ports.conversations import Arrival, ConversationState
from orchestrator.ports.library import Live
from personas.scripts.model import Script
from tests.e2e.conftest import OLGA
from tests.e2e.talking import QUICK, Talk, club, talking


@pytest.fixture
async def talk(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(database_url, redis_url, tmp_path) as opened:
        yield opened


async def test_a_sale_is_led_in_russian_from_the_first_message_to_the_last_step(
    talk: Talk,
) -> None:
    async with talk.company.running_node():
        await talk.says("Как вступить в клуб?", "программа-помощник журнала «Фонарь»")
        await talk.says("а это не дорого?")
        await talk.says("лекционные вечера", "900 рублей", parts=2)
        await talk.says("8 (999) 123-45-67", "«друг»", "89991234567")
        await talk.says("да", "ничего не спишется")
        await talk.reaches(ConversationState.CLOSED)
        await talk.settles()
    assert len(talk.answers()) == 6
    detail = await talk.company.service.conversations.show(await talk.number())
    assert detail.known == {"plan": "друг", "phone": "89991234567", "agreed": True}
    assert [one.ours for one in detail.history].count(True) == 6
    assert all(one.is_read for one in detail.history if not one.ours)


async def test_a_sale_is_led_in_english_and_a_group_goes_to_a_person_with_its_history(
    talk: Talk,
) -> None:
    async with talk.company.running_node():
        await talk.says("How do I join the club?", "Lantern")
        await talk.says("just the articles", parts=2)
        await talk.says("can I talk to a real person please")
        await talk.reaches(ConversationState.HANDED_OVER)
    (handoff,) = await talk.company.service.conversations.handoffs(10)
    assert handoff.reason == "the client asks for a person"
    detail = await talk.company.service.conversations.show(handoff.conversation)
    assert [one.text for one in detail.history if not one.ours] == [
        "How do I join the club?",
        "just the articles",
        "can I talk to a real person please",
    ]


async def test_a_burst_is_answered_once(talk: Talk) -> None:
    async with talk.company.running_node():
        for text in ("Здравствуйте", "Как вступить в клуб?", "Хочу стать участником клуба"):
            talk.write(text)
        await talk.hears(1)
        await talk.settles()
    assert len(talk.answers()) == 1
    (turn,) = await talk.company.service.conversations.explain(await talk.number())
    assert turn.turn.asked.splitlines()[-1] == "Хочу стать участником клуба"
    assert turn.script == "club-ru@1"


@pytest.mark.parametrize("words", ["Please stop writing to me", "не пишите мне больше"])
async def test_a_stop_word_in_the_middle_ends_it_for_good(talk: Talk, words: str) -> None:
    async with talk.company.running_node():
        await talk.says("Как вступить в клуб?")
        talk.write(words)
        await talk.reaches(ConversationState.CLOSED)
        talk.write("Как вступить в клуб?")
        await talk.play.until(talk.recorded(3))
        await talk.play.until(talk.idle)
    assert len(talk.answers()) == 1
    number = await talk.number()
    with pytest.raises(NotAllowed, match="over for good"):
        await talk.company.service.conversations.reply(number, "But wait", OLGA)
    with pytest.raises(NotAllowed, match="over for good"):
        await talk.company.service.conversations.resume(OLGA, number)


async def test_what_no_script_fits_goes_to_a_person_who_answers_through_the_account(
    talk: Talk,
) -> None:
    service = talk.company.service.conversations
    async with talk.company.running_node():
        talk.write("Вчера у меня умерла собака, и я весь день гулял один под дождём")
        await talk.reaches(ConversationState.HANDED_OVER)
        assert talk.answers() == []
        number = await talk.number()
        await service.reply(number, "Мне очень жаль.", OLGA)
        assert await talk.hears(1) == ["Мне очень жаль."]
        talk.write("Как вступить в клуб?")
        await talk.play.until(talk.recorded(2))
        await talk.play.until(talk.idle)
        assert len(talk.answers()) == 1
        assert await service.resume(OLGA, number)
        await talk.hears(2)
    assert "журнала «Фонарь»" in talk.answers()[-1]


async def test_an_operator_may_answer_a_message_only_so_often(talk: Talk) -> None:
    service = talk.company.service.conversations
    async with talk.company.running_node():
        talk.write("Расскажите, пожалуйста, какая завтра погода будет на даче у моей бабушки?")
        await talk.reaches(ConversationState.HANDED_OVER)
    number = await talk.number()
    for part in range(talk.company.stage.tuning.gate.answer_parts):
        await service.reply(number, f"part {part}", OLGA)
    with pytest.raises(NotAllowed, match="answered often enough"):
        await service.reply(number, "one more", OLGA)
    with pytest.raises(BadInput):
        await service.reply(number, "   ", OLGA)


async def test_whoever_takes_over_cancels_what_waits(talk: Talk) -> None:
    service = talk.company.service.conversations
    slow = replace(QUICK.conversations, longest_typing=timedelta(seconds=30), letters_per_second=1)
    talk.company.stage.numbers.now = replace(QUICK, conversations=slow)
    async with talk.company.running_node():
        talk.write("Как вступить в клуб?")

        async def waits() -> bool:
            return bool(await talk.company.service.outbox.list(10))

        await talk.play.until(waits)
        assert await service.take_over(OLGA, await talk.number(), "a friend of mine") == 1
        await service.reply(await talk.number(), "It is me, Olga", OLGA)
        await talk.hears(1)
    assert talk.answers() == ["It is me, Olga"]
    detail = await service.show(await talk.number())
    assert (detail.row.state, detail.held_by) == (ConversationState.HANDED_OVER, "olga")


async def test_a_pause_keeps_silent_until_somebody_resumes(talk: Talk) -> None:
    service = talk.company.service.conversations
    async with talk.company.running_node():
        await talk.says("Как вступить в клуб?")
        await service.pause(OLGA, await talk.number())
        talk.write("только статьи")
        await talk.play.until(talk.recorded(2))
        await talk.play.until(talk.idle)
        assert len(talk.answers()) == 1
        assert await service.resume(OLGA, await talk.number())
        await talk.hears(3)
    assert "300 рублей" in talk.answers()[1]


async def test_at_night_answers_wait_for_the_morning(talk: Talk) -> None:
    now = datetime.now(UTC)
    night = replace(
        QUICK.conversations,
        speaks_from=f"{(now + timedelta(hours=2)):%H:%M}",
        speaks_until=f"{(now + timedelta(hours=3)):%H:%M}",
    )
    talk.company.stage.numbers.now = replace(QUICK, conversations=night)

    async def put_off() -> bool:
        return bool(await talk.waiting_jobs(later_than=timedelta(hours=1)))

    async with talk.company.running_node():
        talk.write("Как вступить в клуб?")
        await talk.play.until(put_off)
        talk.write("Ау?")
        await talk.play.until(talk.recorded(2))
        await talk.play.until(put_off)
    assert talk.answers() == []


async def test_a_finished_sale_begins_anew_when_the_person_writes_again(talk: Talk) -> None:
    async with talk.company.running_node():
        await talk.says("Проводите ли вы экскурсии для школ?", "Сколько вас")
        await talk.says("нас 24", "24 человек")
        await talk.says("+7 999 123-45-67", "позвоним")
        await talk.reaches(ConversationState.CLOSED)
        await talk.says("Хочу поддержать журнал", "Здесь отвечает программа")
    turns = await talk.company.service.conversations.explain(await talk.number())
    assert [one.turn.arrival for one in turns][-1] is Arrival.BEGAN


async def test_a_stored_conversation_replays_to_the_same_words(talk: Talk) -> None:
    async with talk.company.running_node():
        await talk.says("Хотим прийти к вам с классом", "Сколько вас")
        await talk.says("много", "от 2 до 200")
        await talk.says("60", "60 человек", parts=2)
        await talk.reaches(ConversationState.HANDED_OVER)
    again = await talk.company.service.conversations.replay(await talk.number())
    assert [one.is_script for one in again] == [True, True, True]
    assert [one.differences for one in again] == [(), (), ()]
    assert again[-1].says == again[-1].record.turn.written


@pytest.mark.parametrize(
    ("live", "arrival", "words"),
    [
        (Live.STAY, Arrival.STAYED, "300 рублей"),
        (Live.MOVE, Arrival.MOVED, "333 рубля"),
        (Live.RESTART, Arrival.RESTARTED, "Здесь отвечает программа"),
    ],
)
async def test_publishing_decides_what_becomes_of_a_live_conversation(
    talk: Talk, live: Live, arrival: Arrival, words: str
) -> None:
    library = talk.company.service.library
    async with talk.company.running_node():
        await talk.says("Хочу поддержать журнал")
        (script,) = [one for one in club() if one.language == "ru"]
        dearer = Script.model_validate_json(
            script.model_dump_json().replace("300 рублей", "333 рубля")
        )
        await library.import_scripts(OLGA, [dearer], "dearer", live)
        await talk.says("статьи", words, parts=1)
    turns = await talk.company.service.conversations.explain(await talk.number())
    assert turns[-1].turn.arrival is arrival
    replayed = await talk.company.service.conversations.replay(await talk.number())
    assert [one.differences for one in replayed] == [(), ()]


async def test_two_nodes_answer_each_message_exactly_once(talk: Talk) -> None:
    async with talk.company.running_node("north"), talk.company.running_node("south"):
        await talk.says("Хочу поддержать журнал")
        await talk.says("статьи", "300 рублей", parts=2)
        await talk.says("89991234567", "Всё верно")
        await talk.says("да", "ничего не спишется")
        await talk.settles()
    assert len(talk.answers()) == 5
    assert talk.play.theatre.duplicates() == 0


async def test_somebody_who_blocked_us_is_written_to_no_more(talk: Talk) -> None:
    async with talk.company.running_node():
        await talk.says("Хочу поддержать журнал")
        talk.write("статьи")
        talk.person.blocked.add(talk.account.id)
        await talk.reaches(ConversationState.CLOSED)
    detail = await talk.company.service.conversations.show(await talk.number())
    assert detail.opted_out
    assert len(talk.answers()) == 1


async def test_whoever_answers_with_a_phone_has_taken_over(talk: Talk) -> None:
    async with talk.company.running_node():
        await talk.says("Как вступить в клуб?")
        world = talk.play.theatre.world
        world.send_private(talk.account, talk.person, "This is Olga, by my own hand")
        await talk.reaches(ConversationState.HANDED_OVER)
        talk.write("только статьи")
        await talk.play.until(talk.recorded(2))
        await talk.play.until(talk.idle)
    assert len(talk.answers()) == 2
    detail = await talk.company.service.conversations.show(await talk.number())
    assert detail.row.reason == "somebody answered from the account itself"
    assert [one.text for one in detail.history if one.ours] == talk.answers()
