from datetime import timedelta
from typing import Any

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def forum(town: Town, boss: Person, anna: Person) -> Channel:
    group = town.world.add_group("Club", "town_club", owner=boss)
    town.world.join(group, anna)
    town.world.forums.toggle(group, enabled=True)
    return group


async def opened(client: Any, title: str) -> int:
    made = await client(messages.CreateForumTopicRequest("town_club", title))
    (number,) = (u.id for u in made.updates if isinstance(u, types.UpdateMessageID))
    return int(number)


async def test_a_supergroup_becomes_a_forum(town: Town, boss: Person, anna: Person) -> None:
    group = town.world.add_group("Club", "town_club", owner=boss)
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    with pytest.raises(errors.ChatAdminRequiredError):
        await other(channels.ToggleForumRequest("town_club", enabled=True, tabs=False))
    await client(channels.ToggleForumRequest("town_club", enabled=True, tabs=False))
    assert (await other.get_entity("town_club")).forum
    assert [topic.title for topic in group.topics.values()] == ["General"]


async def test_what_is_said_in_a_topic_stays_in_it(
    town: Town, forum: Channel, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    heard = listen(other, events.NewMessage)
    one, two = await opened(client, "One"), await opened(client, "Two")
    first = await client.send_message("town_club", "in one", reply_to=one)
    await client.send_message("town_club", "in two", reply_to=two)
    await client.send_message("town_club", "in general")
    answer = await other.send_message("town_club", "to that", reply_to=first.id)
    assert await heard.texts(3) == ["in one", "in two", "in general"]
    assert (answer.reply_to.reply_to_msg_id, answer.reply_to.reply_to_top_id) == (first.id, one)
    assert answer.reply_to.forum_topic
    seen = [m.text async for m in other.iter_messages("town_club", reply_to=one)]
    assert seen == ["to that", "in one"]
    assert {m.text for m in forum.history if m.thread is None and not m.action} == {"in general"}


async def test_a_closed_topic_is_for_managers_until_it_reopens(
    town: Town, forum: Channel, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    topic = await opened(client, "News")
    await client(messages.EditForumTopicRequest("town_club", topic, closed=True))
    with pytest.raises(errors.RPCError, match="TOPIC_CLOSED"):
        await other.send_message("town_club", "late", reply_to=topic)
    await client.send_message("town_club", "still", reply_to=topic)
    await client(messages.EditForumTopicRequest("town_club", topic, title="Olds", closed=False))
    await other.send_message("town_club", "again", reply_to=topic)
    assert [m.text for m in forum.threads[forum.topics[next(reversed(forum.topics))].id]] == [
        "",
        "still",
        "",
        "again",
    ]
    assert next(reversed(forum.topics.values())).title == "Olds"


async def test_topics_are_listed_with_their_newest_message(
    town: Town, forum: Channel, boss: Person
) -> None:
    client = await town.sign_in(boss)
    one, two = await opened(client, "One"), await opened(client, "Two")
    said = await client.send_message("town_club", "in one", reply_to=one)
    listed = await client(messages.GetForumTopicsRequest("town_club", None, 0, 0, 2))
    assert (listed.count, [t.id for t in listed.topics]) == (3, [one, two])
    assert (listed.topics[0].top_message, listed.topics[0].unread_count) == (said.id, 1)
    await client(messages.ReadDiscussionRequest("town_club", one, said.id))
    rest = await client(messages.GetForumTopicsRequest("town_club", None, 0, two, 2))
    assert [t.title for t in rest.topics] == ["General"]
    named = await client(messages.GetForumTopicsByIDRequest("town_club", [one, 999]))
    assert (named.topics[0].unread_count, named.topics[1]) == (0, types.ForumTopicDeleted(999))
    assert len(forum.topics) == 3


async def test_a_deleted_topic_takes_its_messages_along(
    town: Town, forum: Channel, boss: Person
) -> None:
    client = await town.sign_in(boss)
    topic = await opened(client, "Short")
    said = await client.send_message("town_club", "gone soon", reply_to=topic)
    deleted = listen(client, events.MessageDeleted)
    await client(messages.DeleteTopicHistoryRequest("town_club", topic))
    assert forum.history.get(said.id) is None
    with pytest.raises(errors.MsgIdInvalidError):
        await client.send_message("town_club", "late", reply_to=topic)
    assert deleted.queue.empty()


async def test_a_topic_is_opened_once_for_each_random_id(
    town: Town, forum: Channel, boss: Person
) -> None:
    client = await town.sign_in(boss)
    request = messages.CreateForumTopicRequest("town_club", "Once", random_id=5)
    first, again = await client(request), await client(request)
    assert {u.id for r in (first, again) for u in r.updates if hasattr(u, "random_id")} == {2}
    assert [topic.title for topic in forum.topics.values()] == ["General", "Once"]


async def test_only_managers_open_topics(town: Town, forum: Channel, anna: Person) -> None:
    client = await town.sign_in(anna)
    with pytest.raises(errors.ChatAdminRequiredError):
        await opened(client, "Mine")
    assert len(forum.topics) == 1


async def test_topics_are_listed_page_by_page_after_a_topic_a_message_or_a_date(
    town: Town, boss: Person
) -> None:
    forum = town.world.add_group("Forum", "town_forum", owner=boss)
    town.world.forums.toggle(forum, enabled=True)
    for number in range(7):
        town.world.clock.advance(timedelta(minutes=1))
        town.world.forums.open(forum, boss.id, f"Topic {number}", random_id=number + 1)
    client = await town.sign_in(boss)
    peer = await client.get_input_entity("town_forum")

    async def page(after: Any = None, **how: Any) -> list[Any]:
        offsets = {"offset_date": None, "offset_id": 0, "offset_topic": 0} | how
        if after is not None:
            offsets = offsets | {"offset_topic": after.id}
        asked = messages.GetForumTopicsRequest(peer, limit=3, **offsets)
        found: list[Any] = (await client(asked)).topics
        return found

    first = await page()
    second = await page(after=first[-1])
    titles = [each.title for each in (*first, *second)]
    assert titles == [f"Topic {number}" for number in (6, 5, 4, 3, 2, 1)]
    by_message = await page(offset_id=first[-1].top_message)
    by_date = await page(offset_date=first[-1].date - timedelta(seconds=1))
    assert [e.id for e in by_message] == [e.id for e in by_date] == [e.id for e in second]
