"""The bot's webhook: what Telegram brings is stored before it is told that we have it."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response, status
from pydantic import JsonValue

from orchestrator.errors import ServersUnavailable

log = logging.getLogger(__name__)

LARGEST: Final = 1_000_000
"""Bytes of an update: Telegram's are far smaller."""

TakeUpdate = Callable[[JsonValue], Awaitable[bool]]
"""Stores an update; False for what is none. Raises ServersUnavailable."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where updates go, and the two secrets by which Telegram is known."""

    take: TakeUpdate
    path: str = field(repr=False)
    header: str = field(repr=False)

    def knows(self, path: str, header: str) -> bool:
        """Compare both secrets, in a time that tells nothing of them."""
        known = [
            hmac.compare_digest(given.encode(), wanted.encode())
            for given, wanted in ((path, self.path), (header, self.header))
        ]
        return all(known)


def webhook_router(hook: Hook) -> APIRouter:
    """Serve POST /webhook/{secret}: 200 once the update is stored, 503 while it cannot be."""
    router = APIRouter(tags=["webhook"])

    @router.post("/webhook/{secret}")
    async def webhook(
        secret: str,
        request: Request,
        token: Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token")] = "",
    ) -> Response:
        """Store an update, if it is Telegram who brings it."""
        if not hook.knows(secret, token):
            return Response(status_code=status.HTTP_404_NOT_FOUND)
        update = await read_update(request)
        if update is None:
            return Response(status_code=status.HTTP_400_BAD_REQUEST)
        try:
            taken = await hook.take(update)
        except ServersUnavailable as away:
            log.warning("an update waits at Telegram: %s", away)
            return Response(status_code=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response(status_code=status.HTTP_200_OK if taken else status.HTTP_400_BAD_REQUEST)

    return router


async def read_update(request: Request) -> JsonValue:
    """Read the body as JSON; None for what is none, or too large to be an update."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    try:
        found: JsonValue = json.loads(body)
    except ValueError:
        return None
    return found
