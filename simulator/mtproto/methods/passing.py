"""Messages passed on, kept in sight, or pointed at."""

from dataclasses import replace

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.sending import answer_sent, check_manner
from simulator.mtproto.methods.topic import Topic
from simulator.world.channels import Channel
from simulator.world.messages import Draft, Message, Origin
from simulator.world.peers import MessageId, person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal

MOST_FORWARDED = 100

topic = Topic()


@topic.handles(messages.ForwardMessagesRequest)
async def forward_messages(caller: Caller, request: messages.ForwardMessagesRequest) -> Result:
    """Say again what was said elsewhere, and by whom; albums stay together."""
    source, target = caller.peer(request.from_peer), caller.peer(request.to_peer)
    check_manner(caller, request)
    if not 0 < len(request.id) == len(request.random_id) <= MOST_FORWARDED:
        raise Refusal("RANDOM_ID_INVALID")
    found = [caller.message(source, number) for number in request.id]
    if any(message.action is not None for message in found):
        raise Refusal("MESSAGE_ID_INVALID")
    albums = {m.album: caller.world.files.number() for m in found if m.album is not None}
    drafts = [
        replace(
            passed_on(message, request),
            random_id=number,
            album=message.album and albums[message.album],
        )
        for message, number in zip(found, request.random_id, strict=True)
    ]
    answer = answer_sent(caller, target, drafts)
    for message in found:
        message.forwards += 1
    return answer


def passed_on(message: Message, request: messages.ForwardMessagesRequest) -> Draft:
    """Make a draft of what was said."""
    bare = bool(request.drop_media_captions and message.media is not None)
    return Draft(
        "" if bare else message.text,
        entities=() if bare else message.entities,
        media=message.media,
        silent=bool(request.silent),
        origin=None if request.drop_author else origin_of(message),
        topic=None if request.top_msg_id is None else MessageId(request.top_msg_id),
    )


def origin_of(message: Message) -> Origin:
    """Tell where a message first was said."""
    if message.origin is not None:
        return message.origin
    if message.sender is None:
        return Origin(message.chat, message.date, message.id)
    if message.forward is not None:
        return Origin(message.sender, message.forward.date, message.forward.post)
    return Origin(person_peer(message.author), message.date)


@topic.handles(messages.UpdatePinnedMessageRequest)
async def pin_message(caller: Caller, request: messages.UpdatePinnedMessageRequest) -> Result:
    """Pin or unpin a message."""
    chat, pins = caller.peer(request.peer), caller.world.pins
    pinned = not request.unpin
    with caller.acting() as acts:
        if isinstance(chat, Person):
            pins.set_private(caller.me, chat, request.id, pinned=pinned, via=caller.via)
        else:
            pins.set(chat, caller.me.id, request.id, pinned=pinned, via=caller.via)
    return acts.updates()


@topic.handles(messages.UnpinAllMessagesRequest)
async def unpin_all(caller: Caller, request: messages.UnpinAllMessagesRequest) -> Result:
    """Unpin everything in a channel or group."""
    chat = caller.peer(request.peer)
    if not isinstance(chat, Channel) or request.top_msg_id is not None:
        raise Refusal("PEER_ID_INVALID")
    count = caller.world.pins.clear(chat, caller.me.id, caller.via)
    return types.messages.AffectedHistory(pts=chat.mailbox.pts, pts_count=count, offset=0)


@topic.handles(channels.ExportMessageLinkRequest)
async def export_link(caller: Caller, request: channels.ExportMessageLinkRequest) -> Result:
    """Tell the address of a message."""
    channel = caller.channel(request.channel)
    message = caller.message(channel, request.id)
    place = channel.username or f"c/{channel.id}"
    link = f"https://t.me/{place}/{message.id}"
    return types.ExportedMessageLink(link=link, html=f'<a href="{link}">{channel.id}</a>')
