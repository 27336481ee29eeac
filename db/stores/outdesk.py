"""The outbox as people see it: what waits, why it waits, and what they may do about it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.stores.audit import write_audit
from db.stores.base import one, ring, rows, run
from db.stores.cancelling import Reason, cancel_waiting
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import MessageId, NodeName, OutboxId
from orchestrator.outbox.gate import Verdict
from orchestrator.ports.outbox import Attempt, OutboxDetail, OutboxKind, OutboxRow, OutboxState
from personas.silence import SilenceReason

LINE = """
    SELECT o.id, a.name AS account,
           coalesce('@' || ch.username, ch.title, '@' || who.username, who.name, sg.title, '')
               AS channel,
           o.text, o.state, o.due_at, o.attempts, o.last_error, o.kind, o.random_id, o.unsettled,
           o.peer_id IS NOT NULL AS addressed, o.created_at, o.expires_at, o.first_attempt_at,
           o.finished_at, o.sent_message_id, o.account_id,
           l.node, l.fence, l.released, hold.not_before, hold.reason AS hold_reason,
           CASE o.kind
               WHEN 'direct' THEN 'answers what the person wrote at '
                    || to_char(m.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC: '
                    || left(m.text, 200)
               ELSE 'grant ' || coalesce(o.grant_id, gl.grant_id) || ' by ' || g.granted_by_name
           END AS basis,
           g.suspended_reason,
           coalesce(d.reason, an.reason, gl.reason, '') || ' ('
               || coalesce(d.decided_by, an.approved_by, gl.approved_by, '') || ')' AS because
    FROM outbox o
    JOIN accounts a ON a.id = o.account_id
    JOIN leases l ON l.account_id = o.account_id
    LEFT JOIN comments c ON c.id = o.comment_id
    LEFT JOIN channels ch ON ch.id = c.channel_id
    LEFT JOIN messages m ON m.id = o.inbound_message_id
    LEFT JOIN conversations v ON v.id = m.conversation_id
    LEFT JOIN contacts who ON who.id = v.contact_id
    LEFT JOIN study_groups sg ON sg.id = o.study_group_id
    LEFT JOIN drafts d ON d.id = c.draft_id
    LEFT JOIN answers an ON an.id = o.answer_id
    LEFT JOIN group_lines gl ON gl.id = o.line_id
    LEFT JOIN grants g ON g.id = coalesce(o.grant_id, gl.grant_id)
    LEFT JOIN LATERAL (
        SELECT h.not_before, h.reason FROM holds h
        WHERE h.account_id = o.account_id AND h.not_before > now()
          AND (h.peer_id IS NULL OR h.peer_id = o.peer_id)
          AND (h.method IS NULL OR h.method = :method)
        ORDER BY h.not_before DESC LIMIT 1
    ) AS hold ON true
"""
LIST = text(
    LINE
    + """
    WHERE (o.finished_at IS NULL OR NOT CAST(:open_only AS boolean))
      AND (CAST(:state AS text) IS NULL OR o.state = :state)
    ORDER BY o.finished_at DESC NULLS FIRST, o.due_at, o.id
    LIMIT :limit
    """
)
SHOW = text(LINE + " WHERE o.id = :message")
ATTEMPTS = text(
    """
    SELECT created_at, node, duration_ms, error_message FROM operation_logs
    WHERE outbox_id = :message AND kind = 'send_message' AND created_at >= :since
    ORDER BY created_at, id LIMIT 100
    """
)
LOCK = text("SELECT state, unsettled, last_error FROM outbox WHERE id = :message FOR UPDATE")
GRANT_OF = text(
    """
    SELECT g.revoked_at IS NOT NULL AS revoked, g.expires_at <= now() AS expired
    FROM outbox o LEFT JOIN group_lines l ON l.id = o.line_id
    JOIN grants g ON g.id = coalesce(o.grant_id, l.grant_id)
    WHERE o.id = :message FOR SHARE OF g
    """
)
OPTED_OUT = text(
    """
    SELECT 1 FROM outbox o JOIN answers a ON a.id = o.answer_id
    JOIN conversations v ON v.id = a.conversation_id
    JOIN contacts who ON who.id = v.contact_id
    WHERE o.id = :message AND who.opted_out_at IS NOT NULL
    """
)
# Text, peer, thread and random_id stay: Telegram would know the message again.
RETRY = text(
    """
    WITH again AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unknown' ELSE 'due' END, due_at = now(),
            expires_at = greatest(expires_at, now() + CAST(:lasts AS interval)), attempts = 0,
            finished_at = NULL, claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message
        RETURNING comment_id, unsettled
    )
    UPDATE comments c
    SET status = CASE WHEN again.unsettled THEN 'unknown' ELSE 'pending' END, failed_reason = NULL,
        counted_on = CASE WHEN again.unsettled THEN c.counted_on END
    FROM again WHERE c.id = again.comment_id
    """
)
SLOT_TAKEN = (
    "Message {message} cannot be said any more: another comment took its place under the post"
)


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds the account of a message, as the gate is asked on their behalf."""

    node: str | None
    fence: int
    account: int


