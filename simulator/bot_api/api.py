"""The Bot API of one world, ready to be served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from simulator.bot_api.http import build_app
from simulator.bot_api.office import Office
from simulator.bot_api.serving import listening


class BotApi(Office):
    """An office that answers over HTTP."""

    url = ""

    def app(self) -> FastAPI:
        """Make the application that answers bots."""
        return build_app(self)

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve for as long as the block runs; gives the URL that bots put before /bot<token>."""
        async with listening(self.app(), host, port, self.close) as self.url:
            yield self.url
