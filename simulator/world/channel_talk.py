"""What is said in channels and groups: posts, their copies, comments, edits, deletions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from simulator.world.access import (
    require_media,
    require_open_topic,
    require_patience,
    require_reading,
    require_writing,
)
from simulator.world.channels import Channel, Channels, Right
from simulator.world.events import Bulletin, ChannelChanged, ChannelRead, Reacted, Via
from simulator.world.inbox import Inbox
from simulator.world.mailbox import Arrived, Change, Deleted, Edited, Entry
from simulator.world.messages import Action, Draft, Forward, Message
from simulator.world.peers import MessageId, UserId, channel_peer, person_peer
from simulator.world.randomids import RandomIds, Sent
from simulator.world.refusals import Refusal

GENERAL = MessageId(1)


@dataclass(frozen=True, slots=True)
class ChannelTalk:
    """Messages of channels and groups, each written into the channel's own log."""

    channels: Channels
    bulletin: Bulletin
    random_ids: RandomIds

    def send(self, channel: Channel, author: UserId, draft: Draft, via: Via | None = None) -> Sent:
        """Post into a channel or write into a group, once for each random id."""
        earlier = self.random_ids.recall(author, channel.peer, draft.random_id)
        if earlier is not None:
            self.random_ids.record(channel.peer, earlier, self.now(), repeated=True)
            return earlier
        require_writing(self.channels, channel, author)
        require_media(channel, author, draft)
        draft.check()
        require_patience(channel, author, draft, self.now())
        message = self.compose(channel, author, draft)
        channel.spoken[author] = (message.date, draft.album)
        sent = Sent(message, self.keep(channel, message, via).pts)
        self.random_ids.record(channel.peer, sent, message.date, repeated=False)
        if channel.broadcast:
            self.copy(channel, message)
        return sent

    def compose(self, channel: Channel, author: UserId, draft: Draft) -> Message:
        """Make a message of a draft, in the thread of what it answers."""
        answered = None if draft.reply_to is None else channel.history.get(draft.reply_to)
        if draft.reply_to not in (None, GENERAL) and answered is None:
            raise Refusal("MSG_ID_INVALID")
        thread = thread_of(channel, draft, answered)
        if channel.forum:
            require_open_topic(channel, author, thread)
        return Message(
            channel.take_id(),
            channel.peer,
            author,
            draft.text,
            self.now(),
            sender=None if channel.broadcast else person_peer(author),
            entities=draft.entities,
            media=draft.media,
            markup=draft.markup,
            album=draft.album,
            origin=draft.origin,
            reply_to=(answered and answered.id) or thread,
            thread=thread,
            in_topic=channel.forum and thread is not None,
            silent=draft.silent,
            protected=draft.protected,
            preview=draft.preview,
            post=channel.broadcast,
            views=1 if channel.broadcast else 0,
            random_id=draft.random_id,
        )

    def copy(self, channel: Channel, post: Message) -> None:
        """Repeat a post in the linked group, where it gathers its comments."""
        group = self.channels.linked(channel)
        if group is None:
            return
        copied = Message(
            group.take_id(),
            group.peer,
            post.author,
            post.text,
            post.date,
            sender=channel_peer(channel.id),
            entities=post.entities,
            media=post.media,
            album=post.album,
            forward=Forward(channel.id, post.id, post.date),
        )
        channel.copies[post.id] = (group.id, copied.id)
        self.keep(group, copied, None)

    def note(
        self,
        channel: Channel,
        author: UserId,
        action: Action,
        via: Via | None,
        *,
        reply_to: MessageId | None = None,
        random_id: int | None = None,
    ) -> Message:
        """Leave a service message."""
        sender = None if channel.broadcast else person_peer(author)
        answered = None if reply_to is None else channel.history.get(reply_to)
        thread = thread_of(channel, Draft("", reply_to), answered)
        message = Message(
            channel.take_id(),
            channel.peer,
            author,
            "",
            self.now(),
            sender=sender,
            action=action,
            post=channel.broadcast,
            reply_to=reply_to,
            thread=thread,
            in_topic=channel.forum and thread is not None,
            random_id=random_id,
        )
        self.keep(channel, message, via)
        return message

    def keep(self, channel: Channel, message: Message, via: Via | None) -> Entry:
        """Put a new message into the history, its thread and the log."""
        channel.history.add(message)
        if message.thread is not None:
            channel.threads[message.thread].add(message)
        return self.write(channel, Arrived(message), via)

    def write(self, channel: Channel, change: Change, via: Via | None) -> Entry:
        """Write a change into the channel's log and tell of it."""
        entry = channel.mailbox.append(change, self.now())
        self.bulletin.tell(ChannelChanged(channel.id, entry, via))
        return entry

    def edit(
        self,
        channel: Channel,
        editor: UserId,
        message_id: int,
        words: Draft,
        via: Via | None = None,
    ) -> Entry:
        """Change a message's text; the copy of a post in the linked group follows it."""
        require_reading(self.channels, channel, editor)
        message = channel.history.get(message_id)
        if message is None or message.action is not None:
            raise Refusal("MESSAGE_ID_INVALID")
        may_edit = channel.broadcast and channel.allows(editor, Right.EDIT_MESSAGES)
        if not may_edit and (message.author != editor or message.forward is not None):
            raise Refusal("MESSAGE_AUTHOR_REQUIRED")
        entry = self.rewrite(channel, message, words, via)
        copied = self.copy_of(channel, message.id)
        if copied is not None:
            self.rewrite(*copied, words, None)
        return entry

    def rewrite(self, channel: Channel, message: Message, words: Draft, via: Via | None) -> Entry:
        """Put another text in a message's place."""
        message.rewrite(words, self.now())
        return self.write(channel, Edited(message), via)

    def delete(
        self, channel: Channel, user: UserId, ids: Iterable[int], via: Via | None = None
    ) -> Entry | None:
        """Delete messages, the copies of posts with them; None when none was left to delete."""
        require_reading(self.channels, channel, user)
        found = [m for m in map(channel.history.get, dict.fromkeys(ids)) if m is not None]
        foreign = any(message.author != user or message.forward for message in found)
        if foreign and not channel.allows(user, Right.DELETE_MESSAGES):
            raise Refusal("MESSAGE_DELETE_FORBIDDEN")
        return self.remove(channel, found, via)

    def remove(
        self, channel: Channel, messages: list[Message], via: Via | None = None
    ) -> Entry | None:
        """Take messages out without asking who wants it."""
        if not messages:
            return None
        copies = [pair for m in messages if (pair := self.copy_of(channel, m.id)) is not None]
        for message in messages:
            message.deleted = True
            channel.history.remove(message.id)
            if message.thread is not None:
                channel.threads[message.thread].remove(message.id)
        entry = self.write(channel, Deleted(tuple(m.id for m in messages)), via)
        for group, copied in copies:
            self.remove(group, [copied])
        return entry

    def copy_of(self, channel: Channel, post: MessageId) -> tuple[Channel, Message] | None:
        """Find the copy of a post, in the group where it lies."""
        if post not in channel.copies:
            return None
        group_id, message_id = channel.copies[post]
        group = self.channels.get(group_id)
        message = group.history.get(message_id)
        return None if message is None else (group, message)

    def discussion(self, channel: Channel, message_id: int) -> tuple[Channel, Message]:
        """Find where a message is discussed: the group and the message that heads the thread.

        Raises `Refusal` (MSG_ID_INVALID) for what does not exist or cannot be discussed.
        """
        if not channel.broadcast:
            root = channel.history.get(message_id)
            pair = None if root is None else (channel, root)
        else:
            pair = self.copy_of(channel, MessageId(message_id))
            if pair is not None and pair[0].id != channel.linked:
                pair = None
        if pair is None:
            raise Refusal("MSG_ID_INVALID")
        return pair

    def read(self, channel: Channel, inbox: Inbox, max_id: int, via: Via | None = None) -> bool:
        """Note how far a member has read; say whether that was news."""
        before = inbox.channels_read.get(channel.id, MessageId(0))
        until = MessageId(min(max_id or channel.last_id, channel.last_id))
        if until <= before:
            return False
        inbox.channels_read[channel.id] = until
        unread = channel.history.count_after(until)
        authors = self.authors_between(channel, before, until) - {inbox.owner}
        self.bulletin.tell(ChannelRead(channel.id, inbox.owner, until, unread, authors, via))
        return True

    def authors_between(
        self, channel: Channel, before: MessageId, until: MessageId
    ) -> frozenset[UserId]:
        """Name who wrote the messages of a group that were just read."""
        if channel.broadcast:
            return frozenset()
        return frozenset(m.author for m in channel.history.after(before) if m.id <= until)

    def react(
        self,
        channel: Channel,
        user: UserId,
        message_id: int,
        reactions: tuple[str, ...],
        via: Via | None = None,
    ) -> Message:
        """Put somebody's reactions on a message in place of the earlier ones."""
        require_reading(self.channels, channel, user)
        message = channel.history.get(message_id)
        if message is None:
            raise Refusal("MESSAGE_ID_INVALID")
        message.react(user, reactions)
        self.bulletin.tell(Reacted(message, None, via))
        return message

    def now(self) -> datetime:
        """Tell the world's time."""
        return self.channels.clock.now()


def thread_of(channel: Channel, draft: Draft, answered: Message | None) -> MessageId | None:
    """Tell in which thread a draft will be; in a forum that is its topic, None in General."""
    if not channel.forum:
        return None if answered is None else answered.thread or answered.id
    topic = draft.topic
    if topic is None and answered is not None:
        topic = answered.id if answered.id in channel.topics else answered.thread
    return None if topic == GENERAL else topic
