"""Topics of supergroups: opened, renamed, closed and deleted."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.world.channel_talk import GENERAL, ChannelTalk
from simulator.world.channels import Channel, ForumTopic, Right
from simulator.world.events import ChannelAltered, Via
from simulator.world.mailbox import Entry
from simulator.world.messages import Action, ActionKind, Message
from simulator.world.peers import MessageId, UserId
from simulator.world.randomids import Sent
from simulator.world.refusals import Refusal

LONGEST_TITLE = 128


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What shall be different about a topic; None leaves it as it is."""

    title: str | None = None
    closed: bool | None = None
    hidden: bool | None = None


@dataclass(frozen=True, slots=True)
class Forums:
    """The rules of topics; a topic bears the number of the service message that opened it."""

    talk: ChannelTalk

    def toggle(self, group: Channel, *, enabled: bool, via: Via | None = None) -> None:
        """Make a forum of a supergroup, or a plain one again; its topics are kept."""
        if group.broadcast:
            raise Refusal("CHAT_DISCUSSION_UNALLOWED")
        if group.forum == enabled:
            raise Refusal("CHAT_NOT_MODIFIED")
        group.forum = enabled
        if enabled and GENERAL not in group.topics:
            creator = next(m.user for m in group.members.values() if m.creator)
            group.topics[GENERAL] = ForumTopic(GENERAL, "General", creator, group.created_at)
        self.talk.bulletin.tell(ChannelAltered(group.id, frozenset(group.members), via))

    def open(
        self,
        group: Channel,
        author: UserId,
        title: str,
        *,
        icon: int = 0,
        random_id: int | None = None,
        via: Via | None = None,
    ) -> Sent:
        """Open a topic, once for each random id; its number is that of the message."""
        earlier = self.talk.random_ids.recall(author, group.peer, random_id)
        if earlier is not None:
            self.talk.random_ids.record(group.peer, earlier, self.talk.now(), repeated=True)
            return earlier
        require_manager(group, author)
        check_title(title)
        action = Action(ActionKind.TOPIC_CREATED, title=title, icon=icon)
        message = self.talk.note(group, author, action, via, random_id=random_id)
        group.topics[message.id] = ForumTopic(message.id, title, author, message.date, icon)
        sent = Sent(message, group.mailbox.pts)
        self.talk.random_ids.record(group.peer, sent, message.date, repeated=False)
        return sent

    def edit(
        self,
        group: Channel,
        editor: UserId,
        topic: int,
        change: TopicChange,
        via: Via | None = None,
    ) -> Message:
        """Rename, close, reopen, hide or show a topic."""
        found = find_topic(group, topic)
        if found.creator != editor:
            require_manager(group, editor)
        if change.title is not None:
            check_title(change.title)
        if not found.differs(change.title, change.closed, change.hidden):
            raise Refusal("TOPIC_NOT_MODIFIED")
        found.change(change.title, change.closed, change.hidden)
        action = Action(
            ActionKind.TOPIC_EDITED,
            title=change.title or "",
            closed=change.closed,
            hidden=change.hidden,
        )
        return self.talk.note(group, editor, action, via, reply_to=found.id)

    def delete(
        self, group: Channel, user: UserId, topic: int, via: Via | None = None
    ) -> Entry | None:
        """Delete a topic with all that was said in it."""
        found = find_topic(group, topic)
        group.require(user, Right.DELETE_MESSAGES)
        if found.id == GENERAL:
            raise Refusal("TOPIC_ID_INVALID")
        del group.topics[found.id]
        gone = list(group.threads.get(found.id, ()))
        head = group.history.get(found.id)
        return self.talk.remove(group, [*([head] if head else []), *gone], via)


def require_manager(group: Channel, user: UserId) -> None:
    """Refuse topics where there are none, and whoever may not manage them."""
    if not group.forum:
        raise Refusal("CHANNEL_FORUM_MISSING")
    group.require(user, Right.MANAGE_TOPICS)


def check_title(title: str) -> None:
    """Refuse a title that Telegram would refuse."""
    if not title.strip():
        raise Refusal("TOPIC_TITLE_EMPTY")
    if len(title) > LONGEST_TITLE:
        raise Refusal("TOPIC_TITLE_INVALID")


def find_topic(group: Channel, topic: int) -> ForumTopic:
    """Find a topic; raises `Refusal` where there is none."""
    if not group.forum:
        raise Refusal("CHANNEL_FORUM_MISSING")
    found = group.topics.get(MessageId(topic))
    if found is None:
        raise Refusal("TOPIC_ID_INVALID")
    return found


def messages_in(group: Channel, topic: ForumTopic) -> Iterator[Message]:
    """Give what was said in a topic, the oldest first; in General is what is in no other."""
    if topic.id == GENERAL:
        return (m for m in group.history if m.thread is None and m.id not in group.topics)
    return iter(group.threads.get(topic.id, ()))
