"""Looking for work without missing the bell that rings meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.ports.work import Bell, Topic


@asynccontextmanager
async def listening(bell: Bell, topic: Topic, poll: float) -> "AsyncIterator[asyncio.Task[None]]":
    """Listen from before the look: what is queued while one looks rings all the same."""
    rung = asyncio.create_task(bell.wait(topic, poll), name=f"bell of {topic}")
    try:
        yield rung
    finally:
        rung.cancel()
        await asyncio.gather(rung, return_exceptions=True)
