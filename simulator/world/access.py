"""Who may read and who may write where, as Telegram decides it."""

from datetime import datetime

from simulator.world.channels import Channel, Channels, Restriction, Right
from simulator.world.media import Poll
from simulator.world.messages import Draft
from simulator.world.peers import MessageId, UserId
from simulator.world.people import Person
from simulator.world.refusals import Refusal


def may_read(channels: Channels, channel: Channel, user: UserId) -> bool:
    """Tell whether somebody sees a channel: members do, and everybody sees a public one.

    A discussion group is also open to whoever sees its channel.
    """
    if user in channel.members:
        return True
    if user in channel.banned:
        return False
    if channel.username:
        return True
    head = None if channel.broadcast else channels.linked(channel)
    return head is not None and (user in head.members or bool(head.username))


def require_reading(channels: Channels, channel: Channel, user: UserId) -> None:
    """Refuse whoever may not see a channel."""
    if not may_read(channels, channel, user):
        raise Refusal("CHANNEL_PRIVATE")


def require_writing(channels: Channels, channel: Channel, user: UserId) -> None:
    """Refuse whoever may not write into a channel or group."""
    require_reading(channels, channel, user)
    if channel.broadcast:
        if not channel.allows(user, Right.POST_MESSAGES):
            raise Refusal("CHAT_WRITE_FORBIDDEN")
        return
    member = channel.members.get(user)
    if member is None:
        require_guest(channel)
    if user in channel.silenced or not (channel.open or (member and member.is_admin)):
        raise Refusal("CHAT_WRITE_FORBIDDEN")


def require_guest(group: Channel) -> None:
    """Refuse a writer who is not a member where guests have no word."""
    if group.linked is None:
        raise Refusal("CHAT_WRITE_FORBIDDEN")
    if not group.guests:
        raise Refusal("CHAT_GUEST_SEND_FORBIDDEN")


def require_private_writing(author: Person, to: Person) -> None:
    """Refuse a private message between people of whom one blocked the other."""
    if author.id in to.blocked:
        raise Refusal("USER_IS_BLOCKED")
    if to.id in author.blocked:
        raise Refusal("YOU_BLOCKED_USER")


def require_open_topic(group: Channel, user: UserId, thread: MessageId | None) -> None:
    """Refuse a topic that is not there, and a closed one to all but its managers."""
    topic = group.topics.get(thread or MessageId(1))
    if topic is None:
        raise Refusal("TOPIC_DELETED")
    if topic.closed and topic.creator != user and not group.allows(user, Right.MANAGE_TOPICS):
        raise Refusal("TOPIC_CLOSED")


def require_media(group: Channel, user: UserId, draft: Draft) -> None:
    """Refuse pictures and the like from whoever may send words only."""
    if draft.media is None or group.broadcast:
        return
    if not group.permits(user, Restriction.SEND_MEDIA):
        raise Refusal("CHAT_SEND_MEDIA_FORBIDDEN")
    if isinstance(draft.media, Poll) and not group.permits(user, Restriction.SEND_POLLS):
        raise Refusal("CHAT_SEND_POLL_FORBIDDEN")


def require_patience(group: Channel, user: UserId, draft: Draft, now: datetime) -> None:
    """Refuse whoever spoke too short a time ago in slow mode; an album is said at once."""
    member = group.members.get(user)
    if not group.slow_mode or user not in group.spoken or (member and member.is_admin):
        return
    before, album = group.spoken[user]
    wait = group.slow_mode - int((now - before).total_seconds())
    if wait > 0 and (album is None or album != draft.album):
        raise Refusal(f"SLOWMODE_WAIT_{wait}")
