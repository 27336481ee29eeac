"""A lane whose account was lost ends, also when its connection's end swallows the cancelling."""

import asyncio
from typing import Any, cast

from orchestrator.ids import AccountId, NodeName
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Holder
from orchestrator.supervisor.guard import Guard
from orchestrator.supervisor.lanes import Lanes, Running

ANNA = AccountId(1)
NOTHING = cast("Any", None)


async def go_on_whatever_happens(guard: Guard) -> None:
    while not guard.asked.is_set():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def test_a_lost_lane_ends_although_its_cancelling_is_swallowed() -> None:
    lanes = Lanes(NOTHING, NodeName("north"), NOTHING)
    guard = Guard(NOTHING, Holder(NodeName("north"), ANNA, Fence(1)))
    task = asyncio.create_task(go_on_whatever_happens(guard), name="lane")
    lanes.running[ANNA] = Running(guard, task)
    await asyncio.sleep(0)
    lanes.lose([ANNA])
    async with asyncio.timeout(2):
        await lanes.wait_empty()
    assert not lanes.running
