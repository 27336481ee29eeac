"""Handles stored updates: those of one chat in order, those of different chats side by side."""

import asyncio
import logging
from bisect import insort
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from desk.listening import listening
from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ports.desk import BotId, Parcel, UpdateRow, UpdateStore, WaitingUpdate
from orchestrator.ports.work import Bell, Topic
from support.ids import ChatId

log = logging.getLogger(__name__)

AT_ONCE = 2000
"""Updates in hand at most."""
SIDE_BY_SIDE = 48
"""Updates being handled: the more, the more share a statement; each may want a connection."""
POLL = 5.0
TRIES = 3
PAUSES = (0.2, 1.0)
LIMIT = 60.0
"""Seconds that one update may take."""

Handle = Callable[[WaitingUpdate], Awaitable[Sequence[Parcel]]]
"""Handles an update and returns what is to be said about it; may run twice for the same one."""
Apologise = Callable[[WaitingUpdate], Sequence[Parcel]]
"""Words the friendly sentence for whoever's update could not be handled."""


@dataclass(slots=True)
class Handling:
    """Takes what waits and has it handled."""

    bot: BotId
    store: UpdateStore
    bell: Bell
    clock: Clock
    handle: Handle
    apologise: Apologise
    point: Callable[[str], None] = lambda _: None
    lines: dict[ChatId, list[WaitingUpdate]] = field(default_factory=dict)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    held: set[UpdateRow] = field(default_factory=set)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIDE_BY_SIDE))
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False

    async def run(self) -> None:
        """Handle for ever; when cancelled, what is in hand is finished for a bounded time."""
        try:
            while True:
                try:
                    await self.fetch()
                except ServersUnavailable as away:
                    log.warning("updates wait: %s", away)
                    await self.clock.sleep(1.0)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Begin nothing more, and wait for what was begun."""
        self.stopping = True
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=4.0)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def fetch(self) -> None:
        """Take in what waits; then wait for the bell, or for room."""
        async with listening(self.bell, Topic.DESK, POLL) as rung:
            self.freed.clear()
            limit = AT_ONCE - len(self.held)
            held = tuple(self.held)
            found = await self.store.waiting_updates(self.bot, held, limit) if limit else ()
            for update in found:
                self.take_in(update)
            if limit == 0 or len(found) == limit:
                await self.freed.wait()
            else:
                await rung

    def take_in(self, update: WaitingUpdate) -> None:
        """Put an update into its chat's line, by Telegram's order.

        What the desk tells itself (numbers below zero) comes first, in the order it became known.
        """
        self.held.add(update.row)
        chat = update.update.chat
        line = self.lines.get(chat)
        if line is not None:
            insort(line, update, key=lambda each: (max(each.update.number, 0), each.row))
            return
        line = self.lines[chat] = [update]
        task = asyncio.create_task(self.serve(chat, line), name=f"updates of {chat}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, chat: ChatId, line: list[WaitingUpdate]) -> None:
        """Handle a chat's updates, one after the other, until none waits."""
        try:
            while line and not self.stopping:
                async with self.room:
                    update = line.pop(0)
                    await self.attempt(update)
                self.held.discard(update.row)
                self.freed.set()
        finally:
            self.held -= {update.row for update in line}
            del self.lines[chat]

    async def attempt(self, update: WaitingUpdate) -> None:
        """Handle an update; what fails for no known reason is tried again, then given up."""
        tries = 0
        while not self.stopping:
            try:
                async with asyncio.timeout(LIMIT):
                    parcels = await self.handle(update)
                    self.point("handled")
                    await self.store.finish_update(self.bot, update.row, parcels)
                self.point("finished")
            except ServersUnavailable as away:
                log.warning("an update waits: %s", away)
                await self.clock.sleep(1.0)
            except Exception as bug:
                tries += 1
                log.exception("update %s could not be handled", update.update.number)
                if tries == TRIES:
                    await self.give_up(update, repr(bug))
                    return
                await self.clock.sleep(PAUSES[tries - 1])
            else:
                return

    async def give_up(self, update: WaitingUpdate, error: str) -> None:
        """Put an update on record as one that nobody can handle, and say sorry."""
        while not self.stopping:
            try:
                sorry = self.apologise(update)
                await self.store.bury_update(self.bot, update.row, error, sorry)
            except ServersUnavailable as away:
                log.warning("an update waits: %s", away)
                await self.clock.sleep(1.0)
            else:
                return
