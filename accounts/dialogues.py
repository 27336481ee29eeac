"""Private chats as the server has them, to be compared with what updates told."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from telethon import types as tl
from telethon import utils
from telethon.tl.functions.messages import (
    GetDialogsRequest,
    GetHistoryRequest,
    GetMessagesRequest,
)

from accounts.connection import Connection, look_at_dialogs
from accounts.errors import refusal_named
from accounts.history import PAGE, page_above
from accounts.translate import (
    SERVICE_NOTIFICATIONS,
    clean,
    is_from_person,
    message_seen,
    moment,
)
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import Dialogue, MessageNow, MessagesPage, Peer
from orchestrator.refusals import TelegramRefused

PAGES: Final = 20
"""How far down the list of chats is looked, in pages of 100."""


async def dialogues_after(
    connection: Connection, last: MessageId | None, since: datetime
) -> Sequence[Dialogue]:
    """List the people with whom something was said after message `last`, or else after `since`.

    Private messages are numbered for the whole account, and the list is sorted by what was said
    last: it is read down to the first page on which nothing is new.
    """
    found: dict[TelegramId, Dialogue] = {}
    request = page_of_dialogs()
    for _ in range(PAGES):
        page = await connection.call(request)
        tops = {
            dialogue.person: (dialogue, date) for dialogue, date in dialogues_in(connection, page)
        }
        new = {
            person: dialogue
            for person, (dialogue, date) in tops.items()
            if (dialogue.last_message > last if last is not None else date >= since)
        }
        found |= new
        following = next_page(page)
        if (tops and not new) or following is None:
            break
        request = following
    return tuple(found.values())


def page_of_dialogs(
    offset_date: datetime | None = None,
    offset_id: int = 0,
    offset_peer: Any = None,  # noqa: ANN401 - one of Telethon's input peers
) -> GetDialogsRequest:
    """Ask for a page of the list of chats, the liveliest first."""
    peer = offset_peer or tl.InputPeerEmpty()
    return GetDialogsRequest(offset_date, offset_id, peer, PAGE, 0, exclude_pinned=False)


def dialogues_in(connection: Connection, page: Any) -> Iterator[tuple[Dialogue, datetime]]:  # noqa: ANN401
    """Read the private chats with people out of a page, each with the date of its last message."""
    users = {user.id: user for user in page.users}
    dates = {message_key(message): message.date for message in page.messages if has_date(message)}
    for dialog in page.dialogs:
        peer = dialog.peer
        if not isinstance(peer, tl.PeerUser):
            continue
        date = dates.get((utils.get_peer_id(peer), dialog.top_message))
        if date is not None and is_person(connection, users.get(peer.user_id)):
            yield Dialogue(TelegramId(peer.user_id), MessageId(dialog.top_message)), date


def is_person(connection: Connection, user: Any) -> bool:  # noqa: ANN401
    """Tell somebody who can be answered from bots, ourselves and Telegram's notices."""
    return (
        isinstance(user, tl.User)
        and not user.bot
        and user.id not in {SERVICE_NOTIFICATIONS, connection.session.user_id}
    )


def has_date(message: Any) -> bool:  # noqa: ANN401
    """Tell a message from the gap that it left."""
    return isinstance(message, tl.Message | tl.MessageService)


def message_key(message: Any) -> tuple[int, int]:  # noqa: ANN401
    """Name a message by its chat and number; channels count for themselves."""
    return utils.get_peer_id(message.peer_id), message.id


def next_page(page: Any) -> GetDialogsRequest | None:  # noqa: ANN401
    """Ask for the page behind this one, if there is one."""
    if isinstance(page, tl.messages.Dialogs) or not page.dialogs:
        return None
    messages = {message_key(message): message for message in page.messages if has_date(message)}
    entities = {utils.get_peer_id(entity): entity for entity in (*page.users, *page.chats)}
    for dialog in reversed(page.dialogs):
        marked = utils.get_peer_id(dialog.peer)
        top = messages.get((marked, dialog.top_message))
        if top is not None and marked in entities:
            peer = utils.get_input_peer(entities[marked], check_hash=False)
            return page_of_dialogs(top.date, top.id, peer)
    return None


async def messages_after(
    connection: Connection, person: TelegramId, last: MessageId
) -> MessagesPage:
    """Read the page of a private chat just above a message."""
    peer = await find_person(connection, person)
    page = await connection.call(
        page_above(tl.InputPeerUser(peer.telegram_id, peer.access_hash), last)
    )
    user = next((user for user in page.users if user.id == person), None)
    newer = sorted((m for m in page.messages if m.id > last), key=lambda message: message.id)
    told = tuple(
        message_seen(connection.account, message, person, user, late=True)
        for message in newer
        if isinstance(message, tl.Message) and is_from_person(message, person, user)
    )
    return MessagesPage(told, MessageId(newer[-1].id) if newer else last, more=len(newer) >= PAGE)


async def messages_now(
    connection: Connection, messages: tuple[MessageId, ...]
) -> dict[MessageId, MessageNow | None]:
    """Read private messages, which need no chat named, as they are now; None where one is gone."""
    wanted = [tl.InputMessageID(number) for number in messages[:PAGE]]
    answer = await connection.call(GetMessagesRequest(wanted))
    now: dict[MessageId, MessageNow | None] = {}
    for message in answer.messages:
        if isinstance(message, tl.MessageEmpty):
            now[MessageId(message.id)] = None
        elif isinstance(message, tl.Message):
            edited_at = None if message.edit_date is None else moment(message.edit_date)
            now[MessageId(message.id)] = MessageNow(clean(message.message), edited_at)
    return now


async def last_before(connection: Connection, person: TelegramId, at: datetime) -> MessageId:
    """Return the newest message of a private chat that is older than `at`; 0 without one."""
    peer = await find_person(connection, person)
    asked = tl.InputPeerUser(peer.telegram_id, peer.access_hash)
    page = await connection.call(GetHistoryRequest(asked, 0, at, 0, 1, 0, 0, 0))
    return MessageId(page.messages[0].id if page.messages else 0)


async def find_person(connection: Connection, person: TelegramId) -> Peer:
    """Address somebody who wrote to the account; raises TelegramRefused (PEER_ID_INVALID).

    Whom the session does not know is looked for once among the account's chats: a message in its
    short form names its sender by number alone.
    """
    if person not in connection.session.known:
        await look_at_dialogs(connection.call, connection.patience)
    known = connection.session.known.get(person)
    if known is None:
        raise TelegramRefused(refusal_named("PEER_ID_INVALID"))
    return Peer("user", person, known.access_hash)
