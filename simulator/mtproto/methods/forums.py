"""Topics of supergroups."""

from collections.abc import Sequence

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.sending import show_again
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_date, show_peer
from simulator.world.channels import Channel, ForumTopic
from simulator.world.forums import TopicChange, messages_in
from simulator.world.messages import Message
from simulator.world.peers import MessageId, person_peer
from simulator.world.refusals import Refusal

MOST_TOPICS = 100
COLOUR = 0x6FB9F0

topic = Topic()


@topic.handles(channels.ToggleForumRequest)
async def toggle_forum(caller: Caller, request: channels.ToggleForumRequest) -> Result:
    """Make a forum of a supergroup, or a plain one again; only its creator may."""
    group = forum(caller, request.channel)
    member = group.members.get(caller.me.id)
    if member is None or not member.creator:
        raise Refusal("CHAT_ADMIN_REQUIRED")
    with caller.acting() as acts:
        caller.world.forums.toggle(group, enabled=request.enabled, via=caller.via)
    return acts.updates()


def forum(caller: Caller, named: types.TLObject) -> Channel:
    """Find the supergroup that a request names."""
    group = caller.peer(named)
    if not isinstance(group, Channel):
        raise Refusal("CHANNEL_INVALID")
    return group


@topic.handles(messages.CreateForumTopicRequest)
async def create_topic(caller: Caller, request: messages.CreateForumTopicRequest) -> Result:
    """Open a topic; the same random id answers with the earlier one."""
    group = forum(caller, request.peer)
    with caller.acting() as acts:
        sent = caller.world.forums.open(
            group,
            caller.me.id,
            request.title,
            icon=request.icon_color or COLOUR,
            random_id=request.random_id,
            via=caller.via,
        )
    cast = caller.cast()
    numbered = types.UpdateMessageID(id=sent.message.id, random_id=request.random_id)
    again = [] if acts.events else [show_again(cast, group, sent)]
    return acts.updates(numbered, *again, cast=cast)


@topic.handles(messages.EditForumTopicRequest)
async def edit_topic(caller: Caller, request: messages.EditForumTopicRequest) -> Result:
    """Rename, close, reopen, hide or show a topic."""
    group = forum(caller, request.peer)
    change = TopicChange(request.title, request.closed, request.hidden)
    with caller.acting() as acts:
        forums = caller.world.forums
        forums.edit(group, caller.me.id, request.topic_id, change, caller.via)
    return acts.updates()


@topic.handles(messages.DeleteTopicHistoryRequest)
async def delete_topic(caller: Caller, request: messages.DeleteTopicHistoryRequest) -> Result:
    """Delete a topic with all that was said in it."""
    group = forum(caller, request.peer)
    forums = caller.world.forums
    entry = forums.delete(group, caller.me.id, request.top_msg_id, caller.via)
    count = entry.count if entry else 0
    return types.messages.AffectedHistory(pts=group.mailbox.pts, pts_count=count, offset=0)


@topic.handles(messages.GetForumTopicsRequest)
async def get_topics(caller: Caller, request: messages.GetForumTopicsRequest) -> Result:
    """List topics page by page, the liveliest first."""
    group = forum(caller, request.peer)
    if not group.forum:
        raise Refusal("CHANNEL_FORUM_MISSING")
    words = (request.q or "").casefold()
    found = [each for each in group.topics.values() if words in each.title.casefold()]
    found.sort(key=lambda each: top_of(group, each)[0], reverse=True)
    start = place_after(group, found, request)
    limit = max(0, min(request.limit, MOST_TOPICS))
    return show_topics(caller, group, found[start : start + limit], len(found))


def place_after(
    group: Channel, found: Sequence[ForumTopic], request: messages.GetForumTopicsRequest
) -> int:
    """Find where the page begins: after a topic, or with what is older than a message or date."""
    for place, each in enumerate(found):
        if each.id == request.offset_topic:
            return place + 1
    before = read_date(request.offset_date)
    for place, each in enumerate(found):
        number, top = top_of(group, each)
        moved = each.opened_at if top is None else top.date
        newer = before is not None and moved > before
        if not newer and (not request.offset_id or number < request.offset_id):
            return place
    return len(found)


@topic.handles(messages.GetForumTopicsByIDRequest)
async def get_topics_by_id(caller: Caller, request: messages.GetForumTopicsByIDRequest) -> Result:
    """Show some topics; one that is gone is shown deleted."""
    group = forum(caller, request.peer)
    if not group.forum:
        raise Refusal("CHANNEL_FORUM_MISSING")
    known = [group.topics.get(MessageId(number)) for number in request.topics]
    found = show_topics(caller, group, [each for each in known if each], len(known))
    gone = [number for number in request.topics if MessageId(number) not in group.topics]
    found.topics += [types.ForumTopicDeleted(number) for number in gone]
    return found


def show_topics(
    caller: Caller, group: Channel, found: Sequence[ForumTopic], count: int
) -> types.messages.ForumTopics:
    """Show topics with the newest message of each."""
    cast = caller.cast(group.peer, *(person_peer(each.creator) for each in found))
    tops = [message for each in found if (message := top_of(group, each)[1])]
    return types.messages.ForumTopics(
        count=count,
        topics=[show_topic(caller, group, each) for each in found],
        messages=cast.messages(tops),
        chats=cast.chats(),
        users=cast.users(),
        pts=group.mailbox.pts,
    )


def top_of(group: Channel, shown: ForumTopic) -> tuple[MessageId, Message | None]:
    """Find the newest message of a topic, with the number by which topics are sorted."""
    said = list(messages_in(group, shown))
    last = said[-1] if said else group.history.get(shown.id)
    return (shown.id, None) if last is None else (last.id, last)


def show_topic(caller: Caller, group: Channel, shown: ForumTopic) -> types.ForumTopic:
    """Show one topic."""
    read = caller.me.inbox.threads_read.get((group.id, shown.id), MessageId(0))
    return types.ForumTopic(
        id=shown.id,
        date=shown.opened_at,
        peer=show_peer(group.peer),
        title=shown.title,
        icon_color=shown.icon or COLOUR,
        top_message=top_of(group, shown)[0],
        read_inbox_max_id=read,
        read_outbox_max_id=0,
        unread_count=sum(1 for m in messages_in(group, shown) if m.id > read),
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        from_id=show_peer(person_peer(shown.creator)),
        notify_settings=types.PeerNotifySettings(),
        my=shown.creator == caller.me.id,
        closed=shown.closed,
        hidden=shown.hidden,
    )


@topic.handles(messages.ReadDiscussionRequest)
async def read_discussion(caller: Caller, request: messages.ReadDiscussionRequest) -> Result:
    """Mark a thread or topic as read."""
    group = forum(caller, request.peer)
    key = (group.id, MessageId(request.msg_id))
    read = caller.me.inbox.threads_read
    read[key] = max(read.get(key, MessageId(0)), MessageId(request.read_max_id))
    return True
