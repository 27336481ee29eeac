from datetime import timedelta
from typing import Any

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import channels, contacts, messages

from simulator.world.channels import Channel
from simulator.world.media import Picture
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def group(town: Town, boss: Person, anna: Person) -> Channel:
    group = town.world.add_group("Club", "town_club", owner=boss)
    town.world.join(group, anna)
    return group


@pytest.fixture
def news(town: Town, boss: Person, anna: Person) -> Channel:
    channel = town.world.add_channel("News", "town_news", owner=boss, linked=True)
    town.world.join(channel, anna)
    return channel


async def test_a_post_is_forwarded_with_its_origin(
    town: Town, news: Channel, group: Channel, anna: Person
) -> None:
    post = town.world.publish(news, "hello", Picture(1))
    client = await town.sign_in(anna)
    (passed,) = await client.forward_messages("town_club", [post.id], "town_news")
    assert (passed.text, passed.photo.id, passed.out) == ("hello", 1, True)
    assert passed.forward.channel_post == post.id
    assert (await passed.forward.get_chat()).username == "town_news"
    again = await passed.forward_to("me")
    assert again.forward.channel_post == post.id
    bare = await client.forward_messages("town_club", [post.id], "town_news", drop_author=True)
    assert bare[0].fwd_from is None
    assert news.history.by_id[post.id].forwards == 2
    assert len(group.history) == 3


