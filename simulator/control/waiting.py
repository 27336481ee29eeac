"""Requests that wait until something has happened in the world."""

import asyncio
from collections.abc import Callable

from simulator.control.happenings import Happenings
from simulator.world.world import World

LONGEST = 60.0


class Waits:
    """Lets requests wait, and remembers what happened; `close` ends both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bells: set[asyncio.Event] = set()
        self.closed = False
        self.happenings = Happenings(world)
        self.stop = world.bulletin.subscribe(lambda _: self.ring())

    def ring(self) -> None:
        """Have everybody look again."""
        for bell in self.bells:
            bell.set()

    async def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        self.stop()
        self.happenings.stop()
        self.ring()

    async def until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Return once something has happened, at the latest after so many seconds."""
        bell = asyncio.Event()
        self.bells.add(bell)
        try:
            async with asyncio.timeout(min(seconds, LONGEST)):
                while not happened() and not self.closed:
                    bell.clear()
                    await bell.wait()
        except TimeoutError:
            pass
        finally:
            self.bells.discard(bell)
