"""A simulated Telegram with people who come with real Telethon clients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from simulator.world.people import Person
from simulator.world.world import World

PATIENCE = 60


@dataclass
class Heard:
    """What a client's handlers were told, to be waited for."""

    queue: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def next(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.queue.get()
                if wanted(event):
                    return event

    async def texts(self, count: int) -> list[str]:
        return [(await self.next()).raw_text for _ in range(count)]


@dataclass
class Town:
    """A server, its world, and clients that leave when the test ends."""

    world: World
    server: TelegramServer
    stack: AsyncExitStack

    async def connect(self, session: Any = None, **options: Any) -> Any:
        if session is None:
            session = MemorySession()
            session.set_dc(self.server.dc_id, self.server.host, self.server.port)
        client = self.client(session, **options)
        await client.connect()
        return client

    def client(self, session: Any, **options: Any) -> Any:
        client = TelegramClient(session, self.server.api_id, self.server.api_hash, **options)
        self.stack.push_async_callback(self.disconnect, client)
        return client

    async def disconnect(self, client: Any) -> None:
        await client.disconnect()

    async def sign_in(self, person: Person, **options: Any) -> Any:
        client = await self.connect(**options)
        await client.send_code_request(person.phone)
        await client.sign_in(person.phone, code=self.world.logins.code_for(person.phone))
        return client


def listen(client: Any, event: Any) -> Heard:
    """Have everything that matches `event` heard from now on."""
    heard = Heard()
    client.add_event_handler(heard.queue.put, event)
    return heard


@pytest.fixture
async def town(server_key: ServerKey) -> AsyncIterator[Town]:
    async with serve(World(), server_key=server_key) as server, AsyncExitStack() as stack:
        rsa.add_key(server.public_key, old=False)
        yield Town(server.world, server, stack)
        assert not server.methods.unknown
        assert not server.listener.runner.crashed


@pytest.fixture
def boss(town: Town) -> Person:
    return town.world.add_person("9996610001", "Boss")


@pytest.fixture
def anna(town: Town) -> Person:
    return town.world.add_person("9996620002", "Anna Petrova", username="anna_p")


@pytest.fixture
def boris(town: Town) -> Person:
    return town.world.add_person("9996630003", "Boris")
