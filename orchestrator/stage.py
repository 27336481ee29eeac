"""What every live part of the orchestrator works with."""

from dataclasses import dataclass

from orchestrator.clock import Clock
from orchestrator.facts import Sink
from orchestrator.leases.tenure import Tenure
from orchestrator.library.node_library import NodeLibrary
from orchestrator.library.numbers import Numbers
from orchestrator.outbox.feeder import Feeder
from orchestrator.pacing.pacer import Pacer
from orchestrator.ports.logs import OperationLog
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import Telegram
from orchestrator.ports.work import Bell
from orchestrator.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Stage:
    """The stores, the clock and the doors that a process runs on, put together once."""

    stores: Stores
    telegram: Telegram
    pacer: Pacer
    bell: Bell
    clock: Clock
    operations: OperationLog
    numbers: Numbers
    sink: Sink
    tenure: Tenure
    feeder: Feeder
    library: NodeLibrary

    @property
    def tuning(self) -> Tuning:
        """The numbers as they hold now; whoever keeps one keeps it as it was."""
        return self.numbers.now
