"""The rules of the gate as a state machine: whatever happened before, it says what they say.

People stop us, groups close, grants end, nodes take over, accounts are parked, in any order and by
the stores' own methods; what is claimed then is held against the pure rules, and against what may
never happen whatever a rule says.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from orchestrator.ids import (
    ConversationId,
    GrantId,
    InboundId,
    MessageId,
    NodeName,
    OutboxId,
    TelegramId,
)
from orchestrator.outbox.answers import AnswerFacts, judge_answer
from orchestrator.outbox.gate import GateFacts, GateTerms, GrantFacts, Verdict, judge
from orchestrator.outbox.lines import LineFacts, judge_line
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.answers import AnswerRefused, AnswerSource, Provenance
from orchestrator.ports.campaigns import CampaignState
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Holder, OutboxKind
from orchestrator.ports.telegram import Sent
from tests.integration.db.conftest import (
    ANYTIME,
    BECAUSE,
    GROUP,
    OLGA,
    STUDY_GROUP,
    Scene,
    new_answer,
    new_grant,
)

TERMS = GateTerms(answer_parts=2)
PER_DAY = 3
LONG = timedelta(days=30)
ACCOUNT_STATES = (
    AccountState.ACTIVE,
    AccountState.ACTIVE,
    AccountState.PAUSED,
    AccountState.LIMITED,
    AccountState.PUBLIC_STOPPED,
)
T = TypeVar("T")
ROW = """
    SELECT o.state, o.grant_id, a.inbound_message_id AS inbound, a.conversation_id,
           coalesce(a.parting, false) AS parting, a.approved_by, a.source = 'operator' AS by_person,
           o.peer_id, o.due_at, o.expires_at,
           (SELECT count(*) FROM outbox s WHERE s.inbound_message_id = o.inbound_message_id
             AND s.id <> o.id AND s.state NOT IN ('due', 'failed', 'cancelled')) AS parts_out,
           (SELECT count(*) FROM comments c WHERE c.status <> 'failed' AND c.counted_on IS NOT NULL
             AND c.id <> o.comment_id) AS counted
    FROM outbox o LEFT JOIN answers a ON a.id = o.answer_id WHERE o.id = :message
"""
STRAY = """
    SELECT count(*) FROM messages said WHERE said.direction = 'outgoing' AND NOT EXISTS (
        SELECT FROM outbox o JOIN answers a ON a.id = o.answer_id
        JOIN messages heard ON heard.id = a.inbound_message_id
        WHERE o.sent_message_id = said.telegram_message_id AND heard.direction = 'incoming'
          AND heard.conversation_id = said.conversation_id)
"""
TOO_MANY = """
    SELECT count(*) FROM (
        SELECT FROM outbox WHERE state = 'sent' AND kind = 'direct'
        GROUP BY inbound_message_id HAVING count(*) > :parts) AS too_many
"""


@dataclass(slots=True)
class World:
    """What ought to hold, as the rules of this test made it."""

    account: AccountState = AccountState.ACTIVE
    disclosed: bool = True
    channel: bool = True
    running: bool = True
    suspended: bool = False
    fresh: bool = True
    live_grant: int = 0
    held: bool = False
    conversation: str = "open"
    held_by: str | None = None
    stopped: set[int] = field(default_factory=set)
    """People who asked us to stop."""
    group: bool = True
    role: bool = True
    notice: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox."""

    id: OutboxId
    kind: OutboxKind
    person: int = 0


