"""Who leads, when windows open, and what has fired. Nobody's clock decides who leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.base import one, ring, rows, run
from db.stores.work import queue
from orchestrator.ids import NodeName
from orchestrator.jobs import Task
from orchestrator.outbox.gate import Verdict, waits_for
from orchestrator.ports.calendar import Daily, Leadership
from orchestrator.ports.leases import Fence
from orchestrator.ports.work import Topic

LEADERSHIP = text("SELECT node, fence, beat, released FROM leaders WHERE role = :role")
# The first leader ever finds no row; of two that come at once, one inserts it.
TAKE = text(
    """
    INSERT INTO leaders AS l (role, node, fence, released, taken_at)
    VALUES (:role, :node, 1, false, now())
    ON CONFLICT (role) DO UPDATE
    SET node = excluded.node, fence = l.fence + 1, beat = l.beat + 1, released = false,
        taken_at = now()
    WHERE l.fence = :fence AND l.beat = :beat
    RETURNING fence
    """
)
RENEW = text(
    """
    UPDATE leaders SET beat = beat + 1
    WHERE role = :role AND node = :node AND fence = :fence AND NOT released
    """
)
RELEASE = text(
    """
    UPDATE leaders SET released = true, beat = beat + 1
    WHERE role = :role AND fence = :fence
    """
)
OPENINGS = text(
    """
    SELECT DISTINCT c.time_zone, s.start_time
    FROM schedules s JOIN campaigns c ON c.id = s.campaign_id
    WHERE s.is_active AND c.state = 'running'
      AND NOT (s.start_time = '00:00' AND s.end_time = '24:00')
    ORDER BY c.time_zone, s.start_time
    """
)
LAST_FIRINGS = text(
    """
    SELECT schedule, max(fires_at) AS fired FROM firings
    WHERE fires_at <= :before GROUP BY schedule
    """
)
FIRE = text(
    """
    INSERT INTO firings (schedule, fires_at, inserted_by) VALUES (:schedule, :at, :node)
    ON CONFLICT (schedule, fires_at) DO NOTHING
    """
)
OPEN_WINDOW = text(
    """
    UPDATE outbox o SET due_at = now()
    FROM comments m
    JOIN schedules s ON s.id = m.schedule_id
    JOIN campaigns c ON c.id = s.campaign_id
    WHERE m.id = o.comment_id AND o.state = 'due' AND o.due_at > now()
      AND o.last_error = :why
      AND c.time_zone = :zone AND s.start_time = :at
    """
)


@dataclass(frozen=True, slots=True)
class PostgresCalendar:
    """Implements `CalendarStore`."""

    engine: AsyncEngine
    role: str = "calendar"
    """What is led: a second store of another role is no calendar, but a `LeaderStore` too."""

    async def leadership(self) -> Leadership:
        """Return the leader's lease; as long as nobody ever led, it is free."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LEADERSHIP, role=self.role)
        if row is None:
            return Leadership(None, 0, 0, released=True)
        return Leadership(NodeName(row.node), row.fence, row.beat, row.released)

    async def take_leadership(self, node: NodeName, seen: Leadership) -> Fence | None:
        """Take it if it did not move."""
        async with transaction(self.engine) as connection:
            values = {"role": self.role, "node": node, "fence": seen.fence, "beat": seen.beat}
            row = await one(connection, TAKE, **values)
        return None if row is None else Fence(row.fence)

    async def renew_leadership(self, node: NodeName, fence: Fence) -> bool:
        """Move its beat if it is still this node's."""
        async with transaction(self.engine) as connection:
            return await run(connection, RENEW, role=self.role, node=node, fence=fence) == 1

    async def release_leadership(self, fence: Fence) -> None:
        """Give it back, and wake whoever stands for it."""
        async with transaction(self.engine) as connection:
            if await run(connection, RELEASE, role=self.role, fence=fence):
                await ring(connection, Topic.LEASES)

    async def openings(self) -> Sequence[Daily]:
        """Return when windows open; one that is never closed has no opening."""
        async with transaction(self.engine) as connection:
            return [
                Daily(row.start_time, row.time_zone) for row in await rows(connection, OPENINGS)
            ]

    async def last_firings(self, before: datetime) -> Mapping[str, datetime]:
        """Return when each schedule fired last."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LAST_FIRINGS, before=before)
        return {row.schedule: row.fired for row in found}

    async def fire(self, schedule: str, at: datetime, task: Task, node: NodeName) -> bool:
        """Record the firing and queue its job, or do neither."""
        async with transaction(self.engine) as connection:
            if not await run(connection, FIRE, schedule=schedule, at=at, node=node):
                return False
            await queue(connection, task, timedelta(), f"{schedule} {at.isoformat()}")
        return True

    async def open_window(self, opening: Daily) -> int:
        """Let go at once what waited for this opening."""
        async with transaction(self.engine) as connection:
            opened = await run(
                connection,
                OPEN_WINDOW,
                zone=opening.zone,
                at=opening.at,
                why=waits_for(Verdict.OUTSIDE_WINDOW),
            )
            if opened:
                await ring(connection, Topic.OUTBOX)
        return opened
