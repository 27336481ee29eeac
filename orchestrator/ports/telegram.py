"""One account on Telegram, as the lanes see it.

Every call may raise `TelegramRefused` (an answer), or `OutcomeUnknown` (no answer in time, or the
connection broke). After `OutcomeUnknown` the client object is thrown away: it is never reused.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.facts import DirectMessageSeen, Engagement, GroupMessageSeen, PostSeen, Sink
from orchestrator.ids import AccountId, MessageId, TelegramId
from orchestrator.ports.security import SecurityView


@dataclass(frozen=True, slots=True)
class Profile:
    """How the account shows itself to others."""

    telegram_id: TelegramId
    username: str | None
    first_name: str
    bio: str


class Role(StrEnum):
    """What an account is in a channel."""

    CREATOR = "creator"
    ADMIN = "admin"
    """Admin with the right to post; an admin without it counts as a member."""
    MEMBER = "member"
    PUBLIC = "public"
    """No member, but the history is public."""
    NONE = "none"

    @property
    def may_grant(self) -> bool:
        """Whether this role is proof enough for a grant (charter rule 1)."""
        return self in {Role.CREATOR, Role.ADMIN}


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel as Telegram shows it to one account."""

    telegram_id: TelegramId
    title: str
    description: str
    username: str | None
    members_count: int | None
    linked_group: TelegramId | None
    role: Role
    last_message: MessageId


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a message goes, addressed for one account (an access hash belongs to an account)."""

    kind: str
    """`channel` or `user`."""
    telegram_id: TelegramId
    access_hash: int


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message goes: the linked group and the post's copy there, or just a person."""

    group: Peer
    top_message: MessageId | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be sent; a retry sends the same four again."""

    peer: Peer
    reply_to: MessageId | None
    text: str
    random_id: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of ours that Telegram has."""

    message: MessageId
    at: datetime


@dataclass(frozen=True, slots=True)
class RecentPosts:
    """The newest posts of a channel, newest first."""

    posts: tuple[PostSeen, ...]
    lowest: MessageId
    """The number of the oldest message that was looked at; 0 when there was none."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A private chat with a person."""

    person: TelegramId
    last_message: MessageId


@dataclass(frozen=True, slots=True)
class MessageNow:
    """What a private message says now."""

    text: str
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """What a person wrote in one page of a private chat, oldest first."""

    told: tuple[DirectMessageSeen, ...]
    upto: MessageId
    """The last message of the page, whoever wrote it."""
    more: bool
    """Whether there may be another page."""


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group as Telegram shows it to one account, addressed for that account."""

    peer: Peer
    title: str
    created_by_us: bool
    """Whether this very account created it."""
    private: bool
    """Nobody finds it by a name, and it discusses no channel."""


@dataclass(frozen=True, slots=True)
class GroupPage:
    """What was said in one page of a private group, oldest first."""

    told: tuple[GroupMessageSeen, ...]
    upto: MessageId
    """The last message of the page, whatever it was."""
    more: bool
    """Whether there may be another page."""


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Somebody in a group, whoever that is."""

    telegram_id: TelegramId
    name: str
    username: str | None
    is_bot: bool


@dataclass(frozen=True, slots=True)
class NoticeSeen:
    """How a message in a group stands; `message` is None when it is gone."""

    message: MessageId | None
    text: str
    pinned: bool


