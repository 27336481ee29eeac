"""One account's private chats: its messages, its log and what it has read."""

from collections import defaultdict
from datetime import datetime

from simulator.world.history import History
from simulator.world.mailbox import Mailbox
from simulator.world.messages import Message
from simulator.world.peers import ChannelId, MessageId, UserId


class Inbox:
    """Message ids count over all private chats of the account."""

    def __init__(self, owner: UserId, born: datetime) -> None:
        self.owner = owner
        self.mailbox = Mailbox(born)
        self.last_id = 0
        self.messages: dict[MessageId, Message] = {}
        self.chats: defaultdict[UserId, History] = defaultdict(History)
        self.read_by_me: dict[UserId, MessageId] = {}
        self.read_by_them: dict[UserId, MessageId] = {}
        self.channels_read: dict[ChannelId, MessageId] = {}
        self.threads_read: dict[tuple[ChannelId, MessageId], MessageId] = {}
        self.channels: set[ChannelId] = set()

    def take_id(self) -> MessageId:
        """Hand out the next message id."""
        self.last_id += 1
        return MessageId(self.last_id)

    def add(self, message: Message) -> None:
        """Keep a message of the chat that it names."""
        self.messages[message.id] = message
        self.chats[UserId(message.chat.id)].add(message)

    def remove(self, message_id: MessageId) -> Message | None:
        """Forget a message, whichever chat it was in."""
        message = self.messages.pop(message_id, None)
        if message is not None:
            message.deleted = True
            self.chats[UserId(message.chat.id)].remove(message_id)
        return message

    def unread(self, peer: UserId) -> int:
        """Count the messages of that person which the account has not read."""
        newer = self.chats[peer].after(self.read_by_me.get(peer, MessageId(0)))
        return sum(1 for message in newer if message.author != self.owner)

    def mark_channel(self, channel: ChannelId, until: MessageId) -> None:
        """Note that a channel was read at least up to that message."""
        self.channels_read[channel] = max(until, self.channels_read.get(channel, MessageId(0)))
