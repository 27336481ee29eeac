"""What a method's handler is told about who calls, and how it refuses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from telethon.tl import TLObject, TLRequest
from telethon.tl.functions import InitConnectionRequest

from simulator.world.world import World

Result: TypeAlias = TLObject | bool | int | list[TLObject] | list[int]


class RpcFault(Exception):
    """A refusal that travels to the client as `rpc_error`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message = code, message


class Switchboard(Protocol):
    """Whoever can push to the connections that are open now."""

    def push(self, key_id: int, updates: TLObject, *, but_session: int | None = None) -> None:
        """Send `updates` to every session of that auth key that takes updates."""

    def close(self, key_id: int) -> None:
        """Cut every connection that uses that auth key."""

    def client_of(self, key_id: int) -> InitConnectionRequest | None:
        """Return how the client with that auth key introduced itself, None if it did not."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request with everything that its handler may look at.

    `connection` names the client's end: its address, a colon and its port.
    """

    world: World
    switchboard: Switchboard
    key_id: int
    session_id: int
    address: str
    layer: int
    connection: str


Handler: TypeAlias = Callable[[Call, TLRequest], Awaitable[Result]]
