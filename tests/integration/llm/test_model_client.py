"""The OpenAI path over HTTP, against a server that does everything wrong that servers do."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel, Field

from llm.model.answers import Answered, Failed, FailureKind, Usage
from llm.model.client import ModelAddress, ModelClient, Question
from llm.model.patience import Patience
from llm.model.shapes import Form
from tests.support import model_server as deeds
from tests.support.clock import HandClock
from tests.support.model_server import Deed, ModelServer


class Weather(BaseModel):
    place: str
    warm: float = Field(ge=0, le=1)


GOOD = {"place": "Lviv", "warm": 0.5}
QUESTION = Question(system="Rules.", user="Weather?", shape=Weather)


@asynccontextmanager
async def talking(
    *script: Deed, patience: Patience | None = None, at_once: int = 4
) -> AsyncIterator[tuple[ModelServer, ModelClient, HandClock]]:
    """Run a server that does those deeds and then answers well, and a client of it."""
    clock = HandClock()
    server = ModelServer(deeds.says_json(GOOD), deque(script))
    async with server.running():
        address = ModelAddress("test", server.url, "secret-key")
        client = ModelClient(address, patience=patience, at_once=at_once, clock=clock)
        async with client.running():
            yield server, client, clock


async def test_an_answer_comes_back_in_the_wanted_shape_with_its_tokens() -> None:
    async with talking() as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Answered)
    assert answer.value == Weather(place="Lviv", warm=0.5)
    assert answer.effort.usage == Usage(prompt=100, cached=80, completion=20)
    assert (answer.effort.requests, answer.effort.uncounted) == (1, 0)
    sent = server.requests[0]
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    schema = sent["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == ["place", "warm"]
    assert server.headers[0]["authorization"] == "Bearer secret-key"


async def test_retry_after_is_waited_for_in_full() -> None:
    async with talking(deeds.status(429, retry_after="7")) as (server, client, clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Answered)
    assert len(server.requests) == 2
    assert 7 <= clock.slept[0] <= 7.5


async def test_retry_after_may_be_a_date() -> None:
    late = format_datetime(HandClock().wall + timedelta(seconds=9), usegmt=True)
    async with talking(deeds.status(503, retry_after=late)) as (_, client, clock):
        assert isinstance(await client.ask(QUESTION), Answered)
    assert 9 <= clock.slept[0] <= 9.5


async def test_nobody_waits_for_an_hour() -> None:
    async with talking(deeds.status(429, retry_after="3600")) as (server, client, clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.RATE_LIMITED
    assert (len(server.requests), clock.slept) == (1, [])


async def test_a_server_error_is_tried_again_after_a_random_wait_that_grows() -> None:
    async with talking(deeds.status(500), deeds.status(502)) as (server, client, clock):
        assert isinstance(await client.ask(QUESTION), Answered)
    assert len(server.requests) == 3
    assert 0 <= clock.slept[0] <= 0.5
    assert 0 <= clock.slept[1] <= 1.0


async def test_a_server_that_keeps_failing_is_given_up() -> None:
    async with talking(*[deeds.status(500)] * 3) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.SERVER_ERROR
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "deed",
    [
        deeds.cut(),
        deeds.raw(b'{"choices": [{"mess'),
        deeds.raw(b""),
        deeds.says("{}", usage={"prompt_tokens": 10**30, "completion_tokens": 1}),
        deeds.says("{}", usage={"prompt_tokens": -5, "completion_tokens": 1}),
    ],
)
async def test_a_broken_answer_is_asked_for_again_and_counted_as_possibly_billed(
    deed: Deed,
) -> None:
    async with talking(deed) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Answered)
    assert len(server.requests) == 2
    assert answer.effort.uncounted == 1


async def test_a_slow_server_runs_into_the_time_limit() -> None:
    patience = Patience(attempt=0.2, attempts=1)
    async with talking(deeds.slow(), patience=patience) as (_, client, _clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.TIMEOUT
    assert answer.effort.uncounted == 1


async def test_all_attempts_together_have_a_time_limit() -> None:
    patience = Patience(attempt=30, total=0.2)
    async with talking(deeds.slow(), patience=patience) as (_, client, _clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.TIMEOUT


async def test_nothing_listens() -> None:
    client = ModelClient(ModelAddress("test", "http://127.0.0.1:9/v1"), clock=HandClock())
    async with client.running():
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize(
    "broken",
    [
        '{"place": "Lviv", "warm": ',
        "no JSON at all",
        '{"place": "Lviv"}',
        '{"place": "Lviv", "warm": 7}',
        "[1, 2]",
        "{" * 5000,
    ],
)
async def test_a_wrong_shape_is_mended_once(broken: str) -> None:
    async with talking(deeds.says(broken)) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Answered)
    roles = [message["role"] for message in server.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert answer.effort.usage.completion == 40


async def test_a_shape_that_stays_wrong_is_a_failure() -> None:
    wrong = deeds.says_json({"place": 1})
    async with talking(wrong, wrong, wrong) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.BAD_ANSWER
    assert len(server.requests) == 2


async def test_json_among_words_is_found() -> None:
    text = 'Sure! {not json} Here:\n```json\n{"place": "Lviv", "warm": 0.5}\n```'
    async with talking(deeds.says(text)) as (server, client, _):
        assert isinstance(await client.ask(QUESTION), Answered)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("known", "form"), [(("json_object", "none"), Form.OBJECT), (("none",), Form.TEXT)]
)
async def test_a_server_without_schemas_is_told_in_words_and_remembered(
    known: tuple[str, ...], form: Form
) -> None:
    async with talking() as (server, client, clock):
        server.formats = known
        assert isinstance(await client.ask(QUESTION), Answered)
        refused = len(server.requests) - 1
        assert isinstance(await client.ask(QUESTION), Answered)
    assert client.form is form
    assert len(server.requests) == refused + 2
    assert '"warm"' in server.requests[-1]["messages"][0]["content"]
    assert clock.slept == []


async def test_a_request_that_no_form_makes_acceptable_leaves_the_form_as_it_was() -> None:
    async with talking(*[deeds.status(400)] * 3) as (_, client, _clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.REJECTED
    assert client.form is Form.SCHEMA


async def test_a_wrong_key_is_not_tried_again() -> None:
    async with talking(deeds.status(401)) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.REJECTED
    assert "secret-key" not in answer.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize("deed", [deeds.refuses(), deeds.says("", finish="content_filter")])
async def test_a_refusal_is_a_value(deed: Deed) -> None:
    async with talking(deed) as (server, client, _):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.REFUSED
    assert len(server.requests) == 1


async def test_an_answer_that_was_cut_off_is_a_value() -> None:
    async with talking(deeds.says('{"place": "Lv', finish="length")) as (_, client, _clock):
        answer = await client.ask(QUESTION)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.CUT_OFF
    assert answer.effort.usage.completion == 20


async def test_the_circuit_opens_rests_and_lets_one_try() -> None:
    patience = Patience(attempts=1)
    async with talking(*[deeds.status(500)] * 6, patience=patience) as (server, client, clock):
        for _ in range(5):
            await client.ask(QUESTION)
        shut = await client.ask(QUESTION)
        assert isinstance(shut, Failed)
        assert shut.kind is FailureKind.CIRCUIT_OPEN
        assert len(server.requests) == 5
        clock.pass_by(31)
        assert isinstance(await client.ask(QUESTION), Failed)  # the probe fails
        assert len(server.requests) == 6
        assert isinstance(await client.ask(QUESTION), Failed)
        assert len(server.requests) == 6
        clock.pass_by(31)
        assert isinstance(await client.ask(QUESTION), Answered)
        assert isinstance(await client.ask(QUESTION), Answered)


async def test_no_more_than_so_many_ask_at_once() -> None:
    held = deeds.held('{"place": "Lviv", "warm": 0.5}')
    async with talking(*[held] * 6, at_once=2) as (server, client, _):
        asking = [asyncio.create_task(client.ask(QUESTION)) for _ in range(6)]
        async with asyncio.timeout(10):
            await server.crowded.wait()
        server.hold.set()
        answers = await asyncio.gather(*asking)
    assert all(isinstance(answer, Answered) for answer in answers)
    assert server.open_most == 2


def test_the_key_never_shows() -> None:
    assert "secret" not in repr(ModelAddress("test", None, "secret"))
