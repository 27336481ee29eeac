"""Saying things, changing them and taking them back."""

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_act
from simulator.mtproto.translate_messages import Cast, read_entities
from simulator.mtproto.translate_updates import show_account_entry, show_channel_entry
from simulator.world.channels import Channel
from simulator.world.events import Typing
from simulator.world.mailbox import Arrived, Entry
from simulator.world.messages import Draft
from simulator.world.peers import MessageId, Pts, person_peer
from simulator.world.people import Person
from simulator.world.randomids import Sent
from simulator.world.refusals import Refusal

topic = Topic()


@topic.handles(messages.SendMessageRequest)
async def send_message(caller: Caller, request: messages.SendMessageRequest) -> Result:
    """Say something; the same random id to the same peer answers with the earlier message."""
    chat = caller.peer(request.peer)
    draft = read_draft(caller, request)
    with caller.acting() as acts:
        sent = send(caller, chat, draft)
    numbered = types.UpdateMessageID(id=sent.message.id, random_id=request.random_id)
    if acts.events:
        return acts.updates(numbered)
    return acts.recount(numbered, show_again(caller.cast(), chat, sent))


def read_draft(caller: Caller, request: messages.SendMessageRequest) -> Draft:
    """Read what shall be said; raises `Refusal` for what this Telegram cannot do."""
    if not request.random_id:
        raise Refusal("RANDOM_ID_EMPTY")
    if request.schedule_date is not None:
        raise Refusal("SCHEDULE_DATE_INVALID")
    if request.send_as is not None and caller.peer(request.send_as) is not caller.me:
        raise Refusal("SEND_AS_PEER_INVALID")
    return Draft(
        request.message,
        reply_to=read_reply(request.reply_to),
        random_id=request.random_id,
        entities=read_entities(request.entities),
        silent=bool(request.silent),
    )


def read_reply(named: types.TLObject | None) -> MessageId | None:
    """Read which message is answered."""
    if named is None:
        return None
    if not isinstance(named, types.InputReplyToMessage) or named.reply_to_peer_id is not None:
        raise Refusal("REPLY_TO_INVALID")
    return MessageId(named.reply_to_msg_id)


def send(caller: Caller, chat: Person | Channel, draft: Draft) -> Sent:
    """Say it where it belongs; what one wrote one has read."""
    if isinstance(chat, Person):
        return caller.world.private_talk.send(caller.me, chat, draft, caller.via)
    sent = caller.world.channel_talk.send(chat, caller.me.id, draft, caller.via)
    if caller.me.id in chat.members:
        caller.me.inbox.mark_channel(chat.id, sent.message.id)
    return sent


def show_again(cast: Cast, chat: Person | Channel, sent: Sent) -> tuple[Cast, types.TLObject]:
    """Show the arrival of a message that was sent before."""
    entry = Entry(Pts(sent.pts), 1, Arrived(sent.message))
    if isinstance(chat, Person):
        return cast, show_account_entry(entry, cast)
    return cast, show_channel_entry(entry, chat, cast)


@topic.handles(messages.EditMessageRequest)
async def edit_message(caller: Caller, request: messages.EditMessageRequest) -> Result:
    """Change a message's text."""
    if request.media is not None or request.schedule_date is not None:
        raise Refusal("MEDIA_NEW_INVALID")
    chat = caller.peer(request.peer)
    words = Draft(request.message or "", entities=read_entities(request.entities))
    with caller.acting() as acts:
        if isinstance(chat, Person):
            caller.world.private_talk.edit(caller.me, request.id, words, caller.via)
        else:
            talk = caller.world.channel_talk
            talk.edit(chat, caller.me.id, request.id, words, caller.via)
    return acts.updates()


@topic.handles(messages.DeleteMessagesRequest)
async def delete_messages(caller: Caller, request: messages.DeleteMessagesRequest) -> Result:
    """Delete private messages by their numbers alone, for both sides when `revoke` is set."""
    entry = caller.world.private_talk.delete(
        caller.me, request.id, revoke=bool(request.revoke), via=caller.via
    )
    return show_affected(entry, caller.me.inbox.mailbox.pts)


@topic.handles(channels.DeleteMessagesRequest)
async def delete_channel_messages(
    caller: Caller, request: channels.DeleteMessagesRequest
) -> Result:
    """Delete messages of a channel or group."""
    channel = caller.channel(request.channel)
    entry = caller.world.channel_talk.delete(channel, caller.me.id, request.id, caller.via)
    return show_affected(entry, channel.mailbox.pts)


def show_affected(entry: Entry | None, pts: Pts) -> types.messages.AffectedMessages:
    """Say how far an act moved the log."""
    return types.messages.AffectedMessages(pts=pts, pts_count=entry.count if entry else 0)


@topic.handles(messages.SetTypingRequest)
async def set_typing(caller: Caller, request: messages.SetTypingRequest) -> Result:
    """Tell the others that one is writing."""
    chat = caller.peer(request.peer)
    peer = chat.peer if isinstance(chat, Channel) else person_peer(chat.id)
    act = read_act(request.action)
    top = None if request.top_msg_id is None else MessageId(request.top_msg_id)
    caller.world.bulletin.tell(Typing(caller.me.id, peer, act, top))
    return True
