"""The outbox: one account's messages on their way out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from db.stores.cancelling import Reason, cancel_waiting
from db.stores.gate import CLAIM_IF_WELCOME
from db.stores.work import queue
from orchestrator.actor import SYSTEM, Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import (
    AccountId,
    ChannelId,
    CommentId,
    MessageId,
    OutboxId,
    PostRef,
    TelegramId,
)
from orchestrator.jobs import RefreshEngagement
from orchestrator.lanes.aftermath import SEND_METHOD
from orchestrator.outbox.gate import SPEAKING_STATES, GateTerms, Verdict
from orchestrator.ports.outbox import Claim, Holder, OutboxRow, OutboxState, Waiting
from orchestrator.ports.telegram import Letter, Peer, Sent, Thread
from orchestrator.refusals import Refusal
from personas.silence import SilenceReason

NEXT_WAITING = text(
    """
    SELECT o.id, o.state, o.attempts, o.first_attempt_at, o.peer_kind, o.peer_id,
           o.peer_access_hash, o.reply_to, o.text, o.random_id,
           c.channel_id, c.message_id, ch.telegram_id, ch.username
    FROM outbox o
    JOIN comments c ON c.id = o.comment_id
    JOIN channels ch ON ch.id = c.channel_id
    WHERE o.account_id = :account AND o.state IN ('due', 'unknown') AND o.due_at <= now()
      AND EXISTS (
        SELECT FROM leases l
        WHERE l.account_id = :account AND l.node = :node AND l.fence = :fence AND NOT l.released)
    ORDER BY o.due_at, o.id LIMIT 1
    """
)
ADDRESS = text(
    """
    UPDATE outbox o
    SET peer_kind = :kind, peer_id = :peer, peer_access_hash = :access_hash, reply_to = :reply_to
    FROM leases l
    WHERE o.id = :message AND o.account_id = :account AND o.state IN ('due', 'unknown')
      AND l.account_id = o.account_id AND l.node = :node AND l.fence = :fence AND NOT l.released
    RETURNING o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to, o.text, o.random_id,
              o.comment_id
    """
)
KEEP_COPY = text(
    """
    UPDATE posts p SET group_id = :peer, group_message_id = :reply_to
    FROM comments c
    WHERE c.id = :comment AND p.channel_id = c.channel_id AND p.message_id = c.message_id
      AND (p.group_id, p.group_message_id) IS DISTINCT FROM (:peer, :reply_to)
    """
)
# `unsettled` remembers that an attempt before this claim has no known outcome.
GIVE_BACK = text(
    """
    WITH back AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unknown' ELSE 'due' END, attempts = attempts - 1,
            first_attempt_at = CASE WHEN attempts > 1 OR unsettled THEN first_attempt_at END,
            claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message AND state = 'sending' AND claimed_by = :node AND claimed_fence = :fence
        RETURNING comment_id, unsettled
    )
    UPDATE comments c SET counted_on = NULL
    FROM back WHERE c.id = back.comment_id AND NOT back.unsettled
    """
)
# A proof is recorded whoever brings it: what Telegram has, it has, fence or no fence.
RECORD_SENT = text(
    """
    WITH settled AS (
        UPDATE outbox
        SET state = 'sent', sent_message_id = :sent, finished_at = now(), last_error = NULL
        WHERE id = :message AND state IN ('sending', 'unknown', 'unresolved')
        RETURNING comment_id
    )
    UPDATE comments c
    SET status = 'sent', sent_message_id = :sent, sent_at = :at, failed_reason = NULL
    FROM settled WHERE c.id = settled.comment_id
    RETURNING c.id
    """
)
NOTE_USE = text("UPDATE accounts SET last_used_at = now() WHERE id = :account")
RECORD_UNKNOWN = text(
    """
    WITH doubtful AS (
        UPDATE outbox
        SET state = 'unknown', unsettled = true, last_error = :error,
            due_at = now() + CAST(:retry_in AS interval)
        WHERE id = :message AND state = 'sending' AND claimed_by = :node AND claimed_fence = :fence
        RETURNING comment_id
    )
    UPDATE comments c SET status = 'unknown' FROM doubtful WHERE c.id = doubtful.comment_id
    """
)
# A claim counted its attempt already; when Telegram refused it, that one is taken back.
PUT_OFF = text(
    """
    WITH later AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unknown' ELSE 'due' END,
            attempts = attempts + CASE
                WHEN state = 'sending' AND NOT CAST(:attempted AS boolean) THEN -1
                WHEN state <> 'sending' AND CAST(:attempted AS boolean) THEN 1
                ELSE 0 END,
            due_at = now() + CAST(:delay AS interval), last_error = :error,
            claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message AND state IN ('due', 'sending', 'unknown')
        RETURNING comment_id, unsettled
    )
    UPDATE comments c SET counted_on = NULL
    FROM later
    WHERE c.id = later.comment_id AND NOT later.unsettled AND c.counted_on IS NOT NULL
    """
)
FAIL = text(
    """
    WITH ended AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unresolved' ELSE 'failed' END,
            last_error = :error, finished_at = now()
        WHERE id = :message AND state IN ('due', 'sending', 'unknown')
        RETURNING comment_id, state
    )
    UPDATE comments c SET status = ended.state, failed_reason = :error
    FROM ended WHERE c.id = ended.comment_id
    """
)
HOLD = text(
    """
    INSERT INTO holds (account_id, peer_id, method, not_before, reason)
    VALUES (:account, :peer, :method, clock_timestamp() + CAST(:delay AS interval), :reason)
    ON CONFLICT (account_id, peer_id, method) DO UPDATE
    SET not_before = greatest(holds.not_before, excluded.not_before), reason = excluded.reason
    """
)
SUSPEND_GRANT = text(
    """
    UPDATE grants SET suspended_at = now(), suspended_for = 'telegram', suspended_reason = :reason
    WHERE id = (SELECT grant_id FROM outbox WHERE id = :message AND account_id = :account)
      AND suspended_at IS NULL
    RETURNING id
    """
)
ABANDON = text(
    """
    WITH left_behind AS (
        UPDATE outbox
        SET state = 'unknown', unsettled = true, due_at = now(),
            last_error = 'the process that was sending it ended'
        WHERE account_id = :account AND state = 'sending' AND claimed_fence < :fence
        RETURNING comment_id
    )
    UPDATE comments c SET status = 'unknown' FROM left_behind WHERE c.id = left_behind.comment_id
    """
)
LIST = text(
    """
    SELECT o.id, a.name AS account, coalesce('@' || ch.username, ch.title, '') AS channel, o.text,
           o.state, o.due_at, o.attempts, o.last_error
    FROM outbox o
    JOIN accounts a ON a.id = o.account_id
    LEFT JOIN comments c ON c.id = o.comment_id
    LEFT JOIN channels ch ON ch.id = c.channel_id
    WHERE o.finished_at IS NULL OR NOT CAST(:open_only AS boolean)
    ORDER BY o.finished_at DESC NULLS FIRST, o.due_at, o.id
    LIMIT :limit
    """
)
LOCK = text("SELECT state, unsettled FROM outbox WHERE id = :message FOR UPDATE")


@dataclass(frozen=True, slots=True)
class PostgresOutbox:
    """Implements `OutboxStore`; a sent comment is looked at again after `engagement_checks`."""

    engine: AsyncEngine
    engagement_checks: tuple[timedelta, ...] = ()

    async def next_waiting(self, holder: Holder) -> Waiting | None:
        """Return the account's next message whose time has come."""
        async with transaction(self.engine) as connection:
            row = await one(connection, NEXT_WAITING, **held_by(holder))
        return None if row is None else to_waiting(row)

    async def address(self, holder: Holder, message: OutboxId, thread: Thread) -> Letter | None:
        """Store peer and thread, and the post's copy for whoever speaks there next."""
        where = {"peer": thread.group.telegram_id, "reply_to": thread.top_message}
        async with transaction(self.engine) as connection:
            row = await one(
                connection,
                ADDRESS,
                **held_by(holder),
                **where,
                message=message,
                kind=thread.group.kind,
                access_hash=thread.group.access_hash,
            )
            if row is None:
                return None
            await run(connection, KEEP_COPY, comment=row.comment_id, **where)
        return to_letter(row)

    async def claim_if_welcome(self, holder: Holder, message: OutboxId, terms: GateTerms) -> Claim:
        """Ask the gate."""
        async with transaction(self.engine) as connection:
            row = await one(connection, CLAIM_IF_WELCOME, **questions(holder, message, terms))
        if row is None:
            raise RuntimeError("the gate always answers")
        verdict = Verdict(row.verdict)
        return Claim(verdict, to_letter(row) if verdict is Verdict.WELCOME else None)

    async def give_back(self, holder: Holder, message: OutboxId) -> None:
        """Return a claim that was not used."""
        async with transaction(self.engine) as connection:
            await run(connection, GIVE_BACK, message=message, node=holder.node, fence=holder.fence)

    async def record_sent(self, holder: Holder, message: OutboxId, sent: Sent) -> None:
        """Settle the message as sent, and plan to look how it was received."""
        async with transaction(self.engine) as connection:
            await run(connection, NOTE_USE, account=holder.account)
            row = await one(connection, RECORD_SENT, message=message, sent=sent.message, at=sent.at)
            if row is None:
                return
            task = RefreshEngagement(CommentId(row.id))
            for delay in self.engagement_checks:
                await queue(connection, task, delay, f"after {delay}")

    async def record_unknown(
        self, holder: Holder, message: OutboxId, error: str, retry_in: timedelta
    ) -> None:
        """Store that an attempt was made and nobody knows what came of it."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                RECORD_UNKNOWN,
                message=message,
                node=holder.node,
                fence=holder.fence,
                error=error,
                retry_in=retry_in,
            )

    async def put_off(
        self, message: OutboxId, delay: timedelta, error: str, *, attempted: bool
    ) -> None:
        """Make the message due again later."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                PUT_OFF,
                message=message,
                delay=delay,
                error=error,
                attempted=attempted,
            )

    async def fail(self, message: OutboxId, error: str) -> None:
        """Give the message up, and its comment with it."""
        async with transaction(self.engine) as connection:
            await run(connection, FAIL, message=message, error=error)

    async def hold(
        self,
        account: AccountId,
        peer: TelegramId | None,
        method: str | None,
        delay: timedelta,
        reason: str,
    ) -> None:
        """Keep a not-before."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                HOLD,
                account=account,
                peer=peer,
                method=method,
                delay=delay,
                reason=reason,
            )

    async def suspend_chat(self, account: AccountId, message: OutboxId, refusal: Refusal) -> None:
        """Suspend the grant until a person has looked; verifying it does not lift this."""
        reason = f"Telegram refused: {refusal.sentence}"
        async with transaction(self.engine) as connection:
            row = await one(
                connection, SUSPEND_GRANT, account=account, message=message, reason=reason
            )
            if row is not None:
                after = {"reason": reason}
                await write_audit(
                    connection, SYSTEM, "suspend_grant", f"grant {row.id}", after=after
                )

    async def abandon_claims(self, holder: Holder) -> int:
        """Turn what an earlier holder left behind into `unknown`."""
        async with transaction(self.engine) as connection:
            return await run(connection, ABANDON, account=holder.account, fence=holder.fence)

    async def outbox(self, limit: int, *, open_only: bool = True) -> Sequence[OutboxRow]:
        """Return messages, the next due first, then what is finished."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LIST, limit=limit, open_only=open_only)
        return [to_line(row) for row in found]

    async def cancel_message(self, actor: Actor, message: OutboxId) -> None:
        """Cancel a message that has not left."""
        async with transaction(self.engine) as connection:
            row = await one(connection, LOCK, message=message)
            if row is None:
                raise NotFound(f"There is no message {message}: see `troupe outbox list`")
            if row.state != OutboxState.DUE or row.unsettled:
                raise NotAllowed(
                    f"Message {message} is {row.state}: only one that is due can be cancelled"
                )
            why = Reason(SilenceReason.CANCELLED, f"cancelled by {actor.name}")
            await cancel_waiting(connection, [message], why)
            await write_audit(connection, actor, "cancel_message", f"message {message}")


