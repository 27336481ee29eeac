"""python-telegram-bot against the same API, and a real account on the other face of the world."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiogram.exceptions import TelegramForbiddenError
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup
from telegram import Update as PtbUpdate
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession
from telethon.tl.functions.contacts import BlockRequest, UnblockRequest

from simulator.server import TelegramServer, serve
from simulator.world.people import Person
from simulator.world.world import World
from tests.integration.simulator.bot_api.conftest import Place, in_time
from tests.integration.simulator.bot_api.test_aiogram import (
    hears,
    polling,
    saying,
)


async def start(update: PtbUpdate, _: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message
    choice = InlineKeyboardMarkup([[InlineKeyboardButton("Return", callback_data="return")]])
    await update.message.reply_text("What is it?", reply_markup=choice)


async def pressed(update: PtbUpdate, _: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query
    await query.answer("noted")
    await query.edit_message_text(f"Chosen: {query.data}")


async def said(update: PtbUpdate, _: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message
    keyboard = ReplyKeyboardMarkup([["To the beginning"]], resize_keyboard=True)
    await update.message.reply_text(f"You said {update.message.text}", reply_markup=keyboard)


@asynccontextmanager
async def running(application: Application[Any, Any, Any, Any, Any, Any]) -> AsyncIterator[None]:
    async with application:
        assert application.updater
        await application.updater.start_polling(timeout=1)
        await application.start()
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()


async def test_python_telegram_bot_completes_a_dialogue_with_buttons(
    place: Place, anna: Person
) -> None:
    builder = ApplicationBuilder().token(place.token).base_url(f"{place.url}/bot")
    application = builder.base_file_url(f"{place.url}/file/bot").build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, said))
    async with running(application):
        asked = hears(place, anna, saying("What is it?"))
        place.world.send_private(anna, place.bot, "/start")
        question = await in_time(asked)
        chosen = hears(place, anna, saying("Chosen: return"))
        query = place.world.callbacks.press(anna, question, b"return")
        assert (await in_time(chosen)).id == question.id
        assert query.answer is not None
        answered = hears(place, anna, saying("You said hello"))
        place.world.send_private(anna, place.bot, "hello")
        assert (await in_time(answered)).markup is not None


@pytest.fixture
async def town() -> AsyncIterator[TelegramServer]:
    async with serve(World(), bot_api=True) as server:
        rsa.add_key(server.public_key, old=False)
        yield server


@pytest.fixture
async def client(town: TelegramServer) -> AsyncIterator[Any]:
    """Anna's own Telethon, signed in."""
    anna = town.world.add_person("9996620002", "Anna")
    session = MemorySession()
    session.set_dc(town.dc_id, town.host, town.port)
    client: Any = TelegramClient(session, town.api_id, town.api_hash)
    await client.connect()
    await client.send_code_request(anna.phone)
    await client.sign_in(anna.phone, code=town.world.logins.code_for(anna.phone))
    yield client
    await client.disconnect()


async def test_one_world_has_two_faces(town: TelegramServer, client: Any) -> None:
    """A real account talks over MTProto with a bot that aiogram runs over HTTP."""
    assert town.bot_api is not None
    desk = town.world.add_bot("Desk", "desk_bot")
    anna = town.world.people.by_phone["9996620002"]
    async with AsyncExitStack() as stack:
        place = Place(town.world, town.bot_api, desk, town.bot_api.url, stack)
        await stack.enter_async_context(polling(place.aiogram()))
        talk = await stack.enter_async_context(client.conversation("desk_bot", timeout=10))
        await talk.send_message("/start")
        question = await talk.get_response()
        assert question.text == "**Warranty**?"
        noted = await question.click(data=b"yes")
        assert (noted.message, noted.alert) == ("noted", True)
        number = await talk.get_response()
        assert number.raw_text == "Your number?"
    changed = await client.get_messages("desk_bot", ids=question.id)
    assert changed.raw_text == "Warranty: yes"
    assert [m.author for m in town.world.messages_of((anna, desk))] == [anna.id, desk.id, desk.id]
    assert not town.bot_api.crashed
    assert not town.methods.unknown


async def test_an_account_blocks_a_bot_and_lets_it_speak_again(
    town: TelegramServer, client: Any
) -> None:
    assert town.bot_api is not None
    desk = town.world.add_bot("Desk", "desk_bot")
    anna = town.world.people.by_phone["9996620002"]
    async with AsyncExitStack() as stack:
        place = Place(town.world, town.bot_api, desk, town.bot_api.url, stack)
        bot = place.aiogram()
        await client.send_message("desk_bot", "/start")
        await bot.send_message(anna.id, "not to be passed on", protect_content=True)
        (kept,) = await client.get_messages("desk_bot", limit=1)
        assert kept.noforwards
        await bot.get_updates(offset=-1)
        await client(BlockRequest("desk_bot"))
        await client(BlockRequest("desk_bot"))
        with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
            await bot.send_message(anna.id, "still there?")
        await client(UnblockRequest("desk_bot"))
        told = [each.my_chat_member for each in await bot.get_updates() if each.my_chat_member]
        assert [each.new_chat_member.status for each in told] == ["kicked", "member"]
        assert [each.from_user.id for each in told] == [anna.id] * 2
