"""Answers in private, from the outbox to the person's screen, and Telegram's refusals of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cli.compose import company
from cli.demo.command import TUNING, replace_settings
from cli.demo.theatre import PHONES, Theatre
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.ids import ConversationId, InboundId, OutboxId
from orchestrator.ports.answers import (
    AnswerRefused,
    AnswerSource,
    NewAnswer,
    Provenance,
)
from orchestrator.ports.outbox import OutboxKind
from orchestrator.tuning import Retries
from simulator.mtproto.faults import Fault, FaultKind
from simulator.mtproto.server_key import ServerKey
from simulator.server import serve
from simulator.world.people import Person
from tests.e2e.conftest import ANNA, Play
from tests.support.watchdog import NoWatchdog

SEND = "messages.SendMessage"
SHORTLY = timedelta(milliseconds=20)
BECAUSE = Provenance(AnswerSource.OPERATOR, "a person answers", "olga")


@dataclass(slots=True)
class Talk:
    """Maria, who writes to Anna, and what comes of it."""

    play: Play
    anna: Person
    maria: Person
    conversation: ConversationId | None = None

    async def value(self, statement: str, **values: Any) -> Any:
        """Return the first value of a statement's first row."""
        async with self.play.company.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    async def hears(self, words: str = "What do comets smell of?") -> InboundId:
        """Let Maria write, and wait until that is on record."""
        written = self.play.theatre.world.send_private(self.maria, self.anna, words)
        find = "SELECT id FROM messages WHERE text = :words ORDER BY id DESC"

        async def recorded() -> bool:
            return bool(await self.value(find, words=written.text))

        await self.play.until(recorded)
        self.conversation = ConversationId(await self.value("SELECT id FROM conversations"))
        return InboundId(await self.value(find, words=words))

    async def answers(self, inbound: InboundId, *parts: str) -> tuple[OutboxId, ...]:
        """Queue an answer."""
        assert self.conversation is not None
        now = datetime.now(UTC)
        answer = NewAnswer(
            self.conversation, inbound, parts, BECAUSE, now, now + timedelta(hours=1), timedelta(0)
        )
        queued = await self.play.company.stage.stores.answers.queue_answer(answer)
        assert not isinstance(queued, AnswerRefused), queued
        return queued

    async def until_state(self, message: OutboxId, state: str) -> None:
        """Wait until a message is where it should be."""

        async def there() -> bool:
            find = "SELECT state FROM outbox WHERE id = :m AND last_error IS DISTINCT FROM ''"
            return bool(await self.value(find, m=message) == state)

        await self.play.until(there)

    def read(self) -> list[str]:
        """Return what Maria reads of Anna."""
        messages = self.play.theatre.world.messages_of((self.maria, self.anna))
        return [one.text for one in messages if one.author == self.anna.id]


@pytest.fixture
async def talk(
    database_url: str, redis_url: str, tmp_path: Path, server_key: ServerKey
) -> AsyncIterator[Talk]:
    quick = replace(TUNING, lease=timedelta(seconds=10), settling=Retries(3, SHORTLY))
    async with serve(server_key=server_key) as server:
        told = replace_settings(Settings(), server, Servers(database_url, redis_url), tmp_path)
        async with company(told, tuning=quick, watchdog=NoWatchdog()) as opened:
            play = Play(Theatre.build(server, "Rockets"), opened)
            await play.engage(ANNA)
            await play.watch()
            anna = play.theatre.people_of(PHONES[:1])[0]
            maria = server.world.add_person("+9996629001", "Maria", username="maria")
            yield Talk(play, anna, maria)


