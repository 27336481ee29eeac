"""A simulated Telegram and clients that are gone when the test is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession
from telethon.tl.functions.users import GetUsersRequest

from simulator.mtproto.call import Call, Result, RpcFault
from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from simulator.world.people import Person
from simulator.world.world import World
from tests.integration.simulator.wire import WireClient

NewClient = Callable[..., Awaitable[Any]]
NewWire = Callable[..., Awaitable[WireClient]]


@pytest.fixture
async def server(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key) as server:
        stay_anonymous(server)
        yield server


def stay_anonymous(server: TelegramServer) -> None:
    """Answer what Telethon asks first as for a client that is not signed in."""

    @server.methods.handles(GetUsersRequest)
    async def refuse(_call: Call, _request: GetUsersRequest) -> Result:
        raise RpcFault(401, "AUTH_KEY_UNREGISTERED")


@pytest.fixture
async def telethon(server: TelegramServer) -> AsyncIterator[NewClient]:
    """Connect real, unmodified Telethon clients."""
    rsa.add_key(server.public_key, old=False)
    async with AsyncExitStack() as stack:

        async def new_client(session: Any = None, **options: Any) -> Any:
            if session is None:
                session = MemorySession()
                session.set_dc(server.dc_id, server.host, server.port)
            client = TelegramClient(session, server.api_id, server.api_hash, **options)
            stack.push_async_callback(disconnect, client)
            await client.connect()
            return client

        yield new_client


async def disconnect(client: Any) -> None:
    await client.disconnect()


@pytest.fixture
async def wire(server: TelegramServer) -> AsyncIterator[NewWire]:
    """Connect clients that say exactly what the test wants."""
    async with AsyncExitStack() as stack:

        async def new_wire(**options: Any) -> WireClient:
            client = await WireClient.greet(server, **options)
            stack.push_async_callback(client.hang_up)
            return client

        yield new_wire


@dataclass
class Street:
    """A server whose people come in with keys that were issued, so that nobody waits."""

    server: TelegramServer
    stack: AsyncExitStack

    @property
    def world(self) -> World:
        return self.server.world

    def session_of(self, person: Person | None) -> Any:
        session = MemorySession()
        session.set_dc(self.server.dc_id, self.server.host, self.server.port)
        key = self.server.keys.issue()
        session.auth_key = AuthKey(key.data)
        if person is not None:
            self.world.logins.admit(key.id, person, "127.0.0.1")
        return session

    async def enter(self, person: Person | None, session: Any = None, **options: Any) -> Any:
        session = session or self.session_of(person)
        client = TelegramClient(session, self.server.api_id, self.server.api_hash, **options)
        self.stack.push_async_callback(disconnect, client)
        await client.connect()
        return client


@pytest.fixture
async def street(server_key: ServerKey) -> AsyncIterator[Street]:
    async with serve(server_key=server_key) as server, AsyncExitStack() as stack:
        rsa.add_key(server.public_key, old=False)
        yield Street(server, stack)
        assert not server.methods.unknown
        assert not server.crashed


@pytest.fixture
def anna(street: Street) -> Person:
    return street.world.add_person("9996620002", "Anna")


@pytest.fixture
def boris(street: Street) -> Person:
    return street.world.add_person("9996630003", "Boris")
