"""What the passing of time does to tickets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from support.actor import By
from support.ids import ActKey, TicketId
from support.reports import Idle
from support.sla import Clock, SlaNotice


class ClockStore(Protocol):
    """SLA clocks and silence; each notice is given to one caller, once."""

    async def clocks(self, ticket: TicketId) -> Sequence[Clock]:
        """Return a ticket's clocks, newest first."""

    async def pause(self, act: ActKey, ticket: TicketId, by: By) -> bool:
        """Stop the ticket's running clocks, keeping what is left; False: none ran, or replay."""

    async def resume(self, act: ActKey, ticket: TicketId, by: By) -> bool:
        """Let the paused clocks run on; False: none was paused, or replay."""

    async def due_notices(self, now: datetime, limit: int = 100) -> Sequence[SlaNotice]:
        """Claim the clocks to warn of and those that broke their promise, and mark them so."""

    async def warn_idle(
        self, now: datetime, silent_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Claim open tickets whose client has not answered us for so long; each once a silence."""

    async def idle_to_close(
        self, now: datetime, warned_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Return open tickets that were warned so long ago, and are silent still.

        The caller finishes them under an act named for that silence.
        """
