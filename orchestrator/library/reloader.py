"""Loading again after each notice: many notices become one load, and a poll stands behind them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from orchestrator.errors import TroupeError
from orchestrator.ports.work import Topic

log = logging.getLogger(__name__)

POLL = 10.0
"""Seconds until somebody looks anyway, for a notice may have been lost."""

LONGEST_LOAD = 60.0
"""Seconds; a large library takes some when a process starts."""


@dataclass(slots=True)
class Reloader:
    """Calls `load` at the start, after notices of its topic, and every `poll` seconds."""

    topic: Topic
    load: Callable[[], Awaitable[None]]
    poll: float = POLL
    due: asyncio.Event = field(default_factory=asyncio.Event)
    complaint: str = ""
    """What keeps it from loading; said once, however often it is tried."""

    def hear(self, topic: str) -> None:
        """Take a notice; one that comes while a load runs makes another one follow."""
        if topic in {self.topic, Topic.RECONNECTED}:
            self.due.set()

    async def run(self) -> None:
        """Load for ever; while the database is away, what was loaded last stays."""
        while True:
            self.due.clear()
            await self.load_once()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.poll):
                    await self.due.wait()

    async def load_once(self) -> None:
        """Load, or say why not."""
        try:
            async with asyncio.timeout(LONGEST_LOAD):
                await self.load()
            self.complaint = ""
        except (TroupeError, OSError, TimeoutError) as failed:
            self.complain(str(failed) or "no answer in time")
        except Exception:
            # The task's boundary: what a node knows grows old, but it goes on.
            log.exception("%s stay as they are: loading them failed", self.topic)

    def complain(self, complaint: str) -> None:
        """Say once what is wrong."""
        if complaint != self.complaint:
            self.complaint = complaint
            log.warning("%s stay as they are: %s", self.topic, complaint)
