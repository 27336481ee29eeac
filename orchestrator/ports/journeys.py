"""Journeys: lessons and diagnostics one after another, for one contact or one study group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import (
    ContactId,
    ConversationId,
    JourneyId,
    ScriptVersionId,
    StudyGroupId,
)
from personas.scripts.runner import Progress


class JourneyState(StrEnum):
    """What became of a journey."""

    ACTIVE = "active"
    DONE = "done"
    STOPPED = "stopped"


class ItemState(StrEnum):
    """What became of one item of a journey."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a diagnostic came to."""

    score: int
    result: str
    """The key of its result."""


@dataclass(frozen=True, slots=True)
class JourneyRow:
    """One line of `troupe journeys list`."""

    id: JourneyId
    whose: str
    scripts: tuple[str, ...]
    position: int
    state: JourneyState
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    reason: str | None

    @property
    def current(self) -> str | None:
        """The script at which it stands."""
        is_on = self.state is JourneyState.ACTIVE and self.position < len(self.scripts)
        return self.scripts[self.position] if is_on else None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """How far somebody is in one item of a journey."""

    position: int
    script: str
    """`key@version`."""
    contact: str | None
    state: ItemState
    step: str | None
    turns: int
    started_at: datetime
    updated_at: datetime
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class JourneyDetail:
    """A journey with everybody's progress in it."""

    row: JourneyRow
    items: Sequence[ItemRow]


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One line of `troupe diagnostics results`."""

    contact: ContactId
    name: str
    script: str
    finding: Finding
    where: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class DirectTurn:
    """A turn of a diagnostic in a direct conversation."""

    conversation: ConversationId
    version: ScriptVersionId
    progress: Progress
    finding: Finding | None


class JourneyStore(Protocol):
    """Journeys, progress and results; each method is one transaction."""

    async def begin(
        self,
        actor: Actor,
        scripts: Sequence[str],
        at: datetime,
        *,
        group: StudyGroupId,
    ) -> JourneyId:
        """Begin a journey of a study group with its first item.

        Raises NotFound, or NotAllowed for scripts that are neither lesson nor diagnostic, a closed
        group, or one that has a journey.
        """

    async def move_on(self, actor: Actor, journey: JourneyId, at: datetime) -> JourneyRow:
        """End the present item and begin the next; raises NotFound, or NotAllowed when over."""

    async def stop(self, actor: Actor, journey: JourneyId, at: datetime) -> None:
        """End a journey where it stands; raises NotFound, or NotAllowed when over."""

    async def record_turn(self, turn: DirectTurn) -> None:
        """Store how far a person is in a diagnostic that a conversation leads.

        The same diagnostic taken anew is a journey of its own.
        """

    async def journeys(self, state: JourneyState | None, limit: int) -> Sequence[JourneyRow]:
        """Return journeys, newest first."""

    async def journey(self, journey: JourneyId) -> JourneyDetail:
        """Return one with everybody's progress; raises NotFound."""

    async def results(self, script: str | None, limit: int) -> Sequence[ResultRow]:
        """Return what diagnostics came to, newest first."""
