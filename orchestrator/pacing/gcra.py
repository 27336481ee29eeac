"""The generic cell rate algorithm (ITU-T I.371), with turns that are reserved ahead.

A limit lets one pass each `apart`, after a burst. In the algorithm's virtual schedule every turn
occupies a slot of that length; a turn may be taken before its slot begins, but by no more than
`slack`, and never after. As long as slots do not overlap, no window of time ever holds more than
the limit allows. What is kept of a limit is therefore the end of its last slot, and the holes
before it: somebody who must wait long for one limit leaves room in the others for those who need
not.

All times are whole microseconds on one clock, so that `db/pacing.lua` says exactly the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Hole = tuple[int, int]
"""Free time between two slots: from, to."""

HOLES = 1000
"""How many holes are remembered of one limit; the farthest are given up first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One of each `apart` microseconds (more than none), after a burst of `burst`."""

    name: str
    apart: int
    burst: int = 1

    @property
    def slack(self) -> int:
        """How long before its slot a turn may be taken."""
        return self.apart * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one limit: the end of its last slot, and the holes before it, in order."""

    end: int
    holes: tuple[Hole, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A reserved moment, with its slot under each limit."""

    at: int
    now: int
    since: int
    """From when on the book knows what was reserved: in another book, the turn means nothing."""
    limits: tuple[Limit, ...]
    slots: tuple[int, ...]

    @property
    def wait(self) -> float:
        """Seconds from the reservation to the turn."""
        return (self.at - self.now) / 1_000_000


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was reserved, for the turn lies past the horizon: ask again then."""

    at: int
    now: int

    @property
    def wait(self) -> float:
        """Seconds from the question until it is worth asking again."""
        return (self.at - self.now) / 1_000_000


def take(
    limits: Sequence[Limit], book: Mapping[str, Kept], *, now: int, since: int, horizon: int
) -> tuple[Turn | Later, dict[str, Kept]]:
    """Reserve the earliest turn that all limits allow, or nothing; returns what to keep now."""
    standing = [stand(limit, book.get(limit.name), now, since, horizon) for limit in limits]
    at = earliest(limits, standing, now)
    if at - now > horizon:
        return Later(at - horizon, now), {}
    slots = tuple(first_slot(limit, kept, at) for limit, kept in zip(limits, standing, strict=True))
    after = {
        limit.name: occupy(limit, kept, slot)
        for limit, kept, slot in zip(limits, standing, slots, strict=True)
    }
    return Turn(at, now, since, tuple(limits), slots), after


def give_back(
    turn: Turn, book: Mapping[str, Kept], *, now: int, since: int, horizon: int
) -> dict[str, Kept]:
    """Open the turn's slots again, as far as they still lie ahead; returns what to keep now."""
    if turn.since != since:
        return {}
    return {
        limit.name: vacate(limit, stand(limit, book[limit.name], now, since, horizon), slot)
        for limit, slot in zip(turn.limits, turn.slots, strict=True)
        if limit.name in book
    }


def stand(limit: Limit, kept: Kept | None, now: int, since: int, horizon: int) -> Kept:
    """Say where a limit stands now.

    A book that was begun at `since` knows nothing from before: bursts count as used up by then.
    An end that no reservation can have made is a clock's that was set back, or another limit's.
    """
    least = max(now, since + limit.slack)
    if kept is None:
        return Kept(least)
    end = max(least, min(kept.end, now + horizon + limit.apart * limit.burst))
    ahead = ((max(start, now), stop) for start, stop in kept.holes if stop <= end)
    return Kept(end, wide(limit, ahead))


def earliest(limits: Sequence[Limit], standing: Sequence[Kept], now: int) -> int:
    """Return the first moment at which every limit has a slot that may be used then."""
    at = now
    while True:
        needed = max(
            (
                first_slot(limit, kept, at) - limit.slack
                for limit, kept in zip(limits, standing, strict=True)
            ),
            default=now,
        )
        if needed <= at:
            return at
        at = needed


def first_slot(limit: Limit, kept: Kept, at: int) -> int:
    """Return the first free slot that does not begin before `at`."""
    fitting = (max(start, at) for start, stop in kept.holes if max(start, at) + limit.apart <= stop)
    return next(fitting, max(kept.end, at))


def occupy(limit: Limit, kept: Kept, slot: int) -> Kept:
    """Take a free slot out of the holes, or put it behind the end."""
    taken = slot, slot + limit.apart
    if slot >= kept.end:
        return Kept(taken[1], wide(limit, (*kept.holes, (kept.end, slot))))
    pieces: list[Hole] = []
    for start, stop in kept.holes:
        holds = start <= slot and taken[1] <= stop
        pieces += [(start, slot), (taken[1], stop)] if holds else [(start, stop)]
    return Kept(kept.end, wide(limit, pieces))


def vacate(limit: Limit, kept: Kept, slot: int) -> Kept:
    """Make a slot free again."""
    holes = join(sorted((*kept.holes, (slot, slot + limit.apart))))
    if holes[-1][1] == kept.end:
        return Kept(holes[-1][0], wide(limit, holes[:-1]))
    return Kept(kept.end, wide(limit, holes))


def join(holes: Sequence[Hole]) -> list[Hole]:
    """Make one of holes that touch; they come in order and do not overlap."""
    breaks = [index + 1 for index, (one, two) in enumerate(pairwise(holes)) if one[1] != two[0]]
    bounds = [0, *breaks, len(holes)]
    return [(holes[first][0], holes[last - 1][1]) for first, last in pairwise(bounds)]


def wide(limit: Limit, holes: Iterable[Hole]) -> tuple[Hole, ...]:
    """Leave out what no slot fits in, and the farthest of too many."""
    return tuple(hole for hole in holes if hole[1] - hole[0] >= limit.apart)[:HOLES]
