"""The audit log: written in the same transaction as the change that it tells of."""

from collections.abc import Mapping

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables.house import audit_log
from orchestrator.actor import Actor

Facts = Mapping[str, object]


async def write_audit(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Write who did what to what; nothing secret belongs into `before` and `after`."""
    await connection.execute(
        insert(audit_log).values(
            actor=actor.name,
            action=action,
            subject=subject,
            before=before and dict(before),
            after=after and dict(after),
        )
    )
