"""A desk for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.desk.stand import Stand, stand_on


@pytest.fixture
async def stand(database_url: str, redis_url: str) -> AsyncIterator[Stand]:
    async with stand_on(database_url, redis_url) as made:
        yield made
