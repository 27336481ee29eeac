"""Hearing from PostgreSQL: one LISTEN connection that comes back after it was lost.

Notices only hurry things up. Whoever waits gives a time after which it looks anyway, so a lost
connection costs milliseconds of haste and nothing else.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from db.engine import CONNECT_SECONDS, plain_url
from orchestrator.ports.work import Topic

log = logging.getLogger(__name__)

CHANNEL = "troupe"
RECONNECTED = Topic.RECONNECTED.value
FIRST_RETRY, LONGEST_RETRY = 0.2, 10.0
ALIVE_SECONDS = 30.0

Listener = Callable[[str], None]


class Notices:
    """Hears topics (`outbox`, `commands`, `scripts`, …) and tells whoever asked for them.

    After every reconnect each listener hears the topic `reconnected`: notices may have been missed.
    """

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.listeners: list[Listener] = []
        self.listening = asyncio.Event()
        self.bells: dict[str, asyncio.Event] = {}

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with every topic from now on."""
        self.listeners.append(listener)

    def hear(self, topic: str) -> None:
        """Pass a topic on; also for what this process itself has just committed."""
        for rung in list(self.bells) if topic == RECONNECTED else [topic]:
            self.bells.pop(rung, asyncio.Event()).set()
        for listener in self.listeners:
            listener(topic)

    async def wait(self, topic: str, timeout: float) -> None:  # noqa: ASYNC109 - the poll's interval
        """Return when something of that topic was queued, or after `timeout` seconds."""
        bell = self.bells.setdefault(topic, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await bell.wait()

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Notices"]:
        """Listen for as long as the block lasts."""
        task = asyncio.create_task(self.listen(), name="notices")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def listen(self) -> None:
        """Connect, listen, and begin again whenever the connection is lost."""
        delay = FIRST_RETRY
        while True:
            try:
                await self.listen_once()
                delay = FIRST_RETRY
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as lost:
                log.info("notices from PostgreSQL are lost: %s; polling goes on", lost)
                delay = min(delay * 2, LONGEST_RETRY)
            self.listening.clear()
            await asyncio.sleep(delay)

    async def listen_once(self) -> None:
        """Listen until the connection ends; LISTEN comes before the first look at anything."""
        connection = await asyncpg.connect(
            plain_url(self.database_url),
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "troupe notices"},
        )
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(CHANNEL, lambda *notice: self.hear(notice[3]))
            self.listening.set()
            self.hear(RECONNECTED)
            await self.watch(connection, ended)
        finally:
            connection.terminate()

    async def watch(self, connection: asyncpg.Connection, ended: asyncio.Event) -> None:
        """Return when the connection has ended; a silent one is asked whether it lives."""
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ALIVE_SECONDS):
                    await ended.wait()
                    return
            await connection.fetchval("SELECT 1", timeout=CONNECT_SECONDS)
