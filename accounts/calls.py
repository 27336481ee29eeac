"""Asking Telegram: each request has a deadline, and each failure is one of ours."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from telethon import TelegramClient
from telethon.tl import TLRequest

from accounts.errors import FAILURES, translate
from accounts.internals import cut
from orchestrator.refusals import OutcomeUnknown

log = logging.getLogger(__name__)


T = TypeVar("T")

Pace = Callable[[str], Awaitable[None]]
"""Returns when a request by that method may leave."""


async def at_once(_method: str) -> None:
    """Let every request leave."""


class Caller:
    """Sends requests through one client until one ends without an answer; then it is spent."""

    def __init__(self, client: TelegramClient, answer: timedelta, pace: Pace = at_once) -> None:
        self.client, self.answer, self.pace = client, answer, pace
        self.spent = False

    async def __call__(self, request: TLRequest, *, within: timedelta | None = None) -> Any:  # noqa: ANN401
        """Return Telegram's answer to one request; raises TelegramRefused or OutcomeUnknown.

        Waiting for its turn is no part of the time that Telegram has to answer.
        """
        await self.pace(method_of(request))
        return await self.bounded(self.client(request), within or self.answer)

    async def bounded(self, asking: Coroutine[Any, Any, T], limit: timedelta) -> T:
        """Return what `asking` ends with; raises TelegramRefused or OutcomeUnknown.

        The deadline stands on the event loop's monotonic clock. Past it, or when the caller is
        cancelled, the connection is broken: Telethon would send a queued request even then.
        """
        if self.spent:
            asking.close()
            raise OutcomeUnknown("the connection was given up; nothing was asked")
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await asking
        except TimeoutError as error:
            self.give_up()
            seconds = limit.total_seconds()
            raise OutcomeUnknown(f"Telegram did not answer within {seconds:g} s") from error
        except asyncio.CancelledError as error:
            self.give_up()
            if is_being_cancelled():
                raise
            raise OutcomeUnknown("the connection was closed before Telegram answered") from error
        except FAILURES as error:
            refused = translate(error)
            if isinstance(refused, OutcomeUnknown):
                self.give_up()
            raise refused from error

    def give_up(self) -> None:
        """Break the connection: what is queued must not leave later."""
        self.spent = True
        cut(self.client)


def method_of(request: TLRequest) -> str:
    """Name a request's method as the protocol does, such as `messages.GetHistory`."""
    kind = type(request)
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__.removesuffix('Request')}"


def is_being_cancelled() -> bool:
    """Tell whether somebody cancels this task; Telethon cancels its answers when it disconnects."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
