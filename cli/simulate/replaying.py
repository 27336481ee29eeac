"""An export's posts as a channel publishes them, at the pace of the export."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cli.demo.replay import Replay, read_dates, read_replay
from simulator.world.media import Picture
from simulator.world.world import World

USERNAME = "replayed_channel"
Pause = Callable[[float], Awaitable[None]]


def read_posts(file: Path) -> tuple[Replay, tuple[float, ...]]:
    """Read an export: its posts, and how many seconds pass before each."""
    return read_replay(file), tuple(pauses(read_dates(file)))


def pauses(dates: Sequence[datetime | None]) -> Iterator[float]:
    """Tell how many seconds pass before each post; none before one without a date."""
    yield 0.0
    for earlier, later in pairwise(dates):
        if earlier is None or later is None:
            yield 0.0
        else:
            yield max(0.0, (later - earlier).total_seconds())


async def publish(
    world: World,
    replay: Replay,
    waits: Sequence[float],
    speed: float | None,
    pause: Pause = asyncio.sleep,
) -> None:
    """Publish the posts in a public channel; `speed` None publishes them at once.

    Each is due a time after the first that `waits` and `speed` tell: what one post is late the
    next is not.
    """
    owner = world.add_person("", "Replay Owner")
    channel = world.add_channel(replay.title, USERNAME, owner=owner, linked=True)
    begun, due = world.clock.exact(), timedelta()
    for number, (text, wait) in enumerate(zip(replay.posts, waits, strict=True), 1):
        due += timedelta(seconds=0 if speed is None else wait / speed)
        left = begun + due - world.clock.exact()
        await pause(max(0.0, left.total_seconds()))
        world.publish(channel, text, None if text.strip() else Picture(id=number))
