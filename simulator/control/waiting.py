"""Requests that wait until something has happened in the world."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.control.happenings import Happenings
from simulator.world.world import World

LONGEST = 60.0


@dataclass(slots=True, eq=False)
class Waiting:
    """A request that waits for something; its bell rings once that has happened."""

    happened: Callable[[], bool]
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class Waits:
    """Lets requests wait, and remembers what happened; `close` ends both.

    However much happens in one turn of the loop, it is looked once who need not wait any longer.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: set[Waiting] = set()
        self.looking = self.closed = False
        self.happenings = Happenings(world)
        self.stop = world.bulletin.subscribe(lambda _: self.look_soon())

    async def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        self.stop()
        self.happenings.stop()
        self.look()

    def look_soon(self) -> None:
        """Look once the turn of the loop is over."""
        if self.waiting and not self.looking:
            self.looking = True
            asyncio.get_running_loop().call_soon(self.look)

    def look(self) -> None:
        """Ring for everybody for whom it has happened."""
        self.looking = False
        for each in self.waiting:
            if self.closed or each.happened():
                each.bell.set()

    async def until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Return once something has happened, at the latest after so many seconds."""
        if not seconds or self.closed or happened():
            return
        mine = Waiting(happened)
        self.waiting.add(mine)
        try:
            async with asyncio.timeout(min(seconds, LONGEST)):
                await mine.bell.wait()
        except TimeoutError:
            pass
        finally:
            self.waiting.discard(mine)