async def test_an_answer_reaches_the_person_once_though_every_answer_of_telegrams_is_lost_once(
    talk: Talk,
) -> None:
    faults = talk.play.theatre.server.faults
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        for kind in (FaultKind.CUT_AFTER, FaultKind.LOST_ANSWER, FaultKind.CUT_BEFORE):
            faults.add(Fault(SEND, kind, times=1))
            [message] = await talk.answers(inbound, f"Of almonds, {kind}.")
            await talk.until_state(message, "sent")
    assert talk.read() == [
        "Of almonds, cut_after.",
        "Of almonds, lost_answer.",
        "Of almonds, cut_before.",
    ]
    history = "SELECT array_agg(direction ORDER BY telegram_message_id) FROM messages"
    assert await talk.value(history) == ["incoming", "outgoing", "outgoing", "outgoing"]


async def test_a_lost_answer_is_found_by_looking_and_not_taken_for_its_twin(talk: Talk) -> None:
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        first, second = await talk.answers(inbound, "Yes.", "Yes.")
        await talk.until_state(first, "sent")
        await talk.until_state(second, "sent")
        talk.play.theatre.server.faults.add(Fault(SEND, FaultKind.CUT_BEFORE, times=None))
        [third] = await talk.answers(inbound, "Yes.")
        await talk.until_state(third, "unresolved")
    assert talk.read() == ["Yes.", "Yes."]
    assert "not found" in await talk.value("SELECT last_error FROM outbox WHERE id = :m", m=third)


async def test_a_stop_word_that_crosses_an_answer_stops_all_that_has_not_left(talk: Talk) -> None:
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        talk.play.theatre.server.faults.add(Fault(SEND, FaultKind.DELAY, seconds=1.0, times=1))
        first, second = await talk.answers(inbound, "Of almonds.", "And of bad eggs.")
        await talk.until_state(first, "sending")
        talk.play.theatre.world.send_private(talk.maria, talk.anna, "stop")
        await talk.until_state(second, "cancelled")
        await talk.until_state(first, "sent")
        again = await talk.hears("and another thing")
    assert talk.read() == ["Of almonds."]
    assert again
    assert await talk.value("SELECT state FROM conversations") == "closed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("USER_IS_BLOCKED", "block"),
        ("INPUT_USER_DEACTIVATED", "unreachable"),
    ],
)
async def test_a_block_ends_every_conversation_with_the_person(
    talk: Talk, error: str, reason: str
) -> None:
    talk.play.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error=error, times=1))
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        first, second = await talk.answers(inbound, "One.", "Two.")
        await talk.until_state(first, "failed")
        await talk.until_state(second, "cancelled")
    assert talk.read() == []
    assert await talk.value("SELECT reason FROM opt_outs") == reason
    assert await talk.value("SELECT state FROM conversations") == "closed"


async def test_a_person_who_will_not_be_written_to_ends_the_conversation_only(talk: Talk) -> None:
    error = "PRIVACY_PREMIUM_REQUIRED"
    talk.play.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error=error, times=1))
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        [message] = await talk.answers(inbound, "One.")
        await talk.until_state(message, "failed")
    assert await talk.value("SELECT count(*) FROM opt_outs") == 0
    assert await talk.value("SELECT state FROM conversations") == "closed"


async def test_a_flood_of_strangers_stops_the_account_and_nobody_takes_its_work(
    talk: Talk,
) -> None:
    talk.play.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error="PEER_FLOOD", times=1))
    async with talk.play.company.running_node():
        inbound = await talk.hears()
        [message] = await talk.answers(inbound, "One.")

        async def limited() -> bool:
            return bool(await talk.value("SELECT state = 'limited' FROM accounts"))

        await talk.play.until(limited)
    assert await talk.value("SELECT state FROM outbox WHERE id = :m", m=message) == "due"
    assert talk.read() == []


async def test_the_outbox_tells_people_what_an_answer_answers_and_why_it_is_said(
    talk: Talk,
) -> None:
    async with talk.play.company.running_node():
        inbound = await talk.hears()
    [message] = await talk.answers(inbound, "Of almonds.")
    told = await talk.play.service.outbox.show(message)
    assert told.row.kind is OutboxKind.DIRECT
    assert told.row.channel == "@maria"
    assert "What do comets smell of?" in told.basis
    assert "a person answers" in told.because
