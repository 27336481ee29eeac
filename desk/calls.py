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

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's signature
    ) -> Any:  # noqa: ANN401 - whatever the method answers
        """Make a request of `AnyMethod`s; all others go aiogram's way."""
        if not isinstance(method, AnyMethod):
            return await super().make_request(bot, method, timeout)
        session = await self.create_session()
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        try:
            async with session.post(
                url,
                data=to_json(method.model_extra, exclude_none=True),
                headers=JSON,
                timeout=ClientTimeout(total=timeout or self.timeout),
            ) as response:
                content = await response.read()
        except TimeoutError as late:
            raise TelegramNetworkError(method, "Request timeout error") from late
        except ClientError as failed:
            raise TelegramNetworkError(method, f"{type(failed).__name__}: {failed}") from failed
        if response.status == HTTPStatus.OK:
            return result_in(content, method)
        refused = self.check_response(bot, method, response.status, content.decode())
        return refused.result


JSON = {"Content-Type": "application/json"}


def result_in(content: bytes, method: TelegramMethod[Any]) -> JsonValue:
    """Read an answer; raises ClientDecodeError for what is none."""
    try:
        answer = from_json(content)
    except ValueError as unreadable:
        raise ClientDecodeError("no JSON", unreadable, content) from unreadable
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        raise ClientDecodeError("no answer", ValueError(method.__api_method__), answer)
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
    made = call_class(method)(**params)
    try:
        result: JsonValue = await bot.session(bot, made, timeout=int(patience))
    except TelegramAPIError as failed:
        raise meaning_of(failed) from failed
    except (ClientDecodeError, TimeoutError, OSError) as failed:
        raise CallFailed(Fate.UNKNOWN, f"no answer that can be read: {failed}") from failed
    return result


class AnyMethod(TelegramMethod[Any]):
    """A method that takes any parameters and returns the answer as it came."""

    __returning__ = Any
    __api_method__ = ""


@cache
def call_class(method: str) -> type[AnyMethod]:
    """Make a method that takes any parameters and returns the answer as it came."""
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
