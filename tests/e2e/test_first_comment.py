"""The main job, whole: from a post in a channel to a comment under it, or a silence."""

from datetime import timedelta

import pytest

from cli.demo.players import AnswersForTestNumber
from cli.demo.theatre import PHONES
from orchestrator.conversations.explaining import judge_told
from orchestrator.errors import AccountBusy, BadInput, NotAllowed
from orchestrator.ids import MessageId
from orchestrator.ports.drafting import DraftState
from orchestrator.ports.grants import Review
from orchestrator.ports.outbox import CommentStatus
from orchestrator.service.grants import GrantTerms
from orchestrator.supervisor.upkeep import Upkeep
from simulator.mtproto.faults import Fault, FaultKind
from tests.e2e.conftest import ANNA, BORIS, CHANNEL, OLGA, ROCKET, SPACE, Play

SEND = "messages.SendMessage"
WORDS = SPACE.triggers[0].responses[0].text


async def test_a_post_that_a_script_fits_gets_one_comment(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == [WORDS]
    assert cast.theatre.duplicates() == 0


async def test_a_comment_can_be_explained_to_the_last_detail(cast: Play) -> None:
    grant = await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        await cast.publish()
        await cast.until_decided()
    (comment,) = await cast.service.comments.list(None, 10)
    why = await cast.service.comments.explain(comment.id)
    assert why.post_text == ROCKET
    assert why.script == "space@1"
    assert why.trigger == "launch"
    assert str(grant.id) in why.grant
    assert why.judge
    assert judge_told(why.judge) == f"the selector {why.judge[:12]}"
    assert why.approved_by
    assert comment.message is not None


async def test_without_a_grant_nobody_speaks_and_the_silence_says_so(cast: Play) -> None:
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == []
    assert (await cast.service.tally()).silences == {"no_grant": 1}


async def test_an_account_without_the_disclosure_in_its_bio_reads_but_is_silent(
    play: Play,
) -> None:
    await play.engage(ANNA, disclosed=False)
    await play.watch()
    await play.grant()
    await play.campaign()

    async def refused() -> bool:
        rows = await play.service.outbox.list(10)
        return bool(rows) and "bio does not say" in (rows[0].last_error or "")

    async with play.company.running_node():
        post = await play.publish()
        await play.until(refused)
    assert play.said(post) == []


async def test_what_no_script_fits_is_a_silence_and_never_filler(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish("Our office is closed on Monday")
        await cast.until_decided()
    assert cast.said(post) == []
    assert (await cast.service.tally()).silences == {"no_script_fits": 1}


async def test_two_accounts_make_no_crowd_under_one_post(cast: Play) -> None:
    await cast.engage(BORIS)
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert len(cast.said(post)) == 1


async def test_a_draft_waits_for_a_person_where_the_grant_asks_for_one(cast: Play) -> None:
    await cast.grant(Review.REQUIRED)
    await cast.campaign()

    async def waits() -> bool:
        return bool(await cast.service.review.list())

    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until(waits)
        assert cast.said(post) == []
        (draft,) = await cast.service.review.list()
        await cast.service.review.edit(OLGA, draft.id, "Where does the first stage come down?")
        await cast.service.review.approve(OLGA, draft.id)
        await cast.until_decided()
    assert cast.said(post) == ["Where does the first stage come down?"]
    (comment,) = await cast.service.comments.list(CommentStatus.SENT, 10)
    assert "olga" in (await cast.service.comments.explain(comment.id)).approved_by


async def test_a_rejected_draft_becomes_a_silence(cast: Play) -> None:
    await cast.grant(Review.REQUIRED)
    await cast.campaign()

    async def waits() -> bool:
        return bool(await cast.service.review.list())

    async with cast.company.running_node():
        await cast.publish()
        await cast.until(waits)
        (draft,) = await cast.service.review.list()
        await cast.service.review.reject(OLGA, draft.id, "not today")
    assert (await cast.service.tally()).silences == {"rejected": 1}
    (rejected,) = await cast.service.review.list(DraftState.REJECTED)
    assert rejected.decided_by == "olga"


async def test_after_a_revoke_nothing_goes_out_and_what_was_sent_can_be_deleted(
    cast: Play,
) -> None:
    grant = await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
        revocation = await cast.service.grants.revoke(OLGA, grant.id)
        assert revocation.cancelled == 0
        second = await cast.publish("A new rocket launch is planned")
        await cast.until_decided(2)
        (comment,) = await cast.service.comments.list(None, 10)
        await cast.service.comments.delete(OLGA, comment.id)
    assert cast.said(second) == []
    assert cast.said(post) == []
    assert (await cast.service.comments.show(comment.id)).status is CommentStatus.DELETED


async def test_a_lost_answer_is_settled_by_asking_again_and_nothing_doubles(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    cast.theatre.server.faults.add(Fault(SEND, FaultKind.CUT_AFTER))
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == [WORDS]
    assert cast.theatre.duplicates() == 0
    (comment,) = await cast.service.comments.list(CommentStatus.SENT, 10)
    assert (await cast.service.comments.explain(comment.id)).attempts == 2


async def test_a_flood_wait_is_waited_out_by_the_message_and_not_by_the_account(
    cast: Play,
) -> None:
    await cast.grant()
    await cast.campaign()
    cast.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error="FLOOD_WAIT_1"))
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == [WORDS]
    (comment,) = await cast.service.comments.list(CommentStatus.SENT, 10)
    assert (await cast.service.comments.explain(comment.id)).attempts == 1


async def test_a_banned_account_is_parked_with_the_reason_and_its_work_goes_to_nobody(
    cast: Play,
) -> None:
    await cast.engage(BORIS)
    await cast.grant()
    await cast.campaign()
    cast.theatre.server.faults.add(
        Fault(SEND, FaultKind.ERROR, error="USER_DEACTIVATED_BAN", times=1)
    )

    async def parked() -> bool:
        return any(one.state == "banned" for one in await cast.service.accounts.list())

    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until(parked)
    assert cast.said(post) == []
    (waiting,) = await cast.service.outbox.list(10)
    (banned,) = [one for one in await cast.service.accounts.list() if one.state == "banned"]
    assert waiting.account == banned.name
    assert banned.state_reason


async def test_posts_that_no_update_told_of_are_found_by_comparing(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    missed = [await cast.publish(f"{ROCKET} number {n}") for n in range(3)]
    async with cast.company.running_node():
        await cast.until_decided(3)
    assert sum(len(cast.said(post)) for post in missed) >= 1
    assert (await cast.service.tally()).posts_seen == 3


async def test_a_grant_needs_an_account_that_may_post_there(cast: Play) -> None:
    await cast.engage(BORIS)
    with pytest.raises(NotAllowed, match="neither creator nor an admin"):
        await cast.service.grants.add(OLGA, CHANNEL, "boris", GrantTerms())
    assert await cast.service.grants.list(None) == []


async def test_another_linked_group_suspends_the_grant(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    world = cast.theatre.world
    other = world.add_group("Elsewhere", owner=cast.theatre.owner)
    world.link_group(cast.theatre.channel, other)

    async def suspended() -> bool:
        (grant,) = await cast.service.grants.list(None)
        return grant.suspended_at is not None

    async with cast.company.running_node():
        await cast.until(suspended)
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == []


async def test_the_engagement_of_a_comment_is_read_from_telegram(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
        (comment,) = await cast.service.comments.list(None, 10)
        thread = cast.theatre.world.comments_under(cast.theatre.channel, post.id)
        assert comment.message == MessageId(thread[0].id)
        world = cast.theatre.world
        group = world.group_of(cast.theatre.channel)
        world.channel_talk.react(group, cast.theatre.owner.id, thread[0].id, ("👍",))
        await Upkeep(cast.company.stage, cast.company.door).refresh_engagement(comment.id)
    assert (await cast.service.comments.show(comment.id)).likes == 1


async def test_a_comment_that_the_owner_removed_is_recorded_as_deleted(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
        (comment,) = await cast.service.comments.list(None, 10)
        world = cast.theatre.world
        thread = world.comments_under(cast.theatre.channel, post.id)
        world.delete(world.group_of(cast.theatre.channel), thread[0].id)
        await Upkeep(cast.company.stage, cast.company.door).refresh_engagement(comment.id)
    assert (await cast.service.comments.show(comment.id)).status is CommentStatus.DELETED


async def test_a_guest_who_never_met_the_channel_comments_where_guests_may(cast: Play) -> None:
    await cast.engage(BORIS, joins=False)
    await cast.grant()
    await cast.campaign(10, "boris")
    async with cast.company.running_node():
        post = await cast.publish()
        await cast.until_decided()
    assert cast.said(post) == [WORDS]
    (comment,) = await cast.service.comments.list(None, 10)
    assert comment.account == "boris"


async def test_what_was_posted_while_nobody_ran_is_found_at_the_start_however_much_it_was(
    cast: Play,
) -> None:
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node():
        await cast.publish()
        await cast.until_decided()
    cast.theatre.world.limits.channel = 1
    for number in range(5):
        await cast.publish(f"{ROCKET} number {number}")
    async with cast.company.running_node():
        await cast.until_decided(6)
    assert (await cast.service.tally()).posts_seen == 6
    assert cast.theatre.duplicates() == 0


async def test_a_stand_in_reads_on_where_the_reader_no_longer_can(cast: Play) -> None:
    await cast.engage(BORIS)
    world, channel = cast.theatre.world, cast.theatre.channel

    async def read_by_boris() -> bool:
        return (await cast.service.channels.show(CHANNEL)).reader == "boris"

    async def seen_both() -> bool:
        return (await cast.service.tally()).posts_seen == 2

    async with cast.company.running_node():
        await cast.publish()
        await cast.until_decided()
        channel.open = False
        world.membership.expel(channel, world.people.by_phone[PHONES[0].lstrip("+")])
        await cast.until(read_by_boris)
        await cast.publish()
        await cast.until(seen_both)


async def test_signing_in_is_refused_at_once_while_a_node_holds_the_account(cast: Play) -> None:
    async with cast.company.running_node() as node:
        lane = await until_held(cast)
        assert lane == node.name
        with pytest.raises(AccountBusy, match="troupe accounts pause anna"):
            await cast.service.accounts.login(OLGA, "anna", AnswersForTestNumber(PHONES[0], "Anna"))


async def until_held(play: Play) -> str | None:
    """Wait until a node holds Anna's lease; returns the node."""
    anna = await play.service.accounts.show("anna")

    async def held() -> bool:
        return not (await play.company.stage.stores.leases.lease_of(anna.id)).released

    await play.until(held)
    return (await play.company.stage.stores.leases.lease_of(anna.id)).node


async def test_a_draft_is_rejected_with_a_reason_or_not_at_all(cast: Play) -> None:
    await cast.grant(Review.REQUIRED)
    await cast.campaign()

    async def waits() -> bool:
        return bool(await cast.service.review.list())

    async with cast.company.running_node():
        await cast.publish()
        await cast.until(waits)
    (draft,) = await cast.service.review.list()
    with pytest.raises(BadInput, match="say why"):
        await cast.service.review.reject(OLGA, draft.id, " ")
    assert len(await cast.service.review.list()) == 1


async def test_a_grant_for_a_thousand_years_is_refused(cast: Play) -> None:
    terms = GrantTerms(lasts=timedelta(days=365_000))
    with pytest.raises(BadInput, match="3650 days"):
        await cast.service.grants.add(OLGA, CHANNEL, "anna", terms)
