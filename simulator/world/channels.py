"""Broadcast channels and supergroups: their members, rights and contents."""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import count

from simulator.world.clock import Clock
from simulator.world.history import History
from simulator.world.mailbox import Mailbox
from simulator.world.peers import FIRST_CHANNEL, ChannelId, MessageId, Peer, UserId, channel_peer
from simulator.world.refusals import Refusal
from simulator.world.usernames import Usernames


class Right(StrEnum):
    """What an administrator may do; the values are Telegram's names."""

    CHANGE_INFO = "change_info"
    POST_MESSAGES = "post_messages"
    EDIT_MESSAGES = "edit_messages"
    DELETE_MESSAGES = "delete_messages"
    BAN_USERS = "ban_users"
    INVITE_USERS = "invite_users"
    PIN_MESSAGES = "pin_messages"
    ADD_ADMINS = "add_admins"
    MANAGE_CALL = "manage_call"
    MANAGE_TOPICS = "manage_topics"
    ANONYMOUS = "anonymous"
    OTHER = "other"


class Restriction(StrEnum):
    """What plain members may be denied besides writing; the values are Telegram's names."""

    SEND_MEDIA = "send_media"
    SEND_POLLS = "send_polls"
    PIN_MESSAGES = "pin_messages"
    INVITE_USERS = "invite_users"


INVITE_BYTES = 12
ALL_RIGHTS = frozenset(Right) - {Right.ANONYMOUS}


@dataclass(slots=True, eq=False)
class Member:
    """Somebody's place in a channel; no rights means a plain member."""

    user: UserId
    since: datetime
    rights: frozenset[Right] = frozenset()
    creator: bool = False
    promoted_by: UserId | None = None
    rank: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether this is the creator or somebody with a right."""
        return self.creator or bool(self.rights)


@dataclass(slots=True, eq=False)
class Invite:
    """An invite link on conditions; `limit` 0 means any number of uses."""

    secret: str
    creator: UserId
    made_at: datetime
    asks: bool = False
    expires: datetime | None = None
    limit: int = 0
    title: str = ""
    uses: int = 0
    revoked: bool = False

    def is_good(self, now: datetime) -> bool:
        """Tell whether the link still leads anywhere."""
        in_time = self.expires is None or now < self.expires
        return not self.revoked and in_time and (not self.limit or self.uses < self.limit)


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Somebody asks to be let in, by the link `invite` or by the public name."""

    user: UserId
    at: datetime
    invite: str = ""


@dataclass(slots=True, eq=False)
class ForumTopic:
    """A topic of a forum; `id` is the message that opened it, 1 for General."""

    id: MessageId
    title: str
    creator: UserId
    opened_at: datetime
    icon: int = 0
    closed: bool = False
    hidden: bool = False

    def differs(self, title: str | None, closed: bool | None, hidden: bool | None) -> bool:
        """Tell whether any of what is given is otherwise here."""
        now = (self.title, self.closed, self.hidden)
        wanted = (title, closed, hidden)
        return any(new not in (None, old) for new, old in zip(wanted, now, strict=True))

    def change(self, title: str | None, closed: bool | None, hidden: bool | None) -> None:
        """Take over what is given."""
        self.title = self.title if title is None else title
        self.closed = self.closed if closed is None else closed
        self.hidden = self.hidden if hidden is None else hidden


