"""Grants (charter rule 1): a revoke is one transaction with the cancelling of what waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.cancelling import WAITING_UNDER_GRANT, Reason, cancel_all_of
from db.tables.channels import channels, grants
from orchestrator.actor import SYSTEM, Actor
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import AccountId, ChannelId, CommentId, GrantId, MessageId, TelegramId
from orchestrator.ports.grants import (
    Grant,
    GrantProof,
    GrantScope,
    InFlight,
    NewGrant,
    Review,
    Revocation,
)
from personas.silence import SilenceReason

REJECT_DRAFTS = text("""
    update drafts set state = 'rejected', decided_by = :actor, decided_at = now()
    where grant_id = :grant and state = 'review'
    returning channel_id, message_id, campaign_id
""")

IN_FLIGHT = text("""
    select o.comment_id, a.name as account, o.text, o.sent_message_id,
           o.state in ('sent', 'failed', 'cancelled', 'unresolved') as settled
    from outbox o join accounts a on a.id = o.account_id
    where o.grant_id = :grant
      and (o.finished_at >= :since
           or o.finished_at is null and (o.state = 'sending' or o.unsettled))
      and o.state not in ('cancelled', 'failed')
    order by o.id
""")


class PostgresGrants:
    """Grants in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def add_grant(self, actor: Actor, grant: NewGrant) -> Grant:
        """Record a grant; raises AlreadyExists while another lives for the channel."""
        try:
            async with transaction(self.engine) as connection:
                added = await connection.execute(
                    insert(grants).values(new_values(grant)).returning(grants.c.id)
                )
                grant_id = GrantId(added.scalar_one())
                await write_audit(
                    connection, actor, "add_grant", f"grant {grant_id}", after=told_of(grant)
                )
        except IntegrityError as error:
            if "uq_grants_live" not in str(error.orig):
                raise
            raise AlreadyExists(
                "a grant lives for this channel already: revoke it first, see `troupe grants list`"
            ) from None
        return await self.grant(grant_id)

    async def grants(self, channel: ChannelId | None = None) -> Sequence[Grant]:
        """Return grants, newest first."""
        query = select_grants().order_by(grants.c.id.desc())
        if channel is not None:
            query = query.where(grants.c.channel_id == channel)
        async with transaction(self.engine) as connection:
            return [grant_of(row) for row in (await connection.execute(query)).all()]

    async def grant(self, grant: GrantId) -> Grant:
        """Return the grant; raises NotFound."""
        async with transaction(self.engine) as connection:
            row = (await connection.execute(select_grants().where(grants.c.id == grant))).first()
        if row is None:
            raise NotFound(f"there is no grant {grant}: see `troupe grants list`")
        return grant_of(row)

    async def revoke_and_cancel(self, actor: Actor, grant: GrantId) -> Revocation:
        """End the grant for good, fail what waits under it, and list what was in flight."""
        async with transaction(self.engine) as connection:
            row = await lock_grant(connection, grant)
            if row.revoked_at is not None:
                raise NotAllowed(f"grant {grant} was revoked by {row.revoked_by} already")
            await connection.execute(
                update(grants)
                .where(grants.c.id == grant)
                .values(revoked_at=func.now(), revoked_by=actor.name)
            )
            why = Reason(SilenceReason.NO_GRANT, f"the grant was revoked by {actor.name}")
            told = {"grant": grant, "actor": actor.name}
            rejected = (await connection.execute(REJECT_DRAFTS, told)).all()
            # What is claimed, or has an attempt of unknown outcome, may be on Telegram already:
            # it is listed, and its lane settles it.
            cancelled = await cancel_all_of(connection, WAITING_UNDER_GRANT, grant, why, rejected)
            flights = await read_in_flight(connection, grant)
            withdrawn = len(rejected)
            after = {"cancelled": cancelled, "withdrawn": withdrawn, "in_flight": len(flights)}
            await write_audit(connection, actor, "revoke_grant", f"grant {grant}", after=after)
        return Revocation(grant, cancelled, withdrawn, flights)

    async def in_flight_under(self, grant: GrantId) -> Sequence[InFlight]:
        """Return what had left the gate when the grant ended, and whether it is settled."""
        async with transaction(self.engine) as connection:
            return await read_in_flight(connection, grant)

    async def suspend_grant(self, actor: Actor, grant: GrantId, reason: str) -> None:
        """Let nothing out under the grant until it is verified again."""
        async with transaction(self.engine) as connection:
            changed = await connection.execute(
                update(grants)
                .where(grants.c.id == grant, grants.c.suspended_at.is_(None))
                .values(
                    suspended_at=func.now(),
                    suspended_reason=reason,
                    suspended_for="proof" if actor == SYSTEM else "person",
                )
            )
            if changed.rowcount:
                after = {"reason": reason}
                await write_audit(connection, actor, "suspend_grant", f"grant {grant}", after=after)

    async def record_verified(self, grant: GrantId, proof: GrantProof) -> None:
        """Store that the proof was read again; only a suspension for a lost proof is lifted."""
        async with transaction(self.engine) as connection:
            await lock_grant(connection, grant)
            seen = {"verified_at": func.now(), "proof": proof}
            await connection.execute(update(grants).where(grants.c.id == grant).values(seen))
            await connection.execute(
                update(grants)
                .where(grants.c.id == grant, grants.c.suspended_for == "proof")
                .values(suspended_at=None, suspended_reason=None, suspended_for=None)
            )

    async def grants_to_verify(self, older_than: datetime) -> Sequence[GrantId]:
        """Return the live grants whose proof was last read before that moment."""
        query = select(grants.c.id).where(
            grants.c.revoked_at.is_(None),
            grants.c.verified_at < older_than,
            grants.c.account_id.is_not(None),
            # A study group's grant is proved whenever its notice is looked at.
            grants.c.channel_id.is_not(None),
        )
        async with transaction(self.engine) as connection:
            return [GrantId(one) for one in (await connection.execute(query)).scalars()]


