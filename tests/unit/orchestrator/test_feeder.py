"""One look at the outbox feeds every lane that has nothing to send."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.errors import ServersUnavailable
from orchestrator.ids import (
    AccountId,
    ChannelId,
    MessageId,
    NodeName,
    OutboxId,
    PostRef,
    TelegramId,
)
from orchestrator.outbox.feeder import Feeder
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Holder, OutboxState, UnderPost, Waiting
from orchestrator.ports.work import Topic
from tests.support.clock import HandClock

NODE = NodeName("north")
ANNA, BORIS = (Holder(NODE, AccountId(number), Fence(1)) for number in (1, 2))
TARGET = UnderPost(PostRef(ChannelId(1), MessageId(1)), TelegramId(700), None)


def message(number: int, holder: Holder) -> Waiting:
    return Waiting(OutboxId(number), holder.account, TARGET, OutboxState.DUE, 0, None, None)


@dataclass
class Box:
    """An outbox and its bell: `due` is what the next look finds."""

    due: list[Waiting] = field(default_factory=list)
    looks: list[frozenset[Holder]] = field(default_factory=list)
    outages: int = 0
    sweeps: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def gather_waiting(self, holders: Sequence[Holder], limit: int) -> Sequence[Waiting]:
        await asyncio.sleep(0)
        self.looks.append(frozenset(holders))
        self.looked.set()
        if self.outages:
            self.outages -= 1
            raise ServersUnavailable("away")
        accounts = {holder.account for holder in holders}
        found = [one for one in self.due if one.account in accounts][:limit]
        self.due = [one for one in self.due if one not in found]
        return found

    async def give_up_expired(self, _: timedelta) -> int:
        self.sweeps += 1
        return 0

    async def wait(self, topic: Topic, timeout: float) -> None:  # noqa: ASYNC109 - as the port says
        assert topic is Topic.OUTBOX
        await self.rung.wait()
        self.rung.clear()


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def feeder(box: Box) -> AsyncIterator[Feeder]:
    store: Any = box
    async with Feeder(store, box, HandClock(), timedelta(seconds=2)).running() as running:
        yield running


async def test_one_look_feeds_everybody_who_waits(box: Box, feeder: Feeder) -> None:
    box.due = [message(1, ANNA), message(2, BORIS)]
    found = await asyncio.gather(feeder.next_waiting(ANNA), feeder.next_waiting(BORIS))
    assert [one.id for one in found] == [1, 2]
    assert box.looks == [{ANNA, BORIS}]


async def test_what_else_was_found_is_at_hand_without_another_look(
    box: Box, feeder: Feeder
) -> None:
    box.due = [message(1, ANNA), message(3, ANNA)]
    assert (await feeder.next_waiting(ANNA)).id == 1
    ready = feeder.take(ANNA)
    assert ready is not None
    assert ready.id == 3
    assert feeder.take(ANNA) is None
    assert len(box.looks) == 1


async def test_what_was_found_under_an_earlier_lease_is_forgotten(box: Box, feeder: Feeder) -> None:
    box.due = [message(1, ANNA), message(3, ANNA)]
    await feeder.next_waiting(ANNA)
    assert feeder.take(replace(ANNA, fence=Fence(2))) is None


async def test_a_lane_sleeps_until_the_bell_rings(box: Box, feeder: Feeder) -> None:
    waiting = asyncio.create_task(feeder.next_waiting(ANNA))
    await box.looked.wait()
    assert not waiting.done()
    box.due = [message(1, ANNA)]
    box.rung.set()
    assert (await waiting).id == 1
    assert len(box.looks) == 2


async def test_a_busy_lane_is_not_asked_about(box: Box, feeder: Feeder) -> None:
    box.due = [message(1, ANNA)]
    await feeder.next_waiting(ANNA)
    waiting = asyncio.create_task(feeder.next_waiting(BORIS))
    box.looked.clear()
    await box.looked.wait()
    assert box.looks == [{ANNA}, {BORIS}]
    waiting.cancel()


async def test_while_the_database_is_away_lanes_wait_and_are_fed_afterwards(
    box: Box, feeder: Feeder
) -> None:
    box.due, box.outages = [message(1, ANNA)], 3
    assert (await feeder.next_waiting(ANNA)).id == 1
    assert len(box.looks) == 4


async def test_a_full_batch_is_followed_by_another_look(box: Box, feeder: Feeder) -> None:
    crowd = [Holder(NODE, AccountId(number), Fence(1)) for number in range(1, 151)]
    box.due = [message(number, holder) for number, holder in enumerate(crowd)]
    found = await asyncio.gather(*(feeder.next_waiting(holder) for holder in crowd))
    assert len({one.account for one in found}) == 150
    assert [len(look) for look in box.looks] == [150, 50]


async def test_who_takes_the_last_message_is_looked_for_meanwhile_and_gets_none_twice(
    box: Box, feeder: Feeder
) -> None:
    box.due = [message(1, ANNA), message(2, ANNA)]
    await feeder.next_waiting(ANNA)
    box.due = [message(2, ANNA), message(3, ANNA)]  # 2 is due until the gate let it out
    box.looked.clear()
    taken = feeder.take(ANNA)
    await box.looked.wait()
    await asyncio.sleep(0)
    ready = feeder.take(ANNA)
    assert taken is not None
    assert ready is not None
    assert (taken.id, ready.id) == (2, 3)
