"""A signed-in account: what the port `AccountClient` promises, said to Telegram."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from telethon import types as tl
from telethon.tl.functions.account import UpdateProfileRequest
from telethon.tl.functions.auth import LogOutRequest
from telethon.tl.functions.channels import DeleteMessagesRequest as DeleteChannelMessagesRequest
from telethon.tl.functions.messages import (
    DeleteMessagesRequest,
    ReadHistoryRequest,
    SendMessageRequest,
    SetTypingRequest,
)
from telethon.tl.functions.users import GetFullUserRequest

from accounts import channels, dialogues, groups, history
from accounts.calls import Caller
from accounts.connection import Connection
from accounts.peers import input_peer
from accounts.security import look_at_security
from accounts.translate import clean, moment
from orchestrator.errors import BadInput
from orchestrator.facts import Engagement, PostSeen
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.security import SecurityView
from orchestrator.ports.telegram import (
    ChannelSeen,
    Dialogue,
    GroupMember,
    GroupPage,
    GroupSeen,
    Letter,
    MessageNow,
    MessagesPage,
    NoticeSeen,
    Peer,
    Profile,
    RecentPosts,
    Sent,
    Thread,
)
from orchestrator.refusals import OutcomeUnknown

LONGEST_BIO = 70


class TelethonAccount:
    """An account on an open connection; implements `orchestrator.ports.telegram.AccountClient`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.call = connection.call

    async def profile(self) -> Profile:
        """Read from Telegram how the account shows itself now."""
        return await read_profile(self.call)

    async def set_bio(self, bio: str) -> None:
        """Write the public bio; raises BadInput when it is longer than Telegram takes."""
        if len(bio) > LONGEST_BIO:
            raise BadInput(f"A bio has at most {LONGEST_BIO} characters; this one has {len(bio)}")
        await self.call(UpdateProfileRequest(about=bio))

    async def channel_named(self, name: str) -> ChannelSeen:
        """Find a channel by @username, link or number; raises BadInput when there is none."""
        return await channels.channel_named(self.connection, name)

    async def channel(self, channel: TelegramId, *, username: str | None = None) -> ChannelSeen:
        """Look at a channel again, with the account's own role in it."""
        found = await channels.reach(self.connection, channel, username)
        return await channels.look(self.connection, found)

    async def thread_of(
        self, channel: TelegramId, post: MessageId, *, username: str | None = None
    ) -> Thread:
        """Find the copy of a post in the linked group; MSG_ID_INVALID when there is none (yet)."""
        found = await channels.reach(self.connection, channel, username)
        return await channels.thread_of(self.connection, found, post)

    async def send(self, letter: Letter, *, within: timedelta) -> Sent:
        """Send exactly this letter once; raises OutcomeUnknown when no answer came in time."""
        answer = await self.call(send_request(letter), within=within)
        sent = sent_in(answer, letter.random_id)
        if sent is None:
            raise OutcomeUnknown("Telegram took the message without saying which one it became")
        return sent

    async def find_own(
        self, letter: Letter, *, since: datetime, besides: frozenset[MessageId] = frozenset()
    ) -> Sent | None:
        """Look among the account's own messages in that thread for this text sent `since` then."""
        return await history.find_own(self.connection, letter, since, besides)

    async def delete(self, peer: Peer, messages: tuple[MessageId, ...]) -> None:
        """Delete messages for everybody."""
        for numbers in history.pages(messages):
            if peer.kind == "user":
                await self.call(DeleteMessagesRequest(numbers, revoke=True))
            else:
                channel = tl.InputChannel(peer.telegram_id, peer.access_hash)
                await self.call(DeleteChannelMessagesRequest(channel, numbers))

    def posts_after(
        self, channel: TelegramId, last: MessageId, *, limit: int
    ) -> AsyncIterator[PostSeen]:
        """Page through the posts with a greater number than `last`, oldest first."""
        return history.posts_after(self.connection, channel, last, limit)

    async def recent_posts(self, channel: TelegramId, *, limit: int) -> RecentPosts:
        """Read the newest posts, as they are now."""
        return await history.recent_posts(self.connection, channel, limit)

    async def dialogues_after(
        self, last: MessageId | None, *, since: datetime
    ) -> Sequence[Dialogue]:
        """List the people with whom something was said after `last`, or else after `since`."""
        return await dialogues.dialogues_after(self.connection, last, since)

    async def messages_after(self, person: TelegramId, last: MessageId) -> MessagesPage:
        """Read the page of a private chat just above a message."""
        return await dialogues.messages_after(self.connection, person, last)

    async def messages_now(
        self, messages: tuple[MessageId, ...]
    ) -> dict[MessageId, MessageNow | None]:
        """Read private messages (at most 100) as they are now; None for one that is gone."""
        return await dialogues.messages_now(self.connection, messages)

    async def last_message_before(self, person: TelegramId, at: datetime) -> MessageId:
        """Return the newest message of a private chat that is older than `at`; 0 without one."""
        return await dialogues.last_before(self.connection, person, at)

    async def person(self, person: TelegramId) -> Peer:
        """Address somebody who wrote to this account."""
        return await dialogues.find_person(self.connection, person)

    async def security(self) -> SecurityView:
        """Look at who is signed in to this account, and at its password's mark."""
        return await look_at_security(self.connection)

    async def caught_up(self) -> None:
        """Return when all that was missed while nobody was connected has been handed over."""
        if self.connection.flow is not None:
            await self.connection.flow.caught_up.wait()

    async def engagement(
        self, peer: Peer, messages: tuple[MessageId, ...]
    ) -> dict[MessageId, Engagement]:
        """Read likes, replies and views of messages; deleted ones are missing from the answer."""
        return await history.engagement(self.connection, peer, messages)

    async def mark_read(self, peer: Peer, upto: MessageId) -> None:
        """Mark a private chat as read up to a message."""
        await self.call(ReadHistoryRequest(input_peer(peer), upto))

    async def show_typing(self, peer: Peer) -> None:
        """Show for a few seconds that the account is typing."""
        await self.call(SetTypingRequest(input_peer(peer), tl.SendMessageTypingAction()))

    async def found_group(
        self, title: str, about: str, known: Collection[TelegramId] = ()
    ) -> GroupSeen:
        """Found a private group, whose creator the account then is."""
        return await groups.found_group(self.call, title, about, known)

    async def look_at_group(self, group: Peer) -> GroupSeen:
        """Look at a group again; CHANNEL_PRIVATE when the account is no member any more."""
        return await groups.look_at_group(self.call, group)

    async def invite_link(self, group: Peer, *, once: bool) -> str:
        """Return the group's invite link, or make one for a single account within the hour."""
        return await groups.invite_link(self.call, group, once=once)

    async def enter_group(self, link: str) -> GroupSeen:
        """Accept an invite to a private group; raises BadInput or NotFound for another link."""
        return await groups.enter_group(self.call, link)

    async def group_talk_after(self, group: Peer, last: MessageId) -> GroupPage:
        """Read the page of a private group just above a message."""
        return await groups.talk_after(self.connection, group, last)

    async def group_members(self, group: Peer) -> Sequence[GroupMember]:
        """List who is in a group."""
        return await groups.members(self.call, group)

    async def read_notice(self, group: Peer, message: MessageId) -> NoticeSeen:
        """Read how a message in a group stands now."""
        return await groups.read_notice(self.call, group, message)

    async def edit_text(self, group: Peer, message: MessageId, text: str) -> None:
        """Put other words in the place of a message of the account's own."""
        await groups.edit_text(self.call, group, message, text)

    async def pin(self, group: Peer, message: MessageId) -> None:
        """Pin a message in a group."""
        await groups.pin(self.call, group, message)

    async def log_out(self) -> None:
        """End this session on Telegram's side; the stored key is forgotten."""
        await self.call(LogOutRequest())
        await self.connection.forget()

    async def wait_closed(self) -> None:
        """Return when the connection has ended; raises TelegramRefused if Telegram said why."""
        await self.connection.wait_closed()


