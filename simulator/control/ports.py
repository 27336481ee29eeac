"""What the control API needs of the wires, which it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from simulator.control.bot_models import (
    BotCallShown,
    BotEvidenceShown,
    BotFaultAsked,
    BotFaultShown,
    BotStateShown,
    UpdateShown,
)
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


class BotFaultDesk(Protocol):
    """Where faults of the Bot API are ordered."""

    def order(self, fault: BotFaultAsked) -> BotFaultShown:
        """Arm a fault; raises ValueError, with a sentence, for what cannot be carried out."""

    def waiting(self) -> Sequence[BotFaultShown]:
        """List the faults that have yet to come."""

    def met(self) -> Sequence[BotFaultAsked]:
        """List the faults that have happened, as often as they did, in order."""

    def withdraw(self, number: int) -> bool:
        """Disarm one fault; tell whether it still waited."""

    def clear(self) -> None:
        """Disarm all faults."""


class BotWatch(Protocol):
    """What only the Bot API has seen."""

    def state(self, bot: int) -> BotStateShown:
        """Tell how a bot fares."""

    def calls(self, bot: int | None) -> Sequence[BotCallShown]:
        """List the latest calls of a bot, or of all, the oldest first; polls are left out."""

    def updates(self, bot: int) -> Sequence[UpdateShown]:
        """List the updates that wait for a bot."""

    def evidence(self) -> BotEvidenceShown:
        """Tell what should be empty at the end of a rehearsal."""


class WholeWorld(Protocol):
    """The world with all that the wires keep besides it."""

    def save(self) -> dict[str, Any]:
        """Write everything down as one value of JSON."""

    async def load(self, snapshot: dict[str, Any]) -> None:
        """Take what was saved for what is; raises `SnapshotError`, and then changes nothing."""


class Switch(Protocol):
    """Something that is on or off."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of Telegram that can be switched on."""

    bots: Switch
    accounts: Switch


@dataclass(frozen=True, slots=True)
class Levers:
    """All that the control API moves and reads besides the world."""

    faults: FaultDesk
    wires: Wires
    bot_faults: BotFaultDesk
    bots: BotWatch
    limits: Limits
    whole: WholeWorld
