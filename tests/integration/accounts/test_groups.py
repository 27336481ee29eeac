"""Private groups: what an account can do with one, and what it is told of one."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from accounts.client import TelethonAccount
from orchestrator.errors import BadInput, NotFound
from orchestrator.facts import GroupChanged, GroupMessageEdited, GroupMessageSeen, PostsDeleted
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import GroupSeen, Letter
from orchestrator.refusals import TelegramRefused
from simulator.world.channels import Channel
from simulator.world.messages import Draft
from simulator.world.peers import ChannelId as SimulatedChannel
from simulator.world.peers import MessageId as SimulatedId
from simulator.world.people import Person
from tests.integration.accounts.cast import ANNA, BORIS, Cast, Ear

SOON = timedelta(seconds=5)


@pytest.fixture
async def anna(cast: Cast) -> Person:
    return await cast.enlist()


@pytest.fixture
async def account(cast: Cast, anna: Person, ear: Ear) -> AsyncIterator[TelethonAccount]:
    assert anna.phone
    async with cast.telegram.open(ANNA, ear) as opened:
        yield opened


@pytest.fixture
def learner(cast: Cast) -> Person:
    return cast.world.add_person("+9996644444", "Lena", username="lena_learns")


def in_world(cast: Cast, group: GroupSeen) -> Channel:
    return cast.world.channels.get(SimulatedChannel(group.peer.telegram_id))


async def test_a_group_that_an_account_founds_is_private_and_its_own(
    account: TelethonAccount, cast: Cast, anna: Person
) -> None:
    founded = await account.found_group("Stars", "A study group")
    assert (founded.title, founded.created_by_us, founded.private) == ("Stars", True, True)
    group = in_world(cast, founded)
    assert (group.username, group.broadcast, list(group.members)) == ("", False, [anna.id])
    assert await account.look_at_group(founded.peer) == founded


async def test_another_account_enters_by_a_link_that_works_once(
    account: TelethonAccount, cast: Cast
) -> None:
    founded = await account.found_group("Stars", "")
    link = await account.invite_link(founded.peer, once=True)
    boris = await cast.enlist(BORIS, "Boris")
    async with cast.telegram.open(BORIS, None) as partner:
        entered = await partner.enter_group(link)
        assert await partner.look_at_group(entered.peer) == entered
        again = await account.invite_link(founded.peer, once=False)
        assert await partner.enter_group(again) == entered
    assert (entered.title, entered.created_by_us, entered.private) == ("Stars", False, True)
    assert boris.id in in_world(cast, founded).members
    members = await account.group_members(founded.peer)
    assert [(one.name, one.is_bot) for one in members] == [("Anna", False), ("Boris", False)]
    with pytest.raises(NotFound, match="no longer valid"):
        await account.enter_group(link)


async def test_nothing_but_the_link_of_a_private_group_is_entered(
    account: TelethonAccount, cast: Cast, learner: Person
) -> None:
    channel = cast.world.add_channel("News", "news_here", owner=learner)
    for link in ("@news_here", cast.world.invite_link(channel)):
        with pytest.raises(BadInput):
            await account.enter_group(link)
    assert list(channel.members) == [learner.id]


async def test_a_notice_is_written_pinned_and_looked_at_again(
    account: TelethonAccount, cast: Cast
) -> None:
    founded = await account.found_group("Stars", "")
    notice = Letter(founded.peer, None, "Anna is a program.", 4242)
    sent = await account.send(notice, within=SOON)
    await account.pin(founded.peer, sent.message)
    seen = await account.read_notice(founded.peer, sent.message)
    assert (seen.message, seen.text, seen.pinned) == (sent.message, "Anna is a program.", True)
    await account.edit_text(founded.peer, sent.message, "Anna and Boris are programs.")
    seen = await account.read_notice(founded.peer, sent.message)
    assert seen.text == "Anna and Boris are programs."
    cast.world.delete(in_world(cast, founded), SimulatedId(sent.message))
    assert (await account.read_notice(founded.peer, sent.message)).message is None


async def test_a_group_that_is_closed_to_the_account_is_refused(
    account: TelethonAccount, cast: Cast, anna: Person
) -> None:
    founded = await account.found_group("Stars", "")
    cast.world.membership.dissolve(in_world(cast, founded), anna)
    with pytest.raises(TelegramRefused):
        await account.look_at_group(founded.peer)


async def test_what_is_said_changed_and_pinned_in_a_group_is_told(
    account: TelethonAccount, cast: Cast, anna: Person, learner: Person, ear: Ear
) -> None:
    founded = await account.found_group("Stars", "")
    group = in_world(cast, founded)
    cast.world.join(group, learner)
    question = cast.world.say(group, learner, "What is a star?")
    await ear.until(lambda: bool(ear.of(GroupMessageSeen)))
    [seen] = ear.of(GroupMessageSeen)
    assert (seen.group, seen.message) == (founded.peer.telegram_id, MessageId(question.id))
    assert seen.author == TelegramId(learner.id)
    assert (seen.text, seen.author_name) == ("What is a star?", "Lena")
    assert seen.author_username == "lena_learns"

    talk = cast.world.channel_talk
    talk.edit(group, learner.id, question.id, Draft("What is a planet?"))
    await ear.until(lambda: bool(ear.of(GroupMessageEdited)))
    assert ear.of(GroupMessageEdited)[0].text == "What is a planet?"

    ear.facts.clear()
    await account.pin(founded.peer, MessageId(question.id))
    cast.world.pins.clear(group, anna.id)
    told = GroupChanged(ANNA, seen.group, seen.message)
    await ear.until(lambda: ear.of(GroupChanged).count(told) >= 1)
    cast.world.delete(group, question.id)
    await ear.until(lambda: bool(ear.of(PostsDeleted)))


async def test_what_is_said_in_a_public_group_is_nothing_to_us(
    account: TelethonAccount, cast: Cast, anna: Person, learner: Person, ear: Ear
) -> None:
    public = cast.world.add_group("Everybody", username="everybody_here", owner=learner)
    cast.world.join(public, anna)
    cast.world.say(public, learner, "Hello, everybody!")
    founded = await account.found_group("Stars", "")
    group = in_world(cast, founded)
    cast.world.join(group, learner)
    cast.world.say(group, learner, "Hello!")
    await ear.until(lambda: bool(ear.of(GroupMessageSeen)))
    assert [seen.text for seen in ear.of(GroupMessageSeen)] == ["Hello!"]


async def test_what_was_said_while_nobody_was_connected_is_read_again(
    account: TelethonAccount, cast: Cast, learner: Person
) -> None:
    founded = await account.found_group("Stars", "")
    group = in_world(cast, founded)
    cast.world.join(group, learner)
    said = [cast.world.say(group, learner, f"question {number}").id for number in range(3)]
    page = await account.group_talk_after(founded.peer, MessageId(said[0]))
    assert [one.text for one in page.told] == ["question 1", "question 2"]
    assert (page.upto, page.more) == (MessageId(said[2]), False)
    assert page.told[0].author_name == "Lena"
