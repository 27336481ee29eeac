"""Calls of the Bot API by their names, and what their failures mean to whoever made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiohttp import ClientConnectorError, ClientError, ClientTimeout, ConnectionTimeoutError
from pydantic import JsonValue
from pydantic_core import from_json, to_json

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
    MOVED = "moved"
    """The group became a supergroup, which has another number."""
    REFUSED = "refused"
    """It cannot be done, now or later."""


@dataclass
class CallFailed(Exception):
    """A call of the Bot API did not succeed."""

    fate: Fate
    said: str
    seconds: float = 0.0
    moved_to: int | None = None

    def __str__(self) -> str:
        """Return what was said."""
        return self.said


class LeanSession(AiohttpSession):
    """Sends what a call says as JSON, and hands answers out as they came.

    Parameters go out and answers come in without a model of them being built; what Telegram
    refuses is read by aiogram, which knows the kinds of refusal.
    """

    async def ask(
        self, bot: Bot, method: str, params: Mapping[str, JsonValue], patience: float
    ) -> JsonValue:
        """Call a method; raises what aiogram's own calls raise."""
        try:
            status, content = await self.post(bot, method, params, patience)
        except TimeoutError as late:
            made = any_method(method, params)
            raise TelegramNetworkError(made, "Request timeout error") from late
        except ClientError as failed:
            made, why = any_method(method, params), f"{type(failed).__name__}: {failed}"
            raise TelegramNetworkError(made, why) from failed
        if status == HTTPStatus.OK:
            return result_in(content, method)
        made = any_method(method, params)
        refused: JsonValue = self.check_response(bot, made, status, content.decode()).result
        return refused

    async def post(
        self, bot: Bot, method: str, params: Mapping[str, JsonValue], patience: float
    ) -> tuple[int, bytes]:
        """Make the request; returns the status and the body of its answer."""
        session = await self.create_session()
        async with session.post(
            self.api.api_url(token=bot.token, method=method),
            data=to_json(params, exclude_none=True),
            headers=JSON,
            timeout=ClientTimeout(total=patience),
        ) as response:
            return response.status, await response.read()


JSON = {"Content-Type": "application/json"}


def result_in(content: bytes, method: str) -> JsonValue:
    """Read an answer; raises ClientDecodeError for what is none."""
    try:
        answer = from_json(content)
    except ValueError as unreadable:
        raise ClientDecodeError("no JSON", unreadable, content) from unreadable
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        raise ClientDecodeError("no answer", ValueError(method), answer)
    found: JsonValue = answer.get("result")
    return found


def open_bot(token: str, base: str) -> Bot:
    """Make a bot that speaks to this server; close it by `bot.session.close()`."""
    session = LeanSession(api=TelegramAPIServer.from_base(base), limit=CONNECTIONS)
    session._connector_init["keepalive_timeout"] = IDLE  # noqa: SLF001 - aiogram offers no other way
    return Bot(token, session=session)


def shows_once(method: str) -> bool:
    """Tell whether a second call would show a second message."""
    return method.startswith(SHOWS_ONCE)


async def call(
    bot: Bot, method: str, params: Mapping[str, JsonValue], patience: float = PATIENCE
) -> JsonValue:
    """Call a method; raises CallFailed. What went out without an answer is Fate.UNKNOWN."""
    session = bot.session
    if not isinstance(session, LeanSession):
        raise TypeError("a bot that open_bot did not make")
    try:
        return await session.ask(bot, method, params, patience)
    except TelegramAPIError as failed:
        raise meaning_of(failed) from failed
    except (ClientDecodeError, TimeoutError, OSError) as failed:
        raise CallFailed(Fate.UNKNOWN, f"no answer that can be read: {failed}") from failed


class AnyMethod(TelegramMethod[Any]):
    """A call as aiogram names it in what it raises."""

    __returning__ = Any
    __api_method__ = ""


def any_method(method: str, params: Mapping[str, JsonValue]) -> AnyMethod:
    """Describe a call that failed."""
    return call_class(method)(**params)


@cache
def call_class(method: str) -> type[AnyMethod]:
    """Make the class that a method is called by."""
    attributes = {"__returning__": Any, "__api_method__": method, "__module__": __name__}
    return type(method, (AnyMethod,), attributes)


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
    if isinstance(failed, TelegramMigrateToChat):
        return CallFailed(Fate.MOVED, failed.message, moved_to=failed.migrate_to_chat_id)
    fates = (fate for kind, fate in FATES.items() if isinstance(failed, kind))
    return CallFailed(next(fates, Fate.REFUSED), failed.message)


def fate_of_network(cause: BaseException | None) -> Fate:
    """Tell whether the request can have left: without a connection it cannot."""
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return Fate.NOT_MADE
    return Fate.UNKNOWN
