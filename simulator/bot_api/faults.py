"""Faults on cue: which call of which bot goes wrong, how, and how often."""

import random
from dataclasses import dataclass
from enum import StrEnum

from simulator.bot_api.errors import BROKEN, BotApiError, too_many
from simulator.world.peers import UserId

EVERY_METHOD = "*"


class BotFaultKind(StrEnum):
    """What goes wrong."""

    TOO_MANY = "too_many"
    BROKEN = "broken"
    TIME_OUT = "time_out"
    LOST_ANSWER = "lost_answer"


@dataclass(frozen=True, slots=True)
class BotFault:
    """One fault: `times` calls of `method` by `bot` (every bot if None) meet it, each by `chance`.

    Too many: 429 with `seconds` to wait. Broken: 500. Time-out: no answer within `seconds`, nothing
    done. Lost answer: done, and the connection ends without an answer. `times` None: for ever.
    """

    kind: BotFaultKind
    method: str = EVERY_METHOD
    bot: UserId | None = None
    times: int | None = 1
    chance: float = 1.0
    seconds: float = 1.0

    @property
    def error(self) -> BotApiError | None:
        """What the bot is told, None when it is told nothing."""
        match self.kind:
            case BotFaultKind.TOO_MANY:
                return too_many(max(1, round(self.seconds)))
            case BotFaultKind.BROKEN:
                return BotApiError(BROKEN, "Internal Server Error")
        return None


@dataclass(slots=True)
class Armed:
    """A fault with how often it has yet to come."""

    fault: BotFault
    left: float


class BotFaults:
    """The faults that wait, in the order in which they were added; chance follows the seed."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a rehearsal must be repeatable
        self.armed: list[Armed] = []
        self.met: list[BotFault] = []

    def add(self, fault: BotFault) -> BotFault:
        """Arm a fault."""
        self.armed.append(Armed(fault, float("inf") if fault.times is None else fault.times))
        return fault

    def clear(self) -> None:
        """Disarm all faults."""
        self.armed.clear()

    def draw(self, bot: UserId, method: str) -> BotFault | None:
        """Count down and return the fault that this call meets."""
        for each in self.armed:
            if concerns(each.fault, bot, method) and self.chance.random() < each.fault.chance:
                each.left -= 1
                self.armed = [other for other in self.armed if other.left > 0]
                self.met.append(each.fault)
                return each.fault
        return None


def concerns(fault: BotFault, bot: UserId, method: str) -> bool:
    """Tell whether a fault is meant for a call; methods are named without regard to case."""
    if fault.bot not in {None, bot}:
        return False
    return fault.method == EVERY_METHOD or fault.method.lower() == method.lower()
