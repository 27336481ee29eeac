"""From a queued comment to a proof, whatever happens between."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from orchestrator.errors import NotAllowed
from orchestrator.ids import MessageId, NodeName, OutboxId
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.campaigns import CampaignState
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import CommentStatus, Holder, OutboxState
from orchestrator.ports.telegram import Sent
from orchestrator.refusals import Action, Refusal, Scope
from orchestrator.tuning import Tuning
from tests.integration.db.conftest import GROUP, OLGA, Scene

TERMS = GateTerms()
AGO = """
    WITH proved AS (UPDATE outbox SET finished_at = finished_at - CAST(:ago AS interval))
    UPDATE comments SET engagement_due_at = engagement_due_at - CAST(:ago AS interval)
"""
QUEUED_LOOKS = """
    WITH queued AS (DELETE FROM jobs WHERE kind = 'RefreshEngagement' RETURNING 1)
    SELECT count(*) FROM queued
"""


async def claim(scene: Scene, message: OutboxId) -> Verdict:
    return (await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)).verdict


async def state(scene: Scene, message: OutboxId) -> tuple[str, int]:
    found = await scene.sql(
        "SELECT ARRAY[state, CAST(attempts AS text)] FROM outbox WHERE id = :m", m=message
    )
    return found[0], int(found[1])


async def test_a_welcome_message_is_claimed_sent_and_proved(scene: Scene) -> None:
    message = await scene.queued()
    waiting = await scene.stores.outbox.next_waiting(scene.holder)
    assert waiting is not None
    assert (waiting.id, waiting.state, waiting.attempts) == (message, OutboxState.DUE, 0)
    claimed = await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert claimed.verdict is Verdict.WELCOME
    assert claimed.letter == waiting.letter
    assert await scene.stores.outbox.next_waiting(scene.holder) is None
    await scene.stores.outbox.record_sent(
        scene.holder, message, Sent(MessageId(77), datetime.now(UTC))
    )
    [comment] = await scene.stores.comments.comments(status=CommentStatus.SENT, limit=9)
    assert comment.message == 77
    sent = await scene.stores.comments.sent_comment(comment.id)
    assert sent.letter == claimed.letter


async def test_a_comment_is_looked_at_once_after_each_delay(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.outbox.record_sent(
        scene.holder, message, Sent(MessageId(77), datetime.now(UTC))
    )
    delays = Tuning().engagement_checks
    looks = 0
    for delay in delays:
        assert await scene.stores.comments.queue_looks(delays) == 0
        # Time passes: both what is planned and what it is counted from lie further back.
        await scene.sql(AGO, ago=delay)
        assert await scene.stores.comments.queue_looks(delays) == 1
        looks += await scene.sql(QUEUED_LOOKS)
        await scene.sql(AGO, ago=-delay)
    assert looks == len(delays)
    assert await scene.sql("SELECT engagement_due_at FROM comments") is None


async def test_looks_that_were_missed_are_caught_up_one_by_one(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.outbox.record_sent(
        scene.holder, message, Sent(MessageId(77), datetime.now(UTC))
    )
    await scene.sql(AGO, ago=timedelta(days=30))
    delays = Tuning().engagement_checks
    assert [await scene.stores.comments.queue_looks(delays) for _ in range(4)] == [1, 1, 1, 0]
    assert await scene.sql(QUEUED_LOOKS) == 1


async def test_a_message_is_claimed_once(scene: Scene) -> None:
    message = await scene.queued()
    assert await claim(scene, message) is Verdict.WELCOME
    assert await claim(scene, message) is Verdict.NOT_DUE


async def test_a_claim_given_back_leaves_no_trace_of_an_attempt(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.outbox.give_back(scene.holder, message)
    assert await state(scene, message) == ("due", 0)
    assert await scene.sql("SELECT first_attempt_at FROM outbox WHERE id = :m", m=message) is None
    assert await scene.sql("SELECT counted_on FROM comments") is None


async def test_a_revoked_grant_lets_nothing_out(scene: Scene) -> None:
    message, claimed = await scene.queued(1), await scene.queued(2)
    assert await claim(scene, claimed) is Verdict.WELCOME
    revocation = await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    assert revocation.cancelled == 1
    assert [flight.settled for flight in revocation.in_flight] == [False]
    assert await claim(scene, message) is Verdict.NOT_DUE
    await scene.stores.outbox.give_back(scene.holder, claimed)
    assert await claim(scene, claimed) is Verdict.GRANT_REVOKED


async def test_a_revoke_tells_how_many_drafts_it_withdrew(scene: Scene) -> None:
    await scene.queued(1)
    for number in (2, 3):
        draft = await scene.draft(await scene.post(number))
        assert await scene.stores.drafting.hold_for_review(draft) is not None
    revocation = await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    assert (revocation.cancelled, revocation.withdrawn) == (1, 2)
    assert await scene.sql("SELECT count(*) FROM drafts WHERE state = 'review'") == 0
    assert await scene.sql("SELECT after ->> 'withdrawn' FROM audit_log ORDER BY id DESC") == "2"


async def test_an_unknown_outcome_holds_its_slot_and_never_ends_as_failed(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.outbox.record_unknown(scene.holder, message, "no answer", timedelta())
    assert await state(scene, message) == ("unknown", 1)
    post = await scene.post(1)
    assert await scene.stores.drafting.queue_comment(await scene.draft(post)) is None
    assert await claim(scene, message) is Verdict.WELCOME
    await scene.stores.outbox.put_off(scene.holder, message, timedelta(), "flood", attempted=False)
    assert await state(scene, message) == ("unknown", 1)
    await scene.stores.outbox.fail(scene.holder, message, "never seen")
    assert (await state(scene, message))[0] == "unresolved"
    [comment] = await scene.stores.comments.comments(status=CommentStatus.UNRESOLVED, limit=9)
    assert comment.failed_reason == "never seen"


async def test_a_failed_message_frees_its_slot(scene: Scene) -> None:
    message = await scene.queued()
    await scene.stores.outbox.fail(scene.holder, message, "the target is gone")
    post = await scene.post(1)
    assert await scene.stores.drafting.queue_comment(await scene.draft(post)) is not None


async def test_a_refused_attempt_is_put_off_and_not_counted(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.outbox.put_off(
        scene.holder, message, timedelta(hours=1), "flood", attempted=False
    )
    assert await state(scene, message) == ("due", 0)
    assert await claim(scene, message) is Verdict.NOT_DUE
    assert await scene.sql("SELECT counted_on FROM comments") is None


async def test_short_retries_before_the_address_is_known_are_counted(scene: Scene) -> None:
    post = await scene.post()
    await scene.stores.drafting.queue_comment(await scene.draft(post))
    waiting = await scene.stores.outbox.next_waiting(scene.holder)
    assert waiting is not None
    assert waiting.letter is None
    await scene.stores.outbox.put_off(
        scene.holder, waiting.id, timedelta(), "no copy yet", attempted=True
    )
    assert await state(scene, waiting.id) == ("due", 1)
    letter = await scene.stores.outbox.address(scene.holder, waiting.id, scene.thread())
    assert letter is not None
    assert letter.peer.telegram_id == GROUP


async def test_what_a_dead_holder_left_behind_becomes_unknown(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    lease = await scene.stores.leases.lease_of(scene.anna)
    fence = await scene.stores.leases.take_lease(NodeName("south"), lease)
    assert fence is not None
    south = Holder(NodeName("south"), scene.anna, Fence(fence))
    assert await scene.stores.outbox.abandon_claims(south) == 1
    waiting = await scene.stores.outbox.next_waiting(south)
    assert waiting is not None
    assert waiting.state is OutboxState.UNKNOWN
    assert await scene.stores.outbox.next_waiting(scene.holder) is None


async def test_what_a_lane_left_behind_under_the_same_lease_becomes_unknown(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    assert await scene.stores.outbox.abandon_claims(scene.holder) == 1
    assert await state(scene, message) == ("unknown", 1)


async def test_a_holder_that_lost_its_lease_abandons_nothing_of_the_next(scene: Scene) -> None:
    message = await scene.queued()
    lease = await scene.stores.leases.lease_of(scene.anna)
    fence = await scene.stores.leases.take_lease(NodeName("south"), lease)
    assert fence is not None
    south = Holder(NodeName("south"), scene.anna, Fence(fence))
    await scene.stores.accounts.record_disclosure(scene.anna, fence, disclosed=True)
    claimed = await scene.stores.outbox.claim_if_welcome(south, message, TERMS)
    assert claimed.verdict is Verdict.WELCOME
    outbox = scene.stores.outbox
    assert await outbox.abandon_claims(scene.holder) == 0
    await outbox.put_off(scene.holder, message, timedelta(), "stale", attempted=False)
    await outbox.fail(scene.holder, message, "stale")
    await outbox.give_back(scene.holder, message)
    await outbox.record_unknown(scene.holder, message, "stale", timedelta())
    assert await state(scene, message) == ("sending", 1)


@pytest.mark.parametrize(
    "change", ["random_id = 1", "text = 'other'", "peer_id = 1", "reply_to = 1", "account_id = 1"]
)
async def test_nothing_changes_a_letter_after_a_first_attempt(scene: Scene, change: str) -> None:
    message = await scene.queued()
    await scene.sql(f"UPDATE outbox SET text = text, reply_to = 5 WHERE id = {message}")
    await claim(scene, message)
    await scene.stores.outbox.record_unknown(scene.holder, message, "no answer", timedelta())
    if change == "account_id = 1":
        other = await scene.stores.accounts.add_account(OLGA, "boris", "+1", "anna")
        change = f"account_id = {other.id}"
    with pytest.raises(DBAPIError, match="never change"):
        await scene.sql(f"UPDATE outbox SET {change} WHERE id = {message}")


async def test_a_proof_counts_even_when_the_lease_was_lost(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    lease = await scene.stores.leases.lease_of(scene.anna)
    await scene.stores.leases.take_lease(NodeName("south"), lease)
    sent = Sent(MessageId(5), datetime.now(UTC))
    await scene.stores.outbox.record_sent(scene.holder, message, sent)
    assert (await state(scene, message))[0] == "sent"


async def test_a_hold_keeps_the_account_silent_until_it_is_over(scene: Scene) -> None:
    message = await scene.queued()
    await scene.stores.outbox.hold(scene.anna, GROUP, None, timedelta(minutes=5), "slow mode")
    assert await claim(scene, message) is Verdict.HELD
    await scene.sql("UPDATE holds SET not_before = now() - interval '1 second'")
    assert await claim(scene, message) is Verdict.WELCOME


async def test_a_refusal_of_the_chat_suspends_the_grant_until_a_person_acts(scene: Scene) -> None:
    message = await scene.queued()
    refusal = Refusal("CHAT_WRITE_FORBIDDEN", Scope.CHAT, Action.SUSPEND_CHAT, "may not write")
    await scene.stores.outbox.suspend_chat(scene.anna, message, refusal)
    grant = await scene.stores.grants.grant(scene.grant)
    assert grant.suspended_reason is not None
    await scene.stores.grants.record_verified(scene.grant, grant.proof)
    assert await claim(scene, message) is Verdict.GRANT_SUSPENDED


async def test_only_what_is_due_can_be_cancelled(scene: Scene) -> None:
    first, second = await scene.queued(1), await scene.queued(2)
    await scene.stores.outbox.cancel_message(OLGA, first)
    assert await scene.sql("SELECT reason FROM silences") == "cancelled"
    await claim(scene, second)
    with pytest.raises(NotAllowed, match="sending"):
        await scene.stores.outbox.cancel_message(OLGA, second)
    [line] = await scene.stores.outbox.outbox(9)
    assert line.id == second


async def test_stopping_a_campaign_cancels_what_waits_for_it(scene: Scene) -> None:
    message = await scene.queued()
    await scene.stores.campaigns.set_campaign_state(OLGA, scene.campaign, CampaignState.STOPPED)
    assert (await state(scene, message))[0] == "cancelled"


async def test_the_day_has_its_limit(scene: Scene) -> None:
    messages = [await scene.queued(number) for number in (1, 2, 3, 4)]
    verdicts = [await claim(scene, message) for message in messages]
    assert verdicts == [Verdict.WELCOME] * 3 + [Verdict.DAILY_LIMIT]


async def test_settled_flights_are_told_after_a_revoke(scene: Scene) -> None:
    message = await scene.queued()
    await claim(scene, message)
    await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    await scene.stores.outbox.record_sent(
        scene.holder, message, Sent(MessageId(6), datetime.now(UTC))
    )
    [flight] = await scene.stores.grants.in_flight_under(scene.grant)
    assert (flight.settled, flight.message) == (True, 6)
