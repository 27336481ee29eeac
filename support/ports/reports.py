"""What staff ask of the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from support.ids import TicketId
from support.reports import DeskStats, Found, Transcript


class ReportStore(Protocol):
    """Search, transcripts and figures."""

    async def search(self, query: str, limit: int = 20) -> Sequence[Found]:
        """Find tickets by number (`#12`), by client (`@user`, a name, an id), or by words said.

        Words are looked for by PostgreSQL's full text, Russian and English, and understood as
        a web search is (quotes, `or`, a minus).
        """

    async def transcript(self, ticket: TicketId) -> Transcript:
        """Return everything said in a ticket."""

    async def stats(self, since: datetime) -> DeskStats:
        """Return the desk's figures since then, and each operator's."""
