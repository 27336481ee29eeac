"""Reading what was said: histories, threads, single messages, search."""

from collections.abc import Callable, Iterable
from datetime import datetime

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_date
from simulator.mtproto.translate_messages import TLMessage
from simulator.world.access import require_reading
from simulator.world.channels import Channel
from simulator.world.history import History, Page
from simulator.world.media import Contact, Document, DocumentKind, Location, Picture
from simulator.world.messages import EntityKind, Message
from simulator.world.peers import MessageId, Peer, person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal

MOST_MESSAGES = 100
VIDEOS = frozenset({DocumentKind.VIDEO})
DOCUMENTS = frozenset({DocumentKind.DOCUMENT})
VOICES = frozenset({DocumentKind.VOICE})
MUSIC = frozenset({DocumentKind.AUDIO})
ROUND = frozenset({DocumentKind.VIDEO_NOTE})
ANIMATIONS = frozenset({DocumentKind.ANIMATION})
LINKS = frozenset({EntityKind.URL, EntityKind.TEXT_URL})

topic = Topic()


def read_page(request: messages.GetHistoryRequest) -> Page:
    """Read which part of a history is wanted; an offset by number goes before one by date."""
    return Page(
        limit=max(0, min(request.limit, MOST_MESSAGES)),
        offset_id=request.offset_id,
        offset_date=read_date(getattr(request, "offset_date", None)),
        add_offset=request.add_offset,
        max_id=request.max_id,
        min_id=request.min_id,
    )


def show_page(
    caller: Caller, chat: Person | Channel, found: Iterable[Message], count: int
) -> types.messages.MessagesSlice | types.messages.ChannelMessages:
    """Show messages of a chat, of which there are `count` in all."""
    cast = caller.cast()
    shown = [cast.message(message) for message in found]
    if isinstance(chat, Person):
        cast.mention(person_peer(chat.id))
        return types.messages.MessagesSlice(
            count=count, messages=shown, topics=[], chats=cast.chats(), users=cast.users()
        )
    cast.mention(chat.peer)
    return types.messages.ChannelMessages(
        pts=chat.mailbox.pts,
        count=count,
        messages=shown,
        topics=[],
        chats=cast.chats(),
        users=cast.users(),
    )


def history_of(caller: Caller, chat: Person | Channel) -> History:
    """Find a chat's messages."""
    if isinstance(chat, Channel):
        return chat.history
    return caller.me.inbox.chats.get(chat.id) or History()


@topic.handles(messages.GetHistoryRequest)
async def get_history(caller: Caller, request: messages.GetHistoryRequest) -> Result:
    """Show a page of a chat."""
    chat = caller.peer(request.peer)
    history = history_of(caller, chat)
    return show_page(caller, chat, history.page(read_page(request)), len(history))


@topic.handles(messages.GetRepliesRequest)
async def get_replies(caller: Caller, request: messages.GetRepliesRequest) -> Result:
    """Show a page of a thread; for a channel's post, of its comments in the group."""
    channel = discussed(caller, request.peer)
    group, head = caller.world.channel_talk.discussion(channel, request.msg_id)
    require_reading(caller.world.channels, group, caller.me.id)
    thread = group.threads.get(head.id) or History()
    return show_page(caller, group, thread.page(read_page(request)), len(thread))


@topic.handles(messages.GetDiscussionMessageRequest)
async def get_discussion_message(
    caller: Caller, request: messages.GetDiscussionMessageRequest
) -> Result:
    """Show the message that heads a post's comments in the linked group."""
    channel = discussed(caller, request.peer)
    group, head = caller.world.channel_talk.discussion(channel, request.msg_id)
    require_reading(caller.world.channels, group, caller.me.id)
    cast = caller.cast(channel.peer, group.peer)
    thread = group.threads.get(head.id)
    shown = cast.message(head)
    return types.messages.DiscussionMessage(
        messages=[shown],
        unread_count=0,
        chats=cast.chats(),
        users=cast.users(),
        max_id=thread.ids[-1] if thread and thread.ids else None,
    )


def discussed(caller: Caller, named: types.TLObject) -> Channel:
    """Find a channel whose messages have threads."""
    chat = caller.peer(named)
    if isinstance(chat, Person):
        raise Refusal("PEER_ID_INVALID")
    return chat


