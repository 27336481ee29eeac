"""A node's name, and whose signs of life it sees."""

import pytest

from orchestrator.errors import NotAllowed
from orchestrator.ids import NodeName
from orchestrator.ports.leases import Incarnation, Pulse
from orchestrator.supervisor.presence import PULSE, STILL, Attendance, Presence
from tests.support.clock import HandClock
from tests.unit.orchestrator.test_keeper import OneTable

A, B = NodeName("a"), NodeName("b")


class Names(OneTable):
    """One name, under which somebody may live."""

    def __init__(self, clock: HandClock, pulse: Pulse | None, *, lives: bool = False) -> None:
        super().__init__()
        self.clock, self.pulse, self.lives = clock, pulse, lives
        self.after: list[Pulse | None] = []
        self.silent = False
        """Whether signs of life find no row."""

    async def pulse_of(self, node: NodeName) -> Pulse | None:
        if self.pulse is None or not self.lives:
            return self.pulse
        beat = int(self.clock.monotonic() / PULSE)
        return Pulse(node, self.pulse.incarnation, beat, draining=False)

    async def node_started(
        self, node: NodeName, host: str, pid: int, version: str, *, after: Pulse | None = None
    ) -> Incarnation | None:
        self.after.append(after)
        return Incarnation(7)

    async def node_seen(self, node: NodeName, incarnation: Incarnation) -> Pulse | None:
        return None if self.silent else await super().node_seen(node, incarnation)


def presence(names: Names) -> Presence:
    return Presence(A, names, names.clock, "1")


async def test_a_free_name_is_taken_at_once() -> None:
    clock = HandClock()
    entering = presence(Names(clock, None))
    await entering.enter()
    assert (entering.incarnation, clock.slept) == (7, [])


async def test_a_name_that_a_killed_node_left_is_taken_when_it_stood_still() -> None:
    clock = HandClock()
    left = Pulse(A, Incarnation(6), 41, draining=True)
    names = Names(clock, left)
    await presence(names).enter()
    assert names.after == [left]
    assert sum(clock.slept) == pytest.approx(STILL, abs=PULSE)


async def test_a_name_under_which_somebody_lives_is_refused() -> None:
    clock = HandClock()
    entering = presence(Names(clock, Pulse(A, Incarnation(6), 41, draining=False), lives=True))
    with pytest.raises(NotAllowed, match='a node named "a" is running already'):
        await entering.enter()
    assert entering.incarnation is None


async def test_a_row_that_was_swept_away_comes_back_and_a_name_that_was_taken_does_not() -> None:
    clock = HandClock()
    names = Names(clock, None)
    living = presence(names)
    await living.enter()
    names.silent = True
    assert await living.show()
    assert names.after == [None, None]
    names.pulse = Pulse(A, Incarnation(9), 1, draining=False)
    assert not await living.show()


def pulse(node: NodeName, beat: int, *, draining: bool = False) -> Pulse:
    return Pulse(node, Incarnation(1), beat, draining)


def test_a_node_lives_as_long_as_its_beat_moves_on_our_clock() -> None:
    clock = HandClock()
    seen = Attendance(clock, 30.0)
    seen.note((pulse(A, 1), pulse(B, 1)))
    assert seen.living() == {A, B}
    clock.pass_by(5.0)
    seen.note((pulse(A, 2), pulse(B, 1)))
    assert seen.moving() == {A}
    clock.pass_by(25.0)
    seen.note((pulse(A, 3), pulse(B, 1)))
    assert seen.living() == {A}
    assert seen.dead() == {B}
    clock.pass_by(5.0)
    seen.note((pulse(A, 4), pulse(B, 2)))
    assert seen.living() == {A, B}


def test_what_a_node_holds_that_is_only_just_known_is_not_taken_for_free() -> None:
    clock = HandClock()
    seen = Attendance(clock, 30.0)
    seen.note((pulse(B, 1),))
    assert seen.moving() == {B}
    clock.pass_by(2 * PULSE)
    seen.note((pulse(B, 1),))
    assert seen.moving() == frozenset()


def test_the_crew_changes_when_somebody_comes_drains_or_goes_but_not_by_a_beat() -> None:
    clock = HandClock()
    seen = Attendance(clock, 30.0)
    seen.note((pulse(A, 1),))
    crew = seen.crew()
    seen.note((pulse(A, 2),))
    assert seen.crew() == crew
    seen.note((pulse(A, 3), pulse(B, 1)))
    assert seen.crew() != crew
    seen.note((pulse(A, 4, draining=True),))
    assert seen.crew() != crew
    assert seen.draining() == {A}


def test_a_node_that_is_gone_is_neither_living_nor_dead() -> None:
    seen = Attendance(HandClock(), 30.0)
    seen.note((pulse(A, 1), pulse(B, 1)))
    seen.note((pulse(A, 2),))
    assert seen.living() == {A}
    assert seen.dead() == frozenset()
