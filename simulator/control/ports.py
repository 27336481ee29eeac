"""What the control API needs of the wires, which it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from simulator.control.models import FaultAsked, FaultShown


@dataclass(frozen=True, slots=True)
class CopiedKey:
    """A key that was used from several addresses at once, and whose it was."""

    key_id: int
    user: int | None
    addresses: tuple[str, ...]
    at: datetime


class FaultDesk(Protocol):
    """Where faults are ordered."""

    def order(self, fault: FaultAsked) -> FaultShown:
        """Arm a fault; raises ValueError, with a sentence, for what cannot be carried out."""

    def waiting(self) -> Sequence[FaultShown]:
        """List the faults that have yet to come."""

    def met(self) -> Sequence[FaultAsked]:
        """List the faults that have happened, as often as they did, in order."""

    def withdraw(self, number: int) -> bool:
        """Disarm one fault; tell whether it still waited."""

    def clear(self) -> None:
        """Disarm all faults."""


class Wires(Protocol):
    """What only those who speak with clients have seen."""

    def unknown_methods(self) -> Mapping[str, int]:
        """Count the calls of each method that is not known."""

    def copied_keys(self) -> Sequence[CopiedKey]:
        """List the keys that were used from several addresses at once."""
