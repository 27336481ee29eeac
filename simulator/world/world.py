"""The whole world in one piece, with a plain way in for demos and tests."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.world.blocks import Blocks
from simulator.world.bots import Bots
from simulator.world.callbacks import Callbacks
from simulator.world.channel_talk import ChannelTalk
from simulator.world.channels import ALL_RIGHTS, Channel, Channels, Right
from simulator.world.clock import Clock
from simulator.world.duplicates import Duplicate, find_duplicates
from simulator.world.events import Bulletin, Via
from simulator.world.files import Files
from simulator.world.forums import Forums
from simulator.world.hashes import AccessHashes
from simulator.world.invites import Invites
from simulator.world.logins import Logins
from simulator.world.media import Media
from simulator.world.membership import Membership
from simulator.world.messages import Action, ActionKind, Draft, Message
from simulator.world.peers import MessageId
from simulator.world.people import People, Person
from simulator.world.pins import Pins
from simulator.world.polls import Polls
from simulator.world.private_talk import PrivateTalk
from simulator.world.randomids import Attempt, RandomIds
from simulator.world.refusals import Refusal
from simulator.world.reports import Report
from simulator.world.two_step import seal_password
from simulator.world.usernames import Usernames


@dataclass(slots=True)
class Limits:
    """How much of what was missed is given back; None means any amount.

    `slice` is the number of entries in one difference of an account, `account` and `channel` the
    number of missed entries beyond which the answer is that it is too long.
    """

    slice: int = 500
    account: int | None = None
    channel: int | None = None


class World:
    """Everything that is true, and every rule by which it changes; knows no wire."""

    def __init__(self, login_code: str | None = None) -> None:
        self.clock = Clock()
        self.bulletin = Bulletin()
        self.limits = Limits()
        self.hashes = AccessHashes()
        self.usernames = Usernames()
        self.random_ids = RandomIds()
        self.files = Files()
        self.people = People(self.clock, self.bulletin, self.usernames)
        self.blocks = Blocks(self.bulletin)
        self.bots = Bots()
        self.callbacks = Callbacks(self.clock, self.people, self.bulletin)
        self.logins = Logins(self.clock, self.bulletin, self.people, login_code)
        self.channels = Channels(self.clock, self.usernames)
        self.channel_talk = ChannelTalk(self.channels, self.bulletin, self.random_ids)
        self.forums = Forums(self.channel_talk)
        self.private_talk = PrivateTalk(self.clock, self.people, self.bulletin, self.random_ids)
        self.polls = Polls(self.bulletin)
        self.pins = Pins(self.channel_talk, self.private_talk)
        self.membership = Membership(self.channels, self.people, self.channel_talk, self.bulletin)
        self.invites = Invites(self.membership)
        self.reports: list[Report] = []

    def add_person(
        self,
        phone: str = "",
        name: str = "Someone",
        *,
        username: str = "",
        bio: str = "",
        bot: bool = False,
    ) -> Person:
        """Let somebody be born; what stands after the first space of the name is the last name."""
        first, _, last = name.partition(" ")
        self.usernames.check_free(username)
        person = self.people.add(phone, first, last, bot=bot)
        if username:
            self.people.take_username(person, username)
        self.people.describe(person, bio)
        return person

    def add_bot(self, name: str, username: str, token: str = "") -> Person:
        """Let a bot be born, with a token of its own; `bots.token_of` tells it."""
        bot = self.add_person("", name, username=username, bot=True)
        self.bots.give_token(bot, token)
        return bot

    def set_password(self, person: Person, password: str, hint: str = "") -> None:
        """Give somebody a two-step password; an empty one takes it away."""
        person.two_step = seal_password(password, hint) if password else None

    def add_channel(
        self,
        title: str,
        username: str = "",
        *,
        owner: Person,
        about: str = "",
        linked: bool = False,
        guests: bool = True,
        via: Via | None = None,
    ) -> Channel:
        """Found a broadcast channel, with a discussion group when `linked`."""
        self.usernames.check_free(username)
        channel = self.channels.add(title, broadcast=True, about=about)
        if username:
            self.channels.take_username(channel, username)
        self.membership.found(channel, owner, via)
        if linked:
            group = self.add_group(f"{title} chat", owner=owner, guests=guests)
            self.link_group(channel, group)
        return channel

    def add_group(
        self,
        title: str,
        username: str = "",
        *,
        owner: Person,
        about: str = "",
        guests: bool = True,
        basic: bool = False,
        via: Via | None = None,
    ) -> Channel:
        """Found a supergroup; `guests` says whether others may comment once it is linked.

        A `basic` one is known to bots by a basic group's number until it is upgraded.
        """
        self.usernames.check_free(username)
        group = self.channels.add(title, broadcast=False, about=about, guests=guests)
        group.basic = basic
        if username:
            self.channels.take_username(group, username)
        self.membership.found(group, owner, via)
        return group

    def upgrade(self, group: Channel) -> Channel:
        """Make a supergroup of a basic group: another chat, with the same people and admins."""
        if not group.basic or group.moved_to is not None:
            raise Refusal("CHAT_ID_INVALID")
        creator = next(one for one in group.members.values() if one.creator)
        owner = self.people.get(creator.user)
        grown = self.add_group(group.title, owner=owner, about=group.about)
        for member in group.members.values():
            if not member.creator:
                person = self.people.get(member.user)
                self.membership.admit(grown, person, by=owner)
                if member.rights:
                    self.membership.promote(grown, person, member.rights, by=owner)
        group.moved_to = grown.id
        talk = self.channel_talk
        talk.note(group, owner.id, Action(ActionKind.MOVED_TO, other=grown.id), None)
        left = Action(ActionKind.MOVED_FROM, group.title, other=group.id)
        talk.note(grown, owner.id, left, None)
        return grown

    def link_group(self, channel: Channel, group: Channel | None) -> None:
        """Make a group the place where a channel's posts are discussed, or none."""
        self.membership.link(channel, group)

    def group_of(self, channel: Channel) -> Channel:
        """Find the discussion group of a channel; raises `Refusal` when it has none."""
        group = self.channels.linked(channel)
        if group is None:
            raise Refusal("MSG_ID_INVALID")
        return group

    def invite_link(self, channel: Channel) -> str:
        """Tell the link by which anybody may join a channel or group."""
        return f"https://t.me/+{self.channels.invite_to(channel)}"

    def join(self, channel: Channel, *people: Person) -> None:
        """Make people members of a channel or group, without service messages."""
        for person in people:
            self.membership.admit(channel, person, by=person)

    def leave(self, channel: Channel, person: Person) -> None:
        """Take somebody out of a channel or group."""
        self.membership.leave(channel, person)

    def make_admin(
        self,
        channel: Channel,
        person: Person,
        *rights: Right,
    ) -> None:
        """Make somebody an administrator, with all rights unless some are named."""
        by = self.people.get(next(m.user for m in channel.members.values() if m.creator))
        chosen = frozenset(rights) or ALL_RIGHTS
        self.membership.promote(channel, person, chosen, by=by)

    def dismiss_admin(self, channel: Channel, person: Person) -> None:
        """Make a plain member of an administrator."""
        self.membership.promote(channel, person, frozenset(), by=person)

    def publish(
        self, channel: Channel, text: str, media: Media | None = None, *, by: Person | None = None
    ) -> Message:
        """Post into a channel in the name of its creator, or of `by`."""
        author = by.id if by else next(m.user for m in channel.members.values() if m.creator)
        return self.channel_talk.send(channel, author, Draft(text, media=media)).message

    def say(
        self, group: Channel, person: Person, text: str, reply_to: MessageId | None = None
    ) -> Message:
        """Write into a group in somebody's name."""
        return self.channel_talk.send(group, person.id, Draft(text, reply_to)).message

    def comment(self, channel: Channel, post: MessageId, person: Person, text: str) -> Message:
        """Comment on a post in somebody's name."""
        group, head = self.channel_talk.discussion(channel, post)
        return self.say(group, person, text, head.id)

    def send_private(self, author: Person, to: Person, text: str) -> Message:
        """Say something to somebody in private; gives the author's copy."""
        return self.private_talk.send(author, to, Draft(text)).message

    def delete(self, channel: Channel, *ids: MessageId) -> None:
        """Delete messages of a channel or group, and the copies of posts."""
        found = [m for m in map(channel.history.get, ids) if m is not None]
        self.channel_talk.remove(channel, found)

    def comments_under(self, channel: Channel, post: MessageId) -> list[Message]:
        """List the comments on a post, the oldest first; none for a post without a thread."""
        copied = self.channel_talk.copy_of(channel, post)
        if copied is None or copied[1].id not in copied[0].threads:
            return []
        return list(copied[0].threads[copied[1].id])

    def messages_of(self, chat: Channel | tuple[Person, Person]) -> list[Message]:
        """List a chat's messages, the oldest first: a private one as the first person keeps it."""
        if isinstance(chat, Channel):
            return list(chat.history)
        one, other = chat
        return list(one.inbox.chats.get(other.id, ()))

    def attempts(self) -> Iterable[Attempt]:
        """Give every request to send that was granted, repeated ones too, in order."""
        return tuple(self.random_ids.attempts)

    def duplicates(self) -> list[Duplicate]:
        """List what was sent twice: under one random id, or in one thread with the same words."""
        return find_duplicates(self.channels, self.people)
