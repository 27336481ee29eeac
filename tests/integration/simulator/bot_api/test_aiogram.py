"""aiogram, unchanged, by polling and by webhook."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
)
from aiogram.filters import CommandStart
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    Document,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    KeyboardButton,
    Message,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.world.markup import ButtonKind, ReplyKeyboard
from simulator.world.media import Contact
from simulator.world.messages import Draft
from simulator.world.messages import Message as Said
from simulator.world.peers import MessageId
from simulator.world.people import Person
from simulator.world.queries import CallbackAnswer
from tests.integration.simulator.bot_api.conftest import Place, in_time

SECRET = "s3cret"
CHOICE = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]]
)
SHARE = ReplyKeyboardMarkup(
    keyboard=[[KeyboardButton(text="My number", request_contact=True)]], resize_keyboard=True
)


def make_dispatcher() -> Dispatcher:
    """A bot that asks, hears a button, and asks for a number."""
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def start(message: Message) -> None:
        await message.answer("<b>Warranty</b>?", parse_mode=ParseMode.HTML, reply_markup=CHOICE)

    @dispatcher.callback_query(F.data == "yes")
    async def pressed(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.answer("noted", show_alert=True)
        await query.message.edit_text("Warranty: yes")
        await query.message.answer("Your number?", reply_markup=SHARE)

    @dispatcher.message(F.contact)
    async def contact(message: Message) -> None:
        assert message.contact
        await message.reply(f"Thanks, {message.contact.phone_number}")

    @dispatcher.message(F.text == "echo")
    async def echo(message: Message) -> Any:
        return message.answer("from the webhook's own reply")

    return dispatcher


@asynccontextmanager
async def polling(bot: Bot) -> AsyncIterator[None]:
    dispatcher = make_dispatcher()
    task = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    try:
        yield
    finally:
        await dispatcher.stop_polling()
        await in_time(task)


@asynccontextmanager
async def webhook(bot: Bot, secret: str = SECRET) -> AsyncIterator[None]:
    app = web.Application()
    SimpleRequestHandler(
        make_dispatcher(), bot, handle_in_background=False, secret_token=secret
    ).register(app, path="/hook")
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token=SECRET)
    try:
        yield
    finally:
        await bot.delete_webhook()
        await runner.cleanup()


def hears(place: Place, person: Person, wanted: Callable[[Said], bool]) -> asyncio.Future[Said]:
    """Wait for a message that lies with a person."""
    heard: asyncio.Future[Said] = asyncio.get_running_loop().create_future()

    def note(_event: object) -> None:
        for message in person.inbox.messages.values():
            if wanted(message) and not heard.done():
                heard.set_result(message)

    place.world.bulletin.subscribe(note)
    return heard


def saying(text: str) -> Callable[[Said], bool]:
    return lambda message: message.text == text


async def play(place: Place, anna: Person) -> None:
    """A person's side of the dialogue."""
    world = place.world
    asked = hears(place, anna, saying("Warranty?"))
    world.send_private(anna, place.bot, "/start")
    question = await in_time(asked)
    assert [e.kind.value for e in question.entities] == ["Bold"]
    edited = hears(place, anna, saying("Warranty: yes"))
    number = hears(place, anna, saying("Your number?"))
    query = world.callbacks.press(anna, question, b"yes")
    assert (await in_time(edited)).id == question.id
    assert query.answer == CallbackAnswer("noted", alert=True)
    keyboard = (await in_time(number)).markup
    assert isinstance(keyboard, ReplyKeyboard)
    assert keyboard.rows[0][0].kind is ButtonKind.CONTACT
    thanks = hears(place, anna, saying(f"Thanks, {anna.phone}"))
    card = Contact(anna.phone, anna.first_name, user=anna.id)
    sent = world.private_talk.send(anna, place.bot, Draft("", media=card)).message
    assert (await in_time(thanks)).reply_to == sent.id


async def test_a_dialogue_by_polling(place: Place, anna: Person) -> None:
    async with polling(place.aiogram()):
        await play(place, anna)


async def test_a_dialogue_by_webhook(place: Place, anna: Person) -> None:
    bot = place.aiogram()
    async with webhook(bot):
        await play(place, anna)
        await delivered(bot)


async def test_a_webhooks_reply_may_hold_a_call(place: Place, anna: Person) -> None:
    bot = place.aiogram()
    async with webhook(bot):
        heard = hears(place, anna, saying("from the webhook's own reply"))
        place.world.send_private(anna, place.bot, "echo")
        await in_time(heard)
        await delivered(bot)


async def delivered(bot: Bot) -> None:
    """Wait until the webhook has taken everything."""
    async with asyncio.timeout(10):
        while (await bot.get_webhook_info()).pending_update_count:
            continue


