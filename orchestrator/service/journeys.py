"""What doors may ask about journeys and diagnostics."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.errors import BadInput
from orchestrator.ids import JourneyId, StudyGroupId
from orchestrator.ports.journeys import JourneyDetail, JourneyRow, JourneyState, ResultRow
from orchestrator.stage import Stage

LONGEST = 50


@dataclass(frozen=True, slots=True)
class Journeys:
    """Leads groups through lessons and diagnostics, and tells how far everybody is."""

    stage: Stage

    async def begin(self, actor: Actor, group: StudyGroupId, scripts: Sequence[str]) -> JourneyId:
        """Begin a group's journey through these scripts, in order."""
        if not 1 <= len(scripts) <= LONGEST:
            raise BadInput(f"a journey leads through 1 to {LONGEST} scripts")
        now = self.stage.clock.now()
        return await self.stage.stores.journeys.begin(actor, scripts, now, group=group)

    async def move_on(self, actor: Actor, journey: JourneyId) -> JourneyRow:
        """End the present lesson or diagnostic and begin the next."""
        return await self.stage.stores.journeys.move_on(actor, journey, self.stage.clock.now())

    async def stop(self, actor: Actor, journey: JourneyId) -> None:
        """End a journey where it stands."""
        await self.stage.stores.journeys.stop(actor, journey, self.stage.clock.now())

    async def list(self, state: JourneyState | None, limit: int) -> Sequence[JourneyRow]:
        """Return journeys, newest first."""
        return await self.stage.stores.journeys.journeys(state, limit)

    async def show(self, journey: JourneyId) -> JourneyDetail:
        """Return one with everybody's progress; raises NotFound."""
        return await self.stage.stores.journeys.journey(journey)

    async def results(self, script: str | None, limit: int) -> Sequence[ResultRow]:
        """Return what diagnostics came to, newest first."""
        return await self.stage.stores.journeys.results(script, limit)
