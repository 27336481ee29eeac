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
        """Return clocks to warn of, and those that broke their promise, not marked as told yet.

        Put what is said of them on record (under a key of the notice) before marking them, so
        that nothing is lost in between.
        """

    async def mark_noticed(self, notices: Sequence[SlaNotice]) -> int:
        """Remember that these were told of; returns how many were not before."""

    async def idle_to_warn(
        self, now: datetime, silent_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Return open tickets whose client has not answered us for so long, not warned yet."""

    async def mark_idle_warned(self, idle: Sequence[Idle]) -> int:
        """Remember that these clients were warned, unless they broke their silence."""

    async def idle_to_close(
        self, now: datetime, warned_for: timedelta, limit: int = 100
    ) -> Sequence[Idle]:
        """Return open tickets that were warned so long ago, and are silent still.

        The caller finishes them by `TicketStore.finish` as SYSTEM, under an act named for that
        silence.
        """
