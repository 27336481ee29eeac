"""A simulated Telegram that is directed over HTTP alone."""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve

PATIENCE = 20
PICTURE = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5B", 13, b"IHDR", 8, 6, 8, 2, 0, 0, 0)
Json = dict[str, Any]


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def in_time(awaited: Awaitable[Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await awaited


@dataclass
class Director:
    """Speaks with the control API; whatever is refused fails the test."""

    http: httpx.AsyncClient

    async def ask(self, verb: str, path: str, **said: Any) -> httpx.Response:
        return await self.http.request(verb, path, **said)

    async def do(self, verb: str, path: str, **body: Any) -> Any:
        answer = await self.ask(verb, path, **({"json": body} if body else {}))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def post(self, path: str, **body: Any) -> Any:
        return await self.do("POST", path, **body)

    async def put(self, path: str, **body: Any) -> Any:
        return await self.do("PUT", path, **body)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.ask("GET", path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    async def person(self, name: str, **more: Any) -> Json:
        shown: Json = await self.post("/people", name=name, **more)
        return shown

    async def bot(self, username: str = "desk_bot") -> Json:
        shown: Json = await self.post("/bots", name="Desk", username=username)
        return shown

    async def says(self, who: Json, to: int, text: str = "", **more: Any) -> Json:
        shown: Json = await self.post(f"/people/{who['id']}/messages", to=to, text=text, **more)
        return shown

    async def hears(self, who: Json, other: Json, after: int = 0) -> Json:
        """Wait for what `other` says to somebody after a message, and give the last of it."""
        path = f"/people/{who['id']}/messages"
        heard: list[Json] = []
        while not heard:
            got = await self.get(path, **{"with": other["id"], "after": after, "wait": PATIENCE})
            heard = [each for each in got if each["author"] == other["id"]]
            after = got[-1]["id"]
        return heard[-1]


@pytest.fixture
async def directed(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key, bot_api=True, control=True) as server:
        yield server
        assert server.bot_api is not None
        assert not server.bot_api.crashed


@pytest.fixture
async def control(directed: TelegramServer) -> AsyncIterator[httpx.AsyncClient]:
    timeout = httpx.Timeout(2 * PATIENCE)
    async with httpx.AsyncClient(
        base_url=directed.control_url, trust_env=False, timeout=timeout
    ) as client:
        yield client


@pytest.fixture
def director(control: httpx.AsyncClient) -> Director:
    return Director(control)


@pytest.fixture
async def bots(directed: TelegramServer) -> AsyncIterator[Any]:
    """Make an aiogram bot of a token."""
    async with AsyncExitStack() as stack:

        def make(shown: Json) -> Bot:
            assert directed.bot_api is not None
            server = TelegramAPIServer.from_base(directed.bot_api.url)
            bot = Bot(shown["token"], session=AiohttpSession(api=server))
            stack.push_async_callback(bot.session.close)
            return bot

        yield make
