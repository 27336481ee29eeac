"""Wrappers around ports by which a process dies at a named point, or breaks a rule on purpose.

Nothing of this is known to the code under trial: it is handed a port, as always.
"""

import asyncio
import os
import random
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NoReturn

from orchestrator.clock import SystemClock
from orchestrator.ids import AccountId
from orchestrator.outbox.gate import Verdict
from orchestrator.ports.telegram import Letter
from orchestrator.stage import Stage


class Point(StrEnum):
    """Where on the way of a message out a process can die."""

    BEFORE_CLAIM = "before the claim"
    AFTER_CLAIM = "after the claim"
    BEFORE_REQUEST = "before the request"
    BEFORE_ANSWER = "after the request and before its answer"
    BEFORE_WRITE = "after the answer and before the write"
    AFTER_WRITE = "after the write"


class Sabotage(StrEnum):
    """A rule that a control run breaks, to show that the trial would notice."""

    NO_LEASES = "no leases"
    FRESH_RANDOM_IDS = "a fresh random_id at each attempt"


Call = Callable[..., Awaitable[Any]]
Around = Callable[[Call], Call]


class Trap:
    """Stands for a port: passes everything on, and puts something around some methods."""

    def __init__(self, inner: object, **around: Around) -> None:
        self.inner, self.around = inner, around

    def __getattr__(self, name: str) -> Any:
        """Return the port's own method, with what is put around it."""
        found = getattr(self.inner, name)
        return self.around[name](found) if name in self.around else found


def die() -> NoReturn:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


@dataclass(slots=True)
class Doom:
    """Dies when a point has been passed so many times."""

    point: Point | None
    passes: int = 0
    passed: int = 0

    def pass_by(self, point: Point) -> None:
        """Go by a point, or die at it."""
        if point is self.point:
            self.passed += 1
            if self.passed > self.passes:
                die()

    def around_claim(self, claim: Call) -> Call:
        """Put the points before and after a claim that was granted around it."""

        async def claimed(*arguments: Any, **named: Any) -> Any:
            self.pass_by(Point.BEFORE_CLAIM)
            result = await claim(*arguments, **named)
            if result.verdict is Verdict.WELCOME:
                self.pass_by(Point.AFTER_CLAIM)
            return result

        return claimed

    def around_write(self, write: Call) -> Call:
        """Put the points before and after the write of what was sent around it."""

        async def written(*arguments: Any, **named: Any) -> Any:
            self.pass_by(Point.BEFORE_WRITE)
            result = await write(*arguments, **named)
            self.pass_by(Point.AFTER_WRITE)
            return result

        return written

    def around_send(self, send: Call) -> Call:
        """Put the points before the request, and between it and its answer, around it.

        The answer is lost by the simulator's doing; who dies there dies while waiting for it.
        """

        async def sent(letter: Letter, **named: Any) -> Any:
            self.pass_by(Point.BEFORE_REQUEST)
            if self.point is not Point.BEFORE_ANSWER:
                return await send(letter, **named)
            sending = asyncio.ensure_future(send(letter, **named))
            _, waiting = await asyncio.wait([sending], timeout=ON_ITS_WAY)
            if waiting:
                self.pass_by(Point.BEFORE_ANSWER)
            return await sending

        return sent


ON_ITS_WAY = 0.5
"""Seconds after which a request is certainly with a simulator on the same machine."""


def with_fresh_random_id(send: Call) -> Call:
    """Forget the stored random_id: what must not be done."""

    async def sent(letter: Letter, **named: Any) -> Any:
        fresh = replace(letter, random_id=secrets.randbelow(2**62) + 1)
        return await send(fresh, **named)

    return sent


@dataclass(slots=True)
class Stopwatch:
    """Notes when each send starts, on the clock that all processes of a machine share."""

    starts: dict[int, float] = field(default_factory=dict)

    def around_send(self, send: Call) -> Call:
        """Note the moment before a letter is handed over."""

        async def sent(letter: Letter, **named: Any) -> Any:
            self.starts[int(letter.text.removeprefix("outbox "))] = time.monotonic()
            return await send(letter, **named)

        return sent