class GateRules(RuleBasedStateMachine):
    """Everything that opens and closes the gates, and claims in between."""

    messages: Bundle[Message] = Bundle("messages")

    def __init__(self, scene: Scene, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.scene, self.loop, self.stores = scene, loop, scene.stores
        self.world = World()
        self.await_(self.begin())

    def await_(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Have the test's loop do it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def sql(self, statement: str, **values: Any) -> Any:
        return self.await_(self.scene.sql(statement, **values))

    async def begin(self) -> None:
        """Put everything in order, whatever an earlier run left behind."""
        scene = self.scene
        for statement in (
            "UPDATE outbox SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL",
            "UPDATE comments SET counted_on = NULL",
            "UPDATE channels SET is_active = true",
            "UPDATE campaigns SET state = 'running'",
            "UPDATE schedules SET comments_per_day = 3",
            "UPDATE study_groups SET state = 'active', pinned_notice_id = 3",
            "UPDATE study_group_roles SET ended_at = NULL",
            "DELETE FROM holds",
        ):
            await scene.sql(statement)
        await self.stores.accounts.set_account_state(OLGA, scene.anna, AccountState.ACTIVE, None)
        self.person = int(
            await scene.sql("SELECT coalesce(max(telegram_id), 500) + 1 FROM contacts")
        )
        self.inbound: tuple[ConversationId, InboundId] | None = None
        self.holders: list[Holder] = []
        self.newest: dict[OutboxKind, Message] = {}
        await self.take_over()
        await self.grant_anew()

    async def take_over(self) -> None:
        """Let another node take the account, and read its bio."""
        lease = await self.stores.leases.lease_of(self.scene.anna)
        node = NodeName(f"node-{lease.fence}")
        fence = await self.stores.leases.take_lease(node, lease)
        assert fence is not None
        await self.stores.accounts.record_disclosure(self.scene.anna, fence, disclosed=True)
        self.world.disclosed = True
        self.holders.append(Holder(node, self.scene.anna, Fence(fence)))

    @property
    def holder(self) -> Holder:
        """Whoever holds the account now."""
        return self.holders[-1]

    async def grant_anew(self) -> None:
        """Have a live grant."""
        for grant in await self.stores.grants.grants(self.scene.channel):
            if grant.revoked_at is None:
                await self.stores.grants.revoke_and_cancel(OLGA, grant.id)
        added = await self.stores.grants.add_grant(
            OLGA, new_grant(self.scene.channel, self.scene.anna)
        )
        self.world.live_grant, self.world.suspended, self.world.fresh = added.id, False, True

    async def look(self, message: Message) -> Any:
        async with self.scene.engine.connect() as connection:
            return (await connection.execute(text(ROW), {"message": message.id})).one()

    @rule(target=messages)
    def a_comment_is_queued(self) -> Message:
        return self.await_(self.queue_comment())

    async def queue_comment(self) -> Message:
        """Queue one as long as everything is in order."""
        await self.set_comments(World(live_grant=self.world.live_grant))
        number = await self.scene.sql("SELECT coalesce(max(message_id), 0) + 1 FROM posts")
        post = await self.scene.post(number)
        comment = await self.stores.drafting.queue_comment(await self.scene.draft(post))
        found = OutboxId(
            await self.scene.sql("SELECT id FROM outbox WHERE comment_id = :c", c=comment)
        )
        await self.stores.outbox.address(self.holder, found, self.scene.thread(number))
        await self.set_comments(self.world)
        return self.noted(Message(found, OutboxKind.COMMENT))

    def noted(self, message: Message) -> Message:
        self.newest[message.kind] = message
        return message

    async def set_comments(self, world: World) -> None:
        """Write what the gate for comments looks at beside the account."""
        await self.scene.sql("UPDATE channels SET is_active = :a", a=world.channel)
        state = CampaignState.RUNNING if world.running else CampaignState.PAUSED
        await self.scene.sql("UPDATE campaigns SET state = :s", s=str(state))
        now = datetime.now(UTC)
        await self.scene.sql(
            "UPDATE grants SET verified_at = :at, suspended_at = :suspended,"
            " suspended_reason = :why, suspended_for = :what WHERE id = :g",
            at=now if world.fresh else now - LONG,
            suspended=now if world.suspended else None,
            why="looked odd" if world.suspended else None,
            what="person" if world.suspended else None,
            g=world.live_grant,
        )

    @rule()
    def the_person_writes(self) -> None:
        number = self.sql("SELECT coalesce(max(telegram_message_id), 0) + 1 FROM messages")
        known = self.inbound
        self.inbound = self.await_(self.scene.heard(number, "And then?", self.person))
        if known is None:
            self.world.conversation, self.world.held_by = "open", None

    @rule(target=messages, by_operator=st.booleans(), parting=st.booleans())
    def an_answer_is_queued(self, *, by_operator: bool, parting: bool) -> Message:
        if self.inbound is None:
            self.the_person_writes()
        assert self.inbound is not None
        because = (
            Provenance(AnswerSource.OPERATOR, "a person answers", "olga")
            if by_operator
            else BECAUSE
        )
        # Unlike the gate, the queue looks before a conversation's end: let it look then.
        before = self.sql(
            "UPDATE conversations v SET state = 'open' FROM conversations was"
            " WHERE v.id = :c AND was.id = v.id RETURNING was.state",
            c=self.inbound[0],
        )
        answer = replace(new_answer(*self.inbound, because=because), parting=parting)
        queued = self.await_(self.stores.answers.queue_answer(answer))
        self.sql("UPDATE conversations SET state = :s WHERE id = :c", s=before, c=self.inbound[0])
        if self.person in self.world.stopped:
            assert queued is AnswerRefused.OPTED_OUT
        if isinstance(queued, AnswerRefused):
            return self.queue_line()
        return self.noted(Message(queued[0], OutboxKind.DIRECT, self.person))

    @rule(target=messages)
    def a_line_is_queued(self) -> Message:
        return self.queue_line()

    def queue_line(self) -> Message:
        """Queue one as long as the group and its roles are in order."""
        role, group = self.world.role, self.world.group
        self.sql("UPDATE study_group_roles SET ended_at = NULL")
        self.sql("UPDATE study_groups SET state = 'active'")
        message = self.noted(Message(self.await_(self.scene.lined_up()), OutboxKind.STUDY_GROUP))
        self.tell_group(role=role, group=group)
        return message

    @rule(
        message=messages,
        back=st.integers(1, 2),
        end=st.sampled_from(["sent", "unknown", "given back", "failed"]),
    )
    def it_is_claimed(self, message: Message, back: int, end: str) -> None:
        row = self.await_(self.look(message))
        holder = self.holders[-min(back, len(self.holders))]
        expected = self.expected(message, row, holder)
        event(f"{message.kind}: {expected}")
        claim = self.await_(
            self.stores.outbox.claim_if_welcome(holder, message.id, TERMS, message.kind)
        )
        assert claim.verdict is expected
        if claim.verdict is not Verdict.WELCOME:
            return
        assert message.person not in self.world.stopped
        outbox = self.stores.outbox
        match end:
            case "sent":
                sent = Sent(MessageId(10**6 + message.id), datetime.now(UTC))
                self.await_(outbox.record_sent(self.holder, message.id, sent))
            case "unknown":
                self.await_(
                    outbox.record_unknown(self.holder, message.id, "no answer", timedelta())
                )
            case "failed":
                self.await_(outbox.fail(self.holder, message.id, "never"))
            case _:
                self.await_(outbox.give_back(self.holder, message.id))

    def expected(self, message: Message, row: Any, holder: Holder) -> Verdict:
        """Ask the pure rule."""
        now = datetime.now(UTC)
        world = self.world
        common: dict[str, Any] = {
            "now": now,
            "state": row.state,
            "due_at": row.due_at,
            "expires_at": row.expires_at,
            "peer": row.peer_id,
            "node_holds_lease": holder is self.holder,
            "account_state": world.account,
            "disclosed_at": now if world.disclosed else None,
            "disclosed_under_this_fence": True,
            "held_until": now + LONG if world.held else None,
        }
        match message.kind:
            case OutboxKind.COMMENT:
                return judge(self.comment_facts(common, row), TERMS)
            case OutboxKind.DIRECT:
                return judge_answer(self.answer_facts(common, message, row), TERMS)
            case OutboxKind.STUDY_GROUP:
                return judge_line(self.line_facts(common), TERMS)

    def grant_facts(self, scope: str, group: TelegramId, **changes: Any) -> GrantFacts:
        now = datetime.now(UTC)
        in_order: dict[str, Any] = {"suspended": False, "revoked": False, "verified_at": now}
        return GrantFacts(
            scope=scope, comments_per_post=1, linked_group=group, starts_at=now - LONG,
            expires_at=None, **(in_order | changes),
        )  # fmt: skip

    def comment_facts(self, common: dict[str, Any], row: Any) -> GateFacts:
        now, live = common["now"], row.grant_id == self.world.live_grant
        return GateFacts(
            **common,
            slot=1,
            grant=self.grant_facts(
                "comments",
                GROUP,
                revoked=not live,
                suspended=live and self.world.suspended,
                verified_at=now if self.world.fresh else now - LONG,
            ),
            channel_active=self.world.channel,
            channel_group=GROUP,
            campaign_state="running" if self.world.running else "paused",
            schedule_active=True,
            window=ANYTIME,
            zone=ZoneInfo("UTC"),
            comments_per_day=PER_DAY,
            counted_today=row.counted,
        )

    def answer_facts(self, common: dict[str, Any], message: Message, row: Any) -> AnswerFacts:
        present = self.inbound is not None and row.conversation_id == self.inbound[0]
        state = self.world.conversation if present else "closed"
        return AnswerFacts(
            **common,
            person=TelegramId(message.person),
            opted_out=message.person in self.world.stopped,
            conversation_state=state,
            held_by=self.world.held_by if present else None,
            by_operator=row.by_person,
            approved_by=row.approved_by,
            parting=row.parting,
            parts_out=row.parts_out,
            hours=None,
        )

    def line_facts(self, common: dict[str, Any]) -> LineFacts:
        return LineFacts(
            **common,
            grant=self.grant_facts("study_group", STUDY_GROUP),
            group=STUDY_GROUP,
            group_active=self.world.group,
            has_role=self.world.role,
            notice_pinned=self.world.notice,
        )

    @rule(noted=st.booleans())
    def the_person_asks_us_to_stop(self, *, noted: bool) -> None:
        """Somebody else comes then."""
        if self.inbound is None:
            return
        if noted:
            self.await_(self.stores.answers.opt_out(OLGA, self.inbound[0], "by telephone"))
        else:
            number = self.sql("SELECT max(telegram_message_id) + 1 FROM messages")
            self.await_(self.scene.heard(number, "stop", self.person))
        self.world.stopped.add(self.person)
        self.person += 1
        self.inbound = None

    @rule(
        state=st.sampled_from(["open", "paused", "handed_over", "closed"]),
        by=st.sampled_from([None, "olga", "pavel"]),
    )
    def the_conversation_is(self, state: str, by: str | None) -> None:
        if self.inbound is None:
            return
        self.world.conversation, self.world.held_by = state, by
        self.sql(
            "UPDATE conversations SET state = :s, held_by = :by WHERE id = :c",
            s=state,
            by=by,
            c=self.inbound[0],
        )

    @rule(state=st.sampled_from(ACCOUNT_STATES))
    def the_account_is(self, state: AccountState) -> None:
        self.world.account = state
        self.await_(self.stores.accounts.set_account_state(OLGA, self.scene.anna, state, "told so"))

    @rule(disclosed=st.sampled_from([True, True, False]))
    def the_bio_is_read(self, *, disclosed: bool) -> None:
        self.world.disclosed = disclosed
        fence = self.holder.fence
        self.await_(
            self.stores.accounts.record_disclosure(self.scene.anna, fence, disclosed=disclosed)
        )

    @rule()
    def another_node_takes_over(self) -> None:
        self.await_(self.take_over())

    @rule(active=st.booleans())
    def the_channel_is_active(self, *, active: bool) -> None:
        self.world.channel = active
        self.await_(self.set_comments(self.world))

    @rule(running=st.booleans())
    def the_campaign_runs(self, *, running: bool) -> None:
        self.world.running = running
        self.await_(self.set_comments(self.world))

    @rule()
    def the_grant_is_revoked_and_given_anew(self) -> None:
        self.await_(self.grant_anew())

    @rule()
    def the_grant_is_suspended(self) -> None:
        self.world.suspended = True
        self.await_(
            self.stores.grants.suspend_grant(OLGA, GrantId(self.world.live_grant), "looked odd")
        )

    @rule(fresh=st.booleans())
    def the_grant_was_proved(self, *, fresh: bool) -> None:
        self.world.fresh = fresh
        self.await_(self.set_comments(self.world))

    @rule(group=st.booleans(), role=st.booleans(), notice=st.booleans())
    def the_study_group_is(self, *, group: bool, role: bool, notice: bool) -> None:
        self.world.notice = notice
        self.sql("UPDATE study_groups SET pinned_notice_id = :n", n=3 if notice else None)
        self.tell_group(role=role, group=group)

    def tell_group(self, *, role: bool, group: bool) -> None:
        self.world.role, self.world.group = role, group
        self.sql("UPDATE study_groups SET state = :s", s="active" if group else "closed")
        self.sql(
            "UPDATE study_group_roles SET ended_at = :at", at=None if role else datetime.now(UTC)
        )

    @rule(held=st.sampled_from([True, False, False]))
    def telegram_wants_us_to_wait(self, *, held: bool) -> None:
        self.world.held = held
        self.sql("DELETE FROM holds")
        if held:
            self.await_(self.stores.outbox.hold(self.scene.anna, None, None, LONG, "FLOOD_WAIT"))

    @invariant()
    def the_gates_say_what_their_rules_say(self) -> None:
        """Of the newest message of each kind, without letting it out."""
        for message in self.newest.values():
            told = self.await_(self.stores.outbox.message(message.id, TERMS))
            row = self.await_(self.look(message))
            if told.finished_at is None:
                assert told.verdict is self.expected(message, row, self.holder)

    @invariant()
    def nothing_private_is_said_that_answers_nothing(self) -> None:
        assert self.sql(STRAY) == 0
        assert self.sql(TOO_MANY, parts=TERMS.answer_parts) == 0


async def test_the_rules_of_the_gates_hold_in_any_order(scene: Scene) -> None:
    machine: Any = partial(GateRules, scene, asyncio.get_running_loop())
    kept = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=kept)
