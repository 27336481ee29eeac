"""Reading what was said: posts, our own messages, how messages were received."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from telethon import types as tl
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
from telethon.tl.functions.messages import (
    GetHistoryRequest,
    GetMessagesRequest,
    GetRepliesRequest,
)

from accounts.connection import Connection
from accounts.peers import find_channel, input_peer
from accounts.translate import engagement_of, post_seen
from orchestrator.facts import Engagement, PostSeen
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import Letter, Peer, RecentPosts, Sent

PAGE: Final = 100
"""The most that Telegram gives at once."""


async def posts_after(
    connection: Connection, channel: TelegramId, last: MessageId, limit: int
) -> AsyncIterator[PostSeen]:
    """Page upwards through a channel; service messages are passed over and do not count."""
    found = await find_channel(connection, channel)
    peer = tl.InputPeerChannel(found.channel_id, found.access_hash)
    left = limit
    while left > 0:
        page = await connection.call(page_above(peer, last))
        newer = sorted((m for m in page.messages if m.id > last), key=lambda message: message.id)
        if not newer:
            return
        last = MessageId(newer[-1].id)
        posts = [message for message in newer if isinstance(message, tl.Message)]
        for message in posts[:left]:
            yield post_seen(connection.account, message, late=True)
        left -= len(posts)


async def recent_posts(connection: Connection, channel: TelegramId, limit: int) -> RecentPosts:
    """Read the newest posts of a channel, and how far down that reaches."""
    found = await find_channel(connection, channel)
    peer = tl.InputPeerChannel(found.channel_id, found.access_hash)
    page = await connection.call(GetHistoryRequest(peer, 0, None, 0, limit, 0, 0, 0))
    posts = tuple(
        post_seen(connection.account, message, late=True)
        for message in page.messages
        if isinstance(message, tl.Message)
    )
    lowest = min((message.id for message in page.messages), default=0)
    return RecentPosts(posts, MessageId(lowest))


def page_above(peer: Any, last: MessageId) -> GetHistoryRequest:  # noqa: ANN401
    """Ask for the page just above a message: a negative offset counts towards newer ones."""
    return GetHistoryRequest(
        peer, offset_id=last + 1, offset_date=None, add_offset=-PAGE, limit=PAGE,
        max_id=0, min_id=last, hash=0,
    )  # fmt: skip


async def find_own(
    connection: Connection, letter: Letter, since: datetime, besides: frozenset[MessageId]
) -> Sent | None:
    """Look through the letter's thread, newest first, for its text in another message of ours."""
    since = since.replace(microsecond=0)  # Telegram's dates are whole seconds
    offset = 0
    while True:
        page = await connection.call(page_below(letter, offset))
        for message in page.messages:
            if (
                is_own(connection, message)
                and same_text(message, letter)
                and message.date >= since
                and message.id not in besides
            ):
                return Sent(MessageId(message.id), message.date)
        if len(page.messages) < PAGE or is_older(page.messages[-1], since):
            return None
        offset = page.messages[-1].id


def page_below(letter: Letter, offset: int) -> Any:  # noqa: ANN401 - one of two requests
    """Ask for a page of the letter's thread, or of its whole chat where it answers nothing."""
    peer = input_peer(letter.peer)
    window = (offset, None, 0, PAGE, 0, 0, 0)
    if letter.reply_to is None or letter.peer.kind == "user":
        return GetHistoryRequest(peer, *window)
    return GetRepliesRequest(peer, letter.reply_to, *window)


def is_own(connection: Connection, message: Any) -> bool:  # noqa: ANN401
    """Tell whether the account itself wrote a message."""
    if not isinstance(message, tl.Message):
        return False
    author = getattr(message.from_id, "user_id", None)
    return bool(message.out) or (author is not None and author == connection.session.user_id)


def is_older(message: Any, since: datetime) -> bool:  # noqa: ANN401
    """Tell whether a page has reached what was said before."""
    date: datetime | None = getattr(message, "date", None)
    return date is not None and date < since


def same_text(message: tl.Message, letter: Letter) -> bool:
    """Compare texts as Telegram keeps them, without the white space around."""
    return (message.message or "").strip() == letter.text.strip()


async def engagement(
    connection: Connection, peer: Peer, messages: tuple[MessageId, ...]
) -> dict[MessageId, Engagement]:
    """Read how messages were received; deleted ones are missing."""
    received = {}
    for numbers in pages(messages):
        wanted = [tl.InputMessageID(number) for number in numbers]
        answer = await connection.call(
            GetMessagesRequest(wanted)
            if peer.kind == "user"
            else GetChannelMessagesRequest(
                tl.InputChannel(peer.telegram_id, peer.access_hash), wanted
            )
        )
        for message in answer.messages:
            if isinstance(message, tl.Message):
                received[MessageId(message.id)] = engagement_of(message)
    return received


def pages(messages: Iterable[MessageId]) -> Iterator[list[MessageId]]:
    """Cut message numbers into what Telegram takes at once."""
    listed = list(messages)
    for start in range(0, len(listed), PAGE):
        yield listed[start : start + PAGE]
