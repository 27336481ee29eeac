import asyncio
from datetime import timedelta

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import channels, messages, updates

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def news(town: Town, boss: Person, anna: Person) -> Channel:
    channel = town.world.add_channel("News", "town_news", owner=boss, linked=True)
    town.world.join(channel, anna)
    return channel


async def test_posts_come_in_order(town: Town, news: Channel, anna: Person) -> None:
    client = await town.sign_in(anna, sequential_updates=True)
    heard = listen(client, events.NewMessage)
    for number in range(50):
        town.world.publish(news, f"post {number}")
    assert await heard.texts(50) == [f"post {number}" for number in range(50)]


async def test_who_joins_later_hears_what_comes_after(
    town: Town, news: Channel, boris: Person
) -> None:
    client = await town.sign_in(boris, sequential_updates=True)
    heard = listen(client, events.NewMessage)
    town.world.publish(news, "too early")
    await client(channels.JoinChannelRequest("town_news"))
    town.world.publish(news, "one")
    town.world.publish(news, "two")
    assert await heard.texts(2) == ["one", "two"]


async def test_who_left_hears_nothing_more(town: Town, news: Channel, anna: Person) -> None:
    client = await town.sign_in(anna, sequential_updates=True)
    heard = listen(client, events.NewMessage)
    await client.delete_dialog("town_news")
    town.world.publish(news, "gone")
    town.world.send_private(town.world.add_person("", "P"), anna, "still there")
    assert await heard.texts(1) == ["still there"]


async def test_edits_and_deletions_are_told(town: Town, news: Channel, anna: Person) -> None:
    client, owner = await town.sign_in(anna), await town.sign_in(boss_of(town, news))
    edited, deleted = listen(client, events.MessageEdited), listen(client, events.MessageDeleted)
    post = await owner.send_message("town_news", "helo")
    await owner.edit_message("town_news", post, "hello")
    assert (await edited.next()).raw_text == "hello"
    await owner.delete_messages("town_news", [post])
    event = await deleted.next()
    assert (event.deleted_ids, event.chat_id) == ([post.id], post.chat_id)


def boss_of(town: Town, channel: Channel) -> Person:
    return town.world.people.get(next(iter(channel.members)))


async def test_private_messages_are_edited_and_deleted_on_both_sides(
    town: Town, anna: Person, boris: Person
) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    new, edited = listen(client, events.NewMessage), listen(client, events.MessageEdited)
    deleted = listen(client, events.MessageDeleted)
    said = await other.send_message("anna_p", "helo")
    came = await new.next()
    await said.edit("hello")
    assert (await edited.next()).raw_text == "hello"
    await said.delete()
    assert (await deleted.next()).deleted_ids == [came.id]


async def test_the_other_session_of_an_account_sees_what_it_says(
    town: Town, anna: Person, boris: Person
) -> None:
    first, second = await town.sign_in(anna), await town.sign_in(anna)
    heard = listen(second, events.NewMessage)
    await town.sign_in(boris)
    town.world.people.take_username(boris, "boris_b")
    await first.send_message("boris_b", "hi")
    event = await heard.next()
    assert (event.raw_text, event.out) == ("hi", True)


