"""How people come into channels, rise in them and leave."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.world.access import require_reading
from simulator.world.channel_talk import ChannelTalk
from simulator.world.channels import ALL_RIGHTS, Channel, Channels, Member, Restriction, Right
from simulator.world.events import Bulletin, ChannelAltered, Via
from simulator.world.messages import Action, ActionKind
from simulator.world.peers import MessageId
from simulator.world.people import People, Person
from simulator.world.refusals import Refusal

SHORTEST, LONGEST = timedelta(seconds=30), timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Membership:
    """The doors of channels and groups; announced arrivals leave a service message in groups."""

    channels: Channels
    people: People
    talk: ChannelTalk
    bulletin: Bulletin

    def found(self, channel: Channel, creator: Person, via: Via | None = None) -> None:
        """Give a new channel its creator and its first message."""
        now = self.channels.clock.now()
        channel.members[creator.id] = Member(creator.id, now, ALL_RIGHTS, creator=True)
        creator.inbox.channels.add(channel.id)
        action = Action(ActionKind.CHANNEL_CREATED, title=channel.title)
        self.talk.note(channel, creator.id, action, via)

    def join(
        self, channel: Channel, person: Person, *, announce: bool = False, via: Via | None = None
    ) -> None:
        """Let somebody in by the open door."""
        require_reading(self.channels, channel, person.id)
        self.admit(channel, person, by=person, announce=announce, via=via)

    def invite(self, channel: Channel, by: Person, people: list[Person], via: Via | None) -> None:
        """Let a member with the right bring others in."""
        if by.id not in channel.members:
            raise Refusal("CHANNEL_PRIVATE")
        if channel.broadcast or not channel.permits(by.id, Restriction.INVITE_USERS):
            channel.require(by.id, Right.INVITE_USERS)
        for person in people:
            self.admit(channel, person, by=by, announce=True, via=via)

    def admit(
        self,
        channel: Channel,
        person: Person,
        *,
        by: Person,
        announce: bool = False,
        via: Via | None = None,
    ) -> None:
        """Make somebody a member without asking whether the door is open."""
        if person.id in channel.members:
            return
        self.enrol(channel, person)
        self.bulletin.tell(ChannelAltered(channel.id, frozenset({person.id}), via, by.id))
        if announce and not channel.broadcast:
            action = Action(ActionKind.MEMBERS_ADDED, users=(person.id,))
            self.talk.note(channel, by.id, action, via)

    def enrol(self, channel: Channel, person: Person) -> None:
        """Put somebody on the list of members, of which nobody is told."""
        channel.banned.pop(person.id, None)
        channel.until.pop(person.id, None)
        channel.members[person.id] = Member(person.id, self.channels.clock.now())
        person.inbox.channels.add(channel.id)
        # What was said before somebody came counts as read.
        person.inbox.channels_read[channel.id] = MessageId(channel.last_id)

    def leave(
        self, channel: Channel, person: Person, via: Via | None = None, *, announce: bool = False
    ) -> None:
        """Let somebody out."""
        member = channel.members.get(person.id)
        if member is None:
            raise Refusal("USER_NOT_PARTICIPANT")
        if member.creator:
            raise Refusal("USER_CREATOR")
        self.release(channel, person, via, by=person)
        if announce:
            self.announce_loss(channel, person, person, via)

    def expel(
        self,
        channel: Channel,
        person: Person,
        via: Via | None = None,
        *,
        by: Person | None = None,
        until: datetime | None = None,
    ) -> None:
        """Throw somebody out, for good without `until`; announced in a group when known who did."""
        member = channel.members.get(person.id)
        if member is not None and member.creator:
            raise Refusal("USER_ADMIN_INVALID")
        channel.banned[person.id] = self.channels.clock.now()
        keep_end(channel, person, until)
        self.release(channel, person, via, by=by)
        if by is not None and member is not None:
            self.announce_loss(channel, person, by, via)

    def announce_loss(self, channel: Channel, person: Person, by: Person, via: Via | None) -> None:
        """Leave a service message in a group that somebody is gone."""
        if not channel.broadcast:
            action = Action(ActionKind.MEMBER_GONE, users=(person.id,))
            self.talk.note(channel, by.id, action, via)

    def restrict(
        self,
        channel: Channel,
        person: Person,
        *,
        silent: bool,
        denied: frozenset[Restriction] = frozenset(),
        by: Person | None = None,
        until: datetime | None = None,
    ) -> None:
        """Forbid a member to write or more, or forgive; forgiving lets the expelled come back."""
        channel.restrictions.pop(person.id, None)
        if denied:
            channel.restrictions[person.id] = denied
        channel.banned.pop(person.id, None)
        keep_end(channel, person, until if silent or denied else None)
        if silent and person.id in channel.members:
            channel.silenced.add(person.id)
        else:
            channel.silenced.discard(person.id)
        actor = None if by is None else by.id
        self.bulletin.tell(ChannelAltered(channel.id, frozenset({person.id}), actor=actor))

    def release(
        self, channel: Channel, person: Person, via: Via | None, *, by: Person | None = None
    ) -> None:
        """Take somebody off the list of members."""
        channel.members.pop(person.id, None)
        channel.silenced.discard(person.id)
        channel.restrictions.pop(person.id, None)
        person.inbox.channels.discard(channel.id)
        actor = None if by is None else by.id
        self.bulletin.tell(ChannelAltered(channel.id, frozenset({person.id}), via, actor))

    def promote(
        self,
        channel: Channel,
        person: Person,
        rights: frozenset[Right],
        *,
        by: Person,
        rank: str = "",
        via: Via | None = None,
    ) -> None:
        """Give an administrator these rights, or none to make a plain member of one."""
        if person.id not in channel.members:
            self.enrol(channel, person)
        member = channel.members[person.id]
        if member.creator:
            raise Refusal("USER_CREATOR")
        member.rights, member.rank = rights, rank
        member.promoted_by = by.id if rights else None
        self.bulletin.tell(ChannelAltered(channel.id, frozenset({person.id}), via, by.id))

    def dissolve(self, channel: Channel, by: Person, via: Via | None = None) -> None:
        """Delete a channel: nobody finds it any more, and its members see that it is gone."""
        member = channel.members.get(by.id)
        if member is None or not member.creator:
            raise Refusal("CHAT_ADMIN_REQUIRED")
        self.unlink(channel)
        if channel.username:
            self.channels.take_username(channel, "")
        self.channels.revoke_invite(channel)
        users = frozenset(channel.members)
        for user in users:
            self.people.get(user).inbox.channels.discard(channel.id)
        channel.clear()
        self.bulletin.tell(ChannelAltered(channel.id, users, via, by.id))

    def link(self, channel: Channel, group: Channel | None) -> None:
        """Give a channel another discussion group, or none."""
        if channel.linked == (group.id if group else None):
            raise Refusal("LINK_NOT_MODIFIED")
        self.unlink(channel)
        if group is not None:
            self.unlink(group)
            channel.linked, group.linked = group.id, channel.id
        for half in filter(None, (channel, group)):
            everybody = frozenset(half.members)
            self.bulletin.tell(ChannelAltered(half.id, everybody))

    def unlink(self, half: Channel) -> None:
        """Cut a channel or a group from its other half."""
        other = self.channels.linked(half)
        half.linked = None
        if other is not None:
            other.linked = None


def keep_end(channel: Channel, person: Person, until: datetime | None) -> None:
    """Note when a ban or a restriction ends by itself, if it does."""
    channel.until.pop(person.id, None)
    if until is not None:
        channel.until[person.id] = until


def ending(stamp: datetime | int | None, now: datetime) -> datetime | None:
    """Read when something ends; less than 30 seconds and more than 366 days mean never."""
    until = datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) else stamp
    return until if until is not None and now + SHORTEST <= until <= now + LONGEST else None
