"""What bots have called: the evidence by which a rehearsal with them is judged."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from simulator.bot_api.params import Params
from simulator.world.peers import UserId

KEPT = 10_000
FINE = 200
POLLING = "getupdates"


@dataclass(frozen=True, slots=True)
class BotCall:
    """One call and what came of it; `answered` is off where the bot never learnt that.

    `messages` are the numbers of those that the call sent or changed.
    """

    number: int
    bot: UserId
    method: str
    params: dict[str, str]
    files: tuple[str, ...]
    at: datetime
    code: int = FINE
    error: str = ""
    answered: bool = True
    messages: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class Journal:
    """The latest calls in order, polls left out, and how often each method was called.

    `unread` counts the parameters that calls came with and that changed nothing, by
    `method.parameter`.
    """

    calls: deque[BotCall] = field(default_factory=lambda: deque(maxlen=KEPT))
    counted: Counter[tuple[UserId, str]] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def next_number(self) -> int:
        """Hand out the number of a call."""
        return next(self.numbers)

    def write(self, call: BotCall) -> None:
        """Keep a call."""
        self.counted[call.bot, call.method] += 1
        if call.method.lower() != POLLING:
            self.calls.append(call)

    def note_unread(self, method: str, params: Params) -> None:
        """Count what a call that was done said without effect."""
        self.unread.update(f"{method}.{name}" for name in params.unread())

    def of(self, bot: UserId | None = None) -> Iterator[BotCall]:
        """Give the calls of one bot, or of all, the oldest first."""
        return (each for each in self.calls if bot in {None, each.bot})


def messages_in(result: object) -> tuple[int, ...]:
    """Find the numbers of messages in what a call gave back."""
    each = result if isinstance(result, list) else [result]
    found = (one.get("message_id") for one in each if isinstance(one, dict))
    return tuple(number for number in found if isinstance(number, int))