async def read_profile(call: Caller) -> Profile:
    """Ask Telegram who we are."""
    full = await call(GetFullUserRequest(tl.InputUserSelf()))
    user = next(user for user in full.users if user.id == full.full_user.id)
    return Profile(
        TelegramId(user.id), user.username, clean(user.first_name), clean(full.full_user.about)
    )


def send_request(letter: Letter) -> SendMessageRequest:
    """Word a letter for Telethon, which keeps the random_id that it is given."""
    reply_to = None if letter.reply_to is None else tl.InputReplyToMessage(letter.reply_to)
    return SendMessageRequest(
        input_peer(letter.peer), letter.text, reply_to=reply_to, random_id=letter.random_id
    )


def sent_in(answer: Any, random_id: int) -> Sent | None:  # noqa: ANN401 - any of Telethon's Updates
    """Read out of an answer which message a letter became."""
    if isinstance(answer, tl.UpdateShortSentMessage):
        return Sent(MessageId(answer.id), moment(answer.date))
    updates = getattr(answer, "updates", None) or [getattr(answer, "update", None)]
    dates = {
        update.message.id: update.message.date
        for update in updates
        if isinstance(update, tl.UpdateNewChannelMessage | tl.UpdateNewMessage)
    }
    named = [
        update.id
        for update in updates
        if isinstance(update, tl.UpdateMessageID) and update.random_id == random_id
    ]
    number = next(iter(named or dates), None)
    if number is None:
        return None
    return Sent(MessageId(number), moment(dates.get(number) or answer.date))
