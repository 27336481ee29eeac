"""A post's copy in its group is looked up once; who speaks there next is addressed from record."""

from datetime import timedelta

from orchestrator.ids import OutboxId, TelegramId
from orchestrator.outbox.gate import GateTerms
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.sessions import StoredEntity
from orchestrator.ports.telegram import Peer
from tests.integration.db.conftest import GROUP, Scene

TERMS = GateTerms()


async def unaddressed(scene: Scene, message: int = 1) -> OutboxId:
    """Queue a comment that nobody looked up an address for."""
    comment = await scene.stores.drafting.queue_comment(
        await scene.draft(await scene.post(message))
    )
    return OutboxId(await scene.sql("SELECT id FROM outbox WHERE comment_id = :c", c=comment))


async def know(scene: Scene, group: int = GROUP, access_hash: int = 4711) -> None:
    """Let Anna have met a group, and the post's copy in it be on record."""
    await scene.stores.sessions.save_entities(
        scene.anna, [StoredEntity(TelegramId(group), "channel", access_hash)]
    )
    await scene.sql("UPDATE posts SET group_id = :g, group_message_id = 9001", g=group)


async def test_a_comment_is_addressed_by_the_copy_that_an_earlier_lane_found(scene: Scene) -> None:
    message = await unaddressed(scene)
    [before] = await scene.stores.outbox.gather_waiting([scene.holder], 9)
    assert before.letter is None
    await scene.stores.outbox.put_off(
        scene.holder, message, timedelta(), "no copy yet", attempted=True
    )
    await know(scene)
    [waiting] = await scene.stores.outbox.gather_waiting([scene.holder], 9)
    assert waiting.letter is not None
    assert waiting.letter.peer == Peer("channel", GROUP, 4711)
    assert (waiting.letter.reply_to, waiting.attempts) == (9001, 0)
    claim = await scene.stores.outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert claim.letter == waiting.letter


async def test_a_copy_in_another_group_than_the_granted_is_asked_for(scene: Scene) -> None:
    await unaddressed(scene)
    await know(scene, group=GROUP + 1)
    [waiting] = await scene.stores.outbox.gather_waiting([scene.holder], 9)
    assert waiting.letter is None


async def test_who_never_met_the_group_asks_where_the_post_is_discussed(scene: Scene) -> None:
    await unaddressed(scene)
    await know(scene)
    await scene.sql("DELETE FROM account_entities")
    [waiting] = await scene.stores.outbox.gather_waiting([scene.holder], 9)
    assert waiting.letter is None


async def test_a_copy_that_telegram_does_not_know_is_forgotten_and_asked_for_anew(
    scene: Scene,
) -> None:
    message = await unaddressed(scene)
    await know(scene)
    outbox = scene.stores.outbox
    await outbox.gather_waiting([scene.holder], 9)
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert await outbox.forget_copy(scene.holder, message, timedelta(), "gone")
    [waiting] = await outbox.gather_waiting([scene.holder], 9)
    assert (waiting.letter, waiting.attempts, waiting.first_attempt_at) == (None, 0, None)
    assert await scene.sql("SELECT group_message_id FROM posts") is None
    assert await scene.sql("SELECT counted_on FROM comments") is None
    await outbox.address(scene.holder, message, scene.thread())
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert not await outbox.forget_copy(scene.holder, message, timedelta(), "gone again")


async def test_what_telegram_may_have_keeps_its_address(scene: Scene) -> None:
    message = await unaddressed(scene)
    await know(scene)
    outbox = scene.stores.outbox
    [addressed] = await outbox.gather_waiting([scene.holder], 9)
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    await outbox.record_unknown(scene.holder, message, "no answer", timedelta())
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    assert not await outbox.forget_copy(scene.holder, message, timedelta(), "gone")
    await outbox.put_off(scene.holder, message, timedelta(), "gone", attempted=True)
    [waiting] = await outbox.gather_waiting([scene.holder], 9)
    assert (waiting.state, waiting.letter) == (OutboxState.UNKNOWN, addressed.letter)