def watched(stage: Stage, stopwatch: Stopwatch) -> Stage:
    """Put a stopwatch into a stage."""
    telegram: Any = Doors(stage.telegram, {"send": stopwatch.around_send})
    return replace(stage, telegram=telegram)


@dataclass(frozen=True, slots=True)
class Doors:
    """Opens accounts whose clients have something around their methods."""

    inner: Any
    around: dict[str, Around]

    @asynccontextmanager
    async def open(self, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        """Open an account."""
        async with self.inner.open(*arguments, **named) as client:
            yield Trap(client, **self.around)

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on."""
        return getattr(self.inner, name)


def only(accounts: frozenset[AccountId]) -> dict[str, Around]:
    """Let a node see no other accounts than these."""

    def some_of_survey(survey: Call) -> Call:
        async def surveyed(*arguments: Any, **named: Any) -> Any:
            found = await survey(*arguments, **named)
            leases = tuple(one for one in found.leases if one.account in accounts)
            return replace(found, leases=leases, pulses=())

        return surveyed

    return {"survey": some_of_survey}


def believing_in_everything(inner: Any) -> dict[str, Around]:
    """Let a node take every account as its own, whoever holds it: what must not be done."""

    def everything_is_free(survey: Call) -> Call:
        async def surveyed(*arguments: Any, **named: Any) -> Any:
            found = await survey(*arguments, **named)
            leases = tuple(replace(one, released=True) for one in await inner.leases())
            return replace(found, leases=leases, pulses=())

        return surveyed

    def everything_is_taken(_: Call) -> Call:
        async def taken(_node: Any, seen: Any) -> Any:
            return {lease.account: lease.fence for lease in seen}

        return taken

    def everything_is_renewed(_: Call) -> Call:
        async def renewed(_node: Any, held: Any) -> Any:
            return frozenset(held)

        return renewed

    return {
        "survey": everything_is_free,
        "take_leases": everything_is_taken,
        "renew_leases": everything_is_renewed,
    }


@dataclass(slots=True)
class JumpingClock(SystemClock):
    """A wall clock that is set anew every few seconds; the monotonic one is as it was."""

    seed: int
    dice: random.Random = field(init=False)
    wrong_by: timedelta = timedelta(0)
    until: float = 0.0

    def __post_init__(self) -> None:
        """Begin somewhere."""
        self.dice = random.Random(self.seed)  # noqa: S311 - a trial, no secret

    def now(self) -> datetime:
        """Return a time up to a day before or after the right one."""
        if self.monotonic() >= self.until:
            self.until = self.monotonic() + self.dice.uniform(1, 5)
            self.wrong_by = timedelta(seconds=self.dice.uniform(-86400, 86400))
        return datetime.now(UTC) + self.wrong_by


def trapped(
    stage: Stage, doom: Doom, sabotage: Sabotage | None, accounts: frozenset[AccountId] | None
) -> Stage:
    """Put a stage together whose ports are traps."""
    sending = doom.around_send
    if sabotage is Sabotage.FRESH_RANDOM_IDS:
        sending = with_fresh_random_id
    leases: dict[str, Around] = {} if accounts is None else only(accounts)
    if sabotage is Sabotage.NO_LEASES:
        leases = believing_in_everything(stage.stores.leases)
    stores: Any = stage.stores
    outbox = Trap(
        stage.stores.outbox,
        claim_if_welcome=doom.around_claim,
        record_sent=doom.around_write,
    )
    stores = replace(stores, outbox=outbox, leases=Trap(stage.stores.leases, **leases))
    telegram: Any = Doors(stage.telegram, {"send": sending})
    return replace(stage, stores=stores, telegram=telegram)
