"""The outbox: one account's messages on their way out."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from math import inf
from time import monotonic
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.gathering import Gathering, after_conflicts, is_conflict
from db.stores import outdesk, outgoing
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from db.stores.gate import CLAIM_ALL_IF_WELCOME, CLAIM_IF_WELCOME
from db.stores.opting_out import BY_OUTBOX, let_claims_end, opt_out
from orchestrator.actor import SYSTEM, Actor
from orchestrator.ids import (
    AccountId,
    ChannelId,
    InboundId,
    MessageId,
    NodeName,
    OutboxId,
    PostRef,
    StudyGroupId,
    TelegramId,
)
from orchestrator.outbox.gate import (
    ANSWERING_STATES,
    SEND_METHOD,
    SPEAKING_STATES,
    GateTerms,
    Verdict,
)
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import (
    Claim,
    Holder,
    InAnswer,
    InStudyGroup,
    OutboxDetail,
    OutboxKind,
    OutboxRow,
    OutboxState,
    Target,
    UnderPost,
    Waiting,
)
from orchestrator.ports.telegram import Letter, Peer, Sent, Thread
from orchestrator.refusals import Action, Refusal

MOST_PATIENT = 8
"""How many connections may wait for locks at once, so that others are left for what goes on."""

USE_NOTED = 30.0
"""Seconds for which nobody asks whether the use of an account has to be noted again."""

ABREAST = 2
"""How many transactions carry proofs and questions at the same time: while one is committed, the
lanes of the other send."""

LINGER = 0.004
"""Seconds for which proofs and questions gather while others come in as well."""

LONGEST_STOCK = 20
"""How many messages of one account are gathered at once at most."""

OPT_OUT_REASONS = {"INPUT_USER_DEACTIVATED": "unreachable"}
"""Why nobody writes to a person any more, by Telegram's answer; any other means a block."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether this message may go out now."""

    holder: Holder
    message: OutboxId
    terms: GateTerms
    kind: OutboxKind = OutboxKind.COMMENT


@dataclass(frozen=True, slots=True)
class Proof:
    """Telegram has this message."""

    holder: Holder
    message: OutboxId
    sent: Sent


