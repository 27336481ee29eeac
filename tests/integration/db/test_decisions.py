"""From a post to one decision about it: a comment, a draft for a person, or a silence."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orchestrator.errors import NotAllowed, NotFound
from orchestrator.facts import (
    DirectMessageSeen,
    Engagement,
    MediaReference,
    PostEdited,
    PostsDeleted,
    PostSeen,
)
from orchestrator.ids import DraftId, MessageId, PostRef, TelegramId
from orchestrator.jobs import ConsiderPost
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.drafting import DraftState
from orchestrator.ports.outbox import CommentStatus
from personas.silence import Silence, SilenceReason
from personas.summary import summarise
from tests.integration.db.conftest import CHANNEL, OLGA, Scene
from tests.support.jobs import WORKER

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
QUIET = Silence(SilenceReason.NO_SCRIPT_FITS, "nothing fits")


def post_seen(scene: Scene, message: int = 1) -> PostSeen:
    return PostSeen(
        account=scene.anna,
        channel=CHANNEL,
        message=MessageId(message),
        text="Comets!",
        published_at=NOW,
        media=(MediaReference("photo", 5, "image/jpeg", 1000),),
        engagement=Engagement(views=7),
        album=3,
    )


async def test_a_post_is_recorded_once_with_its_job(scene: Scene) -> None:
    intake = scene.stores.intake
    assert await intake.record_post_and_queue(post_seen(scene))
    assert not await intake.record_post_and_queue(post_seen(scene))
    [job] = await scene.stores.jobs.take_jobs(WORKER, 10)
    assert job.task == ConsiderPost(PostRef(scene.channel, MessageId(1)))
    assert await scene.sql("SELECT media -> 0 ->> 'kind' FROM posts") == "photo"
    assert await scene.sql("SELECT engagement ->> 'views' FROM posts") == "7"


async def test_two_accounts_that_see_the_same_post_at_once_record_it_once(scene: Scene) -> None:
    seen = post_seen(scene)
    told = await asyncio.gather(
        *(scene.stores.intake.record_post_and_queue(seen) for _ in range(6))
    )
    assert sorted(told) == [False] * 5 + [True]


async def test_a_post_of_a_paused_or_unknown_channel_is_left_alone(scene: Scene) -> None:
    stranger = replace(post_seen(scene), channel=TelegramId(12345))
    assert not await scene.stores.intake.record_post_and_queue(stranger)
    await scene.stores.channels.set_channel_active(OLGA, scene.channel, active=False)
    assert not await scene.stores.intake.record_post_and_queue(post_seen(scene))


async def test_of_two_edits_the_later_counts_whatever_order_they_come_in(scene: Scene) -> None:
    post = await scene.post()
    for minutes, text in ((2, "second"), (1, "first")):
        edit = PostEdited(
            scene.anna, CHANNEL, post.message, text, NOW + timedelta(days=1, minutes=minutes)
        )
        await scene.stores.intake.record_post_edit(edit)
    context = await scene.stores.drafting.post_context(post)
    assert context is not None
    assert context.text == "second"


async def test_a_deleted_post_takes_what_waits_under_it_along(scene: Scene) -> None:
    message = await scene.queued(1)
    await scene.queued(2)
    await scene.stores.intake.record_posts_deleted(
        PostsDeleted(scene.anna, CHANNEL, (MessageId(1), MessageId(99)))
    )
    assert await scene.sql("SELECT state FROM outbox WHERE id = :m", m=message) == "cancelled"
    assert await scene.sql("SELECT count(*) FROM outbox WHERE state = 'due'") == 1
    assert await scene.sql("SELECT reason FROM silences") == "post_gone"


async def test_the_context_of_a_decision_holds_all_that_it_looks_at(scene: Scene) -> None:
    await scene.queued(1)
    post = await scene.post(2, "Другой пост")
    context = await scene.stores.drafting.post_context(post)
    assert context is not None
    assert (context.text, context.is_gone, context.decided) == ("Другой пост", False, False)
    assert context.grant is not None
    assert context.grant.id == scene.grant
    [turn] = context.turns
    assert (turn.account, turn.speaks, turn.promised_today) == (scene.anna, True, 1)
    assert turn.persona.key == "anna"
    assert turn.last_spoke is not None
    assert context.recent == ("Of bad eggs, says Rosetta.",)
    decided = await scene.stores.drafting.post_context(PostRef(scene.channel, MessageId(1)))
    assert decided is not None
    assert decided.decided
    unknown = PostRef(scene.channel, MessageId(99))
    assert await scene.stores.drafting.post_context(unknown) is None
    await scene.sql("UPDATE comments SET planned_on = planned_on + 1")
    context = await scene.stores.drafting.post_context(post)
    assert context is not None
    assert [(one.promised_today, one.promised_tomorrow) for one in context.turns] == [(0, 1)]


@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE grants SET expires_at = now()",
        "UPDATE grants SET starts_at = now() + interval '1 hour'",
        "UPDATE grants SET revoked_at = now(), revoked_by = 'olga'",
        "UPDATE grants SET suspended_at = now(), suspended_reason = 'x', suspended_for = 'proof'",
    ],
)
async def test_a_grant_that_does_not_live_is_no_grant(scene: Scene, ended: str) -> None:
    post = await scene.post()
    await scene.sql(ended)
    context = await scene.stores.drafting.post_context(post)
    assert context is not None
    assert context.grant is None


async def test_one_silence_stands_under_a_post_and_none_beside_a_comment(scene: Scene) -> None:
    first, second = await scene.post(1), await scene.post(2)
    drafting = scene.stores.drafting
    await drafting.record_silence(first, QUIET)
    await drafting.record_silence(first, Silence(SilenceReason.DAILY_LIMIT, "later"))
    assert await scene.sql("SELECT reason FROM silences") == "no_script_fits"
    await drafting.queue_comment(await scene.draft(second))
    await drafting.record_silence(second, QUIET)
    assert await scene.sql("SELECT count(*) FROM silences") == 1


async def test_what_a_post_is_in_a_few_words_is_kept_with_its_first_decision(scene: Scene) -> None:
    first, second = await scene.post(1), await scene.post(2)
    drafting, comets = scene.stores.drafting, summarise("What are comets made of?")
    await drafting.record_silence(first, QUIET, comets)
    again = await drafting.post_context(first)
    assert again is not None
    assert again.summary == comets
    draft = replace(await scene.draft(second), summary=comets)
    comment = await drafting.queue_comment(draft)
    assert comment is not None
    await drafting.record_silence(second, QUIET, summarise("Something else was read later"))
    assert (await scene.stores.comments.comment(comment)).summary == comets
    assert (await scene.stores.comments.explain_comment(comment)).comment.summary == comets


async def test_one_comment_stands_under_a_post_however_many_are_decided_at_once(
    scene: Scene,
) -> None:
    post = await scene.post()
    draft = await scene.draft(post)
    queued = await asyncio.gather(*(scene.stores.drafting.queue_comment(draft) for _ in range(8)))
    assert sum(comment is not None for comment in queued) == 1
    assert await scene.sql("SELECT count(*) FROM drafts") == 1


async def test_a_grant_for_two_comments_gives_two_places(scene: Scene) -> None:
    await scene.sql("UPDATE grants SET comments_per_post = 2")
    draft = await scene.draft(await scene.post())
    queued = [await scene.stores.drafting.queue_comment(draft) for _ in range(3)]
    assert [comment is not None for comment in queued] == [True, True, False]


async def test_every_message_has_a_random_id_of_its_own(scene: Scene) -> None:
    for number in range(1, 6):
        await scene.queued(number)
    assert await scene.sql("SELECT count(DISTINCT random_id) FROM outbox") == 5
    assert await scene.sql("SELECT min(random_id) FROM outbox") > 0


async def test_a_draft_is_approved_once_and_becomes_a_comment(scene: Scene) -> None:
    review = scene.stores.review
    new = await scene.draft(await scene.post())
    line = replace(new.line, model="m", prompt_hash="h", cost_usd=Decimal("0.000123"))
    held = await scene.stores.drafting.hold_for_review(replace(new, line=line))
    assert held is not None
    assert await scene.stores.drafting.hold_for_review(new) is None
    await review.edit_draft(OLGA, held, "Mostly of bad eggs.")
    [draft] = await review.drafts()
    assert (draft.id, draft.text, draft.channel) == (held, "Mostly of bad eggs.", "@sky")
    due, expires = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)
    comment = await review.approve_and_queue(OLGA, held, due, expires)
    told = await scene.stores.comments.explain_comment(comment)
    assert told.comment.text == "Mostly of bad eggs."
    assert (told.approved_by, told.model, told.cost_usd) == ("olga", "m", "0.000123")
    for act in (
        review.approve_and_queue(OLGA, held, due, expires),
        review.reject_draft(OLGA, held, "no"),
        review.edit_draft(OLGA, held, "other"),
    ):
        with pytest.raises(NotAllowed, match="olga"):
            await act
    assert await review.drafts() == []
    assert [d.state for d in await review.drafts(None)] == [DraftState.QUEUED]


async def test_a_rejected_draft_is_a_silence_with_its_reason(scene: Scene) -> None:
    held = await scene.stores.drafting.hold_for_review(await scene.draft(await scene.post()))
    assert held is not None
    await scene.stores.review.reject_draft(OLGA, held, "too bold")
    assert await scene.sql("SELECT reason || ': ' || detail FROM silences") == "rejected: too bold"


async def test_a_draft_cannot_be_approved_when_its_grant_its_place_or_its_post_is_gone(
    scene: Scene,
) -> None:
    drafting, review = scene.stores.drafting, scene.stores.review
    posts = [await scene.post(number) for number in (1, 2)]
    held = [await drafting.hold_for_review(await scene.draft(post)) for post in posts]
    times = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)
    taken = await scene.draft(posts[0])
    assert await drafting.queue_comment(taken) is not None
    with pytest.raises(NotAllowed, match="taken"):
        await review.approve_and_queue(OLGA, held[0] or DraftId(0), *times)
    await scene.stores.intake.record_posts_deleted(
        PostsDeleted(scene.anna, CHANNEL, (posts[1].message,))
    )
    with pytest.raises(NotAllowed, match="deleted"):
        await review.approve_and_queue(OLGA, held[1] or DraftId(0), *times)
    with pytest.raises(NotFound):
        await review.approve_and_queue(OLGA, DraftId(999), *times)


async def test_a_draft_that_fell_with_its_grant_is_said_to_be_withdrawn(scene: Scene) -> None:
    drafting, review = scene.stores.drafting, scene.stores.review
    posts = [await scene.post(number) for number in (1, 2)]
    held = [await drafting.hold_for_review(await scene.draft(post)) for post in posts]
    decided, withdrawn = (one or DraftId(0) for one in held)
    await review.reject_draft(OLGA, decided, "too bold")
    await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    times = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)
    fallen = rf"Draft {withdrawn} was withdrawn when olga revoked its grant: nothing is left"
    for decide in (
        review.approve_and_queue(OLGA, withdrawn, *times),
        review.edit_draft(OLGA, withdrawn, "Of almonds."),
        review.reject_draft(OLGA, withdrawn, "too late"),
    ):
        with pytest.raises(NotAllowed, match=fallen):
            await decide
    with pytest.raises(NotAllowed, match=f"Draft {decided} was rejected by olga already"):
        await review.approve_and_queue(OLGA, decided, *times)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE grants SET expires_at = now()", "has expired: reject the draft"),
        ("UPDATE grants SET revoked_at = now(), revoked_by = 'eva'", "was revoked: reject"),
    ],
)
async def test_an_open_draft_whose_grant_ended_is_to_be_rejected(
    scene: Scene, statement: str, told: str
) -> None:
    draft = await scene.stores.drafting.hold_for_review(await scene.draft(await scene.post()))
    await scene.sql(statement)
    times = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(NotAllowed, match=told):
        await scene.stores.review.approve_and_queue(OLGA, draft or DraftId(0), *times)


def message_seen(scene: Scene, number: int, text: str) -> DirectMessageSeen:
    return DirectMessageSeen(scene.anna, TelegramId(55), MessageId(number), text, NOW, "Bob", "bob")


async def test_a_direct_message_is_recorded_once_with_who_wrote_it(scene: Scene) -> None:
    intake = scene.stores.intake
    assert await intake.record_direct_message(message_seen(scene, 1, "Hello"))
    assert not await intake.record_direct_message(message_seen(scene, 1, "Hello"))
    assert await intake.record_direct_message(message_seen(scene, 2, "Anybody there?"))
    assert await scene.sql("SELECT count(*) FROM conversations") == 1
    assert await scene.sql("SELECT name FROM contacts") == "Bob"
    assert await scene.sql("SELECT count(*) FROM messages WHERE NOT is_read") == 2


@pytest.mark.parametrize("text", ["STOP", "стоп!", "Пожалуйста, не пишите мне больше.", "Отпишите"])
async def test_a_stop_word_ends_the_conversation_for_good(scene: Scene, text: str) -> None:
    await scene.stores.intake.record_direct_message(message_seen(scene, 1, text))
    assert await scene.sql("SELECT reason FROM opt_outs") == "stop_word"
    assert await scene.sql("SELECT state FROM conversations") == "closed"


async def test_a_word_that_only_contains_a_stop_word_ends_nothing(scene: Scene) -> None:
    text = "Где автобусная остановка? I could not stop reading your long post about the comets"
    await scene.stores.intake.record_direct_message(message_seen(scene, 1, text))
    assert await scene.sql("SELECT count(*) FROM opt_outs") == 0


async def test_what_is_counted_adds_up(scene: Scene) -> None:
    stores = scene.stores
    message = await scene.queued(1)
    await stores.drafting.record_silence(await scene.post(2), QUIET)
    await stores.drafting.hold_for_review(await scene.draft(await scene.post(3), "Ice."))
    await scene.post(4)
    claim = await stores.outbox.claim_if_welcome(scene.holder, message, GateTerms())
    assert claim.verdict is Verdict.WELCOME
    tally = await stores.tally.tally()
    assert (tally.posts_seen, tally.undecided, tally.in_review) == (4, 1, 1)
    assert tally.comments == {CommentStatus.PENDING: 1}
    assert tally.silences == {SilenceReason.NO_SCRIPT_FITS: 1}
    assert {d.outcome for d in await stores.tally.decisions(9)} == {"comment", "silence", "review"}