async def test_reading_is_told_to_the_author(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    new, read = listen(client, events.NewMessage), listen(other, events.MessageRead)
    said = await other.send_message("anna_p", "hi")
    await (await new.next()).mark_read()
    assert (await read.next()).max_id == said.id
    (dialog,) = await client.get_dialogs()
    assert dialog.unread_count == 0


async def test_typing_is_told(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    heard = listen(client, events.UserUpdate)
    await other.send_message("anna_p", "hi")
    async with other.action("anna_p", "typing"):
        assert (await heard.next(lambda e: e.typing)).user_id == boris.id


async def test_reactions_are_told_and_counted(town: Town, news: Channel, anna: Person) -> None:
    client, owner = await town.sign_in(anna), await town.sign_in(boss_of(town, news))
    heard = listen(owner, events.Raw(types.UpdateMessageReactions))
    post = town.world.publish(news, "hello")
    thumb = types.ReactionEmoji("👍")
    await client(messages.SendReactionRequest("town_news", post.id, reaction=[thumb]))
    assert (await heard.next()).reactions.results[0].count == 1
    seen = await owner.get_messages("town_news", ids=post.id)
    assert seen.reactions.results[0].reaction == thumb


async def test_a_client_catches_up_after_a_cut(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    client = await town.sign_in(anna, sequential_updates=True)
    heard = listen(client, events.NewMessage)
    town.world.publish(news, "before")
    assert await heard.texts(1) == ["before"]
    session = client.session
    await client.disconnect()
    for number in range(230):
        town.world.publish(news, f"post {number}")
    for number in range(30):
        town.world.send_private(boris, anna, f"letter {number}")
    back = town.client(session, catch_up=True, sequential_updates=True)
    heard = listen(back, events.NewMessage)
    await back.connect()
    texts = await heard.texts(260)
    assert [t for t in texts if "post" in t] == [f"post {number}" for number in range(230)]
    assert [t for t in texts if "letter" in t] == [f"letter {number}" for number in range(30)]


async def test_a_long_difference_comes_in_slices(town: Town, anna: Person, boris: Person) -> None:
    client = await town.sign_in(anna, sequential_updates=True)
    session = client.session
    await client.disconnect()
    town.world.limits.slice = 7
    for number in range(40):
        town.world.send_private(boris, anna, f"letter {number}")
    back = town.client(session, catch_up=True, sequential_updates=True)
    heard = listen(back, events.NewMessage)
    await back.connect()
    assert await heard.texts(40) == [f"letter {number}" for number in range(40)]


async def test_differences_can_be_too_long(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    client = await town.sign_in(anna)
    town.world.limits.account = town.world.limits.channel = 3
    channel = await client.get_input_entity("town_news")
    for number in range(5):
        town.world.send_private(boris, anna, f"letter {number}")
        town.world.publish(news, f"post {number}")
    whole = await client(updates.GetDifferenceRequest(pts=1, date=None, qts=0))
    piece = await client(
        updates.GetChannelDifferenceRequest(
            channel, types.ChannelMessagesFilterEmpty(), pts=1, limit=100
        )
    )
    assert isinstance(whole, types.updates.DifferenceTooLong)
    assert whole.pts == anna.inbox.mailbox.pts
    assert isinstance(piece, types.updates.ChannelDifferenceTooLong)
    assert piece.dialog.pts == news.mailbox.pts


@pytest.mark.usefixtures("news")
async def test_a_state_that_never_was_is_refused(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    channel = await client.get_input_entity("town_news")
    with pytest.raises(errors.PersistentTimestampInvalidError):
        await client(
            updates.GetChannelDifferenceRequest(
                channel, types.ChannelMessagesFilterEmpty(), pts=10**6, limit=100
            )
        )


async def test_many_commenters_at_once_lose_nothing(town: Town, news: Channel) -> None:
    group = town.world.group_of(news)
    people = [town.world.add_person(f"7999111{i:04}", f"P{i}") for i in range(5)]
    town.world.join(group, *people)
    clients = [await town.sign_in(person) for person in people]
    heard = [listen(client, events.NewMessage(incoming=True)) for client in clients]
    post = town.world.publish(news, "hello")
    for client in clients:
        await client.get_entity("town_news")
    await asyncio.gather(
        *(
            client.send_message("town_news", f"{i}:{n}", comment_to=post.id)
            for i, client in enumerate(clients)
            for n in range(10)
        )
    )
    everything = {f"{i}:{n}" for i in range(5) for n in range(10)}
    assert {m.text for m in town.world.comments_under(news, post.id)} == everything
    for i, each in enumerate(heard):
        others = {text for text in everything if not text.startswith(f"{i}:")}
        assert set(await each.texts(len(others) + 1)) == others | {"hello"}


async def test_the_worlds_clock_dates_what_is_said(town: Town, anna: Person) -> None:
    town.world.clock.advance(timedelta(days=30))
    client = await town.sign_in(anna)
    said = await client.send_message("me", "a month later")
    assert said.date >= town.world.clock.now() - timedelta(minutes=1)


async def test_a_cut_connection_loses_nothing(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    client = await town.sign_in(anna, sequential_updates=True, retry_delay=0)
    heard = listen(client, events.NewMessage)
    town.world.publish(news, "before")
    assert await heard.texts(1) == ["before"]
    for key_id in town.world.logins.keys_of(anna.id):
        town.server.listener.book.close(key_id)
    for number in range(20):
        town.world.publish(news, f"post {number}")
        town.world.send_private(boris, anna, f"letter {number}")
    await client.get_me()
    await client.catch_up()
    texts = await heard.texts(40)
    assert [t for t in texts if "post" in t] == [f"post {number}" for number in range(20)]
    assert [t for t in texts if "letter" in t] == [f"letter {number}" for number in range(20)]


async def test_reading_a_group_is_told_to_its_authors(
    town: Town, news: Channel, anna: Person, boris: Person
) -> None:
    group = town.world.group_of(news)
    town.world.join(group, anna, boris)
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    heard = listen(other, events.Raw(types.UpdateReadChannelOutbox))
    (dialog,) = [d for d in await client.get_dialogs() if d.is_group]
    said = town.world.say(group, boris, "hi")
    await client.send_read_acknowledge(dialog.input_entity, max_id=said.id)
    assert (await heard.next()).max_id == said.id
