"""Logs and settings."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import STEADY
from db.tables.accounts import accounts
from db.tables.house import audit_log, settings
from db.tables.logs import operation_logs, session_logs
from db.tables.speech import outbox
from orchestrator.actor import Actor
from orchestrator.ports.logs import (
    AuditEntry,
    Entry,
    LogFilter,
    Operation,
    OperationPage,
    OperationRow,
    SessionEvent,
    SessionPage,
    SessionRow,
)

log = logging.getLogger(__name__)

SAID = func.coalesce(
    operation_logs.c.comment_id,
    select(outbox.c.comment_id).where(outbox.c.id == operation_logs.c.outbox_id).scalar_subquery(),
).label("said")
"""The comment that an operation was about: a lane knows its message in the outbox only."""

LATEST_BIRTH = timedelta(days=1)
"""How long before it is written an entry may have waited and still be followed."""

BOOKMARK = text("SELECT pg_current_snapshot()::text")
SEEN_UPTO = "CAST(CAST(:bookmark AS text) AS pg_snapshot)"
CAME_TO_LIGHT = """
    {table}.xact >= pg_snapshot_xmin({upto})::text::bigint
    AND NOT pg_visible_in_snapshot({table}.xact::text::xid8, {upto})
    AND pg_visible_in_snapshot({table}.xact::text::xid8, pg_current_snapshot())
    AND {table}.created_at > now() - CAST(:latest AS interval)
