"""Personas and scripts."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, func, insert, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.tables.accounts import accounts, personas
from db.tables.scripts import script_labels, script_versions, scripts
from orchestrator.actor import Actor
from orchestrator.errors import NotFound
from orchestrator.ids import PersonaId, ScriptVersionId
from orchestrator.ports.library import ScriptRecord, StoredPersona
from orchestrator.ports.writing import PublishedScript
from personas.persona import Persona
from personas.scripts.canonical import canonical_json, sha256_of
from personas.scripts.model import Script, ScriptKind

PRODUCTION = "production"


class PostgresLibrary:
    """The library in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def personas(self) -> Sequence[StoredPersona]:
        """Return all personas by key."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select_personas())).all()
        return [stored_persona(row) for row in rows]

    async def persona_named(self, key: str) -> StoredPersona:
        """Return the persona; raises NotFound with the keys there are."""
        found = await self.personas()
        for stored in found:
            if stored.persona.key == key:
                return stored
        raise NotFound(f'there is no persona "{key}"; {listed([s.persona.key for s in found])}')

    async def put_persona(self, actor: Actor, persona: Persona) -> bool:
        """Add or replace a persona; returns whether anything changed."""
        values = persona.model_dump(mode="json")
        async with transaction(self.engine) as connection:
            query = select(personas).where(personas.c.key == persona.key).with_for_update()
            row = (await connection.execute(query)).first()
            before = None if row is None else persona_of(row).model_dump(mode="json")
            if before == values:
                return False
            changes = {**values, "changed_at": func.now()}
            statement = upsert(personas).values(values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_=changes)
            )
            subject = f"persona {persona.key}"
            await write_audit(
                connection, actor, "put_persona", subject, before=before, after=values
            )
        return True

    async def scripts(self) -> Sequence[ScriptRecord]:
        """Return all scripts by key."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select_production().order_by(scripts.c.key))).all()
        return [script_record(row) for row in rows]

    async def script_named(self, key: str) -> Script:
        """Return the script's production version; raises NotFound with the keys there are."""
        async with transaction(self.engine) as connection:
            query = select_production().where(scripts.c.key == key)
            row = (await connection.execute(query)).first()
            if row is not None:
                return Script.model_validate_json(json.dumps(row.content))
            keys = (await connection.execute(select(scripts.c.key).order_by("key"))).scalars()
            raise NotFound(f'there is no script "{key}"; {listed(list(keys))}')

    async def published(self) -> tuple[PublishedScript, ...]:
        """Return the active comment scripts that the label `production` points at."""
        query = (
            select_production()
            .where(scripts.c.is_active, scripts.c.kind == ScriptKind.COMMENT)
            .order_by(scripts.c.key)
        )
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return tuple(
            PublishedScript(
                ScriptVersionId(row.version_id), Script.model_validate_json(json.dumps(row.content))
            )
            for row in rows
        )

    async def put_script(self, actor: Actor, script: Script, change: str) -> bool:
        """Store a new immutable version and point `production` at it; False when it is the same."""
        digest = sha256_of(script)
        async with transaction(self.engine) as connection:
            script_id = await self.ensure_script(connection, actor, script)
            current = (
                await connection.execute(select_production().where(scripts.c.id == script_id))
            ).first()
            if current is not None and current.sha256 == digest:
                return False
            version = await self.add_version(connection, actor, script_id, script, change)
            await write_audit(
                connection,
                actor,
                "publish_script",
                f"script {script.key}",
                before=current and {"version": current.version, "sha256": current.sha256},
                after={"version": version, "sha256": digest},
            )
        return True

    async def ensure_script(self, connection: AsyncConnection, actor: Actor, script: Script) -> int:
        """Lock the script's row, which is made when it is new, so that versions count in order."""
        told = {
            "name": script.name,
            "description": script.description,
            "kind": script.kind,
            "language": script.language,
        }
        statement = upsert(scripts).values(key=script.key, created_by=actor.name, **told)
        result = await connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_=told).returning(
                scripts.c.id
            )
        )
        return int(result.scalar_one())

    async def add_version(
        self, connection: AsyncConnection, actor: Actor, script_id: int, script: Script, change: str
    ) -> int:
        """Add the next version and move the label to it."""
        last = select(func.coalesce(func.max(script_versions.c.version), 0)).where(
            script_versions.c.script_id == script_id
        )
        version = int((await connection.execute(last)).scalar_one()) + 1
        added = await connection.execute(
            insert(script_versions)
            .values(
                script_id=script_id,
                version=version,
                content=json.loads(canonical_json(script)),
                sha256=sha256_of(script),
                change_description=change,
                author=actor.name,
            )
            .returning(script_versions.c.id)
        )
        label = {"version_id": added.scalar_one(), "moved_by": actor.name, "moved_at": func.now()}
        statement = upsert(script_labels).values(script_id=script_id, label=PRODUCTION, **label)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["script_id", "label"], set_=label)
        )
        return version


def select_personas() -> Select[Any]:
    """Select personas with the names of the accounts that speak as them."""
    names = func.array_remove(
        func.array_agg(aggregate_order_by(accounts.c.name, accounts.c.name)), None
    )
    return (
        select(personas, names.label("account_names"))
        .outerjoin(accounts, accounts.c.persona_id == personas.c.id)
        .group_by(personas.c.id)
        .order_by(personas.c.key)
    )


def persona_of(row: Row[Any]) -> Persona:
    """Read a persona out of its row."""
    return Persona.model_validate({name: getattr(row, name) for name in Persona.model_fields})


def stored_persona(row: Row[Any]) -> StoredPersona:
    """Read a persona and who speaks as it."""
    return StoredPersona(PersonaId(row.id), persona_of(row), tuple(row.account_names))


def select_production() -> Select[Any]:
    """Select scripts with the version in production."""
    return (
        select(
            scripts,
            script_versions.c.id.label("version_id"),
            script_versions.c.version,
            script_versions.c.sha256,
            script_versions.c.content,
            script_versions.c.author,
            script_versions.c.created_at.label("changed_at"),
        )
        .join(script_labels, script_labels.c.script_id == scripts.c.id)
        .join(script_versions, script_versions.c.id == script_labels.c.version_id)
        .where(script_labels.c.label == PRODUCTION)
    )


def script_record(row: Row[Any]) -> ScriptRecord:
    """Read what a listing shows of a script."""
    return ScriptRecord(
        key=row.key,
        name=row.name,
        kind=row.kind,
        language=row.language,
        is_active=row.is_active,
        version=row.version,
        version_id=ScriptVersionId(row.version_id),
        sha256=row.sha256,
        triggers=len(row.content.get("triggers", ())),
        changed_by=row.author,
        changed_at=row.changed_at,
    )


def listed(names: list[str]) -> str:
    """Say which names there are, for whoever mistyped one."""
    return f"there are {', '.join(names)}" if names else "there are none yet"
