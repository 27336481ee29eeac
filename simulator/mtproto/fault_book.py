"""The faults that wait for their occasion, and those that have happened."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from telethon.tl import TLObject, TLRequest

from simulator.mtproto.call import Call, RpcFault
from simulator.mtproto.dispatch import method_name
from simulator.mtproto.faults import EVERYTHING, LASTING, Fault, FaultKind
from simulator.mtproto.interception import AnswerLost, ConnectionCut, Passing
from simulator.mtproto.naming import chats_of_request, chats_of_update, updates_within

BEFORE = frozenset({FaultKind.ERROR, FaultKind.TIME_OUT, FaultKind.CUT_BEFORE, FaultKind.DELAY})
AFTER = frozenset({FaultKind.LOST_ANSWER, FaultKind.CUT_AFTER})
ON_UPDATES = frozenset({FaultKind.DROP_UPDATES, FaultKind.DOUBLE_UPDATES, FaultKind.DELAY_UPDATES})
MAX_RECORDED = 10_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """At what a fault may happen: a call, or updates on their way to one session."""

    names: frozenset[str]
    account: int | None
    chats: frozenset[int]
    connection: str

    def fits(self, fault: Fault) -> bool:
        """Tell whether a fault is meant for this."""
        address = self.connection.rpartition(":")[0]
        return (
            (fault.method == EVERYTHING or fault.method in self.names)
            and fault.account in {None, self.account}
            and (fault.chat is None or fault.chat in self.chats)
            and fault.connection in {None, self.connection, address}
        )


@dataclass(slots=True)
class Armed:
    """A fault under its number, with how often it has yet to come."""

    number: int
    fault: Fault
    left: float = 0
    passed: int = 0
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin to count."""
        self.left = float("inf") if self.fault.times is None else self.fault.times
        self.dice = random.Random(self.fault.seed)  # noqa: S311 - a rehearsal must be repeatable

    def strikes(self) -> bool:
        """Tell whether it comes on an occasion that fits, and count."""
        if self.passed < self.fault.skip:
            self.passed += 1
            return False
        if self.dice.random() >= self.fault.chance:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that happened: which one, when and at what."""

    number: int
    fault: Fault
    occasion: Occasion
    at: datetime


class FaultBook:
    """The faults that wait, in the order in which they were added.

    It steps in around methods and before updates. `fired` holds the latest that happened.
    """

    def __init__(self, account_of: Callable[[int], int | None]) -> None:
        self.account_of = account_of
        self.armed: list[Armed] = []
        self.fired: deque[Fired] = deque(maxlen=MAX_RECORDED)
        self.count = 0

    @property
    def met(self) -> list[Fault]:
        """The faults that happened, in order, as often as they did."""
        return [each.fault for each in self.fired]

    def add(self, fault: Fault) -> Armed:
        """Arm a fault; return it with the number by which it can be withdrawn."""
        self.count += 1
        armed = Armed(self.count, fault)
        self.armed.append(armed)
        return armed

    def remove(self, fault: Fault) -> None:
        """Disarm a fault; one that is spent already is left alone."""
        self.armed = [each for each in self.armed if each.fault is not fault]

    def withdraw(self, number: int) -> bool:
        """Disarm the fault of that number; tell whether it still waited."""
        kept = [each for each in self.armed if each.number != number]
        found, self.armed = len(kept) < len(self.armed), kept
        return found

    def clear(self) -> None:
        """Disarm all faults."""
        self.armed.clear()

    async def before(self, call: Call, request: TLRequest) -> None:
        """Carry out what is due before the method."""
        await self.intervene(call, request, BEFORE)

    async def after(self, call: Call, request: TLRequest) -> None:
        """Carry out what is due after the method."""
        await self.intervene(call, request, AFTER)

    async def intervene(self, call: Call, request: TLRequest, kinds: frozenset[FaultKind]) -> None:
        """Carry out what is due of these kinds."""
        if self.armed:
            for fault in self.draw(self.occasion_of_call(call, request), kinds):
                await carry_out(fault)

    def waits(self, passing: Passing) -> Sequence[float]:
        """Say after how many seconds each copy of these updates is to be sent; none drops them."""
        if not self.armed:
            return (0.0,)
        copies, late = 1, 0.0
        for fault in self.draw(self.occasion_of_updates(passing), ON_UPDATES):
            match fault.kind:
                case FaultKind.DROP_UPDATES:
                    copies = 0
                case FaultKind.DOUBLE_UPDATES:
                    copies = 2
                case FaultKind.DELAY_UPDATES:
                    late += fault.seconds
        return (late,) * copies

    def draw(self, occasion: Occasion, kinds: frozenset[FaultKind]) -> list[Fault]:
        """Count down and return the faults that an occasion meets.

        Delays may come together with one fault of another kind; a second one waits its turn.
        """
        drawn: list[Fault] = []
        for each in self.armed:
            if each.fault.kind in kinds and occasion.fits(each.fault) and each.strikes():
                self.fired.append(Fired(each.number, each.fault, occasion, datetime.now(UTC)))
                drawn.append(each.fault)
                if each.fault.kind not in LASTING:
                    break
        self.armed = [each for each in self.armed if each.left > 0]
        return drawn

    def occasion_of_call(self, call: Call, request: TLRequest) -> Occasion:
        """Describe a call as what a fault may be meant for."""
        name = frozenset({method_name(type(request))})
        chats = chats_of_request(request)
        return Occasion(name, self.account_of(call.key_id), chats, call.connection)

    def occasion_of_updates(self, passing: Passing) -> Occasion:
        """Describe updates as what a fault may be meant for."""
        updates: list[TLObject] = updates_within(passing.updates)
        names = frozenset(type(each).__name__ for each in updates)
        chats = frozenset().union(*map(chats_of_update, updates))
        return Occasion(names, self.account_of(passing.key_id), chats, passing.connection)


async def carry_out(fault: Fault) -> None:
    """Let one fault happen to a call."""
    match fault.kind:
        case FaultKind.ERROR:
            raise RpcFault(*fault.answer)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        case FaultKind.LOST_ANSWER | FaultKind.TIME_OUT:
            raise AnswerLost
        case FaultKind.CUT_BEFORE | FaultKind.CUT_AFTER:
            raise ConnectionCut
