import asyncio
from typing import Any

import pytest
from telethon import Button, errors, events
from telethon.tl import functions, types

from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def bot(town: Town) -> Person:
    return town.world.add_bot("Helper", "helper_bot")


async def start(town: Town, bot: Person) -> Any:
    client = await town.connect()
    return await client.sign_in(bot_token=town.world.bots.token_of(bot)) and client


async def test_a_bot_signs_in_with_its_token_alone(town: Town, bot: Person) -> None:
    client = await start(town, bot)
    me = await client.get_me()
    assert (me.id, me.bot) == (bot.id, True)
    stranger = await town.connect()
    with pytest.raises(errors.AccessTokenInvalidError):
        await stranger.sign_in(bot_token="1:wrong")


async def test_a_pressed_button_is_answered_and_its_message_changed(
    town: Town, bot: Person, anna: Person
) -> None:
    helper, client = await start(town, bot), await town.sign_in(anna)
    heard = listen(client, events.NewMessage(incoming=True))
    edited = listen(client, events.MessageEdited)

    async def agree(event: Any) -> None:
        await event.answer("thanks", alert=True)
        await event.edit("done", buttons=None)

    helper.add_event_handler(agree, events.CallbackQuery(data=b"yes"))
    await client.send_message("helper_bot", "hello")
    await helper.send_message("anna_p", "sure?", buttons=[[Button.inline("Yes", b"yes")]])
    asked = (await heard.next()).message
    answer = await asked.click(data=b"yes")
    assert (answer.message, answer.alert) == ("thanks", True)
    changed = (await edited.next()).message
    assert (changed.text, changed.buttons) == ("done", None)


async def test_a_button_in_a_group_names_its_message(
    town: Town, bot: Person, boss: Person, anna: Person
) -> None:
    group = town.world.add_group("Club", "town_club", owner=boss)
    town.world.join(group, bot, anna)
    helper, client = await start(town, bot), await town.sign_in(anna)
    pressed = listen(helper, events.CallbackQuery)
    sent = await helper.send_message("town_club", "?", buttons=Button.inline("Go", b"go"))
    (seen,) = [m async for m in client.iter_messages("town_club", limit=1)]
    clicking = asyncio.create_task(seen.click(0))
    event = await pressed.next()
    assert (event.message_id, event.sender_id, event.data) == (sent.id, anna.id, b"go")
    await event.answer()
    assert (await clicking).message is None


async def test_a_button_that_is_not_there_cannot_be_pressed(
    town: Town, bot: Person, anna: Person
) -> None:
    helper, client = await start(town, bot), await town.sign_in(anna)
    heard = listen(client, events.NewMessage)
    await helper.send_message("anna_p", "?", buttons=Button.inline("Go", b"go"))
    seen = (await heard.next()).message
    request = functions.messages.GetBotCallbackAnswerRequest("helper_bot", seen.id, data=b"other")
    with pytest.raises(errors.DataInvalidError):
        await client(request)


async def test_a_contact_button_sends_the_readers_number(
    town: Town, bot: Person, anna: Person
) -> None:
    helper, client = await start(town, bot), await town.sign_in(anna)
    asked, shared = listen(client, events.NewMessage), listen(helper, events.NewMessage)
    await helper.send_message("anna_p", "?", buttons=[[Button.request_phone("Share")]])
    seen = (await asked.next()).message
    assert isinstance(seen.reply_markup, types.ReplyKeyboardMarkup)
    await seen.click(0, share_phone=True)
    contact = (await shared.next()).message.contact
    assert (contact.phone_number, contact.user_id) == (anna.phone, anna.id)


async def test_people_attach_no_keyboards(town: Town, boss: Person, anna: Person) -> None:
    client = await town.sign_in(boss)
    await client(
        functions.messages.SendMessageRequest(
            "anna_p",
            "hi",
            reply_markup=types.ReplyInlineMarkup(
                [
                    types.KeyboardInlineButtonRow(
                        [types.KeyboardInlineButton("x", types.InlineButtonTypeCallback(b"x"))]
                    )
                ]
            ),
        )
    )
    kept = boss.inbox.chats[anna.id].last
    assert kept is not None
    assert kept.markup is None


async def test_what_a_bot_understands_is_listed(town: Town, bot: Person, anna: Person) -> None:
    helper, client = await start(town, bot), await town.sign_in(anna)
    scope = types.BotCommandScopeDefault()
    commands = [types.BotCommand("start", "begin")]
    assert await helper(functions.bots.SetBotCommandsRequest(scope, "", commands))
    full = await client(functions.users.GetFullUserRequest("helper_bot"))
    assert [each.command for each in full.full_user.bot_info.commands] == ["start"]
    wrong = [types.BotCommand("Not So", "wrong")]
    with pytest.raises(errors.BotCommandInvalidError):
        await helper(functions.bots.SetBotCommandsRequest(scope, "", wrong))
