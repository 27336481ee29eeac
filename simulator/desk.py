"""The MTProto side's faults and sightings, as the control API asks for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from simulator.control.models import FaultAsked, FaultShown
from simulator.control.ports import CopiedKey
from simulator.mtproto.dispatch import Methods
from simulator.mtproto.fault_book import Armed, FaultBook
from simulator.mtproto.faults import Fault, FaultKind
from simulator.mtproto.sightings import Sightings


class MtprotoDesk:
    """Orders faults in a fault book; implements `FaultDesk`."""

    def __init__(self, book: FaultBook) -> None:
        self.book = book

    def order(self, fault: FaultAsked) -> FaultShown:
        """Arm a fault; raises ValueError for what cannot be carried out."""
        options = fault.model_dump(exclude={"kind"})
        return show_armed(self.book.add(Fault(kind=FaultKind(fault.kind), **options)))

    def waiting(self) -> Sequence[FaultShown]:
        """List the faults that have yet to come."""
        return [show_armed(each) for each in self.book.armed]

    def met(self) -> Sequence[FaultAsked]:
        """List the faults that have happened, in order."""
        return [show_fault(each) for each in self.book.met]

    def withdraw(self, number: int) -> bool:
        """Disarm one fault; tell whether it still waited."""
        return self.book.withdraw(number)

    def clear(self) -> None:
        """Disarm all faults."""
        self.book.clear()


class MtprotoWires:
    """Tells what the listener saw; implements `Wires`."""

    def __init__(self, methods: Methods, sightings: Sightings) -> None:
        self.methods, self.sightings = methods, sightings

    def unknown_methods(self) -> Mapping[str, int]:
        """Count the calls of each method that is not known."""
        return Counter(self.methods.unknown)

    def copied_keys(self) -> Sequence[CopiedKey]:
        """List the keys that were used from several addresses at once."""
        return [
            CopiedKey(each.key_id, each.user, tuple(sorted(each.addresses)), each.at)
            for each in self.sightings.seen_twice.values()
        ]


def show_fault(fault: Fault) -> FaultAsked:
    """Describe a fault as it was asked for."""
    return FaultAsked.model_validate(asdict(fault))


def show_armed(armed: Armed) -> FaultShown:
    """Show a fault that waits."""
    left = None if armed.fault.times is None else int(armed.left)
    return FaultShown(number=armed.number, fault=show_fault(armed.fault), left=left)