class AccountClient(Protocol):
    """A signed-in account with an open connection."""

    async def profile(self) -> Profile:
        """Read from Telegram how the account shows itself now."""

    async def set_bio(self, bio: str) -> None:
        """Write the public bio (at most 70 characters)."""

    async def channel_named(self, name: str) -> ChannelSeen:
        """Find a channel by @username or link; raises BadInput when there is none."""

    async def channel(self, channel: TelegramId, *, username: str | None = None) -> ChannelSeen:
        """Look at a channel again, with the account's own role in it.

        A public channel that this account never saw is found by its `username`, if that is given.
        """

    async def thread_of(
        self, channel: TelegramId, post: MessageId, *, username: str | None = None
    ) -> Thread:
        """Find the copy of a post in the linked group; MSG_ID_INVALID when there is none (yet).

        A public channel that this account never saw is found by its `username`, if that is given.
        """

    async def send(self, letter: Letter, *, within: timedelta) -> Sent:
        """Send exactly this letter once.

        Raises OutcomeUnknown when no answer came `within` that time.
        """

    async def find_own(
        self, letter: Letter, *, since: datetime, besides: frozenset[MessageId] = frozenset()
    ) -> Sent | None:
        """Look among the account's own messages in that thread for this text sent `since` then.

        Those `besides` are known to be others.
        """

    async def delete(self, peer: Peer, messages: tuple[MessageId, ...]) -> None:
        """Delete messages for everybody."""

    def posts_after(
        self, channel: TelegramId, last: MessageId, *, limit: int
    ) -> AsyncIterator[PostSeen]:
        """Page through the posts with a greater number than `last`, oldest first."""

    async def recent_posts(self, channel: TelegramId, *, limit: int) -> RecentPosts:
        """Read the newest posts (at most 100), as they are now."""

    async def dialogues_after(
        self, last: MessageId | None, *, since: datetime
    ) -> Sequence[Dialogue]:
        """List the people with whom something was said after `last`, or else after `since`."""

    async def messages_after(self, person: TelegramId, last: MessageId) -> MessagesPage:
        """Read the page of a private chat just above a message."""

    async def messages_now(
        self, messages: tuple[MessageId, ...]
    ) -> dict[MessageId, MessageNow | None]:
        """Read private messages (at most 100) as they are now; None for one that is gone."""

    async def last_message_before(self, person: TelegramId, at: datetime) -> MessageId:
        """Return the newest message of a private chat that is older than `at`; 0 without one."""

    async def person(self, person: TelegramId) -> Peer:
        """Address somebody who wrote to this account; PEER_ID_INVALID when nobody knows how."""

    async def security(self) -> SecurityView:
        """Look at who is signed in to this account, and at its password's mark."""

    async def caught_up(self) -> None:
        """Return when all that was missed while nobody was connected has been handed over."""

    async def engagement(
        self, peer: Peer, messages: tuple[MessageId, ...]
    ) -> dict[MessageId, Engagement]:
        """Read likes, replies and views of messages; deleted ones are missing from the answer."""

    async def mark_read(self, peer: Peer, upto: MessageId) -> None:
        """Mark a private chat as read up to a message."""

    async def show_typing(self, peer: Peer) -> None:
        """Show for a few seconds that the account is typing."""

    async def found_group(
        self, title: str, about: str, known: Collection[TelegramId] = ()
    ) -> GroupSeen:
        """Found a private group, whose creator the account then is.

        A group of its own with that title that is not `known`, and in which nobody else is, was
        founded by somebody who did not live to store it, and is taken up instead.
        """

    async def look_at_group(self, group: Peer) -> GroupSeen:
        """Look at a group again; CHANNEL_PRIVATE when the account is no member any more."""

    async def invite_link(self, group: Peer, *, once: bool) -> str:
        """Return the group's invite link, or make one for a single account within the hour."""

    async def enter_group(self, link: str) -> GroupSeen:
        """Accept an invite to a private group; raises BadInput or NotFound for another link."""

    async def group_talk_after(self, group: Peer, last: MessageId) -> GroupPage:
        """Read the page of a private group just above a message."""

    async def group_members(self, group: Peer) -> Sequence[GroupMember]:
        """List who is in a group."""

    async def read_notice(self, group: Peer, message: MessageId) -> NoticeSeen:
        """Read how a message in a group stands now."""

    async def edit_text(self, group: Peer, message: MessageId, text: str) -> None:
        """Put other words in the place of a message of the account's own."""

    async def pin(self, group: Peer, message: MessageId) -> None:
        """Pin a message in a group."""

    async def log_out(self) -> None:
        """End this session on Telegram's side; the stored key is forgotten."""

    async def wait_closed(self) -> None:
        """Return when the connection has ended.

        Raises TelegramRefused when Telegram ended it for a reason.
        """


class SignInAnswers(Protocol):
    """Asks a person for what signing in needs; each may be asked again after a wrong answer."""

    async def code(self) -> str:
        """Return the code that Telegram sent."""

    async def password(self, hint: str | None) -> str:
        """Return the two-step password."""

    async def name(self) -> str:
        """Return a first name for a number that has no account yet."""


class Telegram(Protocol):
    """Opens accounts; whoever calls holds the account's lease."""

    def open(
        self, account: AccountId, sink: Sink | None
    ) -> AbstractAsyncContextManager[AccountClient]:
        """Connect the account's stored session.

        With a `sink`, every update (also what was missed since the stored state) becomes a fact;
        the stored update state moves on only when the facts before it are committed. Without one,
        no updates are asked for. Raises TelegramRefused (for example NEEDS_LOGIN) or
        OutcomeUnknown.
        """

    async def sign_in(self, account: AccountId, phone: str, answers: SignInAnswers) -> Profile:
        """Sign the account in, store its session, and return its profile.

        Raises SignInRefused (one sentence: wrong number, code or password, too many tries).
        """
