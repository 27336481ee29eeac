"""Personas and scripts as they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import PersonaId, ScriptVersionId
from personas.persona import Persona
from personas.scripts.model import Script


@dataclass(frozen=True, slots=True)
class StoredPersona:
    """A persona and the accounts that speak in its voice."""

    id: PersonaId
    persona: Persona
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScriptRecord:
    """A script with the version that is in production."""

    key: str
    name: str
    kind: str
    language: str
    is_active: bool
    version: int
    version_id: ScriptVersionId
    sha256: str
    triggers: int
    changed_by: str
    changed_at: datetime


class Live(StrEnum):
    """What becomes of conversations that live while another version goes into production."""

    STAY = "stay"
    """They end on the version that they began with."""
    MOVE = "move"
    """They go on at the same step of the new version, with what they know."""
    RESTART = "restart"
    """They begin again with the new version."""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One version of a script, as its history tells it."""

    version: int
    version_id: ScriptVersionId
    sha256: str
    change: str
    author: str
    created_at: datetime
    labels: tuple[str, ...]
    """Labels that point at it now."""
    live: Live | None
    """What was chosen for live conversations, where the label `production` points at it."""


class LibraryStore(Protocol):
    """Personas and scripts."""

    async def personas(self) -> Sequence[StoredPersona]:
        """Return all personas by key."""

    async def persona_named(self, key: str) -> StoredPersona:
        """Return the persona; raises NotFound with the keys there are."""

    async def put_persona(self, actor: Actor, persona: Persona) -> bool:
        """Add or replace a persona; returns whether anything changed."""

    async def scripts(self) -> Sequence[ScriptRecord]:
        """Return all scripts by key."""

    async def script_named(self, key: str) -> Script:
        """Return the script's production version; raises NotFound with the keys there are."""

    async def put_script(
        self, actor: Actor, script: Script, change: str, live: Live = Live.STAY
    ) -> bool:
        """Store a new immutable version and point `production` at it; False when it is the same."""

    async def draft_script(self, actor: Actor, script: Script, change: str) -> int | None:
        """Store a new version without a label; None when it is the same as the newest."""

    async def history(self, key: str) -> Sequence[VersionRecord]:
        """Return a script's versions, newest first; raises NotFound."""

    async def script_version(self, key: str, version: int) -> Script:
        """Return any version of a script; raises NotFound."""

    async def promote_version(self, actor: Actor, key: str, version: int, live: Live) -> bool:
        """Point `production` at a version; False when it points there; raises NotFound."""

    async def activate_script(self, actor: Actor, key: str, *, active: bool) -> bool:
        """Let a script be chosen, or never; False when it is so already; raises NotFound."""
