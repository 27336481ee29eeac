"""One simulated Telegram with both faces: bots over HTTP, people over MTProto or in the world."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from simulator.bot_api.api import BotApi
from simulator.bot_api.webhook import Delays
from simulator.world.people import Person
from simulator.world.world import World

PATIENCE = 60


@dataclass
class Raw:
    """Calls methods as a bot, with nothing between the test and HTTP."""

    client: httpx.AsyncClient
    url: str
    token: str

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        reply = await self.client.post(f"{self.url}/bot{self.token}/{method}", json=params)
        found: dict[str, Any] = reply.json()
        assert reply.status_code == found.get("error_code", 200)
        return found

    async def do(self, method: str, **params: Any) -> Any:
        found = await self.ask(method, **params)
        assert found["ok"], found
        return found["result"]


@dataclass
class Place:
    """The world, its Bot API, a bot, and clients that are gone when the test is."""

    world: World
    api: BotApi
    bot: Person
    url: str
    stack: AsyncExitStack

    @property
    def token(self) -> str:
        return self.world.bots.token_of(self.bot)

    async def raw(self, token: str | None = None) -> Raw:
        client = await self.stack.enter_async_context(
            httpx.AsyncClient(timeout=PATIENCE, trust_env=False)
        )
        return Raw(client, self.url, token or self.token)

    def aiogram(self) -> Bot:
        server = TelegramAPIServer.from_base(self.url)
        bot = Bot(self.token, session=AiohttpSession(api=server))
        self.stack.push_async_callback(bot.session.close)
        return bot


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    world = World()
    bot = world.add_bot("Desk", "desk_bot")
    api = BotApi(world, delays=Delays(first=0.01))
    async with api.serving() as url, AsyncExitStack() as stack:
        yield Place(world, api, bot, url, stack)
        assert not api.crashed


@pytest.fixture
async def raw(place: Place) -> Raw:
    return await place.raw()


@pytest.fixture
def anna(place: Place) -> Person:
    return place.world.add_person("9996620002", "Anna Petrova", username="anna_p")


@pytest.fixture
def boss(place: Place) -> Person:
    return place.world.add_person("9996610001", "Boss")


async def in_time(awaited: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await awaited
