"""The list of somebody's chats, the liveliest first."""

from dataclasses import dataclass
from datetime import datetime

from simulator.world.channels import Channel, Channels
from simulator.world.inbox import Inbox
from simulator.world.messages import Message
from simulator.world.peers import MessageId, Peer, UserId, person_peer

NOTHING = MessageId(0)


@dataclass(frozen=True, slots=True)
class Dialog:
    """One chat of somebody and how far it was read; `channel` is None for a private one."""

    peer: Peer
    channel: Channel | None
    top: Message | None
    moved_at: datetime
    read_by_me: MessageId
    read_by_them: MessageId
    unread: int


def private_dialog(inbox: Inbox, other: UserId) -> Dialog:
    """Describe a private chat, also one in which nothing was said."""
    top = inbox.chats[other].last if other in inbox.chats else None
    return Dialog(
        person_peer(other),
        None,
        top,
        top.date if top else inbox.mailbox.changed_at,
        inbox.read_by_me.get(other, NOTHING),
        inbox.read_by_them.get(other, NOTHING),
        inbox.unread(other) if top else 0,
    )


def channel_dialog(inbox: Inbox, channel: Channel) -> Dialog:
    """Describe a channel or group from one person's side."""
    top = channel.history.last
    read = inbox.channels_read.get(channel.id, NOTHING)
    return Dialog(
        channel.peer,
        channel,
        top,
        top.date if top else channel.created_at,
        read,
        NOTHING,
        channel.history.count_after(read),
    )


def dialogs_of(inbox: Inbox, channels: Channels) -> list[Dialog]:
    """List the chats of an account, the one with the newest message first."""
    private = [private_dialog(inbox, other) for other, chat in inbox.chats.items() if len(chat)]
    joined = [channel_dialog(inbox, channels.get(channel)) for channel in inbox.channels]
    return sorted(private + joined, key=lambda d: (d.moved_at, d.peer.id), reverse=True)