async def lock_grant(connection: AsyncConnection, grant: GrantId) -> Row[Any]:
    """Lock the grant's row, so that no claim reads it meanwhile; raises NotFound."""
    query = select(grants).where(grants.c.id == grant).with_for_update(key_share=True)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(f"there is no grant {grant}: see `troupe grants list`")
    return row


async def read_in_flight(connection: AsyncConnection, grant: GrantId) -> tuple[InFlight, ...]:
    """Read what was claimed under the grant and was not settled when it was revoked."""
    query = select(func.coalesce(grants.c.revoked_at, func.now())).where(grants.c.id == grant)
    since = (await connection.execute(query)).scalar_one()
    rows = await connection.execute(IN_FLIGHT, {"grant": grant, "since": since})
    return tuple(in_flight_of(row) for row in rows.all())


def in_flight_of(row: Row[Any]) -> InFlight:
    """Read one message that had left the gate."""
    message = None if row.sent_message_id is None else MessageId(row.sent_message_id)
    return InFlight(CommentId(row.comment_id), row.account, row.text, message, row.settled)


def select_grants() -> Select[Any]:
    """Select grants with their channels."""
    return select(
        grants,
        channels.c.title.label("channel_title"),
        channels.c.telegram_id.label("channel_telegram_id"),
    ).join(channels, channels.c.id == grants.c.channel_id)


def new_values(grant: NewGrant) -> dict[str, object]:
    """Lay a new grant out as its row."""
    return {
        "channel_id": grant.channel,
        "account_id": grant.account,
        "granted_by_name": grant.granted_by,
        "granted_by_telegram_id": grant.granted_by_id,
        "proof": grant.proof,
        "proof_detail": grant.proof_detail,
        "scope": grant.scope,
        "comments_per_post": grant.comments_per_post,
        "review": grant.review,
        "linked_group_id": grant.linked_group,
        "starts_at": grant.starts_at,
        "expires_at": grant.expires_at,
    }


def told_of(grant: NewGrant) -> dict[str, object]:
    """Say what the audit log keeps of a new grant."""
    return {
        "channel": grant.channel,
        "proof": grant.proof,
        "scope": grant.scope,
        "comments_per_post": grant.comments_per_post,
        "review": grant.review,
        "expires_at": grant.expires_at and grant.expires_at.isoformat(),
    }


def grant_of(row: Row[Any]) -> Grant:
    """Read a grant."""
    return Grant(
        id=GrantId(row.id),
        channel=ChannelId(row.channel_id),
        channel_title=row.channel_title,
        channel_telegram_id=TelegramId(row.channel_telegram_id),
        account=None if row.account_id is None else AccountId(row.account_id),
        granted_by=row.granted_by_name,
        proof=GrantProof(row.proof),
        scope=GrantScope(row.scope),
        comments_per_post=row.comments_per_post,
        review=Review(row.review),
        linked_group=TelegramId(row.linked_group_id),
        starts_at=row.starts_at,
        expires_at=row.expires_at,
        verified_at=row.verified_at,
        suspended_at=row.suspended_at,
        suspended_reason=row.suspended_reason,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        granted_by_id=row.granted_by_telegram_id,
    )