async def test_a_webhook_with_another_secret_is_tried_again_and_blamed(
    place: Place, anna: Person
) -> None:
    bot = place.aiogram()
    async with webhook(bot, secret="another"):
        place.world.send_private(anna, place.bot, "/start")
        async with asyncio.timeout(10):
            while (info := await bot.get_webhook_info()).last_error_message is None:
                continue
        assert info.pending_update_count == 1
        assert "401" in info.last_error_message
    assert len(await bot.get_updates()) == 1


async def test_every_content_type_goes_out_and_comes_back(place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    bot, chat = place.aiogram(), anna.id
    data = BufferedInputFile(b"x" * 2_000_000, "big report.pdf")
    sent = [
        await bot.send_document(chat, data, caption="*b*", parse_mode=ParseMode.MARKDOWN_V2),
        await bot.send_voice(chat, BufferedInputFile(b"voice", "v.ogg"), duration=3),
        await bot.send_video(chat, BufferedInputFile(b"video", "v.mp4"), width=4, height=3),
        await bot.send_video_note(chat, BufferedInputFile(b"note", "n.mp4"), length=240),
        await bot.send_audio(chat, BufferedInputFile(b"audio", "a.mp3"), title="Song"),
        await bot.send_animation(chat, BufferedInputFile(b"gif", "a.gif")),
        await bot.send_sticker(chat, BufferedInputFile(b"webp", "s.webp"), emoji="🙂"),
        await bot.send_location(chat, 55.75, 37.62),
        await bot.send_venue(chat, 55.75, 37.62, "Square", "Red"),
        await bot.send_contact(chat, "+79991234567", "Ivan"),
        await bot.send_poll(chat, "Tea?", ["yes", "no"]),
        await bot.send_dice(chat),
    ]
    kinds = [message.content_type for message in sent]
    assert " ".join(kinds) == (
        "document voice video video_note audio animation sticker location venue contact poll dice"
    )
    assert isinstance(sent[0].document, Document)
    assert (sent[0].caption, sent[0].document.file_name) == ("b", "big report.pdf")
    file = await bot.get_file(sent[0].document.file_id)
    content = await bot.download(file)
    assert content is not None
    assert content.read() == data.data
    again = await bot.send_document(chat, sent[0].document.file_id)
    assert again.document is not None
    assert again.document.file_unique_id == sent[0].document.file_unique_id
    assert len(place.world.messages_of((anna, place.bot))) == len(sent) + 2


async def test_an_album_stays_together(place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    files = [BufferedInputFile(name.encode(), f"{name}.txt") for name in "ab"]
    album = await place.aiogram().send_media_group(
        anna.id, [InputMediaDocument(media=file, caption=file.filename) for file in files]
    )
    assert [message.caption for message in album] == ["a.txt", "b.txt"]
    assert len({message.media_group_id for message in album} - {None}) == 1


async def test_messages_are_answered_edited_copied_forwarded_and_deleted(
    place: Place, anna: Person, boss: Person
) -> None:
    world, bot = place.world, place.aiogram()
    question = world.send_private(anna, place.bot, "help")
    world.send_private(boss, place.bot, "/start")
    assert question.twin is not None
    number = question.twin.id
    answer = await bot.send_message(
        anna.id, "yes?", reply_parameters=ReplyParameters(message_id=number)
    )
    assert answer.reply_to_message is not None
    assert answer.reply_to_message.text == "help"
    await bot.edit_message_reply_markup(
        chat_id=anna.id, message_id=answer.message_id, reply_markup=CHOICE
    )
    copied = await bot.copy_message(boss.id, anna.id, number)
    passed = await bot.forward_message(boss.id, anna.id, number)
    assert passed.forward_origin is not None
    assert passed.forward_origin.type == "user"
    texts = [m.text for m in world.messages_of((boss, place.bot))]
    assert texts == ["/start", "help", "help"]
    await bot.set_message_reaction(anna.id, number, [ReactionTypeEmoji(emoji="👍")])
    assert question.reactions == {place.bot.id: ("👍",)}
    await bot.delete_messages(boss.id, [copied.message_id, passed.message_id])
    assert [m.text for m in world.messages_of((boss, place.bot))] == ["/start"]


async def test_a_bot_learns_of_edits_and_reactions(place: Place, anna: Person) -> None:
    bot = place.aiogram()
    assert await bot.get_updates(allowed_updates=["edited_message", "message_reaction"]) == []
    said = place.world.send_private(anna, place.bot, "helo")
    place.world.private_talk.edit(anna, said.id, Draft("hello"))
    place.world.private_talk.react(anna, said.id, ("🔥",))
    edited, reacted = await bot.get_updates()
    assert edited.edited_message is not None
    assert edited.edited_message.text == "hello"
    assert reacted.message_reaction is not None
    (feeling,) = reacted.message_reaction.new_reaction
    assert isinstance(feeling, ReactionTypeEmoji)
    assert feeling.emoji == "🔥"


async def test_refusals_become_aiograms_errors(place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    bot = place.aiogram()
    anna.blocked.add(place.bot.id)
    with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
        await bot.send_message(anna.id, "hi")
    place.api.faults.add(BotFault(BotFaultKind.TOO_MANY, seconds=3))
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.get_me()
    assert refused.value.retry_after == 3
    with pytest.raises(TelegramNotFound, match="getMyStarBalance"):
        await bot.get_my_star_balance()


async def test_a_group_is_known_with_its_members(place: Place, boss: Person, anna: Person) -> None:
    group = place.world.add_group("Office", owner=boss)
    place.world.join(group, place.bot, anna)
    place.world.make_admin(group, place.bot)
    bot, chat = place.aiogram(), -1_000_000_000_000 - group.id
    assert (await bot.get_chat(chat)).title == "Office"
    assert [m.user.id for m in await bot.get_chat_administrators(chat)] == [boss.id, place.bot.id]
    assert (await bot.get_chat_member(chat, anna.id)).status == "member"
    assert await bot.get_chat_member_count(chat) == 3
    said = await bot.send_message(chat, "rules")
    await bot.pin_chat_message(chat, said.message_id)
    assert [m.text for m in group.history if m.pinned] == ["rules"]
    await bot.unpin_chat_message(chat, message_id=said.message_id)
    assert not any(m.pinned for m in group.history)
    await bot.ban_chat_member(chat, anna.id)
    assert (await bot.get_chat_member(chat, anna.id)).status == "kicked"
    await bot.unban_chat_member(chat, anna.id)
    await bot.send_chat_action(chat, "typing")
    await bot.set_my_commands([BotCommand(command="start", description="Begin")])
    assert [c.command for c in await bot.get_my_commands()] == ["start"]
    await bot.leave_chat(chat)
    assert place.bot.id not in group.members


async def test_a_basic_group_that_is_upgraded_says_where_it_is_now(
    place: Place, boss: Person, anna: Person
) -> None:
    group = place.world.add_group("Office", owner=boss, basic=True)
    place.world.join(group, place.bot, anna)
    place.world.make_admin(group, place.bot)
    bot, old = place.aiogram(), -group.id
    assert (await bot.get_chat(old)).type == "group"
    said = await bot.send_message(old, "rules")
    assert said.chat.id == old
    await bot.get_updates(offset=-1)
    grown = place.world.upgrade(group)
    new = -1_000_000_000_000 - grown.id
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(old, "more rules")
    assert moved.value.migrate_to_chat_id == new
    told = [one.message for one in await bot.get_updates() if one.message is not None]
    assert [one.migrate_to_chat_id for one in told if one.chat.id == old] == [new]
    assert old in [one.migrate_from_chat_id for one in told if one.chat.id == new]
    assert (await bot.get_chat_member(new, place.bot.id)).status == "administrator"
    assert (await bot.send_message(new, "more rules")).chat.type == "supergroup"


async def test_topics_open_hear_close_reopen_and_go(place: Place, boss: Person) -> None:
    group = place.world.add_group("Office", owner=boss)
    place.world.join(group, place.bot)
    place.world.make_admin(group, place.bot)
    place.world.forums.toggle(group, enabled=True)
    bot, chat = place.aiogram(), -1_000_000_000_000 - group.id
    assert (await bot.get_chat(chat)).is_forum
    topic = await bot.create_forum_topic(chat, "#1 Anna")
    thread = topic.message_thread_id
    said = await bot.send_message(chat, "in work", message_thread_id=thread)
    assert (said.is_topic_message, said.message_thread_id) == (True, thread)
    await bot.edit_forum_topic(chat, thread, name="#1 Anna, closed")
    await bot.close_forum_topic(chat, thread)
    kept = group.topics[MessageId(thread)]
    assert (kept.title, kept.closed) == ("#1 Anna, closed", True)
    await bot.reopen_forum_topic(chat, thread)
    await bot.get_updates(offset=-1)
    answer = Draft("hello?", topic=kept.id)
    place.world.channel_talk.send(group, boss.id, answer)
    heard = (await bot.get_updates())[-1].message
    assert heard is not None
    assert (heard.text, heard.message_thread_id) == ("hello?", thread)
    await bot.delete_forum_topic(chat, thread)
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(chat, "gone", message_thread_id=thread)


async def test_topic_edits_count_against_the_groups_budget(place: Place, boss: Person) -> None:
    group = place.world.add_group("Office", owner=boss)
    place.world.make_admin(group, place.bot)
    place.world.forums.toggle(group, enabled=True)
    bot, chat = place.aiogram(), -1_000_000_000_000 - group.id
    seconds = count()
    place.api.limits.now = lambda: at
    place.api.limits.enabled = True
    at = float(next(seconds))
    topic = await bot.create_forum_topic(chat, "one")
    for number in range(19):
        at = float(next(seconds))
        await bot.edit_forum_topic(chat, topic.message_thread_id, name=str(number))
    at = float(next(seconds))
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.edit_forum_topic(chat, topic.message_thread_id, name="too much")
    assert refused.value.retry_after == 40
