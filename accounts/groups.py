"""Private groups: founding one, letting our own accounts in by link, and the notice in it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from telethon import types as tl
from telethon import utils
from telethon.tl.functions.channels import (
    CreateChannelRequest,
    GetChannelsRequest,
    GetMessagesRequest,
    GetParticipantsRequest,
)
from telethon.tl.functions.messages import (
    CheckChatInviteRequest,
    EditMessageRequest,
    ExportChatInviteRequest,
    GetDialogsRequest,
    ImportChatInviteRequest,
    UpdatePinnedMessageRequest,
)

from accounts.calls import Caller
from accounts.channels import DEAD_LINK
from accounts.connection import Connection
from accounts.errors import refusal_named
from accounts.history import PAGE as ABOVE
from accounts.history import page_above
from accounts.names import Invite, parse_channel_name
from accounts.peers import input_peer, peer_of
from accounts.translate import clean, group_talk
from orchestrator.errors import BadInput, NotFound
from orchestrator.facts import GroupMessageSeen
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import GroupMember, GroupPage, GroupSeen, NoticeSeen, Peer
from orchestrator.refusals import TelegramRefused

PAGE: Final = 200
PAGES: Final = 50
"""A study group with more members than ten thousand is none."""

LATELY: Final = 100
"""Among how many chats a group is looked for that was founded in vain."""

ONCE_LASTS: Final = timedelta(hours=1)
"""How long a link for one account of ours can be used."""


async def found_group(
    call: Caller, title: str, about: str, known: Collection[TelegramId]
) -> GroupSeen:
    """Found a private group, unless one was founded that nobody came to know of."""
    for chat in await own_groups(call):
        seen = group_seen(chat)
        is_meant = seen.title == title and seen.private and chat.id not in known
        if is_meant and len(await members(call, seen.peer)) == 1:
            return seen
    answer = await call(CreateChannelRequest(title, about, megagroup=True))
    return group_seen(only_group(answer.chats))


async def own_groups(call: Caller) -> list[tl.Channel]:
    """List the groups that the account created, among the chats in which something was last."""
    first = GetDialogsRequest(
        offset_date=None, offset_id=0, offset_peer=tl.InputPeerEmpty(), limit=LATELY, hash=0
    )
    return [
        chat
        for chat in (await call(first)).chats
        if isinstance(chat, tl.Channel) and chat.megagroup and chat.creator and not chat.left
    ]


async def look_at_group(call: Caller, group: Peer) -> GroupSeen:
    """Look at a group again; raises TelegramRefused where the account is no member any more."""
    answer = await call(GetChannelsRequest([input_channel(group)]))
    return group_seen(only_group(answer.chats))


async def invite_link(call: Caller, group: Peer, *, once: bool) -> str:
    """Return the group's link, or make one that lets in one account within the hour."""
    if once:
        request = ExportChatInviteRequest(
            input_peer(group),
            expire_date=datetime.now(UTC) + ONCE_LASTS,
            usage_limit=1,
            title="for an account of ours",
        )
    else:
        request = ExportChatInviteRequest(input_peer(group))
    answer = await call(request)
    if not isinstance(answer, tl.ChatInviteExported):
        raise TelegramRefused(refusal_named("CHAT_ADMIN_REQUIRED"))
    return clean(answer.link)


async def enter_group(call: Caller, link: str) -> GroupSeen:
    """Accept an invite to a private group; raises BadInput for anything else."""
    wanted = parse_channel_name(link)
    if not isinstance(wanted, Invite):
        raise BadInput("An account enters a study group by an invite link, and by nothing else")
    try:
        invite = await call(CheckChatInviteRequest(wanted.secret))
        if isinstance(invite, tl.ChatInviteAlready):
            return group_seen(only_group([invite.chat]))
        if not isinstance(invite, tl.ChatInvite) or invite.broadcast or invite.public:
            raise BadInput("This link leads to no private group: nobody entered anything")
        answer = await call(ImportChatInviteRequest(wanted.secret))
    except TelegramRefused as refused:
        if refused.refusal.name in DEAD_LINK:
            raise NotFound("This invite link is no longer valid: ask for a new one") from refused
        raise
    return group_seen(only_group(answer.updates.chats))


async def read_notice(call: Caller, group: Peer, message: MessageId) -> NoticeSeen:
    """Read how a message in a group stands now."""
    numbers = [tl.InputMessageID(message)]
    answer = await call(GetMessagesRequest(input_channel(group), numbers))
    found = next((one for one in answer.messages if isinstance(one, tl.Message)), None)
    if found is None:
        return NoticeSeen(None, "", pinned=False)
    return NoticeSeen(MessageId(found.id), clean(found.message), pinned=bool(found.pinned))


async def talk_after(connection: Connection, group: Peer, last: MessageId) -> GroupPage:
    """Read the page of a group just above a message."""
    page = await connection.call(page_above(input_peer(group), last))
    users = {user.id: user for user in page.users}
    newer = sorted((one for one in page.messages if one.id > last), key=lambda one: one.id)
    told = tuple(
        fact
        for message in newer
        for fact in group_talk(connection.account, message, users)
        if isinstance(fact, GroupMessageSeen)
    )
    return GroupPage(told, MessageId(newer[-1].id) if newer else last, more=len(newer) >= ABOVE)


async def edit_text(call: Caller, group: Peer, message: MessageId, text: str) -> None:
    """Put other words in the place of a message of the account's own."""
    await call(EditMessageRequest(input_peer(group), message, message=text, no_webpage=True))


async def pin(call: Caller, group: Peer, message: MessageId) -> None:
    """Pin a message without ringing everybody's bell."""
    await call(UpdatePinnedMessageRequest(input_peer(group), message, silent=True))


async def members(call: Caller, group: Peer) -> tuple[GroupMember, ...]:
    """List who is in a group."""
    found: dict[int, GroupMember] = {}
    for page in range(PAGES):
        answer = await call(
            GetParticipantsRequest(
                input_channel(group), tl.ChannelParticipantsRecent(), page * PAGE, PAGE, hash=0
            )
        )
        found |= {user.id: member_of(user) for user in answer.users if isinstance(user, tl.User)}
        if len(answer.participants) < PAGE:
            break
    return tuple(found.values())


def member_of(user: tl.User) -> GroupMember:
    """Say who somebody is."""
    return GroupMember(
        TelegramId(user.id), clean(utils.get_display_name(user)), user.username, bool(user.bot)
    )


def only_group(chats: list[Any]) -> tl.Channel:
    """Return the group of an answer; raises TelegramRefused when it is closed to the account."""
    for chat in chats:
        if isinstance(chat, tl.Channel) and chat.megagroup and not chat.left:
            return chat
    raise TelegramRefused(refusal_named("CHANNEL_PRIVATE"))


def group_seen(chat: tl.Channel) -> GroupSeen:
    """Say what an account sees of a group."""
    return GroupSeen(
        peer_of(chat),
        clean(chat.title),
        created_by_us=bool(chat.creator),
        private=not (chat.username or chat.usernames or chat.has_link),
    )


def input_channel(group: Peer) -> tl.InputChannel:
    """Word a group for Telethon."""
    return tl.InputChannel(group.telegram_id, group.access_hash)
