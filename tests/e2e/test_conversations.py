"""People write to an account: whole sales, told by scripts, over real Telethon.

Several people talk at once, each with what one test is about: an account costs more to set up than
they do.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeGuard

import pytest

from cli.compose import make_tutor
from llm.rejudging import Rejudging
from orchestrator.conversations.explaining import explain_turn
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ports.conversations import Arrival, ConversationState
from orchestrator.ports.library import Live
from personas.scripts.model import Script
from simulator.world.events import Event, Typing
from tests.e2e.conftest import OLGA
from tests.e2e.talking import QUICK, Talk, club, talking

STORY = "Вчера у меня умерла собака, и я весь день гулял один под дождём"


@pytest.fixture
async def talk(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(database_url, redis_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def judged_talk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Talk]:
    """Have messages judged as a node judges them: in a process of its own, by meaning too."""
    monkeypatch.setenv("SELECTOR", "meaning")
    async with talking(database_url, redis_url, tmp_path) as opened:
        yield opened


async def buy_in_russian(talk: Talk) -> None:
    """Go from the first message to the last step, with an objection on the way."""
    await talk.says("Как вступить в клуб?", "программа-помощник журнала «Фонарь»")
    await talk.says("а это не дорого?")
    await talk.says("лекционные вечера", "900 рублей", parts=2)
    await talk.says("8 (999) 123-45-67", "«друг»", "89991234567")
    await talk.says("да", "ничего не спишется")
    await talk.reaches(ConversationState.CLOSED)
    assert len(talk.answers()) == 6
    detail = await talk.detail()
    assert detail.known == {"plan": "друг", "phone": "89991234567", "agreed": True}
    await talk.says("Хочу поддержать журнал", "Здесь отвечает программа")
    turns = await talk.turns()
    assert [one.turn.arrival for one in turns][-1] is Arrival.BEGAN


async def buy_in_english(talk: Talk) -> None:
    """The same in English, up to the last step."""
    await talk.says("How do I join the club?", "assistant program of Lantern magazine")
    await talk.says("just the articles", parts=2)
    await talk.says("it is eve@reader.example, thanks", "eve@reader.example")
    await talk.says("yes")
    await talk.reaches(ConversationState.CLOSED)


async def come_as_a_group(talk: Talk) -> None:
    """End with a person, who gets the whole history; the stored turns replay to the same words."""
    await talk.says("Хотим прийти к вам с классом", "Сколько вас")
    await talk.says("много", "от 2 до 200")
    await talk.says("60", "60 человек", parts=2)
    await talk.reaches(ConversationState.HANDED_OVER)
    (handoff,) = await talk.company.service.conversations.handoffs(10)
    assert handoff.conversation == await talk.number()
    told = [one.text for one in (await talk.detail()).history if not one.ours]
    assert told == ["Хотим прийти к вам с классом", "много", "60"]
    rejudging = Rejudging(make_tutor(talk.company.settings))
    service = talk.company.service.conversations
    again = await service.replay(await talk.number(), rejudging)
    assert [(one.is_script, one.differences) for one in again] == [(True, ())] * 3
    assert all(one.opinion is not None for one in again)


async def greet_first(talk: Talk) -> None:
    """A bare greeting is answered by the script's opening."""
    await talk.says("Здравствуйте!", "программа-помощник журнала «Фонарь»")
    (turn,) = await talk.turns()
    assert (turn.script, turn.turn.intent) == ("club-ru@1", "greeting")
    assert turn.turn.judge
    judges = dict(explain_turn(turn))["Judged by"]
    assert turn.turn.judge == "examples" or turn.turn.judge[:12] in judges


async def write_in_a_burst(talk: Talk) -> None:
    """Three messages are one question."""
    for text in ("Здравствуйте", "Как вступить в клуб?", "Хочу стать участником клуба"):
        talk.write(text)
    await talk.hears(1)
    await talk.settles()
    assert len(talk.answers()) == 1
    (turn,) = await talk.turns()
    assert turn.turn.asked.splitlines()[-1] == "Хочу стать участником клуба"
    assert turn.script == "club-ru@1"


async def test_several_people_are_led_through_their_sales_side_by_side(judged_talk: Talk) -> None:
    talk = judged_talk
    typing: list[int] = []
    bulletin = talk.play.theatre.world.bulletin
    bulletin.subscribe(lambda event: typing.append(event.chat.id) if is_typing(event) else None)
    others = ("Eve English", "Tanya Teacher", "Bo Burst", "Gleb Greeter")
    people = [talk, *map(talk.other, others)]
    plays = (buy_in_russian, buy_in_english, come_as_a_group, write_in_a_burst, greet_first)
    async with talk.company.running_node():
        await asyncio.gather(*(play(one) for play, one in zip(plays, people, strict=True)))
        await talk.settles()
        for one in people:
            await one.until(one.sees_everything_read)
    for one in people:
        history = (await one.detail()).history
        assert [said.text for said in history if said.ours] == one.answers()
        assert all(said.is_read for said in history if not said.ours)
        assert one.person.id in typing
    assert talk.play.theatre.duplicates() == 0


def is_typing(event: Event) -> TypeGuard[Typing]:
    return isinstance(event, Typing)


async def ask_to_be_left_alone(talk: Talk, words: str) -> None:
    """Stop in the middle; whatever is written later, nobody answers."""
    await talk.says("Как вступить в клуб?")
    talk.write(words)
    await talk.reaches(ConversationState.CLOSED)
    talk.write("Как вступить в клуб?")
    await talk.play.until(talk.recorded(3))
    await talk.play.until(talk.idle)
    assert len(talk.answers()) == 1
    service, number = talk.company.service.conversations, await talk.number()
    with pytest.raises(NotAllowed, match="over for good"):
        await service.reply(number, "But wait", OLGA)
    with pytest.raises(NotAllowed, match="over for good"):
        await service.resume(OLGA, number)


