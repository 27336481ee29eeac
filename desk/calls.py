"""Calls of the Bot API by their names, and what their failures mean to whoever made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.methods.base import Response
from aiohttp import ClientConnectorError, ConnectionTimeoutError
from pydantic import JsonValue

CONNECTIONS = 100
IDLE = 10.0
"""Seconds for which an unused connection is kept: servers close theirs later."""
PATIENCE = 30.0
"""Seconds for an answer."""

SHOWS_ONCE = ("send", "copy", "forward", "create")
"""How the names of methods begin that show something anew each time they are called."""


class Fate(StrEnum):
    """What is known of a call that failed."""

    NOT_MADE = "not_made"
    """No connection, or nobody who listens to this token: nothing was done."""
    BROKEN = "broken"
    """Telegram answered that it cannot now: nothing was done."""
    LATER = "later"
    """Too fast: nothing was done, and how long to wait is said."""
    UNKNOWN = "unknown"
    """The request went out, and no answer came."""
    FORBIDDEN = "forbidden"
    """The person blocked the bot or never began to talk with it."""
    REFUSED = "refused"
    """It cannot be done, now or later."""


@dataclass
class CallFailed(Exception):
    """A call of the Bot API did not succeed."""

    fate: Fate
    said: str
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return what was said."""
        return self.said


def open_bot(token: str, base: str) -> Bot:
    """Make a bot that speaks to this server; close it by `bot.session.close()`."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(base), limit=CONNECTIONS)
    session._connector_init["keepalive_timeout"] = IDLE  # noqa: SLF001 - aiogram offers no other way
    return Bot(token, session=session)


def shows_once(method: str) -> bool:
    """Tell whether a second call would show a second message."""
    return method.startswith(SHOWS_ONCE)


async def call(
    bot: Bot, method: str, params: Mapping[str, JsonValue], patience: float = PATIENCE
) -> JsonValue:
    """Call a method; raises CallFailed. What went out without an answer is Fate.UNKNOWN."""
    made = call_class(method)(**params)
    try:
        result: JsonValue = await bot.session(bot, made, timeout=int(patience))
    except TelegramAPIError as failed:
        raise meaning_of(failed) from failed
    except (ClientDecodeError, TimeoutError, OSError) as failed:
        raise CallFailed(Fate.UNKNOWN, f"no answer that can be read: {failed}") from failed
    return result


@cache
def call_class(method: str) -> type[TelegramMethod[Any]]:
    """Make a method that takes any parameters and returns the answer as it came."""
    attributes = {"__returning__": Any, "__api_method__": method, "__module__": __name__}
    Response[Any]
    return type(method, (TelegramMethod,), attributes)


FATES: dict[type[TelegramAPIError], Fate] = {
    TelegramForbiddenError: Fate.FORBIDDEN,
    TelegramServerError: Fate.BROKEN,
    TelegramUnauthorizedError: Fate.NOT_MADE,
    TelegramNotFound: Fate.NOT_MADE,
    TelegramConflictError: Fate.NOT_MADE,
}


def meaning_of(failed: TelegramAPIError) -> CallFailed:
    """Tell what is known of a call that failed."""
    if isinstance(failed, TelegramNetworkError):
        return CallFailed(fate_of_network(failed.__cause__), failed.message)
    if isinstance(failed, TelegramRetryAfter):
        return CallFailed(Fate.LATER, failed.message, float(failed.retry_after))
    fates = (fate for kind, fate in FATES.items() if isinstance(failed, kind))
    return CallFailed(next(fates, Fate.REFUSED), failed.message)


def fate_of_network(cause: BaseException | None) -> Fate:
    """Tell whether the request can have left: without a connection it cannot."""
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return Fate.NOT_MADE
    return Fate.UNKNOWN
