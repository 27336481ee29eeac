"""The household: nodes, settings, users, what is left to do, and who changed what."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    false,
    text,
    true,
)

from db.tables.base import (
    document,
    identity,
    maybe_document,
    maybe_number,
    maybe_words,
    metadata,
    moment,
    moment_now,
    moment_of,
    number,
    one_of,
    reference,
    words,
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", Text, primary_key=True),
    words("host"),
    Column("pid", Integer, nullable=False),
    words("version"),
    Column("draining", Boolean, nullable=False, server_default=false()),
    # Which of the processes that went by this name, and its last sign of life.
    number("incarnation", server_default="1"),
    number("beat", server_default="0"),
    moment_now("started_at"),
    moment_now("seen_at"),
)

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    document("value", default=None),
    words("changed_by"),
    moment_now("changed_at"),
)

users = Table(
    "users",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    Column("telegram_id", maybe_number("telegram_id").type, unique=True),
    maybe_words("display_name"),
    words("status", server_default="active"),
    moment_now("created_at"),
    moment("last_seen_at"),
    one_of("status", ("active", "suspended", "removed")),
)

roles = Table(
    "roles",
    metadata,
    reference("user_id", "users.id", primary_key=True),
    Column("role", Text, primary_key=True),
    words("given_by"),
    moment_now("given_at"),
    one_of("role", ("admin", "lead", "operator", "technician")),
)

jobs = Table(
    "jobs",
    metadata,
    identity(),
    words("kind"),
    document("payload"),
    maybe_words("unique_key"),
    words("state", server_default="waiting"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    moment_now("due_at"),
    maybe_words("claimed_by"),
    moment("claimed_at"),
    maybe_words("last_error"),
    moment_now("created_at"),
    moment("finished_at"),
    one_of("state", ("waiting", "taken", "done", "buried")),
    Index("ix_jobs_waiting", "due_at", "id", postgresql_where=text("state = 'waiting'")),
    Index("ix_jobs_taken", "claimed_at", postgresql_where=text("state = 'taken'")),
    Index("ix_jobs_buried", "kind", postgresql_where=text("state = 'buried'")),
    Index(
        "uq_jobs_unfinished",
        "unique_key",
        unique=True,
        postgresql_where=text("state IN ('waiting', 'taken')"),
    ),
)

# The leases of whoever leads what is periodic, and of whoever runs the desk: a row each.
leaders = Table(
    "leaders",
    metadata,
    Column("role", Text, primary_key=True),
    maybe_words("node"),
    number("fence", server_default="0"),
    number("beat", server_default="0"),
    Column("released", Boolean, nullable=False, server_default=true()),
    moment("taken_at"),
    one_of("role", ("calendar", "desk")),
)

firings = Table(
    "firings",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("fires_at", moment_of("fires_at").type, primary_key=True),
    words("inserted_by"),
)

audit_log = Table(
    "audit_log",
    metadata,
    identity(),
    words("actor"),
    words("action"),
    words("subject"),
    maybe_document("before"),
    maybe_document("after"),
    moment_now("at"),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_subject", "subject", "at"),
)

__all__ = [
    "audit_log",
    "firings",
    "jobs",
    "leaders",
    "nodes",
    "roles",
    "settings",
    "users",
]
