"""The Bot API's faults and journal, as the control API asks for them."""

from collections.abc import Sequence
from dataclasses import asdict

from simulator.bot_api.faults import ArmedBotFault, BotFault, BotFaultKind, BotFaults
from simulator.bot_api.journal import BotCall
from simulator.bot_api.office import Office
from simulator.control.bot_models import (
    BotCallShown,
    BotEvidenceShown,
    BotFaultAsked,
    BotFaultShown,
    BotStateShown,
    UpdateShown,
)
from simulator.control.showing import show_person
from simulator.world.peers import UserId


class OfficeFaults:
    """Orders faults of the Bot API; implements `BotFaultDesk`."""

    def __init__(self, faults: BotFaults) -> None:
        self.faults = faults

    def order(self, fault: BotFaultAsked) -> BotFaultShown:
        """Arm a fault; raises ValueError for what cannot be carried out."""
        options = fault.model_dump(exclude={"kind"})
        return show_armed(self.faults.add(BotFault(BotFaultKind(fault.kind), **options)))

    def waiting(self) -> Sequence[BotFaultShown]:
        """List the faults that have yet to come."""
        return [show_armed(each) for each in self.faults.armed]

    def met(self) -> Sequence[BotFaultAsked]:
        """List the faults that have happened, in order."""
        return [show_fault(each) for each in self.faults.met]

    def withdraw(self, number: int) -> bool:
        """Disarm one fault; tell whether it still waited."""
        return self.faults.withdraw(number)

    def clear(self) -> None:
        """Disarm all faults."""
        self.faults.clear()


class OfficeWatch:
    """Tells what the Bot API saw; implements `BotWatch`."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def state(self, bot: int) -> BotStateShown:
        """Tell how a bot fares."""
        person = self.office.world.people.get(UserId(bot))
        room, counted = self.office.rooms.of(person.id), self.office.journal.counted
        return BotStateShown(
            **show_person(person).model_dump(),
            token=self.office.world.bots.token_of(person),
            webhook=room.webhook.url if room.webhook else "",
            pending=len(room.backlog.waiting),
            allowed_updates=sorted(room.backlog.allowed),
            calls={method: n for (who, method), n in counted.items() if who == person.id},
        )

    def calls(self, bot: int | None) -> Sequence[BotCallShown]:
        """List the latest calls of a bot, or of all, the oldest first."""
        wanted = None if bot is None else UserId(bot)
        return [show_call(each) for each in self.office.journal.of(wanted)]

    def updates(self, bot: int) -> Sequence[UpdateShown]:
        """List the updates that wait for a bot."""
        waiting = self.office.rooms.of(UserId(bot)).backlog.waiting
        return [UpdateShown(number=u.id, kind=u.kind.value, content=u.content) for u in waiting]

    def evidence(self) -> BotEvidenceShown:
        """Tell what should be empty at the end of a rehearsal."""
        return BotEvidenceShown(
            unknown_methods=dict(self.office.unknown),
            unread_parameters=dict(self.office.journal.unread),
            failures=dict(self.office.crashed),
        )


def show_fault(fault: BotFault) -> BotFaultAsked:
    """Describe a fault as it was asked for."""
    return BotFaultAsked.model_validate(asdict(fault))


def show_armed(armed: ArmedBotFault) -> BotFaultShown:
    """Show a fault that waits."""
    left = None if armed.fault.times is None else int(armed.left)
    return BotFaultShown(number=armed.number, fault=show_fault(armed.fault), left=left)


def show_call(call: BotCall) -> BotCallShown:
    """Show a call and what came of it."""
    return BotCallShown.model_validate(
        asdict(call) | {"files": list(call.files), "messages": list(call.messages)}
    )
