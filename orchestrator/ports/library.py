"""Personas and scripts as they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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

    async def put_script(self, actor: Actor, script: Script, change: str) -> bool:
        """Store a new immutable version and point `production` at it; False when it is the same."""
