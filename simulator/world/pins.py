"""Messages that are kept in sight."""

from dataclasses import dataclass

from simulator.world.access import require_private_writing, require_reading
from simulator.world.channel_talk import ChannelTalk
from simulator.world.channels import Channel, Restriction, Right
from simulator.world.events import Via
from simulator.world.mailbox import Pinned
from simulator.world.messages import Action, ActionKind, Message
from simulator.world.peers import UserId
from simulator.world.people import Person
from simulator.world.private_talk import PrivateTalk
from simulator.world.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Pins:
    """Pins and takes down; a new pin leaves a service message that answers what is pinned."""

    channel_talk: ChannelTalk
    private_talk: PrivateTalk

    def set(
        self, channel: Channel, user: UserId, number: int, *, pinned: bool, via: Via | None = None
    ) -> bool:
        """Pin or unpin a message of a channel or group; say whether that was news."""
        require_reading(self.channel_talk.channels, channel, user)
        require_pinning(channel, user)
        message = channel.history.get(number)
        if message is None or message.action is not None:
            raise Refusal("MESSAGE_ID_INVALID")
        if message.pinned == pinned:
            return False
        message.pinned = pinned
        self.channel_talk.write(channel, Pinned(channel.peer, (message.id,), pinned), via)
        if pinned:
            action = Action(ActionKind.PINNED)
            self.channel_talk.note(channel, user, action, via, reply_to=message.id)
        return True

    def set_private(
        self, person: Person, other: Person, number: int, *, pinned: bool, via: Via | None = None
    ) -> bool:
        """Pin or unpin a private message on both sides; say whether that was news."""
        history = person.inbox.chats.get(other.id)
        mine = None if history is None else history.get(number)
        if mine is None or mine.action is not None:
            raise Refusal("MESSAGE_ID_INVALID")
        if mine.pinned == pinned:
            return False
        require_private_writing(person, other)
        self.mark(mine, person, pinned=pinned, via=via)
        theirs = self.private_talk.twin_of(mine)
        if theirs is not None:
            self.mark(theirs, other, pinned=pinned, via=None)
        if pinned and other is not person:
            self.private_talk.note(person, other, Action(ActionKind.PINNED), mine.id, via)
        return True

    def mark(self, message: Message, owner: Person, *, pinned: bool, via: Via | None) -> None:
        """Pin or unpin one side's copy."""
        message.pinned = pinned
        change = Pinned(message.chat, (message.id,), pinned)
        self.private_talk.write(owner.inbox, change, via)

    def clear(self, channel: Channel, user: UserId, via: Via | None = None) -> int:
        """Unpin everything in a channel or group; say how much that was."""
        require_pinning(channel, user)
        found = tuple(message.id for message in channel.history if message.pinned)
        for number in found:
            channel.history.by_id[number].pinned = False
        if found:
            self.channel_talk.write(channel, Pinned(channel.peer, found, pinned=False), via)
        return len(found)


def require_pinning(channel: Channel, user: UserId) -> None:
    """Refuse whoever may not pin."""
    right = Right.EDIT_MESSAGES if channel.broadcast else Right.PIN_MESSAGES
    free = not channel.broadcast and channel.permits(user, Restriction.PIN_MESSAGES)
    if not (free and user in channel.members) and not channel.allows(user, right):
        raise Refusal("CHAT_ADMIN_REQUIRED")
