"""Personas and scripts."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, Row, Select, func, insert, select, update
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
from orchestrator.ports.library import Live, ScriptRecord, StoredPersona, VersionRecord
from personas.persona import Persona
from personas.scripts.canonical import canonical_json, sha256_of
from personas.scripts.model import Script

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
            raise await self.no_script(connection, key)

    async def put_script(
        self, actor: Actor, script: Script, change: str, live: Live = Live.STAY
    ) -> bool:
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
            await self.point(connection, actor, script_id, version.id, live)
            await write_audit(
                connection,
                actor,
                "publish_script",
                f"script {script.key}",
                before=current and {"version": current.version, "sha256": current.sha256},
                after={"version": version.version, "sha256": digest, "live": live},
            )
        return True

    async def draft_script(self, actor: Actor, script: Script, change: str) -> int | None:
        """Store a new version without a label; None when it is the same as the newest."""
        async with transaction(self.engine) as connection:
            script_id = await self.ensure_script(connection, actor, script, draft=True)
            newest = (await connection.execute(select_versions(script.key).limit(1))).first()
            if newest is not None and newest.sha256 == sha256_of(script):
                return None
            version = await self.add_version(connection, actor, script_id, script, change)
            after = {"version": version.version, "sha256": version.sha256}
            subject = f"script {script.key}"
            await write_audit(connection, actor, "draft_script", subject, after=after)
        return int(version.version)

    async def history(self, key: str) -> Sequence[VersionRecord]:
        """Return a script's versions, newest first; raises NotFound."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select_versions(key))).all()
            if not rows:
                raise await self.no_script(connection, key)
        return [version_record(row) for row in rows]

    async def script_version(self, key: str, version: int) -> Script:
        """Return any version of a script; raises NotFound."""
        async with transaction(self.engine) as connection:
            row = await self.version_row(connection, key, version)
        return Script.model_validate_json(json.dumps(row.content))

    async def promote_version(self, actor: Actor, key: str, version: int, live: Live) -> bool:
        """Point `production` at a version; False when it points there; raises NotFound."""
        async with transaction(self.engine) as connection:
            locked = select(scripts.c.id).where(scripts.c.key == key).with_for_update()
            await connection.execute(locked)
            row = await self.version_row(connection, key, version)
            query = select_production().where(scripts.c.id == row.script_id)
            current = (await connection.execute(query)).first()
            if current is not None and current.version == version:
                return False
            script = Script.model_validate_json(json.dumps(row.content))
            await self.ensure_script(connection, actor, script)
            await self.point(connection, actor, row.script_id, row.id, live)
            await write_audit(
                connection,
                actor,
                "publish_script",
                f"script {key}",
                before=current and {"version": current.version, "sha256": current.sha256},
                after={"version": version, "sha256": row.sha256, "live": live},
            )
        return True

    async def activate_script(self, actor: Actor, key: str, *, active: bool) -> bool:
        """Let a script be chosen, or never; False when it is so already; raises NotFound."""
        async with transaction(self.engine) as connection:
            query = select(scripts.c.is_active).where(scripts.c.key == key).with_for_update()
            before = (await connection.execute(query)).scalar_one_or_none()
            if before is None:
                raise await self.no_script(connection, key)
            if before is active:
                return False
            changed = update(scripts).where(scripts.c.key == key).values(is_active=active)
            await connection.execute(changed)
            await write_audit(
                connection,
                actor,
                "activate_script",
                f"script {key}",
                before={"is_active": before},
                after={"is_active": active},
            )
        return True

    async def version_row(self, connection: AsyncConnection, key: str, version: int) -> Row[Any]:
        """Return a version's row; raises NotFound with the versions there are."""
        rows = (await connection.execute(select_versions(key))).all()
        if not rows:
            raise await self.no_script(connection, key)
        found: Row[Any] | None = next((row for row in rows if row.version == version), None)
        if found is None:
            raise NotFound(f"{key} has no version {version}; the newest is {rows[0].version}")
        return found

    async def no_script(self, connection: AsyncConnection, key: str) -> NotFound:
        """Say which scripts there are."""
        keys = (await connection.execute(select(scripts.c.key).order_by("key"))).scalars()
        return NotFound(f'there is no script "{key}"; {listed(list(keys))}')

    async def ensure_script(
        self, connection: AsyncConnection, actor: Actor, script: Script, *, draft: bool = False
    ) -> int:
        """Lock the script's row, which is made when it is new, so that versions count in order.

        Name, kind and language are those of the version in production; a draft leaves them alone.
        """
        told = {
            "name": script.name,
            "description": script.description,
            "kind": script.kind,
            "language": script.language,
        }
        statement = upsert(scripts).values(key=script.key, created_by=actor.name, **told)
        locked = {"key": script.key} if draft else told
        result = await connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_=locked).returning(
                scripts.c.id
            )
        )
        return int(result.scalar_one())

    async def add_version(
        self, connection: AsyncConnection, actor: Actor, script_id: int, script: Script, change: str
    ) -> Row[Any]:
        """Add the next version."""
        last = select(func.coalesce(func.max(script_versions.c.version), 0)).where(
            script_versions.c.script_id == script_id
        )
        version = int((await connection.execute(last)).scalar_one()) + 1
        added: CursorResult[Any] = await connection.execute(
            insert(script_versions)
            .values(
                script_id=script_id,
                version=version,
                content=json.loads(canonical_json(script)),
                sha256=sha256_of(script),
                change_description=change,
                author=actor.name,
            )
            .returning(script_versions)
        )
        return added.one()

    async def point(
        self, connection: AsyncConnection, actor: Actor, script_id: int, version: int, live: Live
    ) -> None:
        """Move the label `production` to a version, by its id."""
        label = {
            "version_id": version,
            "moved_by": actor.name,
            "moved_at": func.now(),
            "live_conversations": live,
        }
        statement = upsert(script_labels).values(script_id=script_id, label=PRODUCTION, **label)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["script_id", "label"], set_=label)
        )


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


def select_versions(key: str) -> Select[Any]:
    """Select a script's versions with the labels that point at them, newest first."""
    labels = func.array_remove(
        func.array_agg(aggregate_order_by(script_labels.c.label, script_labels.c.label)), None
    )
    live = func.max(script_labels.c.live_conversations).filter(script_labels.c.label == PRODUCTION)
    return (
        select(script_versions, labels.label("labels"), live.label("live"))
        .join(scripts, scripts.c.id == script_versions.c.script_id)
        .outerjoin(script_labels, script_labels.c.version_id == script_versions.c.id)
        .where(scripts.c.key == key)
        .group_by(script_versions.c.id)
        .order_by(script_versions.c.version.desc())
    )


def version_record(row: Row[Any]) -> VersionRecord:
    """Read a version's part in the history."""
    return VersionRecord(
        version=row.version,
        version_id=ScriptVersionId(row.id),
        sha256=row.sha256,
        change=row.change_description,
        author=row.author,
        created_at=row.created_at,
        labels=tuple(row.labels),
        live=None if row.live is None else Live(row.live),
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
