"""Personas as decisions read them: by the hash of what the database holds of them.

A decision asks only for the hash. What goes by it comes from memory, else from Redis, else from
PostgreSQL. Whoever changes a persona, with plain SQL too, gives it another hash in that moment, so
nothing here is ever stale; what nobody asks for is forgotten.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.cache import ContentCache
from db.engine import transaction
from db.stores.base import rows
from orchestrator.ids import PersonaId
from personas.persona import Persona

CONTENT = """
    jsonb_build_object(
        'key', p.key, 'name', p.name, 'style', p.style, 'tone', p.tone, 'interests', p.interests,
        'vocabulary', p.vocabulary, 'languages', p.languages, 'examples', p.examples,
        'forbidden_topics', p.forbidden_topics, 'disclosure', p.disclosure)::text
"""
"""A persona as text, for statements in which `p` is its row."""
DIGEST = f"encode(sha256(convert_to({CONTENT}, 'UTF8')), 'hex')"
READ = text(
    f"SELECT p.id, {CONTENT} AS content, {DIGEST} AS digest FROM personas p "  # noqa: S608 - constants of this module
    "WHERE p.id = ANY(CAST(:ids AS bigint[]))"
)
IN_MEMORY = 2000
"""Personas that a process keeps; some kilobytes each."""

Digests = Mapping[PersonaId, str]


@dataclass(frozen=True, slots=True)
class PersonaShelf:
    """Finds personas by their hashes."""

    engine: AsyncEngine
    cache: ContentCache
    memory: OrderedDict[str, Persona] = field(default_factory=OrderedDict)

    async def personas(self, wanted: Digests) -> Mapping[PersonaId, Persona]:
        """Return those personas; one that was changed just now comes as it is now."""
        known = {one: self.memory[one] for one in wanted.values() if one in self.memory}
        if unknown := sorted({one for one in wanted.values() if one not in known}):
            known |= await self.cached(unknown)
        missing = {one for one, digest in wanted.items() if digest not in known}
        fresh = await self.read(missing) if missing else {}
        while len(self.memory) > IN_MEMORY:
            self.memory.popitem(last=False)
        return {one: fresh.get(one) or known[digest] for one, digest in wanted.items()}

    async def cached(self, digests: Sequence[str]) -> Mapping[str, Persona]:
        """Return what Redis has."""
        contents = await self.cache.read(digests)
        found = {digest: Persona.model_validate_json(text) for digest, text in contents.items()}
        self.memory.update(found)
        return found

    async def read(self, wanted: set[PersonaId]) -> Mapping[PersonaId, Persona]:
        """Read personas from PostgreSQL, and let the others have them too."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, READ, ids=sorted(wanted))
        read = {row.digest: Persona.model_validate_json(row.content) for row in found}
        self.memory.update(read)
        await self.cache.keep({row.digest: row.content for row in found})
        return {PersonaId(row.id): read[row.digest] for row in found}