def random_id() -> int:
    """Draw the number by which Telegram knows a repeated message: 64 bits, signed, never 0."""
    return secrets.randbelow(2**63 - 1) + 1


def held_by(holder: Holder) -> dict[str, object]:
    """Lay a holder out for a statement."""
    return {"account": holder.account, "node": holder.node, "fence": holder.fence}


def questions(holder: Holder, message: OutboxId, terms: GateTerms) -> dict[str, object]:
    """Lay out what the gate is asked."""
    return {
        **held_by(holder),
        "message": message,
        "speaking": sorted(SPEAKING_STATES),
        "method": SEND_METHOD,
        "disclosure_lasts": terms.disclosure_lasts,
        "verification_lasts": terms.verification_lasts,
    }


def to_waiting(row: Row[Any]) -> Waiting:
    """Read a message whose time has come."""
    return Waiting(
        id=OutboxId(row.id),
        post=PostRef(ChannelId(row.channel_id), MessageId(row.message_id)),
        channel=TelegramId(row.telegram_id),
        username=row.username,
        state=OutboxState(row.state),
        attempts=row.attempts,
        first_attempt_at=row.first_attempt_at,
        letter=None if row.peer_id is None else to_letter(row),
    )


def to_letter(row: Row[Any]) -> Letter:
    """Read a message that is addressed."""
    return Letter(
        peer=Peer(row.peer_kind, TelegramId(row.peer_id), row.peer_access_hash),
        reply_to=None if row.reply_to is None else MessageId(row.reply_to),
        text=row.text,
        random_id=row.random_id,
    )


def to_line(row: Row[Any]) -> OutboxRow:
    """Read one line of the outbox."""
    return OutboxRow(
        id=OutboxId(row.id),
        account=row.account,
        channel=row.channel,
        text=row.text,
        state=OutboxState(row.state),
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
    )