@dataclass(slots=True, eq=False)
class Channel:
    """A broadcast channel, or a supergroup when `broadcast` is off.

    `linked` is the discussion group of a channel and the channel of a discussion group; `guests`
    says of a group whether people who are not members may comment; `open` whether plain members
    may write; `silenced` are the members who may not. `copies` leads from a post to its copy in a
    discussion group. `denied` is what no plain member may, `restrictions` what some may not;
    `slow_mode` is how many seconds a plain member waits between messages, `spoken` when each
    last said something, and in which album. `until` is when a ban or a restriction ends by itself.
    `basic` is a group as bots know small ones, under another kind of number; `moved_to` is the
    supergroup that it became.
    """

    id: ChannelId
    title: str
    broadcast: bool
    created_at: datetime
    mailbox: Mailbox
    about: str = ""
    username: str = ""
    invite: str = ""
    linked: ChannelId | None = None
    guests: bool = True
    open: bool = True
    members: dict[UserId, Member] = field(default_factory=dict)
    banned: dict[UserId, datetime] = field(default_factory=dict)
    silenced: set[UserId] = field(default_factory=set)
    history: History = field(default_factory=History)
    threads: defaultdict[MessageId, History] = field(default_factory=lambda: defaultdict(History))
    copies: dict[MessageId, tuple[ChannelId, MessageId]] = field(default_factory=dict)
    last_id: int = 0
    denied: frozenset[Restriction] = frozenset({Restriction.PIN_MESSAGES})
    restrictions: dict[UserId, frozenset[Restriction]] = field(default_factory=dict)
    until: dict[UserId, datetime] = field(default_factory=dict)
    invites: dict[str, Invite] = field(default_factory=dict)
    asks: bool = False
    requests: dict[UserId, JoinRequest] = field(default_factory=dict)
    slow_mode: int = 0
    spoken: dict[UserId, tuple[datetime, int | None]] = field(default_factory=dict)
    forum: bool = False
    basic: bool = False
    moved_to: ChannelId | None = None
    topics: dict[MessageId, ForumTopic] = field(default_factory=dict)

    @property
    def peer(self) -> Peer:
        """The channel as a peer."""
        return channel_peer(self.id)

    @property
    def admins(self) -> list[Member]:
        """Its creator and administrators."""
        return [member for member in self.members.values() if member.is_admin]

    def take_id(self) -> MessageId:
        """Hand out the next message id."""
        self.last_id += 1
        return MessageId(self.last_id)

    def clear(self) -> None:
        """Forget who was in it and what was said in it."""
        for kept in (self.members, self.banned, self.silenced, self.restrictions, self.until):
            kept.clear()
        for said in (self.threads, self.copies, self.topics, self.invites, self.requests):
            said.clear()
        self.history = History()

    def lift(self, now: datetime) -> None:
        """End the bans and restrictions whose time is over."""
        for user in [user for user, end in self.until.items() if end <= now]:
            del self.until[user]
            self.banned.pop(user, None)
            self.restrictions.pop(user, None)
            self.silenced.discard(user)

    def allows(self, user: UserId, right: Right) -> bool:
        """Tell whether somebody holds a right; the creator holds them all."""
        member = self.members.get(user)
        return member is not None and (member.creator or right in member.rights)

    def permits(self, user: UserId, what: Restriction) -> bool:
        """Tell whether somebody is denied something neither like everybody nor alone."""
        member = self.members.get(user)
        if member is not None and member.is_admin:
            return True
        return what not in self.denied | self.restrictions.get(user, frozenset())

    def require(self, user: UserId, right: Right) -> None:
        """Refuse whoever does not hold a right."""
        if not self.allows(user, right):
            raise Refusal("CHAT_ADMIN_REQUIRED")


class Channels:
    """Every channel and supergroup by id."""

    def __init__(self, clock: Clock, usernames: Usernames) -> None:
        self.clock, self.usernames = clock, usernames
        self.by_id: dict[ChannelId, Channel] = {}
        self.by_invite: dict[str, Channel] = {}
        self.numbers = count(FIRST_CHANNEL)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self.by_id.values())

    def add(self, title: str, *, broadcast: bool, about: str = "", guests: bool = True) -> Channel:
        """Make a channel or supergroup without members."""
        if not title.strip():
            raise Refusal("CHAT_TITLE_EMPTY")
        number, now = ChannelId(next(self.numbers)), self.clock.now()
        channel = Channel(number, title, broadcast, now, Mailbox(now), about=about, guests=guests)
        self.by_id[number] = channel
        return channel

    def get(self, channel: ChannelId) -> Channel:
        """Find a channel; raises `Refusal` for an unknown id."""
        found = self.by_id.get(channel)
        if found is None:
            raise Refusal("CHANNEL_INVALID")
        if found.until:
            found.lift(self.clock.now())
        return found

    def take_username(self, channel: Channel, username: str) -> None:
        """Make a channel public under a name, or private with an empty one."""
        self.usernames.change(channel.peer, channel.username, username)
        channel.username = username

    def invite_to(self, channel: Channel) -> str:
        """Tell the secret of a channel's invite link."""
        if not channel.invite:
            channel.invite = secrets.token_urlsafe(INVITE_BYTES)
            self.by_invite[channel.invite] = channel
        return channel.invite

    def invited_by(self, invite: str) -> Channel:
        """Find where an invite link leads."""
        channel = self.by_invite.get(invite)
        if channel is None:
            raise Refusal("INVITE_HASH_INVALID")
        return channel

    def revoke_invite(self, channel: Channel) -> None:
        """Make a channel's invite link lead nowhere."""
        self.by_invite.pop(channel.invite, None)
        channel.invite = ""

    def linked(self, channel: Channel) -> Channel | None:
        """Find the other half: a channel's group, a group's channel."""
        return None if channel.linked is None else self.by_id.get(channel.linked)
