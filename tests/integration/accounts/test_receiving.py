"""Receiving everything: nothing that was told is lost, whatever interrupts it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from telethon.tl.types import InputChannel

from accounts import peers
from accounts.client import TelethonAccount
from orchestrator.facts import (
    ChannelLost,
    DirectMessageSeen,
    MessageEdited,
    MessagesDeleted,
    PostEdited,
    PostsDeleted,
    PostSeen,
    UpdatesSkipped,
)
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.sessions import SessionStore, UpdateState
from orchestrator.ports.telegram import Peer
from orchestrator.refusals import Action, OutcomeUnknown, TelegramRefused
from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.channels import Channel
from simulator.world.messages import Draft
from simulator.world.people import Person
from tests.integration.accounts.cast import ANNA, QUICK, Cast, Ear, until


@pytest.fixture(params=["memory_sessions", "postgres_sessions"])
def sessions(request: pytest.FixtureRequest) -> SessionStore:
    found: SessionStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def anna(cast: Cast) -> Person:
    return await cast.enlist()


@pytest.fixture
def owner(cast: Cast) -> Person:
    return cast.world.add_person("+9996633333", "Olga Ivanova", username="olga_here")


@pytest.fixture
def science(cast: Cast, anna: Person, owner: Person) -> Channel:
    """A channel with a discussion group, of which Anna is a member."""
    channel = cast.world.add_channel("Science", "science", owner=owner, linked=True)
    cast.world.join(channel, anna)
    return channel


async def stored_state(cast: Cast) -> UpdateState:
    stored = await cast.sessions.load_session(ANNA)
    assert stored is not None
    assert stored.updates is not None
    return stored.updates


async def catch_up(cast: Cast) -> Ear:
    """Open the account until it has nothing more to tell, and return what it told."""
    ear = Ear()
    async with cast.telegram.open(ANNA, ear) as account:
        await settle(cast, account)
    return ear


async def settle(cast: Cast, account: TelethonAccount) -> None:
    """Wait until all that the world holds for the account was handled."""
    flow = account.connection.flow
    assert flow is not None
    person = next(person for person in cast.world.people if person.phone == "9996611111")

    def done() -> bool:
        state = flow.handled
        return state is not None and state.pts == person.inbox.mailbox.pts and all(
            state.channels.get(number, pts) == pts
            for number, pts in (
                (channel, cast.world.channels.get(channel).mailbox.pts)
                for channel in person.inbox.channels
            )
        )  # fmt: skip

    await until(done)


def texts(ear: Ear) -> list[str]:
    return [post.text for post in ear.of(PostSeen)]


async def test_a_post_its_edit_and_its_deletion_are_told_as_they_happen(
    cast: Cast, science: Channel, owner: Person, ear: Ear
) -> None:
    async with cast.telegram.open(ANNA, ear):
        post = cast.world.publish(science, "news")
        await ear.until(lambda: bool(ear.of(PostSeen)))
        cast.world.channel_talk.edit(science, owner.id, post.id, Draft("better news"))
        await ear.until(lambda: bool(ear.of(PostEdited)))
        cast.world.delete(science, post.id)
        await ear.until(lambda: bool(ear.of(PostsDeleted)))
    [seen], [edited] = ear.of(PostSeen), ear.of(PostEdited)
    assert (seen.account, int(seen.channel), seen.text) == (ANNA, science.id, "news")
    assert (int(edited.message), edited.text) == (post.id, "better news")


async def test_what_is_said_in_the_discussion_group_is_no_post(
    cast: Cast, science: Channel, anna: Person, owner: Person, ear: Ear
) -> None:
    group = cast.world.group_of(science)
    cast.world.join(group, anna)
    await catch_up(cast)
    async with cast.telegram.open(ANNA, ear):
        post = cast.world.publish(science, "one")
        cast.world.comment(science, post.id, owner, "a comment")
        cast.world.publish(science, "two")
        await ear.until(lambda: len(ear.facts) == 2)
    assert texts(ear) == ["one", "two"]


async def test_a_direct_message_is_told_with_its_sender(
    cast: Cast, anna: Person, owner: Person, ear: Ear
) -> None:
    async with cast.telegram.open(ANNA, ear):
        cast.world.send_private(owner, anna, "hello")
        await ear.until(lambda: bool(ear.facts))
    [message] = ear.of(DirectMessageSeen)
    assert (int(message.sender), message.text) == (owner.id, "hello")
    assert (message.sender_name, message.sender_username) == ("Olga Ivanova", "olga_here")
    known = await cast.sessions.load_entities(ANNA)
    assert ("user", owner.id) in {(entity.kind, int(entity.telegram_id)) for entity in known}


async def test_our_own_message_is_not_told_as_somebody_elses(
    cast: Cast, anna: Person, owner: Person, ear: Ear
) -> None:
    async with cast.telegram.open(ANNA, ear) as account:
        cast.world.send_private(anna, owner, "from my phone")
        cast.world.send_private(owner, anna, "answer")
        await ear.until(lambda: bool(ear.facts))
        await settle(cast, account)
    assert [fact.text for fact in ear.of(DirectMessageSeen)] == ["answer"]


async def test_what_happened_while_nobody_was_connected_is_told_afterwards(
    cast: Cast, science: Channel, anna: Person, owner: Person
) -> None:
    await catch_up(cast)
    for number in range(130):
        cast.world.publish(science, str(number))
    cast.world.send_private(owner, anna, "are you there?")
    ear = await catch_up(cast)
    assert texts(ear) == [str(number) for number in range(130)]
    assert [fact.text for fact in ear.of(DirectMessageSeen)] == ["are you there?"]
    assert (await catch_up(cast)).facts == []


async def test_a_direct_message_between_sign_in_and_first_opening_is_told(
    cast: Cast, anna: Person, owner: Person
) -> None:
    cast.world.send_private(owner, anna, "welcome")
    ear = await catch_up(cast)
    assert [fact.text for fact in ear.of(DirectMessageSeen)] == ["welcome"]


async def test_a_channel_known_at_sign_in_is_followed_from_there_on(
    cast: Cast, science: Channel, ear: Ear
) -> None:
    cast.world.publish(science, "before")
    await cast.sign_in(ANNA)
    cast.world.publish(science, "between")
    async with cast.telegram.open(ANNA, ear):
        await ear.until(lambda: bool(ear.facts))
    assert texts(ear) == ["between"]


async def test_a_channel_joined_since_is_told_as_a_gap_and_then_followed(
    cast: Cast, science: Channel, ear: Ear
) -> None:
    cast.world.publish(science, "missed")
    async with cast.telegram.open(ANNA, ear) as account:
        await ear.until(lambda: bool(ear.of(UpdatesSkipped)))
        await settle(cast, account)
        cast.world.publish(science, "followed")
        await ear.until(lambda: bool(ear.of(PostSeen)))
    assert ear.facts[0] == UpdatesSkipped(ANNA, TelegramId(science.id))
    assert texts(ear) == ["followed"]


async def test_a_post_that_was_not_committed_comes_again(cast: Cast, science: Channel) -> None:
    """The client dies between dispatch and commit."""
    await catch_up(cast)
    deaf = Ear()
    deaf.gate = asyncio.Event()
    async with cast.telegram.open(ANNA, deaf):
        cast.world.publish(science, "interrupted")
        cast.world.publish(science, "waiting behind it")
        async with asyncio.timeout(5):
            await deaf.begun.wait()
    assert deaf.facts == []
    assert texts(await catch_up(cast)) == ["interrupted", "waiting behind it"]


async def test_a_direct_message_that_was_not_committed_comes_again(
    cast: Cast, anna: Person, owner: Person
) -> None:
    await catch_up(cast)
    deaf = Ear()
    deaf.gate = asyncio.Event()
    async with cast.telegram.open(ANNA, deaf):
        cast.world.send_private(owner, anna, "interrupted")
        async with asyncio.timeout(5):
            await deaf.begun.wait()
    again = await catch_up(cast)
    assert [fact.text for fact in again.of(DirectMessageSeen)] == ["interrupted"]


async def test_an_interrupted_difference_is_taken_again(
    cast: Cast, science: Channel, anna: Person, owner: Person
) -> None:
    await catch_up(cast)
    for number in range(5):
        cast.world.publish(science, str(number))
        cast.world.send_private(owner, anna, str(number))
    deaf = Ear()
    deaf.gate = asyncio.Event()
    async with cast.telegram.open(ANNA, deaf):
        async with asyncio.timeout(5):
            await deaf.begun.wait()
    again = await catch_up(cast)
    assert texts(again) == list("01234")
    assert [fact.text for fact in again.of(DirectMessageSeen)] == list("01234")


async def test_a_sink_that_fails_ends_the_connection_and_its_fact_comes_again(
    cast: Cast, science: Channel
) -> None:
    await catch_up(cast)
    broken = Ear()
    broken.refuse = RuntimeError("the database is gone")
    async with asyncio.timeout(5), cast.telegram.open(ANNA, broken) as account:
        cast.world.publish(science, "first")
        cast.world.publish(science, "second")
        with pytest.raises(RuntimeError, match="database is gone"):
            await account.wait_closed()
    assert texts(await catch_up(cast)) == ["first", "second"]


async def test_the_stored_state_never_passes_a_fact_that_is_not_committed(
    cast: Cast, science: Channel
) -> None:
    await catch_up(cast)
    before = await stored_state(cast)
    slow = Ear()
    slow.gate = asyncio.Event()
    async with cast.telegram.open(ANNA, slow) as account:
        cast.world.publish(science, "slow")
        async with asyncio.timeout(5):
            await slow.begun.wait()
        flow = account.connection.flow
        assert flow is not None
        await flow.save_handled()
        assert (await stored_state(cast)).channels == before.channels
        slow.gate.set()
        await slow.until(lambda: bool(slow.facts))
        await settle(cast, account)
        await flow.save_handled()
        after = (await stored_state(cast)).channels
    assert after[science.id] == science.mailbox.pts
    assert after != before.channels


async def test_too_much_missed_in_a_channel_is_told_as_a_gap(cast: Cast, science: Channel) -> None:
    await catch_up(cast)
    cast.world.limits.channel = 10
    for number in range(30):
        cast.world.publish(science, str(number))
    ear = Ear()
    async with cast.telegram.open(ANNA, ear):
        await ear.until(lambda: bool(ear.of(UpdatesSkipped)))
        cast.world.publish(science, "after the gap")
        await ear.until(lambda: bool(ear.of(PostSeen)))
    assert ear.of(UpdatesSkipped)[0] == UpdatesSkipped(ANNA, TelegramId(science.id))
    assert texts(ear)[-1] == "after the gap"


async def test_too_much_missed_in_private_is_told_as_a_gap(
    cast: Cast, anna: Person, owner: Person
) -> None:
    await catch_up(cast)
    cast.world.limits.account = 10
    for number in range(30):
        cast.world.send_private(owner, anna, str(number))
    ear = Ear()
    async with cast.telegram.open(ANNA, ear):
        await ear.until(lambda: bool(ear.of(UpdatesSkipped)))
    assert ear.of(UpdatesSkipped) == [UpdatesSkipped(ANNA, None)]


async def test_a_channel_joined_meanwhile_is_followed_from_its_first_update(
    cast: Cast, anna: Person, owner: Person, ear: Ear
) -> None:
    await catch_up(cast)
    async with cast.telegram.open(ANNA, ear):
        late = cast.world.add_channel("Late", owner=owner)
        cast.world.publish(late, "before")
        cast.world.join(late, anna)
        cast.world.publish(late, "first")
        await ear.until(lambda: bool(ear.of(PostSeen)))
    assert texts(ear) == ["first"]
    cast.world.publish(late, "while away")
    assert texts(await catch_up(cast)) == ["while away"]


async def test_being_put_out_of_a_private_channel_is_told(
    cast: Cast, anna: Person, owner: Person, ear: Ear
) -> None:
    closed = cast.world.add_channel("Closed", owner=owner)
    cast.world.join(closed, anna)
    async with cast.telegram.open(ANNA, ear):
        cast.world.membership.expel(closed, anna)
        await ear.until(lambda: bool(ear.of(ChannelLost)))
    assert {int(lost.channel) for lost in ear.of(ChannelLost)} == {closed.id}


async def test_a_channel_closed_while_nobody_was_connected_is_told(
    cast: Cast, anna: Person, owner: Person
) -> None:
    closed = cast.world.add_channel("Closed", owner=owner)
    cast.world.join(closed, anna)
    await catch_up(cast)
    cast.server.faults.add(
        Fault("updates.GetChannelDifference", FaultKind.ERROR, "CHANNEL_PRIVATE")
    )
    cast.world.publish(closed, "unseen")
    ear = Ear()
    async with cast.telegram.open(ANNA, ear):
        await ear.until(lambda: bool(ear.of(ChannelLost)))


async def test_a_difference_survives_trouble_at_telegrams(cast: Cast, science: Channel) -> None:
    await catch_up(cast)
    cast.world.publish(science, "in spite of it")
    cast.server.faults.add(Fault("updates.GetDifference", FaultKind.ERROR, "RPC_CALL_FAIL"))
    assert texts(await catch_up(cast)) == ["in spite of it"]


async def test_a_revoked_session_ends_the_connection_and_the_next_one_says_why(
    cast: Cast, anna: Person, ear: Ear
) -> None:
    async with asyncio.timeout(5), cast.telegram.open(ANNA, ear) as account:
        [login] = cast.world.logins.keys[anna.id].values()
        cast.world.logins.end(login.key_id)
        await account.wait_closed()
    with pytest.raises(TelegramRefused) as caught:
        async with cast.telegram.open(ANNA, ear):
            pytest.fail("opened with a revoked session")
    assert caught.value.refusal.action is Action.NEEDS_LOGIN


async def test_a_session_that_dies_while_updates_are_taken_says_why(
    cast: Cast, science: Channel, ear: Ear
) -> None:
    await catch_up(cast)
    cast.world.publish(science, "unseen")
    cast.server.faults.add(Fault("updates.GetDifference", FaultKind.ERROR, "SESSION_REVOKED"))
    with pytest.raises(TelegramRefused) as caught:
        async with asyncio.timeout(5), cast.telegram.open(ANNA, ear) as account:
            await account.wait_closed()
    assert caught.value.refusal.action is Action.NEEDS_LOGIN


async def test_a_dropped_connection_is_noticed(cast: Cast, anna: Person, ear: Ear) -> None:
    assert anna.phone
    async with cast.telegram.open(ANNA, ear) as account:
        await cast.server.listener.stop()
        async with asyncio.timeout(5):
            await account.wait_closed()


async def test_without_a_sink_no_updates_are_asked_for(cast: Cast, science: Channel) -> None:
    await catch_up(cast)
    before = await stored_state(cast)
    async with cast.telegram.open(ANNA, None) as account:
        cast.world.publish(science, "unheard")
        await account.profile()
    assert await stored_state(cast) == before
    assert texts(await catch_up(cast)) == ["unheard"]


async def test_edits_and_deletions_that_come_inside_a_difference_are_told(
    cast: Cast, science: Channel, owner: Person, anna: Person
) -> None:
    changed = cast.world.publish(science, "before")
    gone = cast.world.publish(science, "gone")
    cast.world.send_private(owner, anna, "typo")
    cast.world.send_private(owner, anna, "regretted")
    await catch_up(cast)
    await catch_up(cast)
    cast.world.channel_talk.edit(science, owner.id, changed.id, Draft("after"))
    cast.world.delete(science, gone.id)
    first, second = cast.world.messages_of((owner, anna))
    cast.world.private_talk.edit(owner, first.id, Draft("corrected"))
    cast.world.private_talk.delete(owner, [second.id], revoke=True)
    ear = await catch_up(cast)
    assert [edit.text for edit in ear.of(PostEdited)] == ["after"]
    assert [deletion.messages for deletion in ear.of(PostsDeleted)] == [(MessageId(gone.id),)]
    assert [edit.text for edit in ear.of(MessageEdited)] == ["corrected"]
    assert [len(deletion.messages) for deletion in ear.of(MessagesDeleted)] == [1]


async def test_a_channels_pts_is_never_taken_for_the_accounts_own(
    cast: Cast, anna: Person, owner: Person, ear: Ear
) -> None:
    """Telethon makes an update of the account of the answer to a deletion in a channel."""
    ours = cast.world.add_channel("Ours", owner=anna)
    post = cast.world.publish(ours, "to be deleted")
    await catch_up(cast)
    async with cast.telegram.open(ANNA, ear) as account:
        await account.caught_up()
        while ours.mailbox.pts < anna.inbox.mailbox.pts:
            cast.world.publish(ours, "filler")
        while anna.inbox.mailbox.pts < ours.mailbox.pts:
            cast.world.send_private(owner, anna, "filler")
        await settle(cast, account)
        cast.server.faults.add(Fault("UpdateNewMessage", FaultKind.DROP_UPDATES))
        cast.world.send_private(owner, anna, "hidden")
        peer = Peer("channel", TelegramId(ours.id), (await find_channel(account, ours)).access_hash)
        await account.delete(peer, (MessageId(post.id),))
        cast.world.send_private(owner, anna, "after it")
        await ear.until(lambda: ear.facts[-1:] != [] and "after it" in said(ear))
    assert said(ear)[-2:] == ["hidden", "after it"]


async def find_channel(account: TelethonAccount, channel: Channel) -> InputChannel:
    return await peers.find_channel(account.connection, TelegramId(channel.id))


def said(ear: Ear) -> list[str]:
    return [message.text for message in ear.of(DirectMessageSeen)]


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.CUT_AFTER])
async def test_a_difference_whose_answer_is_lost_is_taken_on_the_next_connection(
    cast: Cast, anna: Person, owner: Person, kind: FaultKind
) -> None:
    await catch_up(cast)
    cast.world.send_private(owner, anna, "waiting")
    cast.server.faults.add(Fault("updates.GetDifference", kind))
    hasty = cast.door(replace(QUICK, answer=timedelta(seconds=0.3)))
    with suppress(OutcomeUnknown):
        async with asyncio.timeout(5), hasty.open(ANNA, Ear()) as account:
            await account.wait_closed()
    assert said(await catch_up(cast)) == ["waiting"]


async def test_a_channel_whose_difference_is_refused_is_told_as_a_gap(
    cast: Cast, science: Channel, ear: Ear
) -> None:
    await catch_up(cast)
    await catch_up(cast)
    cast.world.publish(science, "unseen")
    cast.server.faults.add(Fault("updates.GetChannelDifference", FaultKind.ERROR, "FLOOD_WAIT_30"))
    async with cast.telegram.open(ANNA, ear):
        await ear.until(lambda: bool(ear.of(UpdatesSkipped)))
    assert ear.of(UpdatesSkipped) == [UpdatesSkipped(ANNA, TelegramId(science.id))]
