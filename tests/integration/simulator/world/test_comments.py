import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def news(town: Town, boss: Person) -> Channel:
    return town.world.add_channel("News", "town_news", owner=boss, linked=True)


async def test_a_post_reaches_a_member_who_comments_on_it(
    town: Town, news: Channel, anna: Person
) -> None:
    town.world.join(news, anna)
    client = await town.sign_in(anna)
    heard = listen(client, events.NewMessage)
    post = town.world.publish(news, "hello")
    event = await heard.next()
    assert (event.raw_text, event.id, event.is_channel) == ("hello", post.id, True)
    said = await client.send_message(event.chat_id, "nice", comment_to=event.message)
    assert [(m.id, m.text) for m in town.world.comments_under(news, post.id)] == [(said.id, "nice")]


async def test_a_guest_comments_on_a_post(town: Town, news: Channel, boris: Person) -> None:
    post = town.world.publish(news, "hello")
    client = await town.sign_in(boris)
    said = await client.send_message("town_news", "I am new", comment_to=post.id)
    assert said.out
    assert [m.author for m in town.world.comments_under(news, post.id)] == [boris.id]
    seen = await client.get_messages("town_news", ids=post.id)
    assert (seen.replies.replies, seen.replies.comments) == (1, True)
    assert seen.replies.channel_id == news.linked


async def test_a_guest_is_refused_where_only_members_speak(
    town: Town, news: Channel, boris: Person
) -> None:
    post = town.world.publish(news, "hello")
    town.world.group_of(news).guests = False
    client = await town.sign_in(boris)
    with pytest.raises(errors.ChatGuestSendForbiddenError):
        await client.send_message("town_news", "hi", comment_to=post.id)
    group = await client.get_entity(types.PeerChannel(news.linked))
    await client(channels.JoinChannelRequest(group))
    await client.send_message("town_news", "hi", comment_to=post.id)
    assert len(town.world.comments_under(news, post.id)) == 1


async def test_a_deleted_post_has_no_comments(town: Town, news: Channel, boris: Person) -> None:
    post = town.world.publish(news, "hello")
    client = await town.sign_in(boris)
    await client.get_entity("town_news")
    town.world.delete(news, post.id)
    with pytest.raises(errors.MsgIdInvalidError):
        await client.send_message("town_news", "hi", comment_to=post.id)


async def test_a_member_cannot_post_into_the_channel(
    town: Town, news: Channel, anna: Person
) -> None:
    town.world.join(news, anna)
    client = await town.sign_in(anna)
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("town_news", "mine")


async def test_a_private_channel_is_closed_to_who_left_it(
    town: Town, boss: Person, anna: Person
) -> None:
    secret = town.world.add_channel("Secret", owner=boss, linked=True)
    town.world.join(secret, anna)
    client = await town.sign_in(anna)
    (dialog,) = await client.get_dialogs()
    town.world.leave(secret, anna)
    with pytest.raises(errors.ChannelPrivateError):
        await client.get_messages(dialog.input_entity, limit=1)


async def test_the_thread_of_a_post_is_read_both_ways(
    town: Town, news: Channel, anna: Person
) -> None:
    post = town.world.publish(news, "hello")
    town.world.publish(news, "another")
    for number in range(130):
        town.world.comment(news, post.id, anna, f"c{number}")
    client = await town.sign_in(anna)
    down = [
        m.raw_text async for m in client.iter_messages("town_news", wait_time=0, reply_to=post.id)
    ]
    up = [
        m.raw_text
        async for m in client.iter_messages(
            "town_news", wait_time=0, reply_to=post.id, reverse=True
        )
    ]
    assert up == [f"c{number}" for number in range(130)]
    assert down == up[::-1]


async def test_the_copy_of_a_post_says_where_it_came_from(
    town: Town, news: Channel, boris: Person
) -> None:
    post = town.world.publish(news, "hello")
    client = await town.sign_in(boris)
    found = await client(messages.GetDiscussionMessageRequest("town_news", post.id))
    (copied,) = found.messages
    assert copied.fwd_from.saved_from_peer == types.PeerChannel(news.id)
    assert copied.fwd_from.saved_from_msg_id == copied.fwd_from.channel_post == post.id
    assert {chat.id for chat in found.chats} == {news.id, news.linked}


async def test_a_commenter_seen_in_the_group_can_be_addressed(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    town.world.join(town.world.group_of(news), anna)
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    group_heard, heard = listen(client, events.NewMessage), listen(other, events.NewMessage)
    post = town.world.publish(news, "hello")
    await other.send_message("town_news", "who reads this?", comment_to=post.id)
    event = await group_heard.next(lambda e: e.raw_text == "who reads this?")
    assert event.reply_to.reply_to_msg_id == town.world.comments_under(news, post.id)[0].thread
    await client.send_message(await event.get_input_sender(), "I do")
    assert (await heard.next(lambda e: e.is_private)).raw_text == "I do"


async def test_the_same_request_twice_makes_one_comment(
    town: Town, news: Channel, anna: Person
) -> None:
    post = town.world.publish(news, "hello")
    client = await town.sign_in(anna)
    found = await client(messages.GetDiscussionMessageRequest("town_news", post.id))
    request = messages.SendMessageRequest(
        types.PeerChannel(news.linked),
        "once",
        reply_to=types.InputReplyToMessage(found.messages[0].id),
        random_id=77,
    )
    first, again = await client(request), await client(request)
    numbers = [u.id for r in (first, again) for u in r.updates if hasattr(u, "random_id")]
    assert numbers[0] == numbers[1]
    assert [m.text for m in town.world.comments_under(news, post.id)] == ["once"]
    assert town.world.duplicates() == []


async def test_a_full_channel_names_its_group_and_counts(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    town.world.join(news, anna)
    client = await town.sign_in(boris)
    full = await client(channels.GetFullChannelRequest("town_news"))
    assert full.full_chat.linked_chat_id == news.linked
    assert full.full_chat.participants_count == 2
    assert {chat.id for chat in full.chats} == {news.id, news.linked}


async def test_a_client_founds_and_links_what_it_comments_in(town: Town, boss: Person) -> None:
    client = await town.sign_in(boss)
    made = await client(channels.CreateChannelRequest("Mine", "about", broadcast=True))
    group = await client(channels.CreateChannelRequest("Ours", "", megagroup=True))
    assert await client(channels.SetDiscussionGroupRequest(made.chats[0], group.chats[0]))
    assert await client(channels.UpdateUsernameRequest(made.chats[0], "mine_all_mine"))
    post = await client.send_message("mine_all_mine", "first")
    assert post.post
    await client.send_message("mine_all_mine", "second to me", comment_to=post)
    channel = town.world.channels.get(made.chats[0].id)
    assert [m.text for m in town.world.comments_under(channel, post.id)] == ["second to me"]


async def test_comments_go_on_in_the_group_that_is_linked_now(
    town: Town, news: Channel, boss: Person, anna: Person
) -> None:
    town.world.publish(news, "before")
    town.world.link_group(news, town.world.add_group("New place", owner=boss))
    post = town.world.publish(news, "after")
    client = await town.sign_in(anna)
    said = await client.send_message("town_news", "moved?", comment_to=post.id)
    assert said.peer_id == types.PeerChannel(news.linked)
