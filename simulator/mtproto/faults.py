"""Faults on cue: what goes wrong, where, for whom and how often."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from telethon.errors import rpc_message_to_error
from telethon.tl import TLRequest
from telethon.tl.types import RpcError

from simulator.mtproto.call import Call, RpcFault
from simulator.mtproto.dispatch import method_name
from simulator.mtproto.interception import AnswerLost, ConnectionCut

EVERY_METHOD = "*"
UNLISTED_CODE = 400


class FaultKind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    LOST_ANSWER = "lost_answer"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    DELAY = "delay"


BEFORE = frozenset({FaultKind.ERROR, FaultKind.CUT_BEFORE, FaultKind.DELAY})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `times` calls of `method` by `account` (everybody's if None) meet it.

    `error` is what the client is told, such as FLOOD_WAIT_5; `code` is only needed where
    Telethon does not list it. `seconds` is how long a delay lasts. `times` None: for ever.
    """

    method: str
    kind: FaultKind
    error: str = ""
    code: int | None = None
    times: int | None = 1
    account: int | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Armed:
    """A fault with how often it has yet to come."""

    fault: Fault
    left: float


class FaultBook:
    """The faults that wait, in the order in which they were added; an interceptor."""

    def __init__(self, account_of: Callable[[Call], int | None]) -> None:
        self.account_of = account_of
        self.armed: list[Armed] = []
        self.met: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Arm a fault; raise ValueError if it says too little to be carried out."""
        if fault.kind is FaultKind.ERROR and not fault.error:
            raise ValueError("a fault of kind `error` names the error, such as FLOOD_WAIT_5")
        self.armed.append(Armed(fault, float("inf") if fault.times is None else fault.times))
        return fault

    def remove(self, fault: Fault) -> None:
        """Disarm a fault; one that is spent already is left alone."""
        self.armed = [each for each in self.armed if each.fault is not fault]

    def clear(self) -> None:
        """Disarm all faults."""
        self.armed.clear()

    async def before(self, call: Call, request: TLRequest) -> None:
        """Carry out what is due before the method."""
        for fault in self.draw(call, request, before=True):
            await carry_out(fault)

    async def after(self, call: Call, request: TLRequest) -> None:
        """Carry out what is due after the method."""
        for fault in self.draw(call, request, before=False):
            await carry_out(fault)

    def draw(self, call: Call, request: TLRequest, *, before: bool) -> list[Fault]:
        """Count down and return the faults that this call meets.

        Delays may come together with one fault of another kind; a second one waits its turn.
        """
        drawn: list[Fault] = []
        for each in self.armed:
            fits = (each.fault.kind in BEFORE) == before and self.concerns(each, call, request)
            if fits:
                each.left -= 1
                drawn.append(each.fault)
                if each.fault.kind is not FaultKind.DELAY:
                    break
        self.armed = [each for each in self.armed if each.left > 0]
        self.met.extend(drawn)
        return drawn

    def concerns(self, armed: Armed, call: Call, request: TLRequest) -> bool:
        """Tell whether a fault is addressed to this call."""
        fault = armed.fault
        if fault.method not in (EVERY_METHOD, method_name(type(request))):
            return False
        return fault.account is None or fault.account == self.account_of(call)


async def carry_out(fault: Fault) -> None:
    """Let one fault happen."""
    match fault.kind:
        case FaultKind.ERROR:
            raise RpcFault(fault.code or listed_code(fault.error), fault.error)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        case FaultKind.LOST_ANSWER:
            raise AnswerLost
        case FaultKind.CUT_BEFORE | FaultKind.CUT_AFTER:
            raise ConnectionCut


def listed_code(error: str) -> int:
    """Return the code under which Telethon lists an error, 400 if it does not."""
    listed = rpc_message_to_error(RpcError(UNLISTED_CODE, error), None)
    return int(listed.code)
