"""Many facts in one transaction: each once, in order, and a bad one alone is left out."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.facts import (
    ConversationRead,
    DirectMessageSeen,
    MediaReference,
    MessageEdited,
    MessagesDeleted,
    PostEdited,
    PostsDeleted,
    PostSeen,
    Recordable,
)
from orchestrator.ids import AccountId, MessageId, PostRef, TelegramId
from orchestrator.intake.reception import BATCH, Reception
from orchestrator.jobs import ConsiderPost
from orchestrator.ports.intake import IntakeStore, Recorded
from orchestrator.ports.work import Claimant
from tests.integration.db.conftest import CHANNEL, NODE, Scene

NOW = datetime.now(UTC).replace(microsecond=0)
VERA = TelegramId(5000)


def post(scene: Scene, number: int, text: str = "a post", *, late: bool = False) -> PostSeen:
    return PostSeen(scene.anna, CHANNEL, MessageId(number), text, NOW, late=late)


def message(
    scene: Scene, number: int, text: str = "hello", *, late: bool = False
) -> DirectMessageSeen:
    return DirectMessageSeen(
        scene.anna, VERA, MessageId(number), text, NOW, "Vera", "vera",
        access_hash=77, language="ru", reply_to=MessageId(1),
        media=(MediaReference("photo", 9),), late=late,
    )  # fmt: skip


async def test_each_fact_of_a_batch_says_what_came_of_it(scene: Scene) -> None:
    facts: list[Recordable] = [
        post(scene, 1), post(scene, 2), post(scene, 1), message(scene, 1), message(scene, 1),
        PostSeen(scene.anna, TelegramId(999), MessageId(1), "unwatched", NOW),
    ]  # fmt: skip
    outcomes = await scene.stores.intake.record(facts)
    new, known = Recorded.NEW, Recorded.KNOWN
    assert outcomes == [new, new, known, new, known, known]
    assert await scene.stores.intake.record(facts) == [known] * 6
    assert await scene.sql("SELECT count(*) FROM jobs WHERE kind = 'ConsiderPost'") == 2


async def test_the_job_of_a_post_is_the_one_that_is_queued_by_hand(scene: Scene) -> None:
    await scene.stores.intake.record([post(scene, 7)])
    task = ConsiderPost(PostRef(scene.channel, MessageId(7)))
    assert not await scene.stores.jobs.queue_job(task)
    [job] = await scene.stores.jobs.take_jobs(Claimant(NODE, 1), 10)
    assert job.task == task


async def test_a_fact_that_the_database_refuses_does_not_sink_its_batch(scene: Scene) -> None:
    facts: list[Recordable] = [post(scene, number) for number in range(1, 11)]
    facts[4] = post(scene, 2**70)
    facts.append(message(scene, 1, "\x00"))
    outcomes = await scene.stores.intake.record(facts)
    assert [place for place, one in enumerate(outcomes) if one is Recorded.REFUSED] == [4, 10]
    assert await scene.sql("SELECT count(*) FROM posts") == 9


async def test_a_post_its_edit_and_its_deletion_may_come_in_one_batch(scene: Scene) -> None:
    later = NOW + timedelta(seconds=5)
    await scene.stores.intake.record(
        [
            PostEdited(scene.anna, CHANNEL, MessageId(1), "new words", later),
            post(scene, 1), post(scene, 2),
            PostsDeleted(scene.anna, CHANNEL, (MessageId(2),)),
        ]
    )  # fmt: skip
    assert await scene.sql("SELECT text FROM posts WHERE message_id = 1") == "new words"
    assert await scene.sql("SELECT deleted_at IS NOT NULL FROM posts WHERE message_id = 2")


async def test_only_what_was_new_counts_as_recovered_late(scene: Scene) -> None:
    await scene.stores.intake.record([post(scene, 1), message(scene, 1)])
    late = [post(scene, 1, late=True), post(scene, 2, late=True)]
    await scene.stores.intake.record([*late, message(scene, 1, late=True)])
    await scene.stores.intake.record([message(scene, 2, late=True)])
    assert await scene.sql("SELECT recovered_late FROM channels") == 1
    assert await scene.sql("SELECT recovered_late FROM account_watch") == 1


async def test_a_message_is_kept_with_all_that_an_answer_needs(scene: Scene) -> None:
    await scene.stores.intake.record([message(scene, 4)])
    assert await scene.sql("SELECT reply_to FROM messages") == 1
    assert await scene.sql("SELECT media->0->>'kind' FROM messages") == "photo"
    assert await scene.sql("SELECT language FROM contacts") == "ru"
    hash_of = "SELECT access_hash FROM account_entities WHERE kind = 'user' AND telegram_id = 5000"
    assert await scene.sql(hash_of) == 77


async def test_a_short_message_does_not_make_a_contact_nameless(scene: Scene) -> None:
    await scene.stores.intake.record([message(scene, 4)])
    await scene.stores.intake.record(
        [DirectMessageSeen(scene.anna, VERA, MessageId(5), "again", NOW)]
    )
    assert await scene.sql("SELECT name || username || language FROM contacts") == "Veraveraru"


async def test_a_stop_word_written_into_an_old_message_ends_the_conversation(scene: Scene) -> None:
    await scene.stores.intake.record([message(scene, 4)])
    later = NOW + timedelta(seconds=5)
    edit = MessageEdited(scene.anna, VERA, MessageId(4), "Stop", later)
    await scene.stores.intake.record([edit])
    assert await scene.sql("SELECT count(*) FROM opt_outs") == 1
    assert await scene.sql("SELECT first_text FROM messages") == "hello"


async def test_deletions_and_read_marks_stay_within_the_account(scene: Scene) -> None:
    await scene.stores.intake.record([message(scene, 4), message(scene, 5)])
    stranger = AccountId(scene.anna + 1)
    await scene.stores.intake.record(
        [
            MessagesDeleted(stranger, (MessageId(4),)),
            ConversationRead(stranger, VERA, MessageId(9), by_us=True),
        ]
    )
    touched = "SELECT count(*) FROM messages WHERE is_read OR deleted_at IS NOT NULL"
    assert await scene.sql(touched) == 0
    await scene.stores.intake.record(
        [
            MessagesDeleted(scene.anna, (MessageId(4),)),
            ConversationRead(scene.anna, VERA, MessageId(4), by_us=True),
            ConversationRead(scene.anna, VERA, MessageId(9), by_us=False),
        ]
    )
    assert await scene.sql(touched) == 1
    assert await scene.sql("SELECT read_upto FROM conversations") == 9


class Batches:
    """Counts the batches that reach the store, and fails when told to."""

    def __init__(self, store: IntakeStore) -> None:
        self.store, self.sizes, self.failure = store, list[int](), None

    async def record(self, facts: list[Recordable]) -> object:
        self.sizes.append(len(facts))
        return await self.store.record(facts)


async def test_facts_that_come_together_share_a_transaction(scene: Scene) -> None:
    batches = Batches(scene.stores.intake)
    reception = Reception(batches, scene.stores.channels, scene.stores.security)  # type: ignore[arg-type]
    count = BATCH + 10
    taken = [reception.take(post(scene, number)) for number in range(1, count + 1)]
    for one in taken:
        await one
    assert sorted(batches.sizes) == [10, BATCH]
    assert await scene.sql("SELECT count(*) FROM posts") == count


async def test_a_fact_that_cannot_be_committed_fails_only_its_own_batch(scene: Scene) -> None:
    reception = Reception(scene.stores.intake, scene.stores.channels, scene.stores.security)
    await scene.sql("ALTER TABLE posts RENAME TO posts_away")
    with pytest.raises(Exception, match="posts"):
        await reception.take(post(scene, 1))
    await scene.sql("ALTER TABLE posts_away RENAME TO posts")
    await reception.take(post(scene, 1))
    assert await scene.sql("SELECT count(*) FROM posts") == 1