@topic.handles(messages.GetMessagesRequest)
async def get_messages(caller: Caller, request: messages.GetMessagesRequest) -> Result:
    """Show private messages by their numbers."""
    cast = caller.cast()
    shown: list[TLMessage | types.MessageEmpty] = []
    for named in request.id:
        message = named_message(named, caller.me.inbox.messages.get)
        empty = types.MessageEmpty(id=getattr(named, "id", 0), peer_id=None)
        shown.append(cast.message(message) if message else empty)
    return types.messages.Messages(
        messages=shown, topics=[], chats=cast.chats(), users=cast.users()
    )


@topic.handles(channels.GetMessagesRequest)
async def get_channel_messages(caller: Caller, request: channels.GetMessagesRequest) -> Result:
    """Show messages of a channel by their numbers."""
    channel = caller.channel(request.channel)
    cast = caller.cast(channel.peer)
    shown: list[TLMessage | types.MessageEmpty] = []
    for named in request.id:
        message = named_message(named, channel.history.get)
        empty = types.MessageEmpty(
            id=getattr(named, "id", 0), peer_id=types.PeerChannel(channel.id)
        )
        shown.append(cast.message(message) if message else empty)
    return types.messages.ChannelMessages(
        pts=channel.mailbox.pts,
        count=len(shown),
        messages=shown,
        topics=[],
        chats=cast.chats(),
        users=cast.users(),
    )


def named_message(
    named: types.TLObject, get: Callable[[MessageId], Message | None]
) -> Message | None:
    """Find a message by its number, or the one that the numbered message answers."""
    if isinstance(named, types.InputMessageID):
        return get(named.id)
    if isinstance(named, types.InputMessageReplyTo):
        answer = get(named.id)
        return None if answer is None or answer.reply_to is None else get(answer.reply_to)
    raise Refusal("MESSAGE_ID_INVALID")


@topic.handles(messages.SearchRequest)
async def search(caller: Caller, request: messages.SearchRequest) -> Result:
    """Search one chat for words, pictures, or what somebody said."""
    chat = caller.peer(request.peer)
    author = None if request.from_id is None else named_peer(caller, request.from_id)
    found = History()
    for message in searched(caller, chat, request.top_msg_id):
        if matches(message, request, author):
            found.add(message)
    return show_page(caller, chat, found.page(read_page(request)), len(found))


def named_peer(caller: Caller, named: types.TLObject) -> Peer:
    """Find whom a request names."""
    found = caller.peer(named)
    return found.peer if isinstance(found, Channel) else person_peer(found.id)


def searched(caller: Caller, chat: Person | Channel, top: int | None) -> Iterable[Message]:
    """Choose where to search: a chat, or one of its threads."""
    if top and isinstance(chat, Channel):
        return chat.threads.get(MessageId(top)) or History()
    return history_of(caller, chat)


def matches(message: Message, request: messages.SearchRequest, author: Peer | None) -> bool:
    """Tell whether a message is among what is searched."""
    return (
        (message.action is None or not request.q)
        and is_of_kind(message, request.filter)
        and (author is None or message.sender == author)
        and request.q.casefold() in message.text.casefold()
        and is_between(message, read_date(request.min_date), read_date(request.max_date))
    )


def is_of_kind(message: Message, wanted: types.TLObject) -> bool:
    """Tell whether a message passes a filter of the wire."""
    kind = message.media.kind if isinstance(message.media, Document) else None
    picture = isinstance(message.media, Picture)
    passed = {
        types.InputMessagesFilterEmpty: True,
        types.InputMessagesFilterPhotos: picture,
        types.InputMessagesFilterPhotoVideo: picture or kind in VIDEOS,
        types.InputMessagesFilterVideo: kind in VIDEOS,
        types.InputMessagesFilterDocument: kind in DOCUMENTS,
        types.InputMessagesFilterVoice: kind in VOICES,
        types.InputMessagesFilterMusic: kind in MUSIC,
        types.InputMessagesFilterRoundVideo: kind in ROUND,
        types.InputMessagesFilterRoundVoice: kind in ROUND | VOICES,
        types.InputMessagesFilterGif: kind in ANIMATIONS,
        types.InputMessagesFilterGeo: isinstance(message.media, Location),
        types.InputMessagesFilterContacts: isinstance(message.media, Contact),
        types.InputMessagesFilterUrl: any(each.kind in LINKS for each in message.entities),
        types.InputMessagesFilterPinned: message.pinned,
    }
    if type(wanted) not in passed:
        raise Refusal("INPUT_FILTER_INVALID")
    return passed[type(wanted)]


def is_between(message: Message, low: datetime | None, high: datetime | None) -> bool:
    """Tell whether a message was said between two times; None is no bound."""
    return (low is None or message.date > low) and (high is None or message.date < high)