async def lines(
    connection: AsyncConnection, method: str, limit: int, *, open_only: bool, state: str | None
) -> list[OutboxRow]:
    """Return messages, the next due first, then what is finished."""
    found = await rows(
        connection, LIST, method=method, limit=limit, open_only=open_only, state=state
    )
    return [to_line(row) for row in found]


async def find(connection: AsyncConnection, message: OutboxId, method: str) -> Row[Any]:
    """Return a message's row; raises NotFound."""
    row = await one(connection, SHOW, message=message, method=method)
    if row is None:
        raise unknown(message)
    return row


async def attempts_at(connection: AsyncConnection, row: Row[Any]) -> tuple[Attempt, ...]:
    """Return what the operation log still knows of a message's attempts."""
    found = await rows(connection, ATTEMPTS, message=row.id, since=row.created_at)
    return tuple(
        Attempt(
            seen.created_at, seen.node, timedelta(milliseconds=seen.duration_ms), seen.error_message
        )
        for seen in found
    )


def to_detail(
    row: Row[Any], verdict: Verdict | None, attempts: tuple[Attempt, ...]
) -> OutboxDetail:
    """Put together what is known of a message."""
    return OutboxDetail(
        row=to_line(row),
        basis=row.basis,
        because=row.because,
        random_id=row.random_id,
        addressed=row.addressed,
        unsettled=row.unsettled,
        created_at=row.created_at,
        expires_at=row.expires_at,
        first_attempt_at=row.first_attempt_at,
        finished_at=row.finished_at,
        sent_message=None if row.sent_message_id is None else MessageId(row.sent_message_id),
        holder=None if row.released or row.node is None else NodeName(row.node),
        verdict=verdict,
        held_until=row.not_before,
        hold_reason=row.hold_reason,
        attempts=attempts,
        suspended=row.suspended_reason,
    )


async def cancel(connection: AsyncConnection, actor: Actor, message: OutboxId) -> None:
    """Cancel a message that has not left."""
    row = await one(connection, LOCK, message=message)
    if row is None:
        raise unknown(message)
    if row.state != OutboxState.DUE or row.unsettled:
        raise NotAllowed(f"Message {message} is {row.state}: only one that is due can be cancelled")
    why = Reason(SilenceReason.CANCELLED, f"cancelled by {actor.name}")
    await cancel_waiting(connection, [message], why)
    await write_audit(connection, actor, "cancel_message", f"message {message}")


async def retry(
    connection: AsyncConnection, actor: Actor, message: OutboxId, lasts: timedelta, *, looked: bool
) -> None:
    """Make a message that was given up due again, unchanged."""
    grant = await one(connection, GRANT_OF, message=message)
    row = await one(connection, LOCK, message=message)
    if row is None:
        raise unknown(message)
    check_state(message, row, looked=looked)
    if grant is not None and (grant.revoked or grant.expired):
        ended = "was revoked" if grant.revoked else "has expired"
        raise NotAllowed(f"Message {message} stays unsaid: the grant under which it went {ended}")
    if await one(connection, OPTED_OUT, message=message) is not None:
        raise NotAllowed(f"Message {message} stays unsaid: the person wants to hear no more of us")
    try:
        await run(connection, RETRY, message=message, lasts=lasts)
    except IntegrityError:
        raise NotAllowed(SLOT_TAKEN.format(message=message)) from None
    before = {"state": row.state, "error": row.last_error}
    await write_audit(
        connection, actor, "retry_message", f"message {message}", before=before,
        after={"looked": looked},
    )  # fmt: skip
    await ring(connection, "outbox")


def check_state(message: OutboxId, row: Row[Any], *, looked: bool) -> None:
    """Refuse what cannot be tried again, or not yet."""
    if row.state == OutboxState.UNRESOLVED:
        if not looked:
            raise NotAllowed(
                f"Nobody knows whether message {message} was said: look in its thread; if it is "
                "not there, try again with --i-looked"
            )
    elif row.state != OutboxState.FAILED:
        raise NotAllowed(f"Message {message} is {row.state}: only a failed one is tried again")


def unknown(message: OutboxId) -> NotFound:
    """Say that there is no such message."""
    return NotFound(f"There is no message {message}: see `troupe outbox list`")


def to_line(row: Row[Any]) -> OutboxRow:
    """Read one line of the outbox."""
    return OutboxRow(
        id=OutboxId(row.id),
        kind=OutboxKind(row.kind),
        account=row.account,
        channel=row.channel,
        text=row.text,
        state=OutboxState(row.state),
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
    )
