"""The beat: what is let go, and when the watchdog would act."""

import asyncio
from collections.abc import Iterable

import pytest

from orchestrator.errors import NotAllowed
from orchestrator.ids import AccountId
from orchestrator.supervisor.heart import BEATS, Heart
from tests.support.clock import HandClock
from tests.support.watchdog import NoWatchdog
from tests.unit.orchestrator.test_keeper import ANNA, OneTable, keeper, look_round


class Stage:
    """A heart with what it beats for."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.watchdog = NoWatchdog()
        self.keeper = keeper("a", OneTable(), self.clock)
        self.lost: list[AccountId] = []
        self.heart = Heart(self.keeper, self.clock, self.watchdog, self.lose)

    def lose(self, accounts: Iterable[AccountId]) -> None:
        self.lost += accounts

    async def beat(self) -> None:
        """Beat until the heart rests."""
        slept = len(self.clock.slept)
        running = asyncio.create_task(self.heart.run())
        while len(self.clock.slept) == slept:  # noqa: ASYNC110 - the clock announces nothing
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    await made.heart.start()
    return made


async def test_a_node_that_holds_nothing_has_half_a_lease_of_silence(stage: Stage) -> None:
    begun = stage.clock.monotonic()
    await stage.beat()
    assert stage.watchdog.fed[-1] == begun + 15.0
    assert stage.clock.slept[-1] == 30.0 / BEATS


async def test_what_is_held_ends_the_node_before_it_could_be_anothers(stage: Stage) -> None:
    await look_round(stage.keeper)
    begun = stage.clock.monotonic()
    stage.clock.pass_by(15.0)
    await stage.beat()
    assert stage.watchdog.fed[-1] == begun + 25.0
    assert stage.lost == []


async def test_what_could_not_be_renewed_is_let_go_and_the_node_lives_on(stage: Stage) -> None:
    await look_round(stage.keeper)
    stage.clock.pass_by(20.0)
    now = stage.clock.monotonic()
    await stage.beat()
    assert stage.lost == [ANNA]
    assert not stage.keeper.tenure.holds(ANNA)
    assert stage.watchdog.fed[-1] == now + 15.0


async def test_a_lost_watchdog_is_replaced(stage: Stage) -> None:
    await look_round(stage.keeper)
    stage.watchdog.awake = False
    await stage.beat()
    assert stage.watchdog.awake
    assert stage.lost == []


async def test_without_a_watchdog_nothing_is_held(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(until: float) -> None:
        raise NotAllowed(f"no more processes before {until}")

    await look_round(stage.keeper)
    stage.watchdog.awake = False
    monkeypatch.setattr(stage.watchdog, "start", refuse)
    await stage.beat()
    assert stage.lost == [ANNA]
    assert not stage.heart.guarded
    monkeypatch.undo()
    await stage.beat()
    assert stage.heart.guarded
