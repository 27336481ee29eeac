"""The rules of the outbox as a state machine on a real PostgreSQL.

Holders come and go, also those that lost their lease and do not know it yet. Each is honest: it
proves only what Telegram took, and calls refused only what Telegram did not take. Everything else
may happen in any order.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from orchestrator.errors import NotAllowed
from orchestrator.ids import MessageId, NodeName, OutboxId
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import Sent
from tests.integration.db.conftest import OLGA, Scene, new_grant

TERMS = GateTerms()
T = TypeVar("T")
SEEN = """
    SELECT o.state, o.unsettled, o.attempts, o.claimed_by, o.claimed_fence, c.status,
           c.counted_on IS NOT NULL AS counted, g.revoked_at IS NOT NULL AS revoked,
           CAST(ROW(o.account_id, o.text, o.random_id, o.peer_kind, o.peer_id, o.peer_access_hash,
                    o.reply_to) AS text) AS letter
    FROM outbox o JOIN comments c ON c.id = o.comment_id JOIN grants g ON g.id = o.grant_id
    WHERE o.id = :message
"""
FINISHED = {"sent", "failed", "cancelled", "unresolved"}


@dataclass(slots=True)
class Known:
    """What the world knows of a message, whatever the database says."""

    letter: str | None = None
    """What was first attempted."""
    claimed_by: Holder | None = None
    """Who was let out last, and has not yet said what came of it."""
    delivered: int | None = None
    """The number under which Telegram has it."""
    was_sent: bool = False


class OutboxRules(RuleBasedStateMachine):
    """Claims, proofs, refusals, kills, take-overs, revokes and people, in any order."""

    messages: Bundle[OutboxId] = Bundle("messages")

    def __init__(self, scene: Scene, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.scene, self.loop = scene, loop
        self.outbox = scene.stores.outbox
        self.known: dict[OutboxId, Known] = {}
        self.holders = [scene.holder]
        self.posts = 0
        self.await_(self.take_over())
        self.await_(self.grant())

    def await_(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Have the test's loop do it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    async def take_over(self) -> None:
        """Let another node take the account, as after a kill."""
        stores, anna = self.scene.stores, self.scene.anna
        node = NodeName(f"node-{len(self.holders)}")
        fence = await stores.leases.take_lease(node, await stores.leases.lease_of(anna))
        assert fence is not None
        await stores.accounts.record_disclosure(anna, fence, disclosed=True)
        self.holders.append(Holder(node, anna, Fence(fence)))

    async def grant(self) -> None:
        """Have a live grant."""
        for grant in await self.scene.stores.grants.grants(self.scene.channel):
            if grant.revoked_at is None:
                return
        await self.scene.stores.grants.add_grant(
            OLGA, new_grant(self.scene.channel, self.scene.anna)
        )

    async def look(self, message: OutboxId) -> Any:
        async with self.scene.engine.connect() as connection:
            return (await connection.execute(text(SEEN), {"message": message})).one()

    async def queued(self) -> OutboxId:
        """Queue a comment, address it in the present holder's name."""
        number = await self.scene.sql("SELECT coalesce(max(message_id), 0) + 1 FROM posts")
        post = await self.scene.post(number)
        comment = await self.scene.stores.drafting.queue_comment(await self.scene.draft(post))
        found = await self.scene.sql("SELECT id FROM outbox WHERE comment_id = :c", c=comment)
        thread = self.scene.thread(number)
        assert await self.outbox.address(self.holders[-1], OutboxId(found), thread)
        return OutboxId(found)

    @rule(target=messages)
    @precondition(lambda self: self.posts < 4)
    def queue(self) -> OutboxId:
        self.posts += 1
        self.await_(self.grant())
        message = self.await_(self.queued())
        self.known[message] = Known()
        return message

    @rule(message=messages, back=st.integers(1, 3))
    def claim(self, message: OutboxId, back: int) -> None:
        known, holder = self.known[message], self.holders[-min(back, len(self.holders))]
        before = self.await_(self.look(message))
        verdict = self.await_(self.outbox.claim_if_welcome(holder, message, TERMS)).verdict
        if verdict is Verdict.WELCOME:
            assert before.state in {"due", "unknown"}
            assert holder is self.holders[-1]
            assert not before.revoked
            known.claimed_by, known.letter = holder, known.letter or before.letter

    @rule(message=messages, number=st.integers(1, 10**6))
    def telegram_takes_it_and_says_so(self, message: OutboxId, number: int) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            known.delivered = known.delivered or number
            self.prove(message, known.claimed_by)

    @rule(message=messages, number=st.integers(1, 10**6), taken=st.booleans())
    def no_answer_comes(self, message: OutboxId, number: int, *, taken: bool) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            known.delivered = known.delivered or (number if taken else None)
            self.await_(
                self.outbox.record_unknown(known.claimed_by, message, "no answer", timedelta())
            )
            known.claimed_by = None

    @rule(message=messages, number=st.integers(1, 10**6), taken=st.booleans())
    def the_process_dies_while_it_sends(
        self, message: OutboxId, number: int, *, taken: bool
    ) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            known.delivered = known.delivered or (number if taken else None)
            known.claimed_by = None
            self.another_node_takes_over()

    @rule(message=messages, attempted=st.booleans())
    def telegram_refuses_for_now(self, message: OutboxId, *, attempted: bool) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            self.await_(
                self.outbox.put_off(
                    known.claimed_by, message, timedelta(), "later", attempted=attempted
                )
            )
            known.claimed_by = None

    @rule(message=messages)
    def telegram_refuses_for_good(self, message: OutboxId) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            self.await_(self.outbox.fail(known.claimed_by, message, "never"))
            known.claimed_by = None

    @rule(message=messages)
    def the_claim_came_too_late(self, message: OutboxId) -> None:
        known = self.known[message]
        if known.claimed_by is not None:
            self.await_(self.outbox.give_back(known.claimed_by, message))
            known.claimed_by = None

    @rule(message=messages, back=st.integers(1, 3))
    def somebody_gives_up_what_waits(self, message: OutboxId, back: int) -> None:
        holder = self.holders[-min(back, len(self.holders))]
        if self.known[message].claimed_by is not holder:
            self.await_(self.outbox.fail(holder, message, "too old"))

    @rule(message=messages)
    def somebody_finds_it_by_looking(self, message: OutboxId) -> None:
        if self.known[message].delivered is not None:
            self.prove(message, self.holders[-1])

    @rule()
    def another_node_takes_over(self) -> None:
        self.await_(self.take_over())
        self.await_(self.outbox.abandon_claims(self.holders[-1]))

    @rule(message=messages, looked=st.booleans())
    def a_person_tries_again(self, message: OutboxId, *, looked: bool) -> None:
        before = self.await_(self.look(message))
        try:
            self.await_(self.outbox.retry_message(OLGA, message, timedelta(days=1), looked=looked))
        except NotAllowed:
            return
        assert before.state == "failed" or (before.state == "unresolved" and looked)
        assert not before.revoked

    @rule(message=messages)
    def a_person_cancels(self, message: OutboxId) -> None:
        before = self.await_(self.look(message))
        try:
            self.await_(self.outbox.cancel_message(OLGA, message))
        except NotAllowed:
            assert before.state != "due" or before.unsettled

    @rule()
    def the_grant_is_revoked(self) -> None:
        for grant in self.await_(self.scene.stores.grants.grants(self.scene.channel)):
            if grant.revoked_at is None:
                self.await_(self.scene.stores.grants.revoke_and_cancel(OLGA, grant.id))

    def prove(self, message: OutboxId, holder: Holder) -> None:
        """Bring Telegram's own number of the message."""
        known = self.known[message]
        sent = Sent(MessageId(known.delivered or 0), datetime.now(UTC))
        self.await_(self.outbox.record_sent(holder, message, sent))
        known.claimed_by = None
        assert self.await_(self.look(message)).state == "sent"

    @invariant()
    def the_rules_hold(self) -> None:
        for message, known in self.known.items():
            row = self.await_(self.look(message))
            self.nothing_is_lost_or_doubled(row, known)
            self.the_books_agree(row)

    def nothing_is_lost_or_doubled(self, row: Any, known: Known) -> None:
        if known.delivered is not None:
            assert row.state in {"sending", "unknown", "unresolved", "sent"}
        if known.letter is not None:
            assert row.letter == known.letter
        if known.was_sent:
            assert row.state == "sent"
        known.was_sent = row.state == "sent"
        if row.unsettled:
            assert row.state not in {"due", "failed", "cancelled"}
        present = self.holders[-1]
        if row.state == "sending":
            assert (row.claimed_by, row.claimed_fence) == (present.node, present.fence)
        elif known.claimed_by is present:
            raise AssertionError("the present holder's claim was ended by somebody else")

    def the_books_agree(self, row: Any) -> None:
        assert row.attempts >= 0
        statuses = {
            "due": {"pending"},
            "sending": {"pending", "unknown"},
            "unknown": {"unknown"},
            "cancelled": {"failed"},
        }
        assert row.status in statuses.get(row.state, {row.state})
        if row.state in {"sending", "unknown", "sent"}:
            assert row.counted
        if row.state == "due":
            assert not row.counted


async def test_the_rules_of_the_outbox_hold_in_any_order(scene: Scene) -> None:
    await scene.sql("UPDATE schedules SET comments_per_day = 32000")
    machine: Any = partial(OutboxRules, scene, asyncio.get_running_loop())
    kept = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=kept)
