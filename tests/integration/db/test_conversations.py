"""A turn of a conversation is stored with its words and the end of its job, or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.documents import read_scripts
from db.notify import Notices
from db.rotation import reencrypt_all
from db.stores import postgres_stores
from orchestrator.actor import Actor
from orchestrator.clock import SystemClock
from orchestrator.conversations.conductor import LONGEST_ASKED, Conductor
from orchestrator.conversations.deciding import Setting, decide
from orchestrator.conversations.explaining import explain_turn
from orchestrator.conversations.ground import ground_of
from orchestrator.conversations.terms import BurstTerms, TalkTerms
from orchestrator.errors import NotAllowed
from orchestrator.facts import (
    ConversationRead,
    DirectMessageSeen,
    MessageEdited,
    MessagesDeleted,
    OwnMessageSeen,
)
from orchestrator.ids import AccountId, ConversationId, MessageId, NodeName, TelegramId
from orchestrator.jobs import Converse, Job
from orchestrator.library.node_library import NodeLibrary
from orchestrator.ports.conversations import Arrival, Conclusion, ConversationState, Standing
from orchestrator.ports.interpreting import Interpreter, Message, Opinion
from orchestrator.ports.journeys import DirectTurn, ItemState, JourneyState
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.stores import Stores
from orchestrator.ports.work import Claimant
from orchestrator.ports.writing import PublishedScript
from orchestrator.stage import Stage
from orchestrator.tuning import Tuning
from personas.persona import Persona
from personas.scripts.runner import Progress
from personas.strategy import Strategy
from tests.integration.db.conftest import OLGA
from tests.integration.db.test_secrets import ONE, TWO, cipher_of
from tests.support.model_house import Notes

NORTH, SOUTH = Claimant(NodeName("north"), 1), Claimant(NodeName("south"), 1)
PAVEL = TelegramId(5)
AT_ONCE = Tuning(bursts=BurstTerms(timedelta(0), timedelta(0)))
CLUB = next(
    one for one in read_scripts(Path("cli/demo_data/conversations")) if one.language == "ru"
)


@dataclass(slots=True)
class House:
    stores: Stores
    engine: AsyncEngine
    account: AccountId
    script: PublishedScript
    said: int = 0

    async def hears(self, text: str, *, sent_at: datetime | None = None) -> MessageId:
        self.said += 1
        told = DirectMessageSeen(
            account=self.account,
            sender=PAVEL,
            message=MessageId(self.said),
            text=text,
            sent_at=sent_at or datetime.now(UTC),
            sender_name="Pavel",
            access_hash=7,
        )
        assert await self.stores.intake.record_direct_message(told)
        return told.message

    async def job(self, claimant: Claimant = NORTH) -> Job:
        (taken,) = await self.stores.jobs.take_jobs(claimant, 10)
        assert isinstance(taken.task, Converse)
        return taken

    async def standing(self) -> Standing:
        found = await self.stores.conversations.standing(ConversationId(1))
        assert found is not None
        return found

    async def conclusion(self, standing: Standing, heard: str = "") -> Conclusion:
        opinion = Opinion(self.script, heard, 0.9, Strategy.SCRIPT_80, "it fits")
        ground = ground_of(standing)
        return decide(
            Setting(
                standing=standing,
                asked="\n".join(one.text for one in standing.unanswered),
                arrival=ground.arrival,
                progress=standing.progress if ground.version else Progress(),
                persona=standing.persona,
                now=datetime.now(UTC),
                terms=TalkTerms(),
            ),
            opinion,
        )

    async def answer(self, heard: str = "") -> bool:
        job, standing = await self.job(), await self.standing()
        conclusion = await self.conclusion(standing, heard)
        return await self.stores.conversations.conclude(job, standing, conclusion)

    async def count(self, what: str) -> int:
        async with self.engine.begin() as connection:
            found = await connection.exec_driver_sql(f"SELECT count(*) FROM {what}")
        return int(found.scalar_one())


async def house_of(stores: Stores, engine: AsyncEngine) -> House:
    lena = Persona(key="lena", name="Lena", disclosure="Lantern, AI")
    await stores.library.put_persona(OLGA, lena)
    account = await stores.accounts.add_account(OLGA, "lena", "+79990001122", "lena")
    await stores.library.put_script(OLGA, CLUB, "first")
    (record,) = await stores.library.scripts()
    return House(stores, engine, account.id, PublishedScript(record.version_id, CLUB))


@pytest.fixture
async def house(engine: AsyncEngine, database_url: str) -> House:
    stores = postgres_stores(engine, cipher_of(ONE), Notices(database_url), AT_ONCE)
    return await house_of(stores, engine)


async def test_a_burst_is_one_job_that_is_pushed_back_up_to_a_bound(
    engine: AsyncEngine, database_url: str
) -> None:
    bursts = Tuning(bursts=BurstTerms(timedelta(minutes=2), timedelta(minutes=5)))
    house = await house_of(
        postgres_stores(engine, cipher_of(ONE), Notices(database_url), bursts), engine
    )
    await house.hears("one")
    await house.hears("two")
    assert await house.count("jobs") == 1
    assert await house.count("jobs WHERE due_at > now() + interval '100 seconds'") == 1
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE jobs SET created_at = now() - interval '290 seconds', due_at = now()"
        )
    await house.hears("three")
    assert await house.count("jobs WHERE due_at <= now() + interval '10 seconds'") == 1
    assert [one.text for one in (await house.standing()).unanswered] == ["one", "two", "three"]


async def test_a_turn_its_words_and_the_end_of_its_job_are_stored_together(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    assert await house.answer("membership")
    standing = await house.standing()
    assert (standing.progress.step, standing.progress.turns, standing.turns) == ("welcome", 1, 1)
    assert standing.unanswered == ()
    assert await house.count("outbox WHERE kind = 'direct' AND state = 'due'") == 1
    assert await house.count("jobs WHERE state <> 'done'") == 0
    assert await house.count("messages WHERE is_read") == 1
    assert await house.count("commands WHERE kind = 'AttendTo'") == 1


async def test_who_lost_the_job_to_another_node_says_nothing(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    job, standing = await house.job(NORTH), await house.standing()
    assert await house.stores.jobs.take_over_jobs(SOUTH, (), frozenset({NORTH.node})) == 1
    late = await house.conclusion(standing)
    assert not await house.stores.conversations.conclude(job, standing, late)
    assert await house.count("outbox") == await house.count("conversation_turns") == 0
    job = await house.job(SOUTH)
    assert await house.stores.conversations.conclude(job, standing, late)
    assert await house.count("outbox") == 1


async def test_what_is_written_while_an_answer_is_made_is_answered_next(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    job, standing = await house.job(), await house.standing()
    await house.hears("и сколько стоит?")
    conclusion = await house.conclusion(standing)
    assert await house.stores.conversations.conclude(job, standing, conclusion)
    assert isinstance((await house.job()).task, Converse)
    assert [one.text for one in (await house.standing()).unanswered] == ["и сколько стоит?"]


async def test_a_message_is_never_lost_between_two_turns(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    for _ in range(10):
        job, standing = await house.job(), await house.standing()
        conclusion = replace(await house.conclusion(standing), state=ConversationState.OPEN)
        conclusion = replace(conclusion, turn=replace(conclusion.turn, says=()))
        await asyncio.gather(
            house.hears("и ещё"),
            house.stores.conversations.conclude(job, standing, conclusion),
        )
    assert [one.text for one in (await house.standing()).unanswered] == ["и ещё"]


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_words_that_change_while_an_answer_is_made_are_answered_as_they_read_now(
    house: House, change: str
) -> None:
    await house.hears("Как вступить в клуб?")
    number = await house.hears("То есть, нет, не надо")
    job, standing = await house.job(), await house.standing()
    conclusion = await house.conclusion(standing)
    changed: MessageEdited | MessagesDeleted = MessagesDeleted(house.account, (number,))
    if change == "edit":
        changed = MessageEdited(house.account, PAVEL, number, "и когда?", datetime.now(UTC))
    await house.stores.intake.record([changed])
    assert not await house.stores.conversations.conclude(job, standing, conclusion)
    assert await house.count("outbox") == 0
    assert await house.answer("membership")
    (turn,) = await house.stores.conversation_desk.turns(standing.id)
    assert turn.turn.asked == "Как вступить в клуб?" + "\nи когда?" * (change == "edit")
    assert await house.count("jobs WHERE state IN ('waiting', 'taken')") == 0


@pytest.mark.parametrize("act", ["pause", "take_over", "close", "stop"])
async def test_who_steps_in_while_an_answer_is_made_is_not_talked_over(
    house: House, act: str
) -> None:
    await house.hears("Как вступить в клуб?")
    job, standing = await house.job(), await house.standing()
    conclusion = await house.conclusion(standing)
    desk = house.stores.conversation_desk
    match act:
        case "pause":
            await desk.pause(OLGA, standing.id)
        case "take_over":
            await desk.take_over(OLGA, standing.id, "mine")
        case "close":
            await desk.close(OLGA, standing.id, "spam")
        case _:
            await house.hears("стоп")
    assert not await house.stores.conversations.conclude(job, standing, conclusion)
    assert await house.count("outbox") == 0
    assert await house.count("jobs WHERE state IN ('waiting', 'taken')") == 0


@pytest.mark.parametrize("before", ["paused", "ended"])
async def test_what_is_resumed_while_its_job_looks_away_is_answered(
    house: House, before: str
) -> None:
    await house.hears("Как вступить в клуб?")
    desk, number = house.stores.conversation_desk, ConversationId(1)
    if before == "paused":
        await desk.pause(OLGA, number)
        job, standing = await house.job(), await house.standing()
        assert await desk.resume(OLGA, number)
        await house.stores.conversations.leave(job, standing)
    else:
        async with house.engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE conversations SET state = 'closed', reopens = true"
            )
        job, standing = await house.job(), await house.standing()
        assert await desk.resume(OLGA, number)
        conclusion = await house.conclusion(standing)
        assert not await house.stores.conversations.conclude(job, standing, conclusion)
    assert await house.answer("membership")
    assert await house.count("outbox WHERE state = 'due'") == 1
    assert await house.count("jobs WHERE state IN ('waiting', 'taken')") == 0


async def test_who_takes_over_again_keeps_their_own_words_and_who_else_does_cancels_them(
    house: House,
) -> None:
    await house.hears("Как вступить в клуб?")
    now, desk, number = datetime.now(UTC), house.stores.conversation_desk, ConversationId(1)
    await desk.reply(OLGA, number, "Позвоню в полдень", now, now + timedelta(hours=1))
    assert await desk.take_over(OLGA, number, "mine") == 0
    assert [one.became for one in await desk.turns(number)] == [(OutboxState.DUE,)]
    assert await desk.take_over(Actor("Igor"), number, "mine now") == 1
    (turn,) = await desk.turns(number)
    assert turn.became == (OutboxState.CANCELLED,)
    assert dict(explain_turn(turn))["What came of it"] == "it was cancelled before it was sent"


async def test_what_a_person_told_is_encrypted_and_rotates(house: House, database_url: str) -> None:
    await house.hears("Как вступить в клуб?")
    assert await house.answer("membership")
    await house.hears("только статьи")
    assert await house.answer()
    async with house.engine.begin() as connection:
        found = await connection.exec_driver_sql("SELECT slots_encrypted FROM conversations")
        assert "читатель".encode() not in bytes(found.scalar_one())
    assert await reencrypt_all(house.engine, cipher_of(TWO, ONE)) >= 2
    after = postgres_stores(house.engine, cipher_of(TWO), Notices(database_url))
    detail = await after.conversation_desk.conversation(ConversationId(1))
    assert detail.known == {"plan": "читатель"}


async def test_half_an_hour_without_a_sign_begins_another_session(house: House) -> None:
    now = datetime.now(UTC)
    for minutes in (200, 190, 165, 120, 100):
        await house.hears("привет", sent_at=now - timedelta(minutes=minutes))
    edit = MessageEdited(house.account, PAVEL, MessageId(1), "приветик", now)
    read = ConversationRead(house.account, PAVEL, MessageId(9), by_us=False)
    await house.stores.intake.record([edit, read, MessagesDeleted(house.account, (MessageId(2),))])
    detail = await house.stores.conversation_desk.conversation(ConversationId(1))
    assert [(one.acts, one.wrote) for one in detail.sessions] == [(3, 0), (2, 2), (3, 3)]
    kept = {one.message: one for one in detail.history}
    assert kept[MessageId(1)].first_text == "привет"
    assert kept[MessageId(2)].deleted_at is not None


async def test_what_somebody_deleted_is_not_answered(house: House) -> None:
    number = await house.hears("Как вступить в клуб?")
    await house.stores.intake.record([MessagesDeleted(house.account, (number,))])
    assert (await house.standing()).unanswered == ()
    with pytest.raises(NotAllowed, match="no message of theirs left"):
        await reply(house, "But you asked")


async def reply(house: House, text: str) -> None:
    now = datetime.now(UTC)
    desk = house.stores.conversation_desk
    await desk.reply(OLGA, ConversationId(1), text, now, now + timedelta(hours=1))


async def test_a_handoff_is_taken_by_one_person_only(house: House) -> None:
    await house.hears("дайте оператора")
    assert await house.answer()
    (waiting,) = await house.stores.handoffs.waiting_handoffs(10)
    assert waiting.note.startswith("Клиент попросил человека")
    taken = await house.stores.handoffs.take_handoff(OLGA, waiting.id)
    assert taken.taken_by == "olga"
    with pytest.raises(NotAllowed, match="taken already"):
        await house.stores.handoffs.take_handoff(OLGA, waiting.id)
    assert await house.stores.handoffs.waiting_handoffs(10) == []


@pytest.mark.parametrize("ending", ["by hand", "стоп"])
async def test_a_handoff_that_is_needed_no_more_waits_for_nobody(house: House, ending: str) -> None:
    await house.hears("дайте оператора")
    assert await house.answer()
    assert len(await house.stores.handoffs.waiting_handoffs(10)) == 1
    await (own(house, 50, ending) if ending == "by hand" else house.hears(ending))
    assert await house.stores.handoffs.waiting_handoffs(10) == []


async def test_our_own_words_are_told_from_what_somebody_writes_with_a_phone(
    house: House,
) -> None:
    await house.hears("Как вступить в клуб?")
    assert await house.answer("membership")
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE outbox SET text = E'\n' || text || E'\t\r\n', first_attempt_at = now()"
        )
        ours = (await connection.exec_driver_sql("SELECT text FROM outbox")).scalar_one()
    # Telegram keeps no white space around.
    await own(house, 50, ours.strip())
    assert (await house.standing()).state is ConversationState.OPEN
    await own(house, 51, "by hand")
    await own(house, 51, "by hand")
    assert (await house.standing()).state is ConversationState.HANDED_OVER
    assert await house.count("messages WHERE direction = 'outgoing'") == 1


async def test_a_phone_that_answers_what_would_begin_anew_is_not_talked_over(
    house: House,
) -> None:
    async def state() -> ConversationState:
        return (await house.standing()).state

    await house.hears("Как вступить в клуб?")
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE conversations SET state = 'closed', closed_at = now(), reopens = true"
        )
    job, standing = await house.job(), await house.standing()
    conclusion = await house.conclusion(standing)
    await own(house, 50, "by hand")
    assert not await house.stores.conversations.conclude(job, standing, conclusion)
    assert await state() is ConversationState.HANDED_OVER
    assert await house.count("outbox") == 0
    await house.hears("стоп")
    await own(house, 60, "by hand again")
    assert await state() is ConversationState.CLOSED


async def own(house: House, number: int, text: str) -> None:
    told = OwnMessageSeen(house.account, PAVEL, MessageId(number), text, datetime.now(UTC))
    await house.stores.intake.record([told])


class Broken:
    """An interpreter that fails whatever it is asked."""

    async def interpret(self, message: Message) -> Opinion:
        raise RuntimeError(message.text)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        raise NotImplementedError


def conductor_of(house: House, interpreter: Interpreter) -> Conductor:
    stage = SimpleNamespace(
        stores=house.stores,
        tuning=AT_ONCE,
        clock=SystemClock(),
        operations=Notes(),
        library=NodeLibrary(house.stores.labels),
    )
    return Conductor(cast("Stage", stage), interpreter)


class Sure(Broken):
    """An interpreter that always finds the first script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Message] = []

    async def interpret(self, message: Message) -> Opinion:
        self.asked.append(message)
        return Opinion(message.scripts[0], "", 0.9, Strategy.SCRIPT_80, "it fits")


