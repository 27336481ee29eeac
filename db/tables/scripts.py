"""Scripts: immutable versions, and labels that point at them."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from db.tables.base import (
    document,
    identity,
    metadata,
    moment_now,
    number,
    one_of,
    reference,
    words,
)
from orchestrator.ports.library import Live
from personas.scripts.model import ScriptKind

scripts = Table(
    "scripts",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    words("name"),
    words("description", server_default=""),
    words("kind"),
    words("language"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    words("created_by"),
    moment_now("created_at"),
    one_of("kind", ScriptKind),
)

script_versions = Table(
    "script_versions",
    metadata,
    identity(),
    reference("script_id", "scripts.id"),
    Column("version", Integer, nullable=False),
    document("content", default=None),
    words("sha256"),
    words("change_description", server_default=""),
    words("author"),
    moment_now("created_at"),
    UniqueConstraint("script_id", "version"),
    UniqueConstraint("script_id", "id"),
)

script_labels = Table(
    "script_labels",
    metadata,
    reference("script_id", "scripts.id", primary_key=True),
    Column("label", Text, primary_key=True),
    number("version_id"),
    words("moved_by"),
    moment_now("moved_at"),
    words("live_conversations", server_default=Live.STAY),
    one_of("live_conversations", Live),
    ForeignKeyConstraint(
        ["script_id", "version_id"], ["script_versions.script_id", "script_versions.id"]
    ),
)