@dataclass(frozen=True, slots=True)
class PostgresOutbox:
    """Implements `OutboxStore`; a sent comment is looked at again after `engagement_checks`.

    Many lanes of one process ask the gate and bring their proofs at about the same time: each
    still claims one message, just before it sends it, but one transaction serves all who come.
    """

    engine: AsyncEngine
    engagement_checks: tuple[timedelta, ...] = ()
    claim: timedelta = timedelta(seconds=5)
    """How long after the gate was asked a send may still begin."""
    exchange: Gathering[Question | Proof, Claim | None] = field(init=False)
    used: dict[AccountId, float] = field(default_factory=dict)
    """When the use of each account was noted last, on the monotonic clock."""
    patient: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_PATIENT))

    def __post_init__(self) -> None:
        """Begin to gather."""
        exchange = Gathering(
            "outbox", self.settle_all, self.return_claim, linger=LINGER, abreast=ABREAST
        )
        object.__setattr__(self, "exchange", exchange)

    async def next_waiting(self, holder: Holder) -> Waiting | None:
        """Return the account's next message whose time has come."""
        return next(iter(await self.gather_waiting([holder], 1)), None)

    async def gather_waiting(self, holders: Sequence[Holder], limit: int) -> Sequence[Waiting]:
        """Return what is due now for several accounts of one node."""
        if not holders:
            return ()
        async with transaction(self.engine) as connection:
            found = await rows(
                connection,
                outgoing.GATHER_WAITING,
                accounts=[holder.account for holder in holders],
                fences=[holder.fence for holder in holders],
                node=holders[0].node,
                limit=limit,
                each=max(1, min(LONGEST_STOCK, limit // len(holders))),
            )
        return [to_waiting(row) for row in found]

    async def address(self, holder: Holder, message: OutboxId, thread: Thread) -> Letter | None:
        """Store peer and thread, and the post's copy for whoever speaks there next."""
        where = {
            "message": message,
            "peer": thread.group.telegram_id,
            "reply_to": thread.top_message,
        }
        async with transaction(self.engine) as connection:
            await run(connection, outgoing.KEEP_COPY, account=holder.account, **where)
            row = await one(
                connection,
                outgoing.ADDRESS,
                **held_by(holder),
                **where,
                kind=thread.group.kind,
                access_hash=thread.group.access_hash,
            )
        return None if row is None else to_letter(row)

    async def forget_copy(
        self, holder: Holder, message: OutboxId, delay: timedelta, error: str
    ) -> bool:
        """Forget a post's copy, and the address of a message that was sent there unasked."""
        async with transaction(self.engine) as connection:
            await run(connection, outgoing.FORGET_COPY, message=message, account=holder.account)
            taken_back = await run(
                connection,
                outgoing.TAKE_ATTEMPTS_BACK,
                **held_by(holder),
                message=message,
                delay=delay,
                error=error,
            )
            if taken_back:
                await run(connection, outgoing.FORGET_ADDRESS, message=message)
        return bool(taken_back)

    async def claim_if_welcome(
        self,
        holder: Holder,
        message: OutboxId,
        terms: GateTerms,
        kind: OutboxKind = OutboxKind.COMMENT,
    ) -> Claim:
        """Ask the gate, together with whoever else asks; alone where a row is locked just now."""
        question = Question(holder, message, terms, kind)
        claim = await self.exchange.ask(question)
        return claim or await self.claim_alone(question)

    async def claim_alone(self, asked: Question) -> Claim:
        """Ask the gate, and wait for every lock that it needs; few do so at once."""
        async with self.patient:
            row = await after_conflicts(partial(self.ask_alone, asked))
        return Claim(Verdict.NOT_DUE, None) if row is None else to_claim(row)

    async def ask_alone(self, asked: Question) -> Row[Any] | None:
        """Ask the gate about one message."""
        async with transaction(self.engine) as connection:
            return await one(connection, CLAIM_IF_WELCOME[asked.kind], **questions_of([asked]))

    async def settle_all(self, asked: Sequence[Question | Proof]) -> Sequence[Claim | None]:
        """Store what Telegram has and ask the gate for what is next, in one transaction.

        A proof does not depend on what is asked beside it: where that fails, proofs are stored
        for themselves first.
        """
        proofs = [one for one in asked if isinstance(one, Proof)]
        questions = [one for one in asked if isinstance(one, Question)]
        try:
            async with transaction(self.engine) as connection:
                await self.record_all(connection, proofs)
                claims = await self.claim_all(connection, questions)
        except DBAPIError as failed:
            if not (proofs and questions) or is_conflict(failed):
                raise
            async with transaction(self.engine) as connection:
                await self.record_all(connection, proofs)
            async with transaction(self.engine) as connection:
                claims = await self.claim_all(connection, questions)
        given = iter(claims)
        return [next(given) if isinstance(one, Question) else None for one in asked]

    async def claim_all(
        self, connection: AsyncConnection, asked: Sequence[Question]
    ) -> Sequence[Claim | None]:
        """Ask the gate for one message of each account; None: ask about this one alone."""
        if not asked:
            return []
        first = asked[0]
        together = {
            question.holder.account: question
            for question in reversed(asked)
            if (question.holder.node, question.terms) == (first.holder.node, first.terms)
        }
        claims: dict[OutboxId, Claim] = {}
        for kind in sorted({question.kind for question in together.values()}):
            alike = [question for question in together.values() if question.kind is kind]
            found = await rows(connection, CLAIM_ALL_IF_WELCOME[kind], **questions_of(alike))
            claims |= {OutboxId(row.id): to_claim(row) for row in found}
        return [
            claims.get(question.message) if together.get(question.holder.account) is question
            else None
            for question in asked
        ]  # fmt: skip

    async def return_claim(self, asked: Question | Proof, claim: Claim | None) -> None:
        """Give a claim back whose lane was cancelled before it heard of it."""
        if claim is not None and claim.letter is not None:
            await self.give_back(asked.holder, asked.message)

    async def give_back(self, holder: Holder, message: OutboxId) -> None:
        """Return a claim that was not used."""
        await self.move(outgoing.GIVE_BACK, message=message, node=holder.node, fence=holder.fence)

    async def record_sent(self, holder: Holder, message: OutboxId, sent: Sent) -> None:
        """Settle the message as sent, and note when to look how it was received."""
        await self.exchange.ask(Proof(holder, message, sent))

    async def record_all(self, connection: AsyncConnection, proofs: Sequence[Proof]) -> None:
        """Settle several messages, and note when to look how they were received."""
        if not proofs:
            return
        await self.note_use(connection, {proof.holder.account for proof in proofs})
        said = await rows(
            connection,
            outgoing.RECORD_SENT,
            messages=[proof.message for proof in proofs],
            sent=[proof.sent.message for proof in proofs],
            moments=[proof.sent.at for proof in proofs],
            first_look=min(self.engagement_checks, default=None),
        )
        if said:
            await run(
                connection,
                outgoing.RECORD_SAID,
                answers=[row.answer_id for row in said],
                sent=[row.sent for row in said],
                moments=[row.at for row in said],
            )

    async def note_use(self, connection: AsyncConnection, accounts: set[AccountId]) -> None:
        """Store that accounts were used, for each about once a minute."""
        now = monotonic()
        stale = sorted(one for one in accounts if self.used.get(one, -inf) < now - USE_NOTED)
        if stale:
            await run(connection, outgoing.NOTE_USE, accounts=stale)
            self.used.update(dict.fromkeys(stale, now))

    async def record_unknown(
        self, holder: Holder, message: OutboxId, error: str, retry_in: timedelta
    ) -> None:
        """Store that an attempt was made and nobody knows what came of it."""
        await self.move(
            outgoing.RECORD_UNKNOWN,
            message=message,
            node=holder.node,
            fence=holder.fence,
            error=error,
            retry_in=retry_in,
        )

    async def put_off(
        self, holder: Holder, message: OutboxId, delay: timedelta, error: str, *, attempted: bool
    ) -> None:
        """Make the message due again later."""
        await self.move(
            outgoing.PUT_OFF,
            **held_by(holder),
            message=message,
            delay=delay,
            error=error,
            attempted=attempted,
        )

    async def fail(self, holder: Holder, message: OutboxId, error: str) -> None:
        """Give the message up, and its comment with it."""
        await self.move(outgoing.FAIL, **held_by(holder), message=message, error=error)

    async def hold(
        self,
        account: AccountId,
        peer: TelegramId | None,
        method: str | None,
        delay: timedelta,
        reason: str,
    ) -> None:
        """Keep a not-before."""
        await self.move(
            outgoing.HOLD, account=account, peer=peer, method=method, delay=delay, reason=reason
        )

    async def suspend_chat(self, account: AccountId, message: OutboxId, refusal: Refusal) -> None:
        """Suspend the grant until a person has looked; verifying it does not lift this."""
        reason = f"Telegram refused: {refusal.sentence}"
        async with transaction(self.engine) as connection:
            row = await one(
                connection, outgoing.SUSPEND_GRANT, account=account, message=message, reason=reason
            )
            if row is not None:
                after = {"reason": reason}
                await write_audit(
                    connection, SYSTEM, "suspend_grant", f"grant {row.id}", after=after
                )

    async def close_conversation(self, message: OutboxId, refusal: Refusal) -> None:
        """Close the conversation; after an opt-out, every account's with that person."""
        async with transaction(self.engine) as connection:
            who = await one(connection, BY_OUTBOX, message=message)
            ended = who is not None and refusal.action is Action.OPT_OUT
            if who is not None and ended:
                reason = OPT_OUT_REASONS.get(refusal.name, "block")
                await opt_out(connection, who, reason, refusal.sentence, refusal.sentence)
            await run(
                connection, outgoing.CLOSE_CONVERSATION, message=message, reason=refusal.sentence
            )
        if who is not None and ended:
            await let_claims_end(self.engine, [who.telegram_id], self.claim, message)

    async def sent_beside(self, message: OutboxId) -> frozenset[MessageId]:
        """Return what else the account said in that chat since the message was attempted."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, outgoing.SENT_BESIDE, message=message)
        return frozenset(MessageId(row.sent_message_id) for row in found)

    async def abandon_claims(self, holder: Holder) -> int:
        """Turn what was left behind into `unknown`."""
        return await self.move(outgoing.ABANDON, account=holder.account, fence=holder.fence)

    async def give_up_expired(self, margin: timedelta) -> int:
        """End what nobody came to in time."""
        async with transaction(self.engine) as connection:
            row = await one(connection, outgoing.GIVE_UP_EXPIRED, margin=margin)
        return 0 if row is None else int(row.ended)

    async def outbox(
        self, limit: int, *, open_only: bool = True, state: OutboxState | None = None
    ) -> Sequence[OutboxRow]:
        """Return messages, the next due first, then what is finished."""
        async with transaction(self.engine) as connection:
            return await outdesk.lines(
                connection, SEND_METHOD, limit, open_only=open_only and state is None, state=state
            )

    async def message(self, message: OutboxId, terms: GateTerms) -> OutboxDetail:
        """Return one message, with what the gate would say of it now."""
        async with transaction(self.engine) as connection:
            row = await outdesk.find(connection, message, SEND_METHOD)
            attempts = await outdesk.attempts_at(connection, row)
        verdict = None if row.finished_at else await self.foretell(row, terms)
        return outdesk.to_detail(row, verdict, attempts)

    async def foretell(self, row: Row[Any], terms: GateTerms) -> Verdict | None:
        """Ask the gate in the holder's name, and take the answer back."""
        holder = Holder(NodeName(row.node or ""), AccountId(row.account_id), Fence(row.fence))
        kind = OutboxKind(row.kind)
        asked = questions_of([Question(holder, OutboxId(row.id), terms, kind)])
        async with self.engine.connect() as connection:
            told = await one(connection, CLAIM_ALL_IF_WELCOME[kind], **asked)
            await connection.rollback()
        return None if told is None else Verdict(told.verdict)

    async def cancel_message(self, actor: Actor, message: OutboxId) -> None:
        """Cancel a message that has not left."""
        async with transaction(self.engine) as connection:
            await outdesk.cancel(connection, actor, message)

    async def retry_message(
        self, actor: Actor, message: OutboxId, lasts: timedelta, *, looked: bool = False
    ) -> None:
        """Let a message that was given up be tried again."""
        async with transaction(self.engine) as connection:
            await outdesk.retry(connection, actor, message, lasts, looked=looked)

    async def move(self, statement: TextClause, **values: object) -> int:
        """Run one statement in a transaction of its own; returns how many rows it touched."""
        async with transaction(self.engine) as connection:
            return await run(connection, statement, **values)


def random_id() -> int:
    """Draw the number by which Telegram knows a repeated message: 64 bits, signed, never 0."""
    return secrets.randbelow(2**63 - 1) + 1


def held_by(holder: Holder) -> dict[str, object]:
    """Lay a holder out for a statement."""
    return {"account": holder.account, "node": holder.node, "fence": holder.fence}


def questions_of(asked: Sequence[Question]) -> dict[str, object]:
    """Lay out what a gate is asked about messages of one node, each of another account."""
    terms, kind = asked[0].terms, asked[0].kind
    speaking = ANSWERING_STATES if kind is OutboxKind.DIRECT else SPEAKING_STATES
    told: dict[OutboxKind, dict[str, object]] = {
        OutboxKind.COMMENT: {"verification_lasts": terms.verification_lasts},
        OutboxKind.DIRECT: {"answer_parts": terms.answer_parts},
        OutboxKind.STUDY_GROUP: {"verification_lasts": terms.verification_lasts},
    }
    return {
        **told[kind],
        "messages": [question.message for question in asked],
        "accounts": [question.holder.account for question in asked],
        "fences": [question.holder.fence for question in asked],
        "node": asked[0].holder.node,
        "speaking": sorted(speaking),
        "method": SEND_METHOD,
        "disclosure_lasts": terms.disclosure_lasts,
    }


def to_claim(row: Row[Any]) -> Claim:
    """Read what the gate said."""
    verdict = Verdict(row.verdict)
    return Claim(verdict, to_letter(row) if verdict is Verdict.WELCOME else None)


def to_waiting(row: Row[Any]) -> Waiting:
    """Read a message whose time has come."""
    return Waiting(
        id=OutboxId(row.id),
        account=AccountId(row.account_id),
        target=to_target(row),
        state=OutboxState(row.state),
        attempts=row.attempts,
        first_attempt_at=row.first_attempt_at,
        letter=None if row.peer_id is None else to_letter(row),
    )


def to_target(row: Row[Any]) -> Target:
    """Read where a message belongs."""
    if row.kind == OutboxKind.DIRECT:
        return InAnswer(InboundId(row.inbound_message_id), TelegramId(row.person))
    if row.kind == OutboxKind.STUDY_GROUP:
        return InStudyGroup(StudyGroupId(row.study_group_id))
    post = PostRef(ChannelId(row.channel_id), MessageId(row.message_id))
    return UnderPost(post, TelegramId(row.telegram_id), row.username)


def to_letter(row: Row[Any]) -> Letter:
    """Read a message that is addressed."""
    return Letter(
        peer=Peer(row.peer_kind, TelegramId(row.peer_id), row.peer_access_hash),
        reply_to=None if row.reply_to is None else MessageId(row.reply_to),
        text=row.text,
        random_id=row.random_id,
    )