async def block_the_account(talk: Talk) -> None:
    """Whoever blocked the account is written to no more."""
    await talk.says("Хочу поддержать журнал")
    talk.write("статьи")
    talk.person.blocked.add(talk.account.id)
    await talk.reaches(ConversationState.CLOSED)
    assert (await talk.detail()).opted_out
    assert len(talk.answers()) == 1


async def test_a_stop_word_or_a_block_ends_it_for_good(talk: Talk) -> None:
    async with talk.company.running_node():
        await asyncio.gather(
            ask_to_be_left_alone(talk, "не пишите мне больше"),
            ask_to_be_left_alone(talk.other("Sam Stop"), "Please stop writing to me"),
            block_the_account(talk.other("Ben Block")),
        )


async def tell_a_story(talk: Talk) -> None:
    """What no script fits is a person's, until they give it back."""
    service = talk.company.service.conversations
    talk.write(STORY)
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
    assert "журнала «Фонарь»" in (await talk.hears(2))[-1]


async def be_answered_too_often(talk: Talk) -> None:
    """One message permits a bounded number of answers, an operator's too."""
    service = talk.company.service.conversations
    talk.write(STORY)
    await talk.reaches(ConversationState.HANDED_OVER)
    number = await talk.number()
    for part in range(talk.company.stage.tuning.gate.answer_parts):
        await service.reply(number, f"part {part}", OLGA)
    with pytest.raises(NotAllowed, match="answered often enough"):
        await service.reply(number, "one more", OLGA)
    with pytest.raises(BadInput):
        await service.reply(number, "   ", OLGA)


async def be_paused(talk: Talk) -> None:
    """A pause keeps silent until somebody resumes."""
    service = talk.company.service.conversations
    await talk.says("Как вступить в клуб?")
    await service.pause(OLGA, await talk.number())
    talk.write("только статьи")
    await talk.play.until(talk.recorded(2))
    await talk.play.until(talk.idle)
    assert len(talk.answers()) == 1
    assert await service.resume(OLGA, await talk.number())
    assert "300 рублей" in (await talk.hears(3))[1]


async def be_answered_with_a_phone(talk: Talk) -> None:
    """Whoever answers with a phone has taken over."""
    await talk.says("Как вступить в клуб?")
    talk.play.theatre.world.send_private(talk.account, talk.person, "Olga, by my own hand")
    await talk.reaches(ConversationState.HANDED_OVER)
    talk.write("только статьи")
    await talk.play.until(talk.recorded(2))
    await talk.play.until(talk.idle)
    assert len(talk.answers()) == 2
    detail = await talk.detail()
    assert detail.row.reason == "somebody answered from the account itself"
    assert [one.text for one in detail.history if one.ours] == talk.answers()


async def test_people_of_ours_take_part_and_the_script_keeps_silent_meanwhile(talk: Talk) -> None:
    async with talk.company.running_node():
        await asyncio.gather(
            tell_a_story(talk),
            be_answered_too_often(talk.other("Olaf Often")),
            be_paused(talk.other("Paula Pause")),
            be_answered_with_a_phone(talk.other("Fay Phone")),
        )


async def test_whoever_takes_over_cancels_what_waits(talk: Talk) -> None:
    service = talk.company.service.conversations
    slow = replace(QUICK.conversations, longest_typing=timedelta(seconds=30), letters_per_second=1)
    talk.company.stage.numbers.now = replace(QUICK, conversations=slow)

    async def waits() -> bool:
        return bool(await talk.company.service.outbox.list(10))

    async with talk.company.running_node():
        talk.write("Как вступить в клуб?")
        await talk.play.until(waits)
        assert await service.take_over(OLGA, await talk.number(), "a friend of mine") == 1
        await service.reply(await talk.number(), "It is me, Olga", OLGA)
        await talk.hears(1)
    assert talk.answers() == ["It is me, Olga"]
    detail = await talk.detail()
    assert (detail.row.state, detail.held_by) == (ConversationState.HANDED_OVER, "olga")


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


async def test_publishing_decides_what_becomes_of_live_conversations(talk: Talk) -> None:
    library = talk.company.service.library
    (script,) = [one for one in club() if one.language == "ru"]
    cases = {
        Live.STAY: (Arrival.STAYED, "300 рублей"),
        Live.MOVE: (Arrival.MOVED, "501 рубль"),
        Live.RESTART: (Arrival.RESTARTED, "Здесь отвечает программа"),
    }
    async with talk.company.running_node():
        for number, (live, (arrival, words)) in enumerate(cases.items()):
            one = talk.other(f"Person {live}")
            await one.says("Хочу поддержать журнал")
            price = script.model_dump_json().replace("300 рублей", f"50{number} рубль")
            await library.import_scripts(OLGA, [Script.model_validate_json(price)], "dearer", live)
            await one.says("статьи", words)
            assert (await one.turns())[-1].turn.arrival is arrival
            again = await talk.company.service.conversations.replay(await one.number())
            assert [turn.differences for turn in again] == [(), ()]


async def test_two_nodes_answer_each_message_exactly_once(talk: Talk) -> None:
    async with talk.company.running_node("north"), talk.company.running_node("south"):
        await talk.says("Хочу поддержать журнал")
        await talk.says("статьи", "300 рублей", parts=2)
        await talk.says("89991234567", "Всё верно")
        await talk.says("да", "ничего не спишется")
        await talk.settles()
    assert len(talk.answers()) == 5
    assert talk.play.theatre.duplicates() == 0
