"""The label map as nodes read it, and what they acknowledge."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.cache import ContentCache, NoCache
from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from orchestrator.actor import Actor
from orchestrator.ids import NodeName, ScriptId, ScriptVersionId
from orchestrator.ports.labels import Label, LabelMap, LabelStanding, NodeUse, VersionInUse

# One statement is one picture: no label can move between the map and the contents.
LABEL_MAP = text(
    """
    SELECT s.id AS script_id, s.key, s.is_active, l.label, l.version_id, v.version,
           v.sha256, g.version_id AS good,
           CASE WHEN CAST(:told AS boolean) AND NOT v.id = ANY(CAST(:known AS bigint[]))
               THEN CAST(v.content AS text) END AS content
    FROM script_labels l
    JOIN scripts s ON s.id = l.script_id
    JOIN script_versions v ON v.id = l.version_id
    LEFT JOIN script_last_good g ON g.script_id = l.script_id AND g.label = l.label
    ORDER BY s.key, l.label
    """
)
CONTENTS = text(
    """
    SELECT id, CAST(content AS text) AS content FROM script_versions
    WHERE id = ANY(CAST(:versions AS bigint[]))
    """
)
KNOWN_NODE = text("SELECT 1 FROM nodes WHERE name = :node FOR KEY SHARE")
FORGET = text(
    """
    DELETE FROM script_acknowledgements a
    WHERE a.node = :node AND NOT EXISTS (
        SELECT FROM unnest(CAST(:scripts AS bigint[]), CAST(:labels AS text[])) AS t(script, label)
        WHERE t.script = a.script_id AND t.label = a.label)
    """
)
ACKNOWLEDGE = text(
    """
    INSERT INTO script_acknowledgements AS a
        (node, script_id, label, version_id, refused_id, why)
    SELECT :node, t.script, t.label, t.version, t.refused, t.why
    FROM unnest(
        CAST(:scripts AS bigint[]), CAST(:labels AS text[]), CAST(:versions AS bigint[]),
        CAST(:refused AS bigint[]), CAST(:whys AS text[])
    ) AS t(script, label, version, refused, why)
    -- What is stored already is not even locked.
    WHERE NOT EXISTS (
        SELECT FROM script_acknowledgements k
        WHERE k.node = :node AND k.script_id = t.script AND k.label = t.label
          AND (k.version_id, k.refused_id, k.why)
              IS NOT DISTINCT FROM (t.version, t.refused, t.why))
    ON CONFLICT (node, script_id, label) DO UPDATE
    SET version_id = EXCLUDED.version_id, refused_id = EXCLUDED.refused_id, why = EXCLUDED.why,
        acknowledged_at = now()
    WHERE (a.version_id, a.refused_id, a.why)
        IS DISTINCT FROM (EXCLUDED.version_id, EXCLUDED.refused_id, EXCLUDED.why)
    """
)
# In one order, so that nodes which prove the same at once wait for each other and never cross.
NOTE_GOOD = text(
    """
    INSERT INTO script_last_good AS g (script_id, label, version_id, noted_by)
    SELECT v.script_id, t.label, v.id, :node
    FROM unnest(CAST(:labels AS text[]), CAST(:versions AS bigint[])) AS t(label, version)
    JOIN script_versions v ON v.id = t.version
    WHERE NOT EXISTS (
        SELECT FROM script_last_good k
        WHERE k.script_id = v.script_id AND k.label = t.label AND k.version_id = v.id)
    ORDER BY v.script_id, t.label
    ON CONFLICT (script_id, label) DO UPDATE
    SET version_id = EXCLUDED.version_id, noted_by = EXCLUDED.noted_by, noted_at = now()
    WHERE g.version_id <> EXCLUDED.version_id
    """
)
LOCK_REFUSALS = text("SELECT pg_advisory_xact_lock(hashtext('refuse_script'))")
WAS_TOLD = text(
    """
    SELECT 1 FROM audit_log
    WHERE subject = :subject AND action = 'refuse_script'
      AND after ->> 'version_id' = :version
    LIMIT 1
    """
)
# Whoever gave no sign of life for so long is no longer waited for.
STANDINGS = text(
    """
    SELECT s.key, l.label, s.is_active, v.version, l.version_id, l.moved_by, l.moved_at,
           n.name AS node, a.version_id AS used_id, used.version AS used, a.why, a.acknowledged_at
    FROM script_labels l
    JOIN scripts s ON s.id = l.script_id
    JOIN script_versions v ON v.id = l.version_id
    LEFT JOIN nodes n ON n.seen_at > now() - interval '15 seconds'
    LEFT JOIN script_acknowledgements a
        ON a.node = n.name AND a.script_id = l.script_id AND a.label = l.label
    LEFT JOIN script_versions used ON used.id = a.version_id
    ORDER BY s.key, l.label, n.name
    """
)

NO_CACHE = NoCache()


@dataclass(frozen=True, slots=True)
class PostgresLabels:
    """Implements `LabelStore`."""

    engine: AsyncEngine
    cache: ContentCache = NO_CACHE

    async def label_map(self, known: Collection[ScriptVersionId]) -> LabelMap:
        """Return the whole map, with the contents that are new to the asker."""
        # One statement needs no transaction, and each way to the server that is saved is haste.
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with transaction(alone) as connection:
            found = await rows(connection, LABEL_MAP, known=list(known), told=bool(known))
        contents = {
            ScriptVersionId(row.version_id): row.content for row in found if row.content is not None
        }
        if not known:
            digests = {ScriptVersionId(row.version_id): row.sha256 for row in found}
            contents = await self.all_contents(digests)
        return LabelMap(tuple(to_label(row) for row in found), contents)

    async def all_contents(
        self, digests: Mapping[ScriptVersionId, str]
    ) -> dict[ScriptVersionId, str]:
        """Return what a node that starts must read: from the cache what is there."""
        kept = await self.cache.read(sorted(set(digests.values())))
        contents = {one: kept[digest] for one, digest in digests.items() if digest in kept}
        if missing := digests.keys() - contents.keys():
            stored = await self.contents(missing)
            await self.cache.keep({digests[one]: text for one, text in stored.items()})
            contents |= stored
        return contents

    async def contents(
        self, versions: Collection[ScriptVersionId]
    ) -> Mapping[ScriptVersionId, str]:
        """Return what these versions say, as JSON text."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, CONTENTS, versions=list(versions))
        return {ScriptVersionId(row.id): row.content for row in found}

    async def acknowledge(self, node: NodeName, uses: Sequence[VersionInUse]) -> bool:
        """Store what a node uses, what is good, and each refusal once."""
        refusals = [use for use in uses if use.why is not None]
        good = [use for use in uses if use.why is None]
        async with transaction(self.engine) as connection:
            if await one(connection, KNOWN_NODE, node=node) is None:
                return False
            await run(connection, FORGET, node=node, **places(uses))
            await run(connection, ACKNOWLEDGE, node=node, **places(uses), **told(uses))
            await run(
                connection,
                NOTE_GOOD,
                node=node,
                labels=[use.label for use in good],
                versions=[use.version_id for use in good],
            )
            if refusals:
                await write_refusals(connection, node, refusals)
        return True

    async def standings(self) -> Sequence[LabelStanding]:
        """Return each label with what the living nodes use under it."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, STANDINGS)
        return [
            to_standing(list(group))
            for _, group in groupby(found, key=lambda row: (row.key, row.label))
        ]


async def write_refusals(
    connection: AsyncConnection, node: NodeName, refusals: Sequence[VersionInUse]
) -> None:
    """Tell operators of each refused version once, however many nodes refuse it."""
    await one(connection, LOCK_REFUSALS)
    for use in refusals:
        subject = f"script {use.key}"
        if await one(connection, WAS_TOLD, subject=subject, version=str(use.refused)) is None:
            after = {"label": use.label, "version_id": use.refused, "why": use.why}
            await write_audit(
                connection, Actor(f"node {node}"), "refuse_script", subject, after=after
            )


def places(uses: Sequence[VersionInUse]) -> dict[str, object]:
    """Lay out which labels are spoken of."""
    return {"scripts": [use.script for use in uses], "labels": [use.label for use in uses]}


def told(uses: Sequence[VersionInUse]) -> dict[str, object]:
    """Lay out what is said of them."""
    return {
        "versions": [use.version_id for use in uses],
        "refused": [use.refused for use in uses],
        "whys": [use.why for use in uses],
    }


def to_label(row: Row[Any]) -> Label:
    """Read one row of the map."""
    return Label(
        script=ScriptId(row.script_id),
        key=row.key,
        is_active=row.is_active,
        label=row.label,
        version_id=ScriptVersionId(row.version_id),
        version=row.version,
        good=None if row.good is None else ScriptVersionId(row.good),
    )


def to_standing(found: Sequence[Row[Any]]) -> LabelStanding:
    """Read the rows of one label, one for each living node."""
    first = found[0]
    return LabelStanding(
        key=first.key,
        label=first.label,
        is_active=first.is_active,
        version=first.version,
        moved_by=first.moved_by,
        moved_at=first.moved_at,
        nodes=tuple(to_use(row) for row in found if row.node is not None),
    )


def to_use(row: Row[Any]) -> NodeUse:
    """Read what one node says."""
    return NodeUse(
        node=NodeName(row.node),
        version=row.used,
        current=row.used_id == row.version_id,
        refused=row.why,
        acknowledged_at=row.acknowledged_at,
    )
