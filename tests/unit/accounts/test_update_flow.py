"""The state that is stored never passes a fact that is not committed, whatever their order."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon import types as tl

from accounts.updates import IN_FLIGHT, UpdateFlow
from orchestrator.facts import Fact
from orchestrator.ids import AccountId
from orchestrator.ports.sessions import UpdateState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Office:
    """A flow whose facts are committed by hand, and the states that it stored."""

    def __init__(self) -> None:
        self.pts = 0
        self.taken: list[asyncio.Future[None]] = []
        self.stored: list[int] = []
        self.flow = UpdateFlow(
            AccountId(1), self.sink, self.save, timedelta(0), look=self.look, saved=None
        )

    def sink(self, _: Fact) -> "asyncio.Future[None]":
        self.taken.append(asyncio.get_running_loop().create_future())
        return self.taken[-1]

    async def save(self, state: UpdateState) -> None:
        self.stored.append(state.pts)

    def look(self) -> UpdateState:
        return UpdateState(self.pts, 0, 0, 0)

    async def tell(self) -> None:
        """Hand over one more message, after which the reader comes back for more."""
        self.pts += 1
        await self.flow.handle(message(self.pts))
        self.flow.note_idle(more=False)

    async def rest(self) -> None:
        """Let callbacks and the task that stores states run."""
        for _ in range(8):
            await asyncio.sleep(0)


def message(number: int) -> Any:
    peer = tl.PeerUser(5)
    said = tl.Message(number, peer, NOON, str(number), out=False)
    return tl.UpdateNewMessage(said, number, 1)


async def commit_in_order(order: list[int]) -> None:
    office = Office()
    for _ in order:
        await office.tell()
    committed: set[int] = set()
    for place in order:
        office.taken[place].set_result(None)
        committed.add(place)
        await office.rest()
        whole = next((n for n in range(len(order)) if n not in committed), len(order))
        assert all(pts <= whole for pts in office.stored)
        assert (office.flow.handled.pts if office.flow.handled else 0) == whole
    await office.flow.stop()


@given(st.integers(1, 12).flatmap(lambda count: st.permutations(range(count))))
def test_the_state_follows_the_oldest_fact_that_waits(order: list[int]) -> None:
    asyncio.run(commit_in_order(order))


async def test_a_fact_that_fails_holds_the_state_for_good() -> None:
    office = Office()
    for _ in range(3):
        await office.tell()
    office.taken[0].set_result(None)
    office.taken[1].set_exception(RuntimeError("cannot commit"))
    office.taken[2].set_result(None)
    await office.rest()
    assert office.flow.handled == UpdateState(1, 0, 0, 0)
    assert str(office.flow.failure) == "cannot commit"
    await office.tell()
    assert len(office.taken) == 3


async def test_telegram_waits_when_too_many_facts_do() -> None:
    office = Office()
    for _ in range(IN_FLIGHT):
        await office.tell()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await office.tell()
    office.taken[0].set_result(None)
    async with asyncio.timeout(1):
        await office.tell()
    assert len(office.taken) == IN_FLIGHT + 1
    await office.flow.stop()


async def test_what_was_missed_counts_as_told_from_the_second_time_on_that_nothing_is_left() -> (
    None
):
    office = Office()
    office.flow.note_idle(more=True)
    assert not office.flow.caught_up.is_set()
    office.flow.note_idle(more=False)
    assert office.flow.caught_up.is_set()
