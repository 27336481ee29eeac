"""A house for each test."""

from collections.abc import AsyncIterator

import pytest

from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from tests.integration.intake.house import House, build_house


@pytest.fixture
async def server(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key) as running:
        yield running
        assert not running.crashed


@pytest.fixture
async def house(server: TelegramServer, database_url: str) -> AsyncIterator[House]:
    async with build_house(server, database_url) as built:
        yield built
