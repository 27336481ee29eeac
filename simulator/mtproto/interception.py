"""The places around a method at which something else may step in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from telethon.tl import TLObject, TLRequest

from simulator.mtproto.call import Call


class AnswerLost(Exception):
    """The act is done, but its answer does not reach the client."""


class ConnectionCut(Exception):
    """The connection ends here and no answer is sent."""


class Interceptor(Protocol):
    """Steps in before and after a method; the known exceptions are the means.

    `RpcFault` refuses, `AnswerLost` swallows the answer, `ConnectionCut` ends the connection.
    """

    async def before(self, call: Call, request: TLRequest) -> None:
        """Run before the handler; what it raises keeps the handler from running."""

    async def after(self, call: Call, request: TLRequest) -> None:
        """Run when the handler has acted; what it raises takes the place of the answer."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Updates on their way to one session."""

    key_id: int
    connection: str
    updates: TLObject


class UpdateGate(Protocol):
    """Stands where updates leave the server."""

    def waits(self, passing: Passing) -> Sequence[float]:
        """Say after how many seconds each copy is to be sent; an empty answer drops them."""
