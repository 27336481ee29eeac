"""Updates carried to a bot's own address, in order, again and again until it takes them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from starlette.datastructures import Headers

from simulator.bot_api.backlog import Backlog, Update
from simulator.bot_api.errors import BotApiError
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.bot_api.params import Params, read_body
from simulator.world.clock import Clock

PATIENCE = 30.0
MOST_STEPS = 64
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
Answer = Callable[[str, Params], Awaitable[None]]
Draw = Callable[[], BotFault | None]


@dataclass(frozen=True, slots=True)
class Delays:
    """How long to wait after a failed delivery, in seconds: longer each time, up to a limit."""

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0

    def after(self, failures: int) -> float:
        """Tell the delay after so many failures in a row."""
        grown = self.first * self.factor ** min(failures - 1, MOST_STEPS)
        return float(min(self.longest, grown))


@dataclass(frozen=True, slots=True)
class WebhookFailure:
    """Why a delivery failed, and when."""

    at: datetime
    reason: str


@dataclass(slots=True, eq=False)
class Webhook:
    """One address; `answer` performs the call that a bot may put into its reply.

    `fault` draws what a delivery meets: an answer that is lost has the update delivered again,
    whatever else has it not arrive.
    """

    url: str
    secret: str
    backlog: Backlog
    clock: Clock
    answer: Answer
    fault: Draw
    delays: Delays
    max_connections: int = 40
    failure: WebhookFailure | None = None
    task: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self, name: str) -> None:
        """Begin to deliver."""
        self.task = asyncio.create_task(self.deliver_all(), name=name)

    async def stop(self) -> None:
        """End; what was not taken stays in the backlog."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def deliver_all(self) -> None:
        """Deliver one update after another, as long as there are any to come."""
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            while True:
                while not self.backlog.waiting:
                    self.backlog.bell.clear()
                    await self.backlog.bell.wait()
                await self.deliver(client, self.backlog.waiting[0])

    async def deliver(self, client: httpx.AsyncClient, update: Update) -> None:
        """Deliver one update, however often that takes; then act on the reply."""
        failures = 0
        while (reply := await self.post(client, update)) is None:
            failures += 1
            await asyncio.sleep(self.delays.after(failures))
        self.backlog.confirm(update.id + 1)
        called = await called_by(reply)
        if called is not None:
            await self.answer(*called)

    async def post(self, client: httpx.AsyncClient, update: Update) -> httpx.Response | None:
        """Send an update; None when it was not taken, with the reason kept."""
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        fault = self.fault()
        if fault is not None and fault.kind is not BotFaultKind.LOST_ANSWER:
            self.fail(f"Connection failed: {fault.kind}")
            return None
        try:
            reply = await client.post(self.url, json=update.show(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.fail(f"Connection failed: {type(error).__name__}")
            return None
        if not reply.is_success:
            self.fail(f"Wrong response from the webhook: {reply.status_code}")
            return None
        if fault is not None:
            self.fail("Read timeout expired")
            return None
        return reply

    def fail(self, reason: str) -> None:
        """Keep the reason of a failure."""
        self.failure = WebhookFailure(self.clock.now(), reason)


async def called_by(reply: httpx.Response) -> tuple[str, Params] | None:
    """Read the call in a webhook's reply; None when there is none."""
    try:
        said = await read_body(Headers(reply.headers), one_part(reply.content))
    except BotApiError:
        return None
    method = said.text("method")
    return (method, said) if method else None


async def one_part(content: bytes) -> AsyncGenerator[bytes, None]:
    """Give a body that is there already as a stream."""
    yield content
