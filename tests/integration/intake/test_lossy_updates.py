"""Telegram drops a fifth of its updates and doubles some: every post is recorded exactly once.

`TROUPE_TEST_POSTS=10000` makes it as long as the promise is; with `-s` it tells how it went.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter

from simulator.mtproto.faults import Fault, FaultKind
from tests.integration.intake.house import House

POSTS = int(os.environ.get("TROUPE_TEST_POSTS", "1000"))
CHANNELS = 10
NEW_POST = "UpdateNewChannelMessage"


async def test_every_post_is_recorded_once_though_updates_are_dropped_and_doubled(
    house: House,
) -> None:
    channels = [await house.watch(f"Channel {number}") for number in range(CHANNELS)]
    dropped = Fault(NEW_POST, FaultKind.DROP_UPDATES, times=None, chance=0.2, seed=1)
    doubled = Fault(NEW_POST, FaultKind.DOUBLE_UPDATES, times=None, chance=0.05, seed=2)
    async with house.open() as client:
        await house.reconciler(client).compare_all()
        house.server.faults.add(dropped)
        house.server.faults.add(doubled)
        begun = time.perf_counter()
        for number in range(POSTS):
            house.world.publish(channels[number % CHANNELS], str(number))
            await asyncio.sleep(0)
        published = time.perf_counter() - begun
        await house.until_quiet(client)
        by_updates = len(await house.posts())
        await house.reconciler(client).compare_all()
        complete = time.perf_counter() - begun
    met = Counter(fired.fault.kind for fired in house.server.faults.fired)
    recorded = [int(text) for text in await house.posts()]
    report = {
        "posts": POSTS,
        "dropped": met[FaultKind.DROP_UPDATES],
        "doubled": met[FaultKind.DOUBLE_UPDATES],
        "recorded_from_updates": by_updates,
        "recovered_late": await house.late(),
        "seconds_to_publish": round(published, 2),
        "seconds_until_complete": round(complete, 2),
    }
    sys.stdout.write(json.dumps(report) + "\n")
    assert sorted(recorded) == list(range(POSTS))
    assert met[FaultKind.DROP_UPDATES] > POSTS / 10
    assert met[FaultKind.DOUBLE_UPDATES] > POSTS / 100
    assert await house.late() == POSTS - by_updates
    assert await house.sql("SELECT count(*) FROM jobs WHERE kind = 'ConsiderPost'") == [(POSTS,)]
