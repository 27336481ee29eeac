"""Every high-level call and event of Telethon that is promised, under its own name.

What each does in depth is shown elsewhere; here is the list, to be run one by one:
`pytest -k edit_2fa`.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from telethon import Button, events
from telethon.tl.functions.auth import AcceptLoginTokenRequest

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen

FIVE_MEGABYTES = 5 * 1024 * 1024
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass
class Square:
    """A town with a channel, its group, and two people who are connected."""

    town: Town
    boss: Person
    anna: Person
    news: Channel
    club: Channel
    owner: Any
    client: Any


def picture() -> BytesIO:
    """Make a file that goes as a photo, by its name."""
    file = BytesIO(DOT)
    file.name = "dot.png"
    return file


@pytest.fixture
async def square(town: Town, boss: Person, anna: Person) -> Square:
    world = town.world
    news = world.add_channel("News", "town_news", owner=boss, linked=True)
    club = world.add_group("Club", "town_club", owner=boss)
    world.join(news, anna)
    world.join(club, anna)
    owner, client = await town.sign_in(boss), await town.sign_in(anna)
    await client.get_dialogs()
    return Square(town, boss, anna, news, club, owner, client)


async def iter_messages_from_both_ends(at: Square) -> None:
    for number in range(120):
        at.town.world.publish(at.news, f"{number}")
    wanted = [f"{number}" for number in range(120)]
    posts = [m.text async for m in at.client.iter_messages("town_news") if m.text]
    assert posts == wanted[::-1]
    again = [m.text async for m in at.client.iter_messages("town_news", reverse=True) if m.text]
    assert again == wanted


async def get_entity_by_username(at: Square) -> None:
    assert (await at.client.get_entity("@town_news")).id == at.news.id


async def get_entity_by_link(at: Square) -> None:
    assert (await at.client.get_entity("https://t.me/town_club")).id == at.club.id
    private = at.town.world.add_channel("Hidden", owner=at.boss)
    at.town.world.join(private, at.anna)
    found = await at.client.get_entity(at.town.world.invite_link(private))
    assert found.title == "Hidden"


async def send_message_comment_to_as_member(at: Square) -> None:
    post = at.town.world.publish(at.news, "hello")
    at.town.world.join(at.town.world.group_of(at.news), at.anna)
    await at.client.send_message("town_news", "as a member", comment_to=post.id)
    (comment,) = at.town.world.comments_under(at.news, post.id)
    assert (comment.text, comment.author) == ("as a member", at.anna.id)


async def send_message_comment_to_as_guest(at: Square) -> None:
    post = at.town.world.publish(at.news, "hello")
    assert at.anna.id not in at.town.world.group_of(at.news).members
    await at.client.send_message("town_news", "as a guest", comment_to=post.id)
    (comment,) = at.town.world.comments_under(at.news, post.id)
    assert (comment.text, comment.author) == ("as a guest", at.anna.id)


async def send_file_photo(at: Square) -> None:
    sent = await at.client.send_file("town_club", picture(), caption="a dot")
    (seen,) = await at.owner.get_messages("town_club", limit=1)
    assert (seen.id, seen.text, bool(seen.photo)) == (sent.id, "a dot", True)


async def send_file_document_of_5_mb(at: Square) -> None:
    content = bytes(range(256)) * (FIVE_MEGABYTES // 256)
    await at.client.send_file("town_club", content, force_document=True)
    (seen,) = await at.owner.get_messages("town_club", limit=1)
    assert seen.document.size == FIVE_MEGABYTES
    assert await at.owner.download_media(seen, bytes) == content


async def send_file_album(at: Square) -> None:
    sent = await at.client.send_file("town_club", [picture() for _ in range(3)])
    seen = await at.owner.get_messages("town_club", limit=3)
    assert {each.id for each in seen} == {each.id for each in sent}
    assert len({each.grouped_id for each in seen}) == 1
    assert seen[0].grouped_id is not None


async def download_media(at: Square) -> None:
    sent = await at.client.send_file("town_club", picture())
    assert await at.owner.download_media(
        await at.owner.get_messages("town_club", ids=sent.id), bytes
    )


async def get_dialogs(at: Square) -> None:
    at.town.world.publish(at.news, "the newest")
    dialogs = await at.client.get_dialogs()
    assert {each.title for each in dialogs} == {"News", "Club"}
    newest = next(each for each in dialogs if each.title == "News")
    assert (newest.message.text, newest.unread_count) == ("the newest", 1)


async def iter_participants(at: Square) -> None:
    found = {each.id async for each in at.client.iter_participants("town_club")}
    assert found == {at.boss.id, at.anna.id}


async def edit_permissions(at: Square) -> None:
    await at.owner.edit_permissions("town_club", "anna_p", send_messages=False)
    assert at.anna.id in at.club.silenced


async def edit_admin(at: Square) -> None:
    await at.owner.edit_admin("town_club", "anna_p", pin_messages=True, title="Keeper")
    member = at.club.members[at.anna.id]
    assert (member.is_admin, member.rank) == (True, "Keeper")


async def edit_2fa(at: Square) -> None:
    await at.client.edit_2fa(new_password="secret")
    assert at.anna.two_step is not None
    await at.client.edit_2fa("secret")
    assert at.anna.two_step is None


async def qr_login(at: Square) -> None:
    desktop = await at.town.connect()
    shown = await desktop.qr_login()
    waiting = asyncio.create_task(shown.wait(10))
    await asyncio.sleep(0)
    await at.client(AcceptLoginTokenRequest(shown.token))
    assert (await waiting).id == at.anna.id


async def conversation(at: Square) -> None:
    async def answer(event: Any) -> None:
        await event.reply("yes?")

    at.client.add_event_handler(answer, events.NewMessage(incoming=True, func=is_private))
    async with at.owner.conversation("anna_p", timeout=10) as talk:
        await talk.send_message("hello")
        assert (await talk.get_response()).text == "yes?"


async def action(at: Square) -> None:
    seen = listen(at.owner, events.UserUpdate)
    async with at.client.action("town_club", "typing"):
        event = await seen.next(lambda each: each.typing)
    assert event.user_id == at.anna.id


async def forward_messages(at: Square) -> None:
    post = at.town.world.publish(at.news, "worth it")
    (passed,) = await at.client.forward_messages("town_club", [post.id], "town_news")
    assert (passed.text, passed.forward.channel_post) == ("worth it", post.id)


async def pin_message(at: Square) -> None:
    said = await at.owner.send_message("town_club", "rules")
    await at.owner.pin_message("town_club", said)
    assert (await at.client.get_messages("town_club", ids=said.id)).pinned


async def catch_up_after_a_cut(at: Square) -> None:
    heard = listen(at.client, events.NewMessage)
    at.town.world.publish(at.news, "before")
    await heard.next(lambda each: each.text == "before")
    for key_id in at.town.world.logins.keys_of(at.anna.id):
        at.town.server.listener.book.close(key_id)
    at.town.world.publish(at.news, "meanwhile")
    await at.client.get_me()
    await at.client.catch_up()
    await heard.next(lambda each: each.text == "meanwhile")


async def event_new_message(at: Square) -> None:
    heard = listen(at.client, events.NewMessage("town_news"))
    at.town.world.publish(at.news, "fresh")
    assert (await heard.next()).text == "fresh"


async def event_message_edited(at: Square) -> None:
    heard = listen(at.client, events.MessageEdited)
    said = await at.owner.send_message("town_club", "on")
    await at.owner.edit_message(said, "no")
    assert (await heard.next()).text == "no"


async def event_message_deleted(at: Square) -> None:
    heard = listen(at.client, events.MessageDeleted)
    said = await at.owner.send_message("town_club", "oops")
    await said.delete()
    assert (await heard.next()).deleted_ids == [said.id]


async def event_message_read(at: Square) -> None:
    heard = listen(at.owner, events.MessageRead)
    said = await at.owner.send_message("anna_p", "read me")
    await at.client.get_dialogs()
    await at.client.send_read_acknowledge(at.boss.id)
    assert (await heard.next()).is_read(said)


async def event_user_update(at: Square) -> None:
    await at.owner.send_message("anna_p", "hello")
    heard = listen(at.owner, events.UserUpdate)
    at.town.world.people.be_seen(at.anna, online=True)
    event = await heard.next(lambda each: each.online)
    assert event.user_id == at.anna.id


async def event_chat_action(at: Square) -> None:
    heard = listen(at.owner, events.ChatAction)
    await at.client.delete_dialog("town_club")
    event = await heard.next()
    assert (event.user_left, event.user_id) == (True, at.anna.id)


async def event_callback_query(at: Square) -> None:
    bot = at.town.world.add_bot("Helper", "helper_bot")
    helper = await at.town.connect()
    await helper.sign_in(bot_token=at.town.world.bots.token_of(bot))
    pressed = listen(helper, events.CallbackQuery)
    heard = listen(at.client, events.NewMessage(incoming=True, func=is_private))
    await at.client.send_message("helper_bot", "/start")
    await helper.send_message("anna_p", "sure?", buttons=Button.inline("Yes", b"yes"))
    clicking = asyncio.create_task((await heard.next()).click(data=b"yes"))
    event = await pressed.next()
    await event.answer("thanks")
    assert (event.data, (await clicking).message) == (b"yes", "thanks")


def is_private(event: Any) -> bool:
    return bool(event.is_private)


CALLS: tuple[Callable[[Square], Awaitable[None]], ...] = (
    iter_messages_from_both_ends,
    get_entity_by_username,
    get_entity_by_link,
    send_message_comment_to_as_member,
    send_message_comment_to_as_guest,
    send_file_photo,
    send_file_document_of_5_mb,
    send_file_album,
    download_media,
    get_dialogs,
    iter_participants,
    edit_permissions,
    edit_admin,
    edit_2fa,
    qr_login,
    conversation,
    action,
    forward_messages,
    pin_message,
    catch_up_after_a_cut,
    event_new_message,
    event_message_edited,
    event_message_deleted,
    event_message_read,
    event_user_update,
    event_chat_action,
    event_callback_query,
)


@pytest.mark.parametrize("works", CALLS, ids=lambda each: each.__name__)
async def test_what_is_promised_of_telethon_works(
    square: Square, works: Callable[[Square], Awaitable[None]]
) -> None:
    await works(square)


def test_telethon_is_the_one_that_was_published() -> None:
    installed = [each for each in files("telethon") or () if each.suffix == ".py" and each.hash]
    assert len(installed) > 100
    for each in installed:
        content = Path(str(each.locate())).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert each.hash is not None
        assert (each.hash.mode, each.hash.value) == ("sha256", digest), each
