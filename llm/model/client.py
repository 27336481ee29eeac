"""The client for servers that speak the OpenAI protocol; what they do never raises."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic

from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError
from pydantic import BaseModel

from llm.model.answers import NOTHING, Answered, Effort, Failed, FailureKind, Shape, Usage
from llm.model.breaker import CircuitBreaker
from llm.model.patience import Patience, retry_after
from llm.model.shapes import Form, Unreadable, instruction, read, response_format
from llm.model.wire import Said, Trouble, envelope
from orchestrator.clock import Clock, SystemClock

NO_KEY = "none"
"""What is sent to a server of one's own that wants no key; the library insists on one."""
WORTH_ANOTHER_TRY = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.TIMEOUT,
        FailureKind.RATE_LIMITED,
        FailureKind.SERVER_ERROR,
    }
)


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """Which model of which server; the key never shows."""

    model: str
    base_url: str | None = None
    """None: OpenAI's own."""
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Question(Generic[Shape]):
    """What a model is asked; `system` is the same for many questions and stands first."""

    system: str
    user: str
    shape: type[Shape]
    max_tokens: int = 700


class ModelClient:
    """Asks one model; shared by everybody in the process."""

    def __init__(
        self,
        address: ModelAddress,
        *,
        patience: Patience | None = None,
        at_once: int = 4,
        clock: Clock | None = None,
    ) -> None:
        self.model = address.model
        self.patience = patience or Patience()
        self.clock = clock or SystemClock()
        self.breaker = CircuitBreaker(self.clock)
        self.turns = asyncio.Semaphore(at_once)
        self.form = Form.SCHEMA
        self.luck = random.Random()  # noqa: S311  (spreads retries; no secret hangs on it)
        self.limit_name = "max_tokens" if address.base_url else "max_completion_tokens"
        self.http = AsyncOpenAI(
            api_key=address.api_key or NO_KEY,
            base_url=address.base_url or "https://api.openai.com/v1",
            max_retries=0,
            timeout=self.patience.attempt,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ModelClient"]:
        """Keep connections for as long as the block lasts."""
        try:
            yield self
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self.http.close()

    async def ask(self, question: Question[Shape]) -> Answered[Shape] | Failed:
        """Return the answer in the wanted shape, or why there is none; within `patience.total`."""
        talk = Talk(self, question, begun=self.clock.monotonic())
        try:
            async with asyncio.timeout(self.patience.total):
                return await talk.run()
        except TimeoutError:
            detail = f"The model did not answer within {self.patience.total:g} s."
            return talk.fail(Trouble(FailureKind.TIMEOUT, detail))


@dataclass(slots=True)
class Talk(Generic[Shape]):
    """One question with everything that is tried for it."""

    client: ModelClient
    question: Question[Shape]
    begun: float
    effort: Effort = field(default_factory=Effort)

    async def run(self) -> Answered[Shape] | Failed:
        """Ask; when the answer cannot be read, ask once to mend it."""
        messages = [
            {"role": "system", "content": self.question.system},
            {"role": "user", "content": self.question.user},
        ]
        for last in (False, True):
            said = await self.request_with_retries(messages)
            if isinstance(said, Trouble):
                return self.fail(said)
            try:
                return Answered(read(said.text, self.question.shape), self.spent())
            except Unreadable as problem:
                if last:
                    detail = f"The model's answer has not the wanted shape: {problem}"
                    return self.fail(Trouble(FailureKind.BAD_ANSWER, detail))
                messages += mending(said.text, problem)
        raise AssertionError("a question ends with its second answer")

    async def request_with_retries(self, messages: Sequence[dict[str, str]]) -> Said | Trouble:
        """Ask until there is an answer, a failure that will last, or no patience left."""
        client, form, failures = self.client, self.client.form, 0
        while True:
            found = await self.request_when_admitted(messages, form)
            if isinstance(found, Said):
                client.form = form
                return found
            if found.format_refused and form.below is not None:
                form = form.below
                continue
            failures += 1
            if found.kind not in WORTH_ANOTHER_TRY or failures >= client.patience.attempts:
                return found
            wait = client.patience.wait(failures, found.asked_to_wait, client.luck.random())
            if wait is None:
                return found
            await client.clock.sleep(wait)

    async def request_when_admitted(
        self, messages: Sequence[dict[str, str]], form: Form
    ) -> Said | Trouble:
        """Wait for a turn, ask the circuit breaker, send, and tell both what came of it."""
        breaker = self.client.breaker
        async with self.client.turns:
            if not breaker.admits():
                detail = "The model's server failed too often lately and is left alone for a while."
                return Trouble(FailureKind.CIRCUIT_OPEN, detail)
            self.note(NOTHING, requests=1, uncounted=1)
            try:
                found = await self.request(messages, form)
            except BaseException:
                breaker.gave_up()
                raise
        uncounted = 1 if isinstance(found, Trouble) and not found.counted else 0
        self.note(found.usage, uncounted=uncounted - 1)
        if isinstance(found, Trouble) and found.kind in WORTH_ANOTHER_TRY:
            breaker.failed()
        else:
            breaker.succeeded()
        return found

    async def request(self, messages: Sequence[dict[str, str]], form: Form) -> Said | Trouble:
        """Send one request and read the envelope of its answer."""
        client, shape = self.client, self.question.shape
        body: dict[str, Any] = {
            "model": client.model,
            "messages": told_the_shape(messages, form, shape),
            client.limit_name: self.question.max_tokens,
        }
        if wanted := response_format(form, shape):
            body["response_format"] = wanted
        try:
            async with asyncio.timeout(client.patience.attempt):
                answer = await client.http.chat.completions.with_raw_response.create(**body)
            return envelope(answer.text)
        except (TimeoutError, APITimeoutError):
            detail = f"The model did not answer within {client.patience.attempt:g} s."
            return Trouble(FailureKind.TIMEOUT, detail, counted=False)
        except APIStatusError as error:
            return self.trouble_of(error)
        except (APIConnectionError, OpenAIError) as error:
            detail = f"The model's server cannot be reached: {error}"
            return Trouble(FailureKind.UNREACHABLE, detail, counted=False)

    def trouble_of(self, error: APIStatusError) -> Trouble:
        """Tell what a status means."""
        status = error.status_code
        detail = f"The model's server answered with status {status}."
        if status == 429:
            asked = retry_after(error.response.headers, self.client.clock.now())
            return Trouble(FailureKind.RATE_LIMITED, detail, asked_to_wait=asked)
        if status >= 500 or status in {408, 409}:
            asked = retry_after(error.response.headers, self.client.clock.now())
            refused = status == 501
            return Trouble(
                FailureKind.SERVER_ERROR, detail, asked_to_wait=asked, format_refused=refused
            )
        return Trouble(FailureKind.REJECTED, detail, format_refused=status in {400, 415, 422})

    def note(self, usage: Usage, *, requests: int = 0, uncounted: int = 0) -> None:
        """Add to what was spent."""
        self.effort = replace(
            self.effort,
            usage=self.effort.usage + usage,
            requests=self.effort.requests + requests,
            uncounted=self.effort.uncounted + uncounted,
        )

    def spent(self) -> Effort:
        """Return what was spent until now."""
        seconds = self.client.clock.monotonic() - self.begun
        return replace(self.effort, duration=timedelta(seconds=seconds))

    def fail(self, trouble: Trouble) -> Failed:
        """End without an answer."""
        return Failed(trouble.kind, trouble.detail, self.spent())


def told_the_shape(
    messages: Sequence[dict[str, str]], form: Form, shape: type[BaseModel]
) -> list[dict[str, str]]:
    """Add the schema to the system's part where the server is not given it otherwise."""
    if form is Form.SCHEMA:
        return list(messages)
    system, *rest = messages
    return [{**system, "content": f"{system['content']}\n\n{instruction(shape)}"}, *rest]


def mending(answer: str, problem: Unreadable) -> list[dict[str, str]]:
    """Make the round that asks for the same answer in the right shape."""
    return [
        {"role": "assistant", "content": answer[:4000] or "(nothing)"},
        {
            "role": "user",
            "content": f"That has not the wanted shape: {problem}. Send the whole object again.",
        },
    ]
