"""Logs, counts and settings."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.tables.house import audit_log, settings
from db.tables.logs import operation_logs
from orchestrator.actor import Actor
from orchestrator.ports.logs import AuditEntry, Decision, Operation, Tally

POSTS_SEEN = text("""
    select count(*) as seen,
           count(*) filter (where not exists (
               select from silences s
               where s.channel_id = p.channel_id and s.message_id = p.message_id
           ) and not exists (
               select from drafts d
               where d.channel_id = p.channel_id and d.message_id = p.message_id
           )) as undecided
    from posts p
""")

DECISIONS = text("""
    select * from (
        select p.text as post_text, ch.title as channel, 'silence' as outcome,
               null as account, s.detail as text, 'silence' as status, s.at
        from silences s
        join posts p using (channel_id, message_id)
        join channels ch on ch.id = s.channel_id
        order by s.at desc limit :limit
    ) silent
    union all select * from (
        select p.text, ch.title,
               case when d.state = 'review' then 'review' else 'comment' end,
               a.name, d.text, coalesce(c.status, d.state),
               coalesce(c.sent_at, d.created_at)
        from drafts d
        join posts p using (channel_id, message_id)
        join channels ch on ch.id = d.channel_id
        join accounts a on a.id = d.account_id
        left join comments c on c.draft_id = d.id
        order by d.id desc limit :limit
    ) spoken
    order by at desc limit :limit
""")

COMMENTS_BY_STATUS = text("select status, count(*) from comments group by status")
SILENCES_BY_REASON = text("select reason, count(*) from silences group by reason")
IN_REVIEW = text("select count(*) from drafts where state = 'review'")
FIRST_COMMENT = text("select min(sent_at) from comments")


class PostgresLogs:
    """Logs in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def record_operations(self, operations: Sequence[Operation]) -> None:
        """Write a batch of operations."""
        if not operations:
            return
        async with transaction(self.engine) as connection:
            rows = [operation_values(operation) for operation in operations]
            await connection.execute(insert(operation_logs), rows)

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest changes."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return [audit_entry(row) for row in rows]


class PostgresTally:
    """Counts, read from PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def tally(self) -> Tally:
        """Count posts, comments by status, silences by reason."""
        async with transaction(self.engine) as connection:
            posts = (await connection.execute(POSTS_SEEN)).one()
            by_status = (await connection.execute(COMMENTS_BY_STATUS)).all()
            by_reason = (await connection.execute(SILENCES_BY_REASON)).all()
            return Tally(
                posts_seen=posts.seen,
                undecided=posts.undecided,
                comments={row[0]: row[1] for row in by_status},
                silences={row[0]: row[1] for row in by_reason},
                in_review=(await connection.execute(IN_REVIEW)).scalar_one(),
                first_comment_at=(await connection.execute(FIRST_COMMENT)).scalar_one(),
            )

    async def decisions(self, limit: int) -> Sequence[Decision]:
        """Return the newest decisions about posts, newest first."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(DECISIONS, {"limit": limit})).all()
        return [Decision(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


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


def operation_values(operation: Operation) -> dict[str, object]:
    """Lay an operation out as its row."""
    return {
        "kind": operation.kind,
        "account_id": operation.account,
        "status": "success" if operation.succeeded else "failed",
        "error_message": operation.error,
        "duration_ms": round(operation.duration.total_seconds() * 1000),
    }


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
