"""Channels as one account sees them, its own role in them, and where posts are discussed."""

from typing import Any

from telethon import types as tl
from telethon.tl.functions.channels import GetFullChannelRequest, GetParticipantRequest
from telethon.tl.functions.contacts import ResolveUsernameRequest
from telethon.tl.functions.messages import (
    CheckChatInviteRequest,
    GetDiscussionMessageRequest,
    GetHistoryRequest,
)

from accounts.connection import Connection
from accounts.errors import refusal_named
from accounts.names import Invite, Username, parse_channel_name
from accounts.peers import find_channel, peer_of
from accounts.translate import clean
from orchestrator.errors import BadInput, NotFound
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import ChannelSeen, Role, Thread
from orchestrator.refusals import TelegramRefused

NOBODY = frozenset({"USERNAME_NOT_OCCUPIED", "USERNAME_INVALID"})
DEAD_LINK = frozenset({"INVITE_HASH_EXPIRED", "INVITE_HASH_INVALID", "INVITE_HASH_EMPTY"})


async def channel_named(connection: Connection, name: str) -> ChannelSeen:
    """Find a channel; raises BadInput when there is none, or none that the account can see."""
    wanted = parse_channel_name(name)
    if isinstance(wanted, Username):
        chat = await resolve(connection, wanted.name)
    elif isinstance(wanted, Invite):
        chat = await behind_invite(connection, wanted.secret)
    else:
        return await look(connection, await find_channel(connection, wanted))
    return await look(connection, tl.InputChannel(chat.id, chat.access_hash))


async def reach(
    connection: Connection, channel: TelegramId, username: str | None
) -> tl.InputChannel:
    """Address a channel by its number, or else by the name that it is said to have."""
    try:
        return await find_channel(connection, channel)
    except TelegramRefused as refused:
        if username is None or refused.refusal.name != "CHANNEL_INVALID":
            raise
    chat = await resolve(connection, username)
    if chat.id != channel:
        raise TelegramRefused(refusal_named("CHANNEL_INVALID"))
    return tl.InputChannel(chat.id, chat.access_hash)


async def resolve(connection: Connection, username: str) -> tl.Channel:
    """Find who goes by a public name."""
    try:
        found = await connection.call(ResolveUsernameRequest(username))
    except TelegramRefused as refused:
        if refused.refusal.name in NOBODY:
            raise NotFound(f"Nobody on Telegram goes by @{username}") from refused
        raise
    chat = next((chat for chat in found.chats if is_broadcast(chat)), None)
    if chat is None:
        raise BadInput(f"@{username} is not a channel: give the name of a broadcast channel")
    return chat


async def behind_invite(connection: Connection, secret: str) -> tl.Channel:
    """Find the channel of an invite link; the account must be in it already."""
    try:
        invite = await connection.call(CheckChatInviteRequest(secret))
    except TelegramRefused as refused:
        if refused.refusal.name in DEAD_LINK:
            raise NotFound("This invite link is no longer valid: ask for a new one") from refused
        raise
    if not isinstance(invite, tl.ChatInviteAlready):
        raise BadInput(
            "The account is not in the channel of this link: join it in an official app first"
        )
    if not is_broadcast(invite.chat):
        raise BadInput("This link leads to a group: give the link of a broadcast channel")
    return invite.chat


def is_broadcast(chat: Any) -> bool:  # noqa: ANN401 - any of Telethon's chats
    """Tell a channel from groups of all kinds."""
    return isinstance(chat, tl.Channel) and bool(chat.broadcast)


async def look(connection: Connection, channel: tl.InputChannel) -> ChannelSeen:
    """Look at a channel anew: its face, the account's role in it, its last message."""
    full = await connection.call(GetFullChannelRequest(channel))
    chat = next((chat for chat in full.chats if chat.id == channel.channel_id), None)
    if not isinstance(chat, tl.Channel):
        raise TelegramRefused(refusal_named("CHANNEL_PRIVATE"))
    linked = full.full_chat.linked_chat_id
    return ChannelSeen(
        telegram_id=TelegramId(chat.id),
        title=clean(chat.title),
        description=clean(full.full_chat.about),
        username=username_of(chat),
        members_count=full.full_chat.participants_count,
        linked_group=None if linked is None else TelegramId(linked),
        role=await role_in(connection, channel, public=username_of(chat) is not None),
        last_message=await last_message(connection, channel),
    )


def username_of(chat: tl.Channel) -> str | None:
    """Return the public name; channels with several carry them in a list."""
    active = [item.username for item in chat.usernames or () if item.active]
    name: str | None = chat.username or (active[0] if active else None)
    return name


async def role_in(connection: Connection, channel: tl.InputChannel, *, public: bool) -> Role:
    """Ask Telegram what the account is in a channel."""
    try:
        answer = await connection.call(GetParticipantRequest(channel, tl.InputPeerSelf()))
    except TelegramRefused as refused:
        if refused.refusal.name != "USER_NOT_PARTICIPANT":
            raise
        return Role.PUBLIC if public else Role.NONE
    match answer.participant:
        case tl.ChannelParticipantCreator():
            return Role.CREATOR
        case tl.ChannelParticipantAdmin(admin_rights=rights) if rights.post_messages:
            return Role.ADMIN
        case tl.ChannelParticipantBanned() | tl.ChannelParticipantLeft():
            return Role.PUBLIC if public else Role.NONE
        case _:
            return Role.MEMBER


async def last_message(connection: Connection, channel: tl.InputChannel) -> MessageId:
    """Return the number of a channel's newest message; 0 when it is empty."""
    peer = tl.InputPeerChannel(channel.channel_id, channel.access_hash)
    page = await connection.call(GetHistoryRequest(peer, 0, None, 0, 1, 0, 0, 0))
    return MessageId(page.messages[0].id if page.messages else 0)


async def thread_of(connection: Connection, channel: tl.InputChannel, post: MessageId) -> Thread:
    """Find a post's copy in the linked group; of an album, the copy of its first part."""
    peer = tl.InputPeerChannel(channel.channel_id, channel.access_hash)
    answer = await connection.call(GetDiscussionMessageRequest(peer, post))
    copies = [
        message
        for message in answer.messages
        if isinstance(message, tl.Message) and message.peer_id.channel_id != channel.channel_id
    ]
    if not copies:
        raise TelegramRefused(refusal_named("MSG_ID_INVALID"))
    top = min(copies, key=lambda message: message.id)
    group = next((chat for chat in answer.chats if chat.id == top.peer_id.channel_id), None)
    if not isinstance(group, tl.Channel):
        raise TelegramRefused(refusal_named("CHANNEL_PRIVATE"))
    return Thread(peer_of(group), MessageId(top.id))
