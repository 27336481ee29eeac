"""What doors may ask about personas and scripts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ports.library import Live, ScriptRecord, StoredPersona, VersionRecord
from orchestrator.stage import Stage
from personas.persona import Persona
from personas.scripts.model import Script
from personas.scripts.rehearsal import run_tests

MOST_TOLD = 20
"""How many failures are told at once."""


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

    async def add_persona(self, actor: Actor, persona: Persona) -> None:
        """Add a persona; raises AlreadyExists."""
        known = {one.persona.key for one in await self.personas()}
        if persona.key in known:
            raise AlreadyExists(
                f"there is a persona {persona.key} already: change it with "
                f"`troupe personas edit {persona.key}`"
            )
        await self.stage.stores.library.put_persona(actor, persona)

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

    async def import_scripts(
        self, actor: Actor, scripts: Sequence[Script], change: str, live: Live = Live.STAY
    ) -> int:
        """Store new versions and put them into production; returns how many changed.

        Raises NotAllowed, and stores nothing, when one of them fails its own tests.
        """
        for script in scripts:
            await refuse_failing(script)
        store = self.stage.stores.library
        return sum([await store.put_script(actor, script, change, live) for script in scripts])

    async def draft_scripts(self, actor: Actor, scripts: Sequence[Script], change: str) -> int:
        """Store new versions that nobody uses before they are published; how many changed."""
        store = self.stage.stores.library
        drafted = [await store.draft_script(actor, script, change) for script in scripts]
        return sum(version is not None for version in drafted)

    async def history(self, key: str) -> Sequence[VersionRecord]:
        """Return a script's versions, newest first; raises NotFound."""
        return await self.stage.stores.library.history(key)

    async def script_version(self, key: str, version: int | None) -> Script:
        """Return a version, or the one in production; raises NotFound."""
        if version is None:
            return await self.script(key)
        return await self.stage.stores.library.script_version(key, version)

    async def publish(
        self, actor: Actor, key: str, version: int | None, live: Live
    ) -> tuple[int, bool]:
        """Put a version (the newest when None) into production, if it passes its own tests.

        Returns its number, and whether anything changed. Raises NotFound, or NotAllowed with what
        failed.
        """
        store = self.stage.stores.library
        if version is None:
            version = (await store.history(key))[0].version
        await refuse_failing(await store.script_version(key, version))
        return version, await store.promote_version(actor, key, version, live)

    async def roll_back(self, actor: Actor, key: str, version: int | None, live: Live) -> int:
        """Publish what an earlier version said as a new version; returns the earlier one's number.

        Without a number: the one before that in production. Raises NotFound, or NotAllowed when
        it says the same or fails its own tests.
        """
        store = self.stage.stores.library
        target = before_production(await store.history(key)) if version is None else version
        if target is None:
            raise NotFound(f"{key} has no version before the one in production")
        script = await store.script_version(key, target)
        await refuse_failing(script)
        if not await store.put_script(actor, script, f"rollback to version {target}", live):
            raise NotAllowed(f"{key} in production says what version {target} says")
        return target

    async def activate_script(self, actor: Actor, key: str, *, active: bool) -> bool:
        """Let a script be chosen, or never; False when it is so already; raises NotFound."""
        return await self.stage.stores.library.activate_script(actor, key, active=active)


def before_production(history: Sequence[VersionRecord]) -> int | None:
    """Return the newest version older than the one in production that says something else."""
    used = next((one for one in history if one.live is not None), None)
    if used is None:
        return None
    older = (one for one in history if one.version < used.version and one.sha256 != used.sha256)
    return next((one.version for one in older), None)


async def refuse_failing(script: Script) -> None:
    """Raise NotAllowed with what went wrong when a script fails its own tests."""
    failed = [one for one in await asyncio.to_thread(run_tests, script) if not one.passed]
    if failed:
        told = [f"“{one.name}”: {problem}" for one in failed for problem in one.problems]
        raise NotAllowed("\n".join([f"{script.key} fails its own tests:", *told[:MOST_TOLD]]))
