"""The Bot API's paths and envelopes."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from simulator.bot_api.errors import NOT_FOUND, UNAUTHORIZED, BotApiError
from simulator.bot_api.office import AnswerLost, Office
from simulator.bot_api.params import read_params
from simulator.world.people import Person


class CutResponse(Response):
    """Promises an answer and ends without it, so that the server cuts the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head only."""
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def build_app(office: Office) -> FastAPI:
    """Make the application of a Bot API."""
    app = FastAPI(title="Bot API", openapi_url=None)

    async def call(token: str, method: str, request: Request) -> Response:
        try:
            bot = bot_of(office, token)
            result = await office.perform(bot, method, await read_params(request))
        except BotApiError as error:
            return show_error(error)
        except AnswerLost:
            return CutResponse()
        return JSONResponse({"ok": True, "result": result})

    async def download(token: str, path: str) -> Response:
        try:
            bot_of(office, token)
            content = office.file(path)
        except BotApiError as error:
            return show_error(error)
        return Response(content, media_type="application/octet-stream")

    app.add_api_route("/bot{token}/{method}", call, methods=["GET", "POST"], response_model=None)
    app.add_api_route("/file/bot{token}/{path:path}", download, response_model=None)
    return app


def bot_of(office: Office, token: str) -> Person:
    """Find the bot of a token, or refuse it; what has no colon is no token at all."""
    bot = office.bot_of(token)
    if bot is None and ":" not in token:
        raise BotApiError(NOT_FOUND, "Not Found")
    if bot is None:
        raise BotApiError(UNAUTHORIZED, "Unauthorized")
    return bot


def show_error(error: BotApiError) -> JSONResponse:
    """Put a refusal into its envelope."""
    shown: dict[str, Any] = {
        "ok": False,
        "error_code": error.code,
        "description": error.description,
    }
    if error.retry_after is not None:
        shown["parameters"] = {"retry_after": error.retry_after}
    if error.moved_to is not None:
        shown["parameters"] = {"migrate_to_chat_id": error.moved_to}
    return JSONResponse(shown, status_code=error.code)
