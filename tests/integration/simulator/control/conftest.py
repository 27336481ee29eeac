"""A simulated Telegram that is directed over HTTP alone."""

from collections.abc import AsyncIterator

import httpx
import pytest

from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve


@pytest.fixture
async def directed(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key, control=True) as server:
        yield server


@pytest.fixture
async def control(directed: TelegramServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=directed.control_url, trust_env=False) as client:
        yield client
