"""A simulated Telegram, and sessions both in memory and in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from orchestrator.ports.sessions import SessionStore
from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from tests.integration.accounts.cast import Cast, Ear
from tests.integration.accounts.stores import MemorySessions


@pytest.fixture(scope="session")
def server_key() -> ServerKey:
    return ServerKey.generate()


@pytest.fixture
async def server(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key) as running:
        yield running
        assert not running.crashed


@pytest.fixture
def sessions() -> SessionStore:
    return MemorySessions()


@pytest.fixture
def cast(server: TelegramServer, sessions: SessionStore) -> Cast:
    return Cast(server, sessions)


@pytest.fixture
def ear() -> Ear:
    return Ear()
