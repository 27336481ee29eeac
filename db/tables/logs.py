"""Logs by month: `ensure_month_partitions` makes them ahead, a default one catches the rest."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, func

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

BY_MONTH = ("session_logs", "operation_logs")
"""The tables that are partitioned by month of `created_at`."""


def counted() -> Column[int]:
    """Make the first half of a key: PostgreSQL wants the partition's column in it too."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def month_of() -> Column[object]:
    """Make the second half: the moment that decides the month."""
    return Column(
        "created_at", DateTime(timezone=True), primary_key=True, server_default=func.now()
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
    one_of("kind", ("comment", "sales", "education")),
    one_of("status", ("active", "completed", "failed")),
    Index("ix_session_logs_account_id", "account_id", "created_at"),
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
    one_of("status", ("success", "failed")),
    Index("ix_operation_logs_account_id", "account_id", "created_at"),
    Index("ix_operation_logs_kind", "kind", "created_at"),
    postgresql_partition_by="RANGE (created_at)",
)