async def test_a_diagnostic_that_is_begun_anew_leaves_none_in_the_middle(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    store, version = house.stores.journeys, house.script.version_id
    for turns in (1, 2, 1):
        progress = Progress(step="welcome", turns=turns)
        await store.record_turn(DirectTurn(ConversationId(1), version, progress, None))
    newest, left = await store.journeys(None, 10)
    assert (newest.state, left.state) == (JourneyState.ACTIVE, JourneyState.STOPPED)
    assert left.reason == "it was begun anew"
    [item] = (await store.journey(left.id)).items
    assert item.state is ItemState.STOPPED


async def test_nobody_moves_to_a_version_that_cannot_be_used(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    assert await house.answer("membership")
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO script_versions (script_id, version, content, sha256, author,"
            " change_description) SELECT id, 2, '{\"key\": \"club-ru\"}', '', 'psql', 'a slip'"
            " FROM scripts"
        )
        await connection.exec_driver_sql(
            "UPDATE script_labels SET live_conversations = 'move',"
            " version_id = (SELECT id FROM script_versions WHERE version = 2)"
        )
    await house.hears("только статьи")
    await conductor_of(house, Sure()).converse(await house.job(), ConversationId(1))
    *_, turn = await house.stores.conversation_desk.turns(ConversationId(1))
    assert (turn.turn.arrival, turn.turn.version) == (Arrival.STAYED, house.script.version_id)
    assert (await house.standing()).state is ConversationState.OPEN


async def test_of_a_flood_the_last_is_answered_and_nobody_waits_for_the_reading(
    house: House,
) -> None:
    for number in range(20):
        await house.hears(f"{number} " + "я" * 4000)
    sure = Sure()
    await conductor_of(house, sure).converse(await house.job(), ConversationId(1))
    (message,) = sure.asked
    assert len(message.text) <= LONGEST_ASKED
    assert message.text.splitlines()[-1].startswith("19 ")
    assert (await house.standing()).unanswered == ()


async def test_what_fails_again_and_again_is_a_persons_in_the_end(house: House) -> None:
    await house.hears("Как вступить в клуб?")
    conductor = conductor_of(house, Broken())
    job = await house.job()
    with pytest.raises(RuntimeError):
        await conductor.converse(job, ConversationId(1))
    last = replace(job, attempts=AT_ONCE.jobs.attempts - 1)
    await conductor.converse(last, ConversationId(1))
    (waiting,) = await house.stores.handoffs.waiting_handoffs(10)
    assert waiting.reason == "no answer could be made in 4 attempts"
    assert await house.count("jobs WHERE state = 'done'") == 1
