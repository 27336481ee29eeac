"""Logs by month: `ensure_month_partitions` makes them ahead, a default one catches the rest.

`ledger` is what counts are added up from: rows are only ever added (by triggers, also for plain
SQL) and summed up now and then, so that counting neither scans what is counted nor locks a row that
others want.
"""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, func, text

from db.tables.base import (
    document,
    maybe_number,
    maybe_words,
    metadata,
    moment,
    moment_now,
    number,
    one_of,
    words,
)
from orchestrator.ports.logs import SessionKind

BY_MONTH = ("session_logs", "operation_logs", "contact_activity")
"""The tables that are partitioned by month of `created_at`."""


def counted() -> Column[int]:
    """Make the first half of a key: PostgreSQL wants the partition's column in it too."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def month_of() -> Column[object]:
    """Make the second half: the moment that decides the month."""
    return Column(
        "created_at", DateTime(timezone=True), primary_key=True, server_default=func.now()
    )


def written_by() -> Column[int]:
    """Name the transaction that wrote the row: `--follow` sees by it what came to light late."""
    return Column(
        "xact",
        BigInteger,
        nullable=False,
        server_default=text("((pg_current_xact_id())::text)::bigint"),
    )


session_logs = Table(
    "session_logs",
    metadata,
    counted(),
    month_of(),
    maybe_number("user_id"),
    maybe_number("account_id"),
    words("kind"),
    moment_now("started_at"),
    moment("ended_at"),
    words("status", server_default="active"),
    document("metadata"),
    maybe_words("node"),
    maybe_words("cause"),
    maybe_words("error_name"),
    written_by(),
    one_of("kind", ("comment", "sales", "education", *SessionKind)),
    one_of("status", ("active", "completed", "failed")),
    Index("ix_session_logs_account_id", "account_id", "created_at"),
    Index("ix_session_logs_kind", "kind", "created_at"),
    Index("ix_session_logs_xact", "xact"),
    postgresql_partition_by="RANGE (created_at)",
)

operation_logs = Table(
    "operation_logs",
    metadata,
    counted(),
    month_of(),
    words("kind"),
    maybe_number("user_id"),
    maybe_number("account_id"),
    words("status"),
    maybe_words("error_message"),
    number("duration_ms"),
    maybe_words("error_name"),
    maybe_words("node"),
    maybe_words("correlation_id"),
    maybe_number("channel_id"),
    maybe_number("message_id"),
    maybe_number("comment_id"),
    maybe_number("outbox_id"),
    written_by(),
    one_of("status", ("success", "failed")),
    Index("ix_operation_logs_account_id", "account_id", "created_at"),
    Index("ix_operation_logs_kind", "kind", "created_at"),
    Index("ix_operation_logs_failed", "created_at", postgresql_where=text("status = 'failed'")),
    Index(
        "ix_operation_logs_correlation_id",
        "correlation_id",
        postgresql_where=text("correlation_id IS NOT NULL"),
    ),
    Index("ix_operation_logs_xact", "xact"),
    postgresql_partition_by="RANGE (created_at)",
)

ledger = Table(
    "ledger",
    metadata,
    Column("what", Text, nullable=False),
    Column("key", Text, nullable=False, server_default=""),
    number("count"),
)
