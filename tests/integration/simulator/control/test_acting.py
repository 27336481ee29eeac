"""Acting as a person over HTTP alone, with aiogram on the other side."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandStart
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonPollType,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)

from tests.integration.simulator.control.conftest import PICTURE, Director, Json, coded, in_time

NewBot = Callable[[Json], Bot]
EVERYTHING = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
    "chat_join_request",
    "poll",
    "poll_answer",
]
CHOICE = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Warranty", callback_data="topic:warranty")]]
)
SHARE = ReplyKeyboardMarkup(
    keyboard=[
        [KeyboardButton(text="My number", request_contact=True)],
        [KeyboardButton(text="My place", request_location=True), KeyboardButton(text="Back")],
    ]
)


def desk() -> Dispatcher:
    """A bot that offers topics, hears a button and asks for a number."""
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def start(message: Message) -> None:
        await message.answer("What is it?", reply_markup=CHOICE)

    @dispatcher.callback_query(F.data == "topic:warranty")
    async def pressed(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.answer("Noted: warranty", show_alert=True)
        await query.message.answer("Your number?", reply_markup=SHARE)

    @dispatcher.message(F.contact)
    async def contact(message: Message) -> None:
        assert message.contact
        words = f"Thanks, {message.contact.phone_number}"
        await message.reply(words, reply_markup=ReplyKeyboardRemove())

    @dispatcher.message(F.location)
    async def place(message: Message) -> None:
        assert message.location
        await message.reply(f"You are at {message.location.latitude}")

    @dispatcher.message(F.text)
    async def anything(message: Message) -> None:
        await message.reply(f"You said {message.text}")

    return dispatcher


@asynccontextmanager
async def polling(bot: Bot) -> AsyncIterator[None]:
    dispatcher = desk()
    task = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    try:
        yield
    finally:
        await dispatcher.stop_polling()
        await in_time(task)


async def test_a_client_presses_buttons_and_sees_the_bots_answer(
    director: Director, bots: NewBot
) -> None:
    anna, bot = await director.person("Anna", phone="+9996620002"), await director.bot()
    async with polling(bots(bot)):
        said = await director.says(anna, bot["id"], "/start")
        question = await director.hears(anna, bot, said["id"])
        assert question["buttons"][0][0]["data"] == "topic:warranty"
        press = {"chat": bot["id"], "message": question["id"], "button": "Warranty"}
        pressed = await director.post(f"/people/{anna['id']}/presses?wait=20", **press)
        noted = {"text": "Noted: warranty", "alert": True, "url": ""}
        assert pressed["answer"] == noted
        assert (await director.get(f"/presses/{pressed['id']}"))["answer"] == noted
        asked = await director.hears(anna, bot, question["id"])
        shown = await director.get(f"/people/{anna['id']}/keyboard", chat=bot["id"])
        assert [each["kind"] for row in shown["buttons"] for each in row] == [
            "contact",
            "location",
            "text",
        ]
        keys = f"/people/{anna['id']}/keys"
        shared = await director.post(keys, chat=bot["id"], button="My number")
        assert shared["contact"]["phone"] == anna["phone"]
        thanks = await director.hears(anna, bot, asked["id"])
        assert (thanks["text"], thanks["reply_to"]) == (f"Thanks, {anna['phone']}", shared["id"])
        gone = await director.ask("POST", keys, json={"chat": bot["id"], "button": "Back"})
        assert (gone.status_code, "No keyboard" in gone.json()["message"]) == (404, True)


async def test_keys_share_a_place_or_say_their_words(director: Director, bots: NewBot) -> None:
    anna, bot = await director.person("Anna"), await director.bot()
    await director.says(anna, bot["id"], "hello")
    await bots(bot).send_message(anna["id"], "Where?", reply_markup=SHARE)
    keys = f"/people/{anna['id']}/keys"
    without = await director.ask("POST", keys, json={"chat": bot["id"], "button": "My place"})
    assert (without.status_code, "`location`" in without.json()["message"]) == (422, True)
    place = {"latitude": 55.75, "longitude": 37.62}
    sent = await director.post(keys, chat=bot["id"], button="My place", location=place)
    assert sent["location"]["latitude"] == 55.75
    assert (await director.post(keys, chat=bot["id"], button="Back"))["text"] == "Back"
    numberless = await director.ask("POST", keys, json={"chat": bot["id"], "button": "My number"})
    assert "no telephone number" in numberless.json()["message"]


async def taken(bot: Bot) -> list[Update]:
    """Take what waits for a bot."""
    updates = await bot.get_updates(allowed_updates=EVERYTHING)
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return updates


async def messages(bot: Bot) -> list[Message]:
    return [each.message for each in await taken(bot) if each.message]


SENDABLE: list[tuple[Json, str]] = [
    ({"text": "words"}, "text"),
    ({"file": {"kind": "photo", "data": coded(PICTURE)}, "text": "look"}, "photo"),
    ({"file": {"data": coded(b"pdf"), "name": "a.pdf", "mime": "application/pdf"}}, "document"),
    ({"file": {"kind": "voice", "data": coded(b"ogg"), "duration": 3}}, "voice"),
    ({"file": {"kind": "video", "data": coded(b"mp4"), "width": 4, "height": 3}}, "video"),
    ({"file": {"kind": "video_note", "data": coded(b"mp4"), "width": 240}}, "video_note"),
    ({"file": {"kind": "audio", "data": coded(b"mp3"), "title": "Song"}}, "audio"),
    ({"file": {"kind": "animation", "data": coded(b"gif"), "name": "a.gif"}}, "animation"),
    ({"file": {"kind": "sticker", "data": coded(b"webp"), "emoji": "🙂"}}, "sticker"),
    ({"location": {"latitude": 1.5, "longitude": 2.5}}, "location"),
    ({"location": {"latitude": 1, "longitude": 2, "title": "Shop", "address": "Red"}}, "venue"),
    ({"contact": {"phone": "+79991234567", "first_name": "Ivan"}}, "contact"),
]


async def test_whatever_a_person_sends_reaches_the_bot(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    bot = bots(shown)
    for said, kind in SENDABLE:
        sent = await director.says(anna, shown["id"], **said)
        (heard,) = await messages(bot)
        assert heard.content_type == kind
        assert heard.message_id == sent["other_id"]
        if sent["file"]:
            file = await director.ask("GET", f"/files/{sent['file']['id']}")
            assert coded(file.content) == said["file"]["data"]


async def test_an_album_comes_as_one(director: Director, bots: NewBot) -> None:
    anna, bot = await director.person("Anna"), await director.bot()
    files = [{"kind": "photo", "data": coded(PICTURE), "caption": each} for each in "ab"]
    path = f"/people/{anna['id']}/albums"
    sent = await director.post(path, to=bot["id"], files=files)
    heard = await messages(bots(bot))
    assert [each.caption for each in heard] == ["a", "b"]
    assert len({each.media_group_id for each in heard} - {None}) == 1
    assert len({each["album"] for each in sent}) == 1
    one = await director.ask("POST", path, json={"to": bot["id"], "files": files[:1]})
    assert one.status_code == 422


async def test_one_message_has_one_thing_with_it(director: Director) -> None:
    anna, bot = await director.person("Anna"), await director.bot()
    both = {"photo": coded(PICTURE), "location": {"latitude": 1, "longitude": 2}}
    path = f"/people/{anna['id']}/messages"
    refused = await director.ask("POST", path, json={"to": bot["id"], **both})
    assert (refused.status_code, "are an album" in refused.json()["message"]) == (422, True)


async def test_replies_edits_reactions_forwards_and_deletions(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    bot, me = bots(shown), f"/people/{anna['id']}"
    await bot.get_updates(allowed_updates=EVERYTHING)
    first = await director.says(anna, shown["id"], "helo")
    answer = await bot.send_message(anna["id"], "yes?")
    heard = await director.hears(anna, shown, first["id"])
    reply = await director.says(anna, shown["id"], "see", reply_to=heard["id"])
    await director.do("PATCH", f"{me}/messages/{first['id']}", chat=shown["id"], text="hello")
    feeling = {"chat": shown["id"], "message": heard["id"], "reactions": ["👍"]}
    await director.put(f"{me}/reactions", **feeling)
    await director.post(f"{me}/forwards", chat=shown["id"], messages=[reply["id"]], to=shown["id"])
    await director.do("DELETE", f"{me}/messages/{reply['id']}?chat={shown['id']}")
    updates = await taken(bot)
    assert [each.event_type for each in updates] == [
        "message",
        "message",
        "edited_message",
        "message_reaction",
        "message",
    ]
    _, replied, edited, felt, passed = (each.event for each in updates)
    assert isinstance(replied, Message)
    assert replied.reply_to_message
    assert replied.reply_to_message.message_id == answer.message_id
    assert edited.text == "hello"  # type: ignore[attr-defined]
    assert felt.new_reaction[0].emoji == "👍"  # type: ignore[attr-defined]
    assert passed.forward_origin.sender_user.id == anna["id"]  # type: ignore[attr-defined]
    left = await director.get(f"{me}/messages", **{"with": shown["id"]})
    assert [each["text"] for each in left] == ["hello", "yes?", "see"]
    assert left[1]["reactions"] == {str(anna["id"]): ["👍"]}


async def test_the_bots_reaction_and_edit_are_seen(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    said = await director.says(anna, shown["id"], "hello")
    bot = bots(shown)
    await bot.set_message_reaction(anna["id"], said["other_id"], [{"type": "emoji", "emoji": "🔥"}])  # type: ignore[list-item]
    answer = await bot.send_message(anna["id"], "helo", protect_content=True)
    await bot.edit_message_text("hello!", chat_id=anna["id"], message_id=answer.message_id)
    seen = await director.get(f"/people/{anna['id']}/messages", **{"with": shown["id"]})
    assert seen[0]["reactions"] == {str(shown["id"]): ["🔥"]}
    assert (seen[1]["text"], seen[1]["protected"]) == ("hello!", True)
    sent = await director.get(f"/bots/{shown['id']}/sent")
    assert [each["text"] for each in sent] == ["hello!"]


async def test_a_bot_is_blocked_and_forgiven(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    bot, block = bots(shown), f"/people/{anna['id']}/blocked/{shown['id']}"
    await director.says(anna, shown["id"], "/start")
    await taken(bot)
    await director.put(block)
    with pytest.raises(Exception, match="bot was blocked by the user"):
        await bot.send_message(anna["id"], "hi")
    await director.do("DELETE", block)
    await bot.send_message(anna["id"], "hi again")
    told = [each.my_chat_member for each in await taken(bot)]
    steps = [(m.old_chat_member.status, m.new_chat_member.status) for m in told if m]
    assert steps == [("member", "kicked"), ("kicked", "member")]
    assert {(m.chat.id, m.chat.type, m.from_user.id) for m in told if m} == {
        (anna["id"], "private", anna["id"])
    }


async def test_people_come_rise_fall_and_go_in_a_forum(director: Director, bots: NewBot) -> None:
    boss, tech = await director.person("Boss"), await director.person("Tech")
    shown = await director.bot()
    bot = bots(shown)
    await bot.get_updates(allowed_updates=EVERYTHING)
    group = await director.post("/groups", title="Office", owner=boss["id"], forum=True)
    place = f"/chats/{group['id']}"
    await director.put(f"{place}/members/{shown['id']}?by={boss['id']}&announce=true")
    await director.put(f"{place}/admins/{shown['id']}", by=boss["id"], rights=[])
    await director.put(f"{place}/members/{tech['id']}?announce=true")
    await director.put(f"{place}/admins/{tech['id']}", by=boss["id"], rights=["pin_messages"])
    await director.do("DELETE", f"{place}/admins/{tech['id']}?by={boss['id']}")
    topic = await bot.create_forum_topic(group["id"], "#1 Anna")
    thread = topic.message_thread_id
    await director.says(tech, group["id"], "on it", topic=thread)
    await director.do("DELETE", f"{place}/members/{tech['id']}?announce=true")
    told = await taken(bot)
    kinds = [
        (u.event_type, u.event.new_chat_member.status, u.event.from_user.id)  # type: ignore[attr-defined]
        for u in told
        if u.event_type.endswith("member")
    ]
    assert kinds == [
        ("my_chat_member", "member", boss["id"]),
        ("my_chat_member", "administrator", boss["id"]),
        ("chat_member", "member", tech["id"]),
        ("chat_member", "administrator", boss["id"]),
        ("chat_member", "member", boss["id"]),
        ("chat_member", "left", tech["id"]),
    ]
    heard = [each.message for each in told if each.message]
    assert [each.content_type for each in heard] == [
        "new_chat_members",
        "new_chat_members",
        "text",
        "left_chat_member",
    ]
    assert (heard[2].text, heard[2].message_thread_id) == ("on it", thread)
    read = await director.get(f"{place}/messages", thread=thread)
    assert [each["text"] for each in read] == ["on it"]


async def test_topics_are_changed_and_deleted_by_people(director: Director, bots: NewBot) -> None:
    boss, shown = await director.person("Boss"), await director.bot()
    group = await director.post("/groups", title="Office", owner=boss["id"])
    place = f"/chats/{group['id']}"
    await director.put(f"{place}/forum", enabled=True)
    await director.put(f"{place}/members/{shown['id']}")
    await director.put(f"{place}/admins/{shown['id']}", rights=[])
    topic = await director.post(f"{place}/topics", title="Rules")
    path = f"{place}/topics/{topic['id']}"
    assert (await director.do("PATCH", path, title="Laws", closed=True))["closed"]
    bot = bots(shown)
    await bot.send_message(group["id"], "kept", message_thread_id=topic["id"])
    await director.do("DELETE", path)
    with pytest.raises(Exception, match="message thread not found"):
        await bot.send_message(group["id"], "lost", message_thread_id=topic["id"])
    assert [each["title"] for each in await director.get(f"{place}/topics")] == ["General"]


async def test_who_asks_to_be_let_in_is_told_to_the_bot(director: Director, bots: NewBot) -> None:
    boss, anna = await director.person("Boss"), await director.person("Anna")
    shown = await director.bot()
    bot = bots(shown)
    await bot.get_updates(allowed_updates=EVERYTHING)
    group = await director.post("/groups", title="Club", owner=boss["id"])
    await director.put(f"/chats/{group['id']}/admins/{shown['id']}", rights=[])
    link = await bot.create_chat_invite_link(group["id"], creates_join_request=True, name="door")
    asked = await director.ask(
        "POST", f"/people/{anna['id']}/joins", json={"link": link.invite_link}
    )
    assert asked.json()["error"] == "INVITE_REQUEST_SENT"
    request = (await taken(bot))[-1].chat_join_request
    assert request
    assert request.invite_link
    assert (request.from_user.id, request.invite_link.name) == (anna["id"], "door")
    await bot.approve_chat_join_request(group["id"], anna["id"])
    members = (await director.get(f"/chats/{group['id']}"))["members"]
    assert anna["id"] in [each["user"] for each in members]


async def test_votes_are_told_and_a_stopped_poll_takes_none(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    said = await director.says(anna, shown["id"], "/start")
    bot, vote = bots(shown), f"/people/{anna['id']}/votes"
    asked = await bot.send_poll(anna["id"], "Tea?", ["yes", "no"], is_anonymous=False)
    seen = await director.hears(anna, shown, said["id"])
    await bot.get_updates(offset=-1, allowed_updates=EVERYTHING)
    shown_poll = await director.put(vote, chat=shown["id"], message=seen["id"], options=[1])
    assert shown_poll["poll"]["votes"] == {str(anna["id"]): [1]}
    answers = [each.poll_answer for each in await taken(bot) if each.poll_answer]
    assert [each.option_ids for each in answers] == [[1]]
    stopped = await bot.stop_poll(anna["id"], asked.message_id)
    assert (stopped.is_closed, [each.voter_count for each in stopped.options]) == (True, [0, 1])
    late: Any = {"chat": shown["id"], "message": seen["id"], "options": [0]}
    refused = await director.ask("PUT", vote, json=late)
    assert refused.json()["error"] == "MESSAGE_POLL_CLOSED"


async def test_a_button_that_is_gone_may_still_be_pressed_by_what_it_tells(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await director.person("Anna", language="ru"), await director.bot()
    said = await director.says(anna, shown["id"], "/start")
    bot = bots(shown)
    card = await bot.send_message(anna["id"], "Take it", reply_markup=CHOICE)
    await bot.edit_message_reply_markup(chat_id=anna["id"], message_id=card.message_id)
    seen = await director.hears(anna, shown, said["id"])
    path, press = f"/people/{anna['id']}/presses", {"chat": shown["id"], "message": seen["id"]}
    gone = await director.ask("POST", path, json=press | {"button": "Warranty"})
    assert (gone.status_code, "no button" in gone.json()["message"]) == (404, True)
    await director.post(path, **press, data="topic:warranty")
    query = (await taken(bot))[-1].callback_query
    assert query
    assert (query.data, query.from_user.language_code) == ("topic:warranty", "ru")


async def test_a_bot_without_privacy_hears_what_others_do_not(
    director: Director, bots: NewBot
) -> None:
    boss, deaf = await director.person("Boss"), await director.bot()
    hears = await director.post("/bots", name="Ear", username="ear_bot", reads_all=True)
    group = await director.post("/groups", title="Office", owner=boss["id"])
    for each in (deaf, hears):
        await director.put(f"/chats/{group['id']}/members/{each['id']}")
    await director.says(boss, group["id"], "the code word")
    assert (await bots(hears).get_me()).can_read_all_group_messages
    assert [each.text for each in await messages(bots(hears))] == ["the code word"]
    assert await messages(bots(deaf)) == []


async def test_albums_stay_together_when_they_are_copied(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    boris = await director.person("Boris")
    await director.says(boris, shown["id"], "/start")
    files = [{"kind": "photo", "data": coded(PICTURE), "caption": each} for each in "ab"]
    await director.post(f"/people/{anna['id']}/albums", to=shown["id"], files=files)
    bot = bots(shown)
    numbers = [each.message_id for each in await messages(bot) if each.media_group_id]
    await bot.copy_messages(boris["id"], anna["id"], numbers, remove_caption=True)
    await bot.forward_messages(boris["id"], anna["id"], numbers)
    sent = await director.get(f"/bots/{shown['id']}/sent")
    albums = [each["album"] for each in sent]
    assert (albums[0], albums[2]) == (albums[1], albums[3])
    assert len({*albums}) == 2
    assert [each["text"] for each in sent] == ["", "", "a", "b"]


async def test_a_bot_made_admin_at_once_is_told_once(director: Director, bots: NewBot) -> None:
    boss, shown = await director.person("Boss"), await director.bot()
    channel = await director.post("/channels", title="News", owner=boss["id"])
    await director.put(f"/chats/{channel['id']}/admins/{shown['id']}", rights=["post_messages"])
    (told,) = [each.my_chat_member for each in await taken(bots(shown)) if each.my_chat_member]
    assert (told.old_chat_member.status, told.new_chat_member.status) == ("left", "administrator")
    assert told.from_user.id == boss["id"]


async def test_a_key_that_is_not_known_is_refused(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    await director.says(anna, shown["id"], "/start")
    key = KeyboardButton(text="Vote", request_poll=KeyboardButtonPollType())
    with pytest.raises(TelegramBadRequest, match="request_poll are not known here"):
        await bots(shown).send_message(
            anna["id"], "?", reply_markup=ReplyKeyboardMarkup(keyboard=[[key]])
        )


async def test_whatever_happens_can_be_waited_for(director: Director, bots: NewBot) -> None:
    anna, shown = await director.person("Anna"), await director.bot()
    said = await director.says(anna, shown["id"], "helo")
    bot, last = bots(shown), (await director.get("/happenings"))[-1]["number"]
    waiting = asyncio.create_task(
        director.get("/happenings", after=last, kind="edit", owner=anna["id"], wait=20)
    )
    answer = await bot.send_message(anna["id"], "yes?")
    await bot.send_chat_action(anna["id"], "typing")
    await bot.edit_message_text("yes!", chat_id=anna["id"], message_id=answer.message_id)
    (edited,) = await in_time(waiting)
    assert (edited["chat"], edited["person"]) == (shown["id"], shown["id"])
    seen = await director.get(f"/people/{anna['id']}/messages", **{"with": shown["id"]})
    assert edited["messages"] == [seen[-1]["id"]]
    me = f"/people/{anna['id']}"
    await director.put(f"{me}/reactions", chat=shown["id"], message=said["id"], reactions=["👍"])
    await director.put(f"{me}/blocked/{shown['id']}")
    happened = await director.get("/happenings", after=last)
    kinds = [each["kind"] for each in happened]
    assert kinds == [
        *("message", "message", "typing", "edit", "edit"),
        *("reaction", "reaction", "block"),
    ]
    assert await director.get("/happenings", kind="press") == []
