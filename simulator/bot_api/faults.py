"""Faults on cue: which call of which bot goes wrong, how, and how often."""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from simulator.bot_api.errors import (
    BAD_REQUEST,
    BROKEN,
    CONFLICT,
    SENTENCES,
    BotApiError,
    too_many,
)
from simulator.bot_api.params import Params
from simulator.world.peers import UserId

EVERY_METHOD = "*"
WEBHOOK = "webhook"
MAX_RECORDED = 10_000


class BotFaultKind(StrEnum):
    """What goes wrong."""

    TOO_MANY = "too_many"
    BROKEN = "broken"
    TIME_OUT = "time_out"
    LOST_ANSWER = "lost_answer"
    BLOCKED = "blocked"
    THREAD_GONE = "thread_gone"
    NOT_MODIFIED = "not_modified"
    CONFLICT = "conflict"
    ERROR = "error"


MEANINGS = {
    BotFaultKind.TOO_MANY: "429 with `seconds` as retry_after, nothing done",
    BotFaultKind.BROKEN: "500, or the `code` from 500 on that is named, nothing done",
    BotFaultKind.TIME_OUT: "no answer within `seconds`, then the connection is cut; nothing done",
    BotFaultKind.LOST_ANSWER: "done, and the connection is cut without an answer",
    BotFaultKind.BLOCKED: "403, the person blocked the bot",
    BotFaultKind.THREAD_GONE: "400, the topic is not there any more",
    BotFaultKind.NOT_MODIFIED: "400, the edit changes nothing",
    BotFaultKind.CONFLICT: "409, somebody else takes the bot's updates",
    BotFaultKind.ERROR: "the `code` and the sentence `error` that are named, nothing done",
}
FIXED = {
    BotFaultKind.BLOCKED: SENTENCES["USER_IS_BLOCKED"],
    BotFaultKind.THREAD_GONE: SENTENCES["TOPIC_DELETED"],
    BotFaultKind.NOT_MODIFIED: SENTENCES["MESSAGE_NOT_MODIFIED"],
    BotFaultKind.CONFLICT: (
        CONFLICT,
        (
            "Conflict: terminated by other getUpdates request; make sure that only one bot "
            "instance is running"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class BotFault:
    """One fault: `times` calls of `method` by `bot` in `chat` meet it, each by `chance`.

    The method `webhook` is the delivery of an update, which `*` does not mean: an answer that is
    lost has it delivered again, any other kind has it not arrive, and it is tried again later.
    What is None is every bot, every chat, for ever; the first `skip` calls that fit pass. `seconds`
    are those of a 429 or of a time-out; `code` and `error` belong to an error of one's own. The
    same `seed` draws the same chances.
    """

    kind: BotFaultKind
    method: str = EVERY_METHOD
    bot: UserId | None = None
    times: int | None = 1
    chance: float = 1.0
    seconds: float = 1.0
    chat: int | None = None
    skip: int = 0
    seed: int = 0
    code: int | None = None
    error: str = ""

    def check(self) -> None:
        """Raise ValueError, with a sentence, for what cannot be carried out."""
        if self.kind is BotFaultKind.ERROR and not (self.code and self.error):
            raise ValueError("an error needs a `code` such as 400 and a sentence as `error`")
        if self.code is not None and not BAD_REQUEST <= self.code <= 599:
            raise ValueError("a `code` is a number from 400 to 599")
        if self.kind is BotFaultKind.BROKEN and (self.code or BROKEN) < BROKEN:
            raise ValueError("the `code` of what is broken is a number from 500 to 599")
        if self.times is not None and self.times < 1:
            raise ValueError("`times` is a number from 1, or null for ever")

    @property
    def refusal(self) -> BotApiError | None:
        """What the bot is told, None when it is told nothing."""
        if self.kind in FIXED:
            return BotApiError(*FIXED[self.kind])
        match self.kind:
            case BotFaultKind.TOO_MANY:
                return too_many(max(1, round(self.seconds)))
            case BotFaultKind.BROKEN:
                return BotApiError(self.code or BROKEN, self.error or "Internal Server Error")
            case BotFaultKind.ERROR:
                return BotApiError(self.code or BAD_REQUEST, self.error)
        return None

    def concerns(self, bot: UserId, method: str, params: Params) -> bool:
        """Tell whether this is meant for a call; the case of a method's letters is nothing."""
        if self.bot not in {None, bot}:
            return False
        if self.chat is not None and params.fields.get("chat_id") != str(self.chat):
            return False
        every = self.method == EVERY_METHOD and method != WEBHOOK
        return every or self.method.lower() == method.lower()


@dataclass(slots=True)
class ArmedBotFault:
    """A fault under its number, with how often it has yet to come and how many calls passed."""

    number: int
    fault: BotFault
    left: float
    passed: int = 0
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin the row of chances."""
        self.dice = random.Random(self.fault.seed)  # noqa: S311 - a rehearsal must be repeatable

    def strikes(self) -> bool:
        """Tell whether the fault comes on a call that fits, and count."""
        self.passed += 1
        if self.passed <= self.fault.skip or self.dice.random() >= self.fault.chance:
            return False
        self.left -= 1
        return True


@dataclass(slots=True, eq=False)
class BotFaults:
    """The faults that wait, in the order in which they were added, and those that happened."""

    armed: list[ArmedBotFault] = field(default_factory=list)
    met: list[BotFault] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, fault: BotFault) -> ArmedBotFault:
        """Arm a fault; raises ValueError for what cannot be carried out."""
        fault.check()
        left = float("inf") if fault.times is None else fault.times
        self.armed.append(ArmedBotFault(next(self.numbers), fault, left))
        return self.armed[-1]

    def withdraw(self, number: int) -> bool:
        """Disarm one fault; tell whether it still waited."""
        kept = [each for each in self.armed if each.number != number]
        found, self.armed = len(kept) < len(self.armed), kept
        return found

    def clear(self) -> None:
        """Disarm all faults."""
        self.armed.clear()

    def draw(self, bot: UserId, method: str, params: Params | None = None) -> BotFault | None:
        """Count down and return the fault that this call meets."""
        said = params or Params()
        fitting = (each for each in self.armed if each.fault.concerns(bot, method, said))
        met = next((each for each in fitting if each.strikes()), None)
        if met is None:
            return None
        self.armed = [each for each in self.armed if each.left > 0]
        self.met.append(met.fault)
        del self.met[:-MAX_RECORDED]
        return met.fault
