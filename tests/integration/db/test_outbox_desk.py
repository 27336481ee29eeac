"""What people see of the outbox, and what they may do about a message that was given up."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import AccountId, MessageId, NodeName, OutboxId
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import CommentStatus, Holder, OutboxState
from orchestrator.ports.telegram import Sent
from tests.integration.db.conftest import NODE, OLGA, Scene

TERMS = GateTerms()
DAY = timedelta(days=1)


async def letter(scene: Scene, message: OutboxId) -> object:
    return await scene.sql(
        "SELECT ROW(text, random_id, peer_kind, peer_id, peer_access_hash, reply_to)::text"
        " FROM outbox WHERE id = :m",
        m=message,
    )


async def failed(scene: Scene, number: int = 1) -> OutboxId:
    message = await scene.queued(number)
    await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    await scene.stores.outbox.fail(scene.holder, message, "Telegram refused")
    return message


async def unresolved(scene: Scene) -> OutboxId:
    message = await scene.queued()
    outbox = scene.stores.outbox
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    await outbox.record_unknown(scene.holder, message, "no answer", timedelta())
    await outbox.fail(scene.holder, message, "never seen")
    return message


async def test_a_failed_message_is_due_again_with_everything_that_it_had(scene: Scene) -> None:
    message = await failed(scene)
    before = await letter(scene, message)
    await scene.stores.outbox.retry_message(OLGA, message, DAY)
    assert await letter(scene, message) == before
    [comment] = await scene.stores.comments.comments(status=CommentStatus.PENDING, limit=9)
    assert comment.failed_reason is None
    claim = await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert claim.verdict is Verdict.WELCOME
    assert await scene.sql("SELECT actor FROM audit_log WHERE action = 'retry_message'") == "olga"


async def test_a_retried_message_passes_the_whole_gate(scene: Scene) -> None:
    message = await failed(scene)
    await scene.stores.outbox.retry_message(OLGA, message, DAY)
    await scene.sql("UPDATE campaigns SET state = 'paused'")
    claim = await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert claim.verdict is Verdict.CAMPAIGN_STOPPED


async def test_nothing_is_tried_again_under_a_grant_that_ended(scene: Scene) -> None:
    message = await failed(scene)
    await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    with pytest.raises(NotAllowed, match="revoked"):
        await scene.stores.outbox.retry_message(OLGA, message, DAY)
    assert (await scene.stores.outbox.message(message, TERMS)).row.state is OutboxState.FAILED


async def test_a_message_whose_place_was_taken_stays_unsaid(scene: Scene) -> None:
    message = await failed(scene)
    post = await scene.post(1)
    assert await scene.stores.drafting.queue_comment(await scene.draft(post)) is not None
    with pytest.raises(NotAllowed, match="took its place"):
        await scene.stores.outbox.retry_message(OLGA, message, DAY)


async def test_an_unresolved_message_is_tried_again_only_by_a_person_who_looked(
    scene: Scene,
) -> None:
    message = await unresolved(scene)
    before = await letter(scene, message)
    with pytest.raises(NotAllowed, match="--i-looked"):
        await scene.stores.outbox.retry_message(OLGA, message, DAY)
    await scene.stores.outbox.retry_message(OLGA, message, DAY, looked=True)
    assert await letter(scene, message) == before
    detail = await scene.stores.outbox.message(message, TERMS)
    assert (detail.row.state, detail.unsettled) == (OutboxState.UNKNOWN, True)
    await scene.stores.outbox.fail(scene.holder, message, "again nothing")
    detail = await scene.stores.outbox.message(message, TERMS)
    assert detail.row.state is OutboxState.UNRESOLVED


@pytest.mark.parametrize("state", ["due", "sending", "sent", "unknown", "cancelled"])
async def test_what_did_not_fail_is_not_tried_again(scene: Scene, state: str) -> None:
    message = await scene.queued()
    outbox = scene.stores.outbox
    if state == "cancelled":
        await outbox.cancel_message(OLGA, message)
    elif state != "due":
        await outbox.claim_if_welcome(scene.holder, message, TERMS)
    if state == "sent":
        await outbox.record_sent(scene.holder, message, Sent(MessageId(5), datetime.now(UTC)))
    if state == "unknown":
        await outbox.record_unknown(scene.holder, message, "no answer", timedelta())
    with pytest.raises(NotAllowed, match=state):
        await outbox.retry_message(OLGA, message, DAY, looked=True)


async def test_a_message_that_there_is_not_cannot_be_shown_or_tried(scene: Scene) -> None:
    with pytest.raises(NotFound, match="no message 99"):
        await scene.stores.outbox.message(OutboxId(99), TERMS)
    with pytest.raises(NotFound, match="no message 99"):
        await scene.stores.outbox.retry_message(OLGA, OutboxId(99), DAY)


async def test_what_is_shown_says_what_the_gate_would_say_and_claims_nothing(scene: Scene) -> None:
    message = await scene.queued()
    detail = await scene.stores.outbox.message(message, TERMS)
    assert (detail.verdict, detail.holder) == (Verdict.WELCOME, NODE)
    await scene.stores.outbox.hold(scene.anna, None, None, timedelta(minutes=5), "FLOOD_WAIT")
    detail = await scene.stores.outbox.message(message, TERMS)
    assert (detail.verdict, detail.hold_reason) == (Verdict.HELD, "FLOOD_WAIT")
    assert detail.held_until is not None
    assert (detail.row.state, detail.row.attempts) == (OutboxState.DUE, 0)
    await scene.stores.leases.release_lease(scene.anna, scene.holder.fence)
    detail = await scene.stores.outbox.message(message, TERMS)
    assert (detail.verdict, detail.holder) == (Verdict.LEASE_LOST, None)


async def test_messages_are_listed_by_their_state(scene: Scene) -> None:
    lost, waiting = await failed(scene, 1), await scene.queued(2)
    outbox = scene.stores.outbox
    assert [row.id for row in await outbox.outbox(9)] == [waiting]
    assert [row.id for row in await outbox.outbox(9, state=OutboxState.FAILED)] == [lost]


async def test_what_nobody_came_to_in_time_is_given_up(scene: Scene) -> None:
    never, doubtful = await scene.queued(1), await scene.queued(2)
    outbox = scene.stores.outbox
    await outbox.claim_if_welcome(scene.holder, doubtful, TERMS)
    await outbox.record_unknown(scene.holder, doubtful, "no answer", timedelta())
    assert await outbox.give_up_expired(timedelta(hours=1)) == 0
    await scene.sql("UPDATE outbox SET expires_at = now() - interval '2 hours'")
    assert await outbox.give_up_expired(timedelta(hours=1)) == 2
    rows = {row.id: row for row in await outbox.outbox(9, open_only=False)}
    assert rows[never].state is OutboxState.FAILED
    assert rows[doubtful].state is OutboxState.UNRESOLVED
    assert "no answer" in (rows[doubtful].last_error or "")


async def test_messages_are_gathered_for_many_accounts_with_everybodys_first_before(
    scene: Scene,
) -> None:
    first = [await scene.queued(number) for number in (1, 2, 3)]
    boris = await another_account(scene)
    fourth = await scene.queued(4)
    await scene.sql("UPDATE outbox SET account_id = :b WHERE id = :m", b=boris.account, m=fourth)
    gathered = await scene.stores.outbox.gather_waiting([scene.holder, boris], 100)
    assert [waiting.id for waiting in gathered] == [first[0], fourth, first[1], first[2]]
    few = await scene.stores.outbox.gather_waiting([scene.holder, boris], 2)
    assert [waiting.account for waiting in few] == [scene.anna, boris.account]
    assert await scene.stores.outbox.gather_waiting([], 100) == ()
    stale = Holder(NODE, scene.anna, Fence(scene.holder.fence + 1))
    assert [one.id for one in await scene.stores.outbox.gather_waiting([stale], 9)] == []


async def another_account(scene: Scene) -> Holder:
    stores = scene.stores
    boris: AccountId = (await stores.accounts.add_account(OLGA, "boris", "+1", "anna")).id
    await stores.accounts.set_account_state(OLGA, boris, AccountState.ACTIVE, None)
    fence = await stores.leases.take_lease(NodeName(NODE), await stores.leases.lease_of(boris))
    assert fence is not None
    return Holder(NODE, boris, Fence(fence))
