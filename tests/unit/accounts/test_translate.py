"""Telethon's updates as facts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon import types as tl
from telethon import utils

from accounts.internals import UnknownChannelTooLong
from accounts.translate import clean, facts_of, media_of, post_seen
from orchestrator.facts import (
    ChannelLost,
    ConversationRead,
    DirectMessageSeen,
    Engagement,
    Fact,
    GroupMessageSeen,
    MediaReference,
    MessageEdited,
    MessagesDeleted,
    OwnMessageSeen,
    PostEdited,
    PostsDeleted,
    SecurityChanged,
    UpdatesSkipped,
)
from orchestrator.ids import AccountId, MessageId, TelegramId

ANNA = AccountId(1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANNEL, PERSON = 2_000_000_001, 7_000_000_001


def message(**given: Any) -> tl.Message:
    fields: dict[str, Any] = {
        "id": 7,
        "peer_id": tl.PeerChannel(CHANNEL),
        "date": NOON,
        "message": "hello",
        "post": True,
    }
    return tl.Message(**{**fields, **given})


def facts(update: Any, *entities: Any) -> list[Fact]:
    update._entities = {utils.get_peer_id(entity): entity for entity in entities}
    return list(facts_of(ANNA, update))


def channel(*, broadcast: bool, left: bool = False, username: str | None = None) -> tl.Channel:
    return tl.Channel(
        CHANNEL, "Science", tl.ChatPhotoEmpty(), NOON, broadcast=broadcast,
        megagroup=not broadcast, left=left, username=username, access_hash=1,
    )  # fmt: skip


def person(**given: Any) -> tl.User:
    return tl.User(PERSON, access_hash=1, first_name="Vera", **given)


def private(**given: Any) -> tl.Message:
    return message(peer_id=tl.PeerUser(PERSON), post=False, **given)


def test_a_post_is_seen_with_all_that_came_with_it() -> None:
    reactions = tl.MessageReactions(
        [tl.ReactionCount(tl.ReactionEmoji("+"), 3), tl.ReactionCount(tl.ReactionEmoji("-"), 2)]
    )
    replies = tl.MessageReplies(4, 0)
    post = message(views=9, reactions=reactions, replies=replies, grouped_id=55)
    assert facts(tl.UpdateNewChannelMessage(post, 2, 1), channel(broadcast=True)) == [
        post_seen(ANNA, post)
    ]
    seen = post_seen(ANNA, post)
    assert (seen.channel, seen.message, seen.text) == (CHANNEL, 7, "hello")
    assert seen.engagement == Engagement(views=9, likes=5, replies=4)
    assert seen.album == 55


@pytest.mark.parametrize(
    "said",
    [
        message(post=False),
        tl.MessageService(7, tl.PeerChannel(CHANNEL), NOON, tl.MessageActionChannelCreate("x")),
        tl.MessageEmpty(7, None),
    ],
)
def test_what_is_no_post_tells_nothing(said: Any) -> None:
    assert facts(tl.UpdateNewChannelMessage(said, 2, 1)) == []


def test_a_message_marked_as_post_in_a_group_is_no_post() -> None:
    told = facts(tl.UpdateNewChannelMessage(message(), 2, 1), channel(broadcast=False))
    assert [type(fact) for fact in told] == [GroupMessageSeen]


def test_an_edit_is_told_unless_readers_do_not_see_it() -> None:
    edited = message(edit_date=NOON, message="new")
    assert facts(tl.UpdateEditChannelMessage(edited, 2, 1)) == [
        PostEdited(ANNA, TelegramId(CHANNEL), MessageId(7), "new", NOON)
    ]
    hidden = message(edit_date=NOON, edit_hide=True)
    assert facts(tl.UpdateEditChannelMessage(hidden, 2, 1)) == []


def test_deletions_are_told() -> None:
    assert facts(tl.UpdateDeleteChannelMessages(CHANNEL, [3, 4], 5, 2)) == [
        PostsDeleted(ANNA, TelegramId(CHANNEL), (MessageId(3), MessageId(4)))
    ]


def test_a_direct_message_names_its_sender() -> None:
    told = facts(tl.UpdateNewMessage(private(), 2, 1), person(last_name="K", username="vera"))
    assert told == [
        DirectMessageSeen(
            ANNA, TelegramId(PERSON), MessageId(7), "hello", NOON, "Vera K", "vera", access_hash=1
        )
    ]


def test_a_direct_message_tells_all_that_an_answer_needs() -> None:
    answer = private(
        reply_to=tl.MessageReplyHeader(reply_to_msg_id=5),
        media=tl.MessageMediaPhoto(photo=tl.PhotoEmpty(9)),
    )
    [told] = facts(tl.UpdateNewMessage(answer, 2, 1), person(lang_code="ru"))
    assert isinstance(told, DirectMessageSeen)
    assert (told.reply_to, told.language) == (5, "ru")
    assert told.media == (MediaReference("photo", 9),)


def test_an_access_hash_that_works_nowhere_else_is_not_taken() -> None:
    [told] = facts(tl.UpdateNewMessage(private(), 2, 1), person(min=True))
    assert isinstance(told, DirectMessageSeen)
    assert told.access_hash is None


def test_what_a_person_changes_takes_back_and_reads_is_told() -> None:
    edited = private(edit_date=NOON, message="new")
    assert facts(tl.UpdateEditMessage(edited, 2, 1), person()) == [
        MessageEdited(ANNA, TelegramId(PERSON), MessageId(7), "new", NOON)
    ]
    assert facts(tl.UpdateEditMessage(private(edit_hide=True), 2, 1), person()) == []
    assert facts(tl.UpdateEditMessage(private(out=True), 2, 1), person()) == []
    assert facts(tl.UpdateDeleteMessages([3, 4], 2, 2)) == [
        MessagesDeleted(ANNA, (MessageId(3), MessageId(4)))
    ]
    assert facts(tl.UpdateDeleteMessages([], 2, 0)) == []
    peer = tl.PeerUser(PERSON)
    assert facts(tl.UpdateReadHistoryOutbox(peer, 7, 2, 1)) == [
        ConversationRead(ANNA, TelegramId(PERSON), MessageId(7), by_us=False)
    ]
    assert facts(tl.UpdateReadHistoryInbox(peer, 7, 0, 2, 1)) == [
        ConversationRead(ANNA, TelegramId(PERSON), MessageId(7), by_us=True)
    ]


def test_a_new_session_is_told() -> None:
    [told] = facts(tl.UpdateNewAuthorization(1, date=NOON, device="a phone", location="Oslo"))
    assert told == SecurityChanged(ANNA, "a new session: a phone")


def test_a_short_direct_message_is_told_too() -> None:
    short = tl.UpdateShortMessage(7, PERSON, "hello", 2, 1, NOON, out=False)
    assert facts(short) == [
        DirectMessageSeen(ANNA, TelegramId(PERSON), MessageId(7), "hello", NOON)
    ]


def test_what_the_account_itself_wrote_is_told_as_its_own() -> None:
    mine = OwnMessageSeen(ANNA, TelegramId(PERSON), MessageId(7), "hello", NOON)
    assert facts(tl.UpdateNewMessage(private(out=True), 2, 1), person()) == [mine]
    short = tl.UpdateShortMessage(7, PERSON, "hello", 2, 1, NOON, out=True)
    assert facts(short) == [mine]


def test_bots_are_nobody_to_answer() -> None:
    assert facts(tl.UpdateNewMessage(private(), 2, 1), person(bot=True)) == []
    assert facts(tl.UpdateNewMessage(private(out=True), 2, 1), person(bot=True)) == []


def test_of_a_login_code_from_telegram_nothing_is_told_but_that_it_came() -> None:
    code = message(peer_id=tl.PeerUser(777000), message="Login code: 12345", post=False)
    [told] = facts(tl.UpdateNewMessage(code, 2, 1))
    assert told == SecurityChanged(ANNA, "Telegram wrote to the account")


def test_being_put_out_of_a_channel_is_told() -> None:
    [lost] = facts(tl.UpdateChannel(CHANNEL), tl.ChannelForbidden(CHANNEL, 1, "Science"))
    assert isinstance(lost, ChannelLost)
    assert facts(tl.UpdateChannel(CHANNEL), channel(broadcast=True)) == []
    [left] = facts(tl.UpdateChannel(CHANNEL), channel(broadcast=True, left=True))
    assert isinstance(left, ChannelLost)


def test_a_public_channel_stays_readable_after_leaving() -> None:
    public = channel(broadcast=True, left=True, username="science")
    assert facts(tl.UpdateChannel(CHANNEL), public) == []


def test_skipped_updates_are_told() -> None:
    assert facts(UnknownChannelTooLong(CHANNEL)) == [UpdatesSkipped(ANNA, TelegramId(CHANNEL))]


def test_updates_that_are_nothing_to_us_tell_nothing() -> None:
    assert facts(tl.UpdateUserTyping(PERSON, tl.SendMessageTypingAction())) == []


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ([], "document"),
        ([tl.DocumentAttributeVideo(1, 1, 1)], "video"),
        ([tl.DocumentAttributeVideo(1, 1, 1), tl.DocumentAttributeAnimated()], "animation"),
        ([tl.DocumentAttributeAudio(1, voice=True)], "voice"),
        ([tl.DocumentAttributeAudio(1)], "audio"),
        ([tl.DocumentAttributeSticker("x", tl.InputStickerSetEmpty())], "sticker"),
    ],
)
def test_a_document_is_named_for_what_it_is(attributes: list[Any], kind: str) -> None:
    document = tl.Document(5, 1, b"", NOON, "video/mp4", 99, 2, attributes)
    [media] = media_of(tl.MessageMediaDocument(document=document))
    assert media == MediaReference(kind, 5, "video/mp4", 99)


def test_a_photo_a_poll_and_a_preview() -> None:
    photo = tl.MessageMediaPhoto(photo=tl.PhotoEmpty(5))
    assert media_of(photo) == (MediaReference("photo", 5),)
    assert media_of(tl.MessageMediaDice(1, "x")) == (MediaReference("dice"),)
    assert media_of(tl.MessageMediaWebPage(tl.WebPageEmpty(1))) == ()
    assert media_of(None) == ()


@given(st.text())
def test_no_text_keeps_what_a_database_refuses(text: str) -> None:
    assert "\x00" not in clean(text)
    assert clean(text) == text.replace("\x00", "")
