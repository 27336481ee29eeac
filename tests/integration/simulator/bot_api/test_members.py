"""What bots do to members and chats, through aiogram."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    ChatPermissions,
    LinkPreviewOptions,
    MenuButtonCommands,
    MenuButtonDefault,
)

from simulator.world.channels import Channel
from simulator.world.messages import Draft
from simulator.world.peers import MessageId
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from tests.integration.simulator.bot_api.conftest import Place, Raw

READ_ONLY = ChatPermissions(can_send_messages=False)
WORDS_ONLY = ChatPermissions(can_send_messages=True, can_invite_users=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def office(place: Place, boss: Person, anna: Person) -> Channel:
    group = place.world.add_group("Office", owner=boss)
    place.world.join(group, anna)
    place.world.make_admin(group, place.bot)
    return group


def chat_of(group: Channel) -> int:
    return -1_000_000_000_000 - group.id


async def test_a_ban_ends_by_itself(place: Place, office: Channel, anna: Person) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    place.world.say(office, anna, "rude")
    await bot.ban_chat_member(
        chat, anna.id, until_date=place.world.clock.now() + HOUR, revoke_messages=True
    )
    banned = await bot.get_chat_member(chat, anna.id)
    assert banned.status == "kicked"
    assert "rude" not in [message.text for message in office.history]
    with pytest.raises(Refusal, match="USER_BANNED_IN_CHANNEL"):
        place.world.invites.follow(place.world.channels.invite_to(office), anna)
    place.world.clock.advance(HOUR)
    assert (await bot.get_chat_member(chat, anna.id)).status == "left"
    place.world.invites.follow(place.world.channels.invite_to(office), anna)
    assert (await bot.get_chat_member(chat, anna.id)).status == "member"


async def test_who_is_restricted_reads_until_that_ends(
    place: Place, office: Channel, anna: Person
) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    until = place.world.clock.now() + HOUR
    await bot.restrict_chat_member(chat, anna.id, READ_ONLY, until_date=until)
    shown: Any = await bot.get_chat_member(chat, anna.id)
    assert shown.status == "restricted"
    assert (shown.can_send_messages, shown.until_date) == (False, until)
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        place.world.say(office, anna, "may I?")
    place.world.clock.advance(HOUR)
    await bot.get_chat(chat)
    place.world.say(office, anna, "I may")
    await bot.restrict_chat_member(chat, anna.id, WORDS_ONLY)
    shown = await bot.get_chat_member(chat, anna.id)
    assert shown.status == "restricted"
    assert (shown.can_send_messages, shown.can_send_photos) == (True, False)


async def test_a_group_is_closed_and_opened_to_everybody(
    place: Place, office: Channel, anna: Person
) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    await bot.set_chat_permissions(chat, READ_ONLY)
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        place.world.say(office, anna, "hello?")
    await bot.set_chat_permissions(chat, WORDS_ONLY)
    place.world.say(office, anna, "hello!")
    permissions = (await bot.get_chat(chat)).permissions
    assert permissions
    assert (permissions.can_send_messages, permissions.can_send_photos) == (True, False)


async def test_a_bot_gives_no_right_that_it_lacks(
    place: Place, office: Channel, anna: Person, boss: Person
) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    await bot.promote_chat_member(chat, anna.id, can_pin_messages=True, can_manage_topics=True)
    await bot.set_chat_administrator_custom_title(chat, anna.id, "Technician")
    shown: Any = await bot.get_chat_member(chat, anna.id)
    assert shown.status == "administrator"
    assert (shown.can_pin_messages, shown.can_delete_messages) == (True, False)
    assert shown.custom_title == "Technician"
    await bot.promote_chat_member(chat, anna.id)
    assert (await bot.get_chat_member(chat, anna.id)).status == "member"
    with pytest.raises(TelegramBadRequest, match="not enough rights"):
        await bot.promote_chat_member(chat, anna.id, is_anonymous=True)
    with pytest.raises(TelegramBadRequest, match="can't remove chat owner"):
        await bot.ban_chat_member(chat, boss.id)


async def test_whoever_never_wrote_is_not_written_to(
    place: Place, office: Channel, anna: Person
) -> None:
    stranger = place.world.add_person("9996630003", "Stranger")
    bot = place.aiogram()
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation with a user"):
        await bot.send_message(anna.id, "hello from the group")
    assert (await bot.get_chat(anna.id)).first_name == "Anna"
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(stranger.id, "hello")
    place.world.send_private(anna, place.bot, "/start")
    await bot.send_message(anna.id, "hello")
    assert office.id in place.bot.inbox.channels


async def test_what_is_protected_is_not_passed_on(place: Place, anna: Person, boss: Person) -> None:
    for each in (anna, boss):
        place.world.send_private(each, place.bot, "/start")
    bot = place.aiogram()
    sent = await bot.send_message(anna.id, "secret", protect_content=True)
    assert sent.has_protected_content
    with pytest.raises(TelegramBadRequest, match="can't be copied"):
        await bot.copy_message(boss.id, anna.id, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="can't be forwarded"):
        await bot.forward_message(boss.id, anna.id, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="no messages"):
        await bot.copy_messages(boss.id, anna.id, [sent.message_id])


async def test_wishes_about_link_previews_come_back(place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    bot = place.aiogram()
    wished = LinkPreviewOptions(is_disabled=True)
    sent = await bot.send_message(anna.id, "https://e.org", link_preview_options=wished)
    assert sent.link_preview_options
    assert sent.link_preview_options.is_disabled is True
    above = LinkPreviewOptions(url="https://e.org/2", show_above_text=True)
    edited = await bot.edit_message_text(
        "https://e.org", chat_id=anna.id, message_id=sent.message_id, link_preview_options=above
    )
    assert not isinstance(edited, bool)
    assert edited.link_preview_options
    assert edited.link_preview_options.url == "https://e.org/2"
    assert (await bot.send_message(anna.id, "https://e.org")).link_preview_options is None


async def test_commands_are_kept_by_scope_and_language(place: Place, anna: Person) -> None:
    bot = place.aiogram()
    for scope, language, name in (
        (None, None, "all"),
        (BotCommandScopeAllGroupChats(), None, "groups"),
        (BotCommandScopeChat(chat_id=anna.id), "ru", "anna"),
    ):
        command = BotCommand(command=name, description=name)
        await bot.set_my_commands([command], scope=scope, language_code=language)
    groups = await bot.get_my_commands(scope=BotCommandScopeAllGroupChats())
    chat = BotCommandScopeChat(chat_id=anna.id)
    hers = await bot.get_my_commands(scope=chat, language_code="ru")
    assert [each[0].command for each in (await bot.get_my_commands(), groups, hers)] == [
        "all",
        "groups",
        "anna",
    ]
    await bot.delete_my_commands(scope=chat, language_code="ru")
    assert await bot.get_my_commands(scope=chat, language_code="ru") == []


async def test_a_bot_presents_itself(place: Place, anna: Person) -> None:
    bot = place.aiogram()
    await bot.set_my_description("Help with orders")
    await bot.set_my_description("Помощь с заказами", language_code="ru")
    await bot.set_my_short_description("Help")
    assert (await bot.get_my_description()).description == "Help with orders"
    assert (await bot.get_my_description(language_code="ru")).description == "Помощь с заказами"
    assert (await bot.get_my_short_description()).short_description == "Help"
    assert (await bot.get_my_name()).name == "Desk"
    await bot.set_chat_menu_button(anna.id, MenuButtonDefault())
    assert isinstance(await bot.get_chat_menu_button(anna.id), MenuButtonDefault)
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    assert (await bot.get_user_profile_photos(anna.id)).total_count == 0


async def test_chats_are_renamed_and_described(place: Place, office: Channel) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    await bot.set_chat_title(chat, "Head office")
    await bot.set_chat_description(chat, "Ours")
    shown = await bot.get_chat(chat)
    assert (shown.title, shown.description) == ("Head office", "Ours")
    assert list(office.history)[-1].action is not None


async def test_pins_are_taken_down_all_at_once_or_by_topic(place: Place, office: Channel) -> None:
    place.world.forums.toggle(office, enabled=True)
    bot, chat = place.aiogram(), chat_of(office)
    thread = (await bot.create_forum_topic(chat, "#1")).message_thread_id
    for number in (None, thread):
        said = await bot.send_message(chat, "rules", message_thread_id=number)
        await bot.pin_chat_message(chat, said.message_id)
    await bot.unpin_all_forum_topic_messages(chat, thread)
    assert [m.thread for m in office.history if m.pinned] == [None]
    await bot.pin_chat_message(chat, said.message_id)
    await bot.unpin_chat_message(chat)
    await bot.unpin_all_chat_messages(chat)
    assert not [m for m in office.history if m.pinned]
    await bot.edit_general_forum_topic(chat, "Talk")
    await bot.hide_general_forum_topic(chat)
    general = office.topics[MessageId(1)]
    assert (general.title, general.hidden) == ("Talk", True)


async def test_links_are_made_changed_and_revoked(place: Place, office: Channel) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    made = await bot.create_chat_invite_link(chat, name="door", member_limit=1)
    edited = await bot.edit_chat_invite_link(chat, made.invite_link, name="gate", member_limit=2)
    assert (edited.name, edited.member_limit) == ("gate", 2)
    assert (await bot.revoke_chat_invite_link(chat, made.invite_link)).is_revoked
    newcomer = place.world.add_person("9996640004", "Newcomer")
    with pytest.raises(Refusal, match="INVITE_HASH_EXPIRED"):
        place.world.invites.follow(made.invite_link.rpartition("+")[2], newcomer)
    permanent = await bot.export_chat_invite_link(chat)
    place.world.invites.follow(permanent.rpartition("+")[2], newcomer)
    assert newcomer.id in office.members


async def test_a_request_may_be_declined(place: Place, office: Channel) -> None:
    bot, chat = place.aiogram(), chat_of(office)
    link = await bot.create_chat_invite_link(chat, creates_join_request=True)
    newcomer = place.world.add_person("9996640004", "Newcomer")
    with pytest.raises(Refusal, match="INVITE_REQUEST_SENT"):
        place.world.invites.follow(link.invite_link.rpartition("+")[2], newcomer)
    await bot.decline_chat_join_request(chat, newcomer.id)
    assert newcomer.id not in office.members
    with pytest.raises(TelegramBadRequest, match="HIDE_REQUESTER_MISSING"):
        await bot.approve_chat_join_request(chat, newcomer.id)


async def test_an_old_private_message_is_not_deleted_for_everyone(
    place: Place, anna: Person, raw: Raw
) -> None:
    sent = place.world.private_talk.send(anna, place.bot, Draft("old")).message
    assert sent.twin is not None
    place.world.clock.advance(timedelta(hours=49))
    refused = await raw.ask("deleteMessage", chat_id=anna.id, message_id=sent.twin.id)
    assert "can't be deleted for everyone" in refused["description"]