async def test_a_message_is_pinned_and_taken_down(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    acts = listen(other, events.ChatAction)
    said = await client.send_message("town_club", "rules")
    note = await client.pin_message("town_club", said)
    assert isinstance(note.action, types.MessageActionPinMessage)
    event = await acts.next()
    assert (event.new_pin, (await event.get_pinned_message()).id) == (True, said.id)
    pinned = [
        m async for m in other.iter_messages("town_club", filter=types.InputMessagesFilterPinned)
    ]
    assert [m.id for m in pinned] == [said.id]
    assert (await client(channels.GetFullChannelRequest("town_club"))).full_chat.pinned_msg_id
    await client.unpin_message("town_club", said)
    assert (await acts.next(lambda event: event.unpin)).unpin
    with pytest.raises(errors.ChatAdminRequiredError):
        await other.pin_message("town_club", said)
    assert not any(message.pinned for message in group.history)


async def test_a_private_message_is_pinned_on_both_sides(
    town: Town, anna: Person, boris: Person
) -> None:
    client = await town.sign_in(boris)
    said = await client.send_message("anna_p", "here")
    await client.pin_message("anna_p", said, pm_oneside=False)
    kept = list(anna.inbox.chats[boris.id])
    assert [(m.pinned, m.action is not None) for m in kept] == [(True, False), (False, True)]
    await client.unpin_message("anna_p", said)
    assert not kept[0].pinned


async def test_slow_mode_makes_plain_members_wait(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    owner = await town.sign_in(boss)
    client = await town.sign_in(anna, flood_sleep_threshold=0)
    await owner(channels.ToggleSlowModeRequest("town_club", 30))
    await client.send_message("town_club", "one")
    with pytest.raises(errors.SlowModeWaitError) as caught:
        await client.send_message("town_club", "two")
    assert 0 < caught.value.seconds <= 30
    await owner.send_message("town_club", "I may")
    await owner.send_message("town_club", "at once")
    town.world.clock.advance(timedelta(seconds=31))
    await client.send_message("town_club", "three")
    assert [m.text for m in group.history if m.author == anna.id] == ["one", "three"]


async def test_members_are_restricted_thrown_out_and_forgiven(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(anna)
    acts = listen(await town.sign_in(boss), events.ChatAction)
    await owner.edit_permissions("town_club", "anna_p", send_media=False)
    await client.send_message("town_club", "words")
    with pytest.raises(errors.ChatSendMediaForbiddenError):
        await client.send_file("town_club", types.InputMediaDice("🎲"))
    await owner.edit_permissions("town_club", "anna_p", send_messages=False)
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("town_club", "words")
    assert (await owner.get_permissions("town_club", "anna_p")).is_banned
    await owner.edit_permissions("town_club", "anna_p")
    await client.send_message("town_club", "again")
    await owner.edit_permissions("town_club", "anna_p", view_messages=False)
    gone = await acts.next()
    assert (gone.user_kicked, gone.user_id) == (True, anna.id)
    with pytest.raises((errors.ChannelPrivateError, ValueError)):
        await client.send_message("town_club", "out")
    assert anna.id not in group.members


async def test_what_nobody_may_is_said_for_all(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(anna)
    await owner.edit_permissions("town_club", send_messages=False)
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("town_club", "words")
    assert (await client.get_entity("town_club")).default_banned_rights.send_messages
    await owner.edit_permissions("town_club")
    assert (await client.send_message("town_club", "words")).text == "words"
    assert group.open


async def test_an_admin_rises_and_falls(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(anna)
    await owner.edit_admin("town_club", "anna_p", pin_messages=True, title="helper")
    mine = await client.get_permissions("town_club", "me")
    assert (mine.is_admin, mine.pin_messages, mine.ban_users) == (True, True, False)
    await owner.edit_admin("town_club", "anna_p", is_admin=False)
    assert not group.members[anna.id].is_admin


async def test_comings_and_goings_are_told(
    town: Town, group: Channel, boss: Person, boris: Person
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(boris)
    acts = listen(owner, events.ChatAction)
    await client(channels.JoinChannelRequest("town_club"))
    assert (await acts.next()).user_joined
    await client.delete_dialog("town_club")
    assert (await acts.next()).user_left
    await owner(channels.EditTitleRequest("town_club", "Pub"))
    assert group.title == "Pub"


async def test_a_conversation_goes_to_and_fro(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(boris), await town.sign_in(anna)

    async def answer(event: Any) -> None:
        await event.reply(event.text.upper())

    other.add_event_handler(answer, events.NewMessage(incoming=True))
    async with client.conversation("anna_p", timeout=10) as talk:
        await talk.send_message("hello")
        assert (await talk.get_response()).text == "HELLO"
        sent = await talk.send_message("bye")
        assert (await talk.get_reply(sent)).text == "BYE"


async def test_typing_and_coming_online_are_seen(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(boris), await town.sign_in(anna)
    town.world.send_private(boris, anna, "hi")
    seen = listen(other, events.UserUpdate)
    async with client.action("anna_p", "typing"):
        assert (await seen.next(lambda event: event.typing)).user_id == boris.id
    town.world.people.be_seen(boris, online=True)
    assert (await seen.next(lambda event: event.online)).user_id == boris.id


async def test_a_chat_is_searched_by_kind(town: Town, group: Channel, anna: Person) -> None:
    client = await town.sign_in(anna)
    await client.send_message("town_club", "see https://example.org")
    file = await client.send_file("town_club", b"bytes", force_document=True, caption="see")
    for wanted, ids in (
        (types.InputMessagesFilterDocument, [file.id]),
        (types.InputMessagesFilterVoice, []),
    ):
        assert [m.id async for m in client.iter_messages("town_club", filter=wanted)] == ids
    assert len([m async for m in client.iter_messages("town_club", search="SEE")]) == 2
    assert len(group.history) == 3


async def test_members_and_dialogs_are_listed(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    client = await town.sign_in(anna)
    town.world.say(group, boss, "unread")
    found = [user.id async for user in client.iter_participants("town_club")]
    assert set(found) == {boss.id, anna.id}
    (dialog,) = await client.get_dialogs()
    assert (dialog.unread_count, dialog.message.text) == (1, "unread")
    link = await client(channels.ExportMessageLinkRequest("town_club", dialog.message.id))
    assert link.link == f"https://t.me/town_club/{dialog.message.id}"
    assert (await client.get_entity("https://t.me/town_club")).id == group.id
    with pytest.raises(errors.MessageIdInvalidError):
        await client(messages.ForwardMessagesRequest("town_club", [999], "me", random_id=[1]))


@pytest.mark.parametrize("revoke", [True, False])
async def test_a_private_chat_is_deleted_for_one_or_both(
    town: Town, anna: Person, boris: Person, revoke: bool
) -> None:
    client = await town.sign_in(boris)
    for text in ("one", "two"):
        await client.send_message("anna_p", text)
    await client.delete_dialog("anna_p", revoke=revoke)
    assert await client.get_dialogs() == []
    assert len(anna.inbox.chats[boris.id]) == (0 if revoke else 2)


async def test_a_ban_ends_by_itself_when_its_time_is_over(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    boss_client, client = await town.sign_in(boss), await town.sign_in(anna)
    hour = town.world.clock.now() + timedelta(hours=1)
    await boss_client.edit_permissions("town_club", "anna_p", until_date=hour, view_messages=False)
    assert anna.id not in group.members
    with pytest.raises(errors.ChannelPrivateError):
        await client(channels.JoinChannelRequest("town_club"))
    town.world.clock.advance(timedelta(minutes=61))
    await client(channels.JoinChannelRequest("town_club"))
    until = town.world.clock.now() + timedelta(hours=1)
    await boss_client.edit_permissions("town_club", "anna_p", until_date=until, send_messages=False)
    shown = await boss_client.get_permissions("town_club", "anna_p")
    assert abs(shown.participant.banned_rights.until_date - until) < timedelta(seconds=1)
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("town_club", "too early")
    town.world.clock.advance(timedelta(minutes=61))
    assert (await client.send_message("town_club", "on time")).text == "on time"


async def test_votes_are_counted_told_and_taken_back(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    told = listen(client, events.Raw(types.UpdateMessagePoll))
    answers = [
        types.PollAnswer(types.TextWithEntities(words, []), bytes([n]))
        for n, words in enumerate(("yes", "no"))
    ]
    question = types.Poll(1, types.TextWithEntities("Go?", []), answers, hash=0)
    await client.send_message("town_club", file=types.InputMediaPoll(question))
    (asked,) = await other.get_messages("town_club", limit=1)
    assert (asked.id, asked.poll.results.total_voters) == (group.last_id, 0)
    yes, no = (each.option for each in asked.poll.poll.answers)
    await other(messages.SendVoteRequest("town_club", asked.id, [no]))
    assert (await told.next()).results.total_voters == 1
    (asked,) = await other.get_messages("town_club", limit=1)
    votes = [(each.voters, each.chosen) for each in asked.poll.results.results]
    assert votes == [(0, False), (1, True)]
    with pytest.raises(errors.OptionsTooMuchError):
        await other(messages.SendVoteRequest("town_club", asked.id, [yes, no]))
    with pytest.raises(errors.OptionInvalidError):
        await other(messages.SendVoteRequest("town_club", asked.id, [b"maybe"]))
    taken = await other(messages.SendVoteRequest("town_club", asked.id, []))
    assert taken.updates[0].results.total_voters == 0
    results = await other(messages.GetPollResultsRequest("town_club", asked.id, 0))
    assert results.updates[0].results.total_voters == 0


async def test_a_deleted_channel_is_gone_for_everybody(
    town: Town, news: Channel, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    channel = await other.get_input_entity("town_news")
    told = listen(other, events.Raw(types.UpdateChannel))
    with pytest.raises(errors.ChatAdminRequiredError):
        await other(channels.DeleteChannelRequest(channel))
    await client(channels.DeleteChannelRequest("town_news"))
    assert (await told.next()).channel_id == news.id
    with pytest.raises(errors.ChannelPrivateError):
        await other.get_messages(channel, limit=1)
    assert [dialog async for dialog in other.iter_dialogs()] == []
    with pytest.raises(ValueError, match="town_news"):
        await (await town.sign_in(anna)).get_entity("town_news")
    assert town.world.add_channel("Another", "town_news", owner=boss).linked is None


async def test_ones_other_sessions_are_told_whom_one_blocked(
    town: Town, boss: Person, anna: Person
) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(anna)
    town.world.send_private(boss, anna, "hello")
    told = listen(other, events.Raw(types.UpdatePeerBlocked))
    boss_seen = (await client.get_dialogs())[0].input_entity
    for call, blocked in ((contacts.BlockRequest, True), (contacts.UnblockRequest, False)):
        await client(call(boss_seen))
        event = await told.next()
        assert (event.peer_id, bool(event.blocked)) == (types.PeerUser(boss.id), blocked)