"""
"""Committed after the bookmark was taken, whenever it was begun."""


class PostgresLogs:
    """Logs in PostgreSQL; implements `LogStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def record_entries(self, entries: Sequence[Entry]) -> None:
        """Write a batch; when it is refused, one by one, so that a bad entry costs itself only.

        A good one is refused when the month of its row was made at the same moment.
        """
        try:
            await self.write(entries)
        except DBAPIError:
            for entry in entries:
                await self.try_to_write(entry)

    async def try_to_write(self, entry: Entry) -> None:
        """Write one entry, or say that it could not be."""
        try:
            await self.write([entry])
        except DBAPIError as refused:
            log.warning("a log entry of kind %s was refused: %s", entry.kind, refused.orig)

    async def write(self, entries: Sequence[Entry]) -> None:
        """Write a batch in one transaction."""
        operations = [operation_values(one) for one in entries if isinstance(one, Operation)]
        sessions = [session_values(one) for one in entries if isinstance(one, SessionEvent)]
        async with transaction(self.engine) as connection:
            for table, values in ((operation_logs, operations), (session_logs, sessions)):
                if values:
                    await connection.execute(insert(table), values)

    async def operations(self, wanted: LogFilter, bookmark: str | None) -> OperationPage:
        """Return the newest operations, or those that came to light since the bookmark."""
        narrow = list(narrowing(operation_logs, wanted))
        if wanted.failed:
            narrow.append(operation_logs.c.status == "failed")
        if wanted.correlation:
            narrow.append(operation_logs.c.correlation_id == wanted.correlation)
        rows, now = await self.page(operation_logs, narrow, wanted.limit, bookmark, SAID)
        return OperationPage([operation_row(row) for row in rows], now)

    async def sessions(self, wanted: LogFilter, bookmark: str | None) -> SessionPage:
        """Return the newest session events, or those that came to light since the bookmark."""
        narrow = list(narrowing(session_logs, wanted))
        if wanted.failed:
            narrow.append(session_logs.c.status == "failed")
        rows, now = await self.page(session_logs, narrow, wanted.limit, bookmark)
        return SessionPage([session_row(row) for row in rows], now)

    async def page(
        self,
        table: Table,
        narrow: Sequence[ColumnElement[bool]],
        limit: int,
        bookmark: str | None,
        *more: ColumnElement[Any],
    ) -> tuple[list[Row[Any]], str]:
        """Read a page and the bookmark that goes with it from one and the same snapshot."""
        query = select(table, accounts.c.name.label("account"), *more).select_from(
            table.outerjoin(accounts, accounts.c.id == table.c.account_id)
        )
        query = query.where(*narrow)
        async with transaction(self.engine) as connection:
            await connection.execute(STEADY)
            now: str = (await connection.execute(BOOKMARK)).scalar_one()
            if bookmark is None:
                rows = (await connection.execute(newest(query, table, narrow, limit))).all()
                return list(reversed(rows)), now
            return await since(connection, query.order_by(table.c.id), table, bookmark), now

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest changes."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return [audit_entry(row) for row in rows]


class PostgresSettings:
    """Settings in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def settings(self) -> dict[str, str]:
        """Return every stored setting, as JSON text."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select(settings.c.key, settings.c.value))).all()
        return {row.key: json.dumps(row.value, ensure_ascii=False) for row in rows}

    async def put_setting(self, actor: Actor, key: str, value: str) -> None:
        """Store one setting."""
        values = {"value": json.loads(value), "changed_by": actor.name, "changed_at": func.now()}
        async with transaction(self.engine) as connection:
            query = select(settings.c.value).where(settings.c.key == key).with_for_update()
            before = (await connection.execute(query)).scalar_one_or_none()
            statement = upsert(settings).values(key=key, **values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_=values)
            )
            await write_audit(
                connection,
                actor,
                "put_setting",
                f"setting {key}",
                before={"value": before},
                after={"value": values["value"]},
            )


def narrowing(table: Table, wanted: LogFilter) -> Sequence[ColumnElement[bool]]:
    """Write the conditions that both logs know."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.account is not None:
        conditions.append(table.c.account_id == wanted.account)
    if wanted.kinds:
        conditions.append(table.c.kind.in_(wanted.kinds))
    if wanted.since is not None:
        conditions.append(table.c.created_at >= wanted.since)
    return conditions


def newest(
    query: Select[Any], table: Table, narrow: Sequence[ColumnElement[bool]], limit: int
) -> Select[Any]:
    """Ask for the newest rows in the order that an index has: by time under a condition."""
    by_time = (table.c.created_at.desc(), table.c.id.desc())
    return query.order_by(*(by_time if narrow else (table.c.id.desc(),))).limit(limit)


async def since(
    connection: AsyncConnection, query: Select[Any], table: Table, bookmark: str
) -> list[Row[Any]]:
    """Read what was committed after the bookmark was taken."""
    condition = text(CAME_TO_LIGHT.format(table=table.name, upto=SEEN_UPTO))
    found = await connection.execute(
        query.where(condition), {"bookmark": bookmark, "latest": LATEST_BIRTH}
    )
    return list(found.all())


def operation_values(operation: Operation) -> Mapping[str, object]:
    """Lay an operation out as its row."""
    post = operation.post
    return {
        "kind": operation.kind,
        "created_at": operation.at or datetime.now(UTC),
        "account_id": operation.account,
        "status": "success" if operation.succeeded else "failed",
        "error_message": storable(operation.error),
        "error_name": storable(operation.error_name),
        "duration_ms": round(operation.duration.total_seconds() * 1000),
        "node": operation.node,
        "correlation_id": operation.correlation,
        "channel_id": post and post.channel,
        "message_id": post and post.message,
        "comment_id": operation.comment,
        "outbox_id": operation.outbox,
    }


def session_values(event: SessionEvent) -> Mapping[str, object]:
    """Lay a session event out as its row: it began its duration before it was told."""
    ended = event.at or datetime.now(UTC)
    return {
        "kind": event.kind,
        "created_at": ended,
        "account_id": event.account,
        "started_at": ended - event.duration,
        "ended_at": ended,
        "status": "completed" if event.succeeded else "failed",
        "cause": storable(event.cause),
        "error_name": storable(event.error_name),
        "node": event.node,
    }


def storable(told: str | None) -> str | None:
    """Return a text that PostgreSQL can keep, whoever wrote it."""
    return told and told.replace("\0", "").encode(errors="replace").decode()


def operation_row(row: Row[Any]) -> OperationRow:
    """Read one operation."""
    return OperationRow(
        id=row.id,
        at=row.created_at,
        kind=row.kind,
        account=row.account,
        status=row.status,
        duration=timedelta(milliseconds=row.duration_ms),
        error_name=row.error_name,
        error=row.error_message,
        node=row.node,
        correlation=row.correlation_id,
        comment=row.said,
        outbox=row.outbox_id,
    )


def session_row(row: Row[Any]) -> SessionRow:
    """Read one session event."""
    return SessionRow(
        id=row.id,
        at=row.created_at,
        kind=row.kind,
        account=row.account,
        status=row.status,
        duration=(row.ended_at or row.started_at) - row.started_at,
        error_name=row.error_name,
        cause=row.cause,
        node=row.node,
    )


def audit_entry(row: Row[Any]) -> AuditEntry:
    """Read one change."""
    return AuditEntry(
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        before=None if row.before is None else json.dumps(row.before, ensure_ascii=False),
        after=None if row.after is None else json.dumps(row.after, ensure_ascii=False),
        at=row.at,
    )
