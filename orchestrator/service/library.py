"""What doors may ask about personas and scripts."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.ports.library import ScriptRecord, StoredPersona
from orchestrator.stage import Stage
from personas.persona import Persona
from personas.scripts.model import Script


@dataclass(frozen=True, slots=True)
class Library:
    """The organisation's personas and scripts."""

    stage: Stage

    async def personas(self) -> Sequence[StoredPersona]:
        """Return all personas by key."""
        return await self.stage.stores.library.personas()

    async def persona(self, key: str) -> StoredPersona:
        """Return one persona; raises NotFound."""
        return await self.stage.stores.library.persona_named(key)

    async def import_personas(self, actor: Actor, personas: Sequence[Persona]) -> int:
        """Add or replace personas; returns how many changed."""
        changed = [await self.stage.stores.library.put_persona(actor, one) for one in personas]
        return sum(changed)

    async def scripts(self) -> Sequence[ScriptRecord]:
        """Return all scripts by key."""
        return await self.stage.stores.library.scripts()

    async def script(self, key: str) -> Script:
        """Return a script's production version; raises NotFound."""
        return await self.stage.stores.library.script_named(key)

    async def import_scripts(self, actor: Actor, scripts: Sequence[Script], change: str) -> int:
        """Store new versions and put them into production; returns how many changed."""
        changed = [
            await self.stage.stores.library.put_script(actor, script, change) for script in scripts
        ]
        return sum(changed)
