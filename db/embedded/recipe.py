"""What the supervisor must know of a server to run it."""

import signal
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """The two servers that Troupe needs; the value names its folder and its log."""

    POSTGRES = "postgres"
    VALKEY = "valkey"


def stop_signals(kind: Kind) -> tuple[signal.Signals, ...]:
    """Return how to ask a server to stop, the kindest way first.

    That one is also what the kernel sends when the supervisor is killed. For PostgreSQL: fast,
    then immediate shutdown; for Valkey: save and end.
    """
    if kind is Kind.POSTGRES:
        return (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
    return (signal.SIGTERM, signal.SIGKILL)


class Recipe(Protocol):
    """How one kind of server is prepared, started and recognised as ready."""

    @property
    def kind(self) -> Kind:
        """Which server this is."""

    @property
    def password(self) -> str:
        """What its clients must say."""

    async def prepare(self) -> None:
        """Make or mend the data folder, while no server works in it."""

    def command(self, port: int) -> list[str]:
        """Return the command line that serves on this port, without any secret in it."""

    def settings(self, port: int) -> bytes:
        """Return what the server reads on its standard input, secrets included."""

    async def is_ready(self, port: int, pid: int) -> bool:
        """Say whether this very process now answers on the port."""
