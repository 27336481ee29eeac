"""Saying things, changing them and taking them back."""

from collections.abc import Sequence
from dataclasses import replace

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller, peer_of
from simulator.mtproto.methods.files import read_media
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_act
from simulator.mtproto.translate_markup import read_markup
from simulator.mtproto.translate_messages import Cast, read_entities
from simulator.mtproto.translate_updates import show_account_entry, show_channel_entry
from simulator.world.channels import Channel
from simulator.world.events import Typing
from simulator.world.mailbox import Arrived, Entry
from simulator.world.markup import Markup
from simulator.world.media import ALBUM_MEDIA
from simulator.world.messages import Draft
from simulator.world.peers import MessageId, Pts
from simulator.world.people import Person
from simulator.world.randomids import Sent
from simulator.world.refusals import Refusal

LARGEST_ALBUM = 10

topic = Topic()


@topic.handles(messages.SendMessageRequest)
async def send_message(caller: Caller, request: messages.SendMessageRequest) -> Result:
    """Say something; the same random id to the same peer answers with the earlier message."""
    return answer_sent(caller, caller.peer(request.peer), [read_draft(caller, request)])


def read_draft(caller: Caller, request: messages.SendMessageRequest) -> Draft:
    """Read what shall be said; raises `Refusal` for what this Telegram cannot do."""
    if not request.random_id:
        raise Refusal("RANDOM_ID_EMPTY")
    check_manner(caller, request)
    return Draft(
        request.message,
        reply_to=read_reply(request.reply_to),
        topic=read_topic(request.reply_to),
        random_id=request.random_id,
        entities=read_entities(request.entities),
        silent=bool(request.silent),
        markup=read_own_markup(caller, request.reply_markup),
    )


def check_manner(caller: Caller, request: messages.SendMessageRequest) -> None:
    """Refuse to send later or in another's name."""
    if request.schedule_date is not None:
        raise Refusal("SCHEDULE_DATE_INVALID")
    if request.send_as is not None and caller.peer(request.send_as) is not caller.me:
        raise Refusal("SEND_AS_PEER_INVALID")


def read_own_markup(caller: Caller, markup: types.TLObject | None) -> Markup | None:
    """Read a keyboard; only bots send any, what others ask for is left out as Telegram does."""
    return read_markup(markup) if caller.me.bot else None


def read_reply(named: types.TLObject | None) -> MessageId | None:
    """Read which message is answered."""
    if named is None:
        return None
    if not isinstance(named, types.InputReplyToMessage) or named.reply_to_peer_id is not None:
        raise Refusal("REPLY_TO_INVALID")
    return MessageId(named.reply_to_msg_id)


def read_topic(named: types.TLObject | None) -> MessageId | None:
    """Read in which topic something is said."""
    top = getattr(named, "top_msg_id", None)
    return None if top is None else MessageId(top)


def send(caller: Caller, chat: Person | Channel, draft: Draft) -> Sent:
    """Say it where it belongs; what one wrote one has read."""
    if isinstance(chat, Person):
        return caller.world.private_talk.send(caller.me, chat, draft, caller.via)
    sent = caller.world.channel_talk.send(chat, caller.me.id, draft, caller.via)
    if caller.me.id in chat.members:
        caller.me.inbox.mark_channel(chat.id, sent.message.id)
    return sent


def show_again(cast: Cast, chat: Person | Channel, sent: Sent) -> types.TLObject:
    """Show the arrival of a message that was sent before."""
    entry = Entry(Pts(sent.pts), 1, Arrived(sent.message))
    if isinstance(chat, Person):
        return show_account_entry(entry, cast)
    return show_channel_entry(entry, chat, cast)


@topic.handles(messages.SendMediaRequest)
async def send_media(caller: Caller, request: messages.SendMediaRequest) -> Result:
    """Say something with a photo, a document or the like; once for each random id."""
    chat = caller.peer(request.peer)
    draft = read_draft(caller, request)
    if was_sent(caller, chat, draft) is None:
        draft = replace(draft, media=read_media(caller, request.media))
    return answer_sent(caller, chat, [draft])


@topic.handles(messages.SendMultiMediaRequest)
async def send_album(caller: Caller, request: messages.SendMultiMediaRequest) -> Result:
    """Send several photos or documents as one album; each has a random id of its own."""
    chat = caller.peer(request.peer)
    check_manner(caller, request)
    if not 0 < len(request.multi_media) <= LARGEST_ALBUM:
        raise Refusal("MULTI_MEDIA_TOO_LONG")
    album = caller.world.files.number()
    shared = Draft(
        "",
        reply_to=read_reply(request.reply_to),
        topic=read_topic(request.reply_to),
        silent=bool(request.silent),
    )
    drafts = [read_part(caller, each, replace(shared, album=album)) for each in request.multi_media]
    return answer_sent(caller, chat, drafts)


def read_part(caller: Caller, single: types.InputSingleMedia, shared: Draft) -> Draft:
    """Read one message of an album."""
    media = read_media(caller, single.media)
    if not isinstance(media, ALBUM_MEDIA):
        raise Refusal("MEDIA_INVALID")
    return replace(
        shared,
        text=single.message,
        entities=read_entities(single.entities),
        media=media,
        random_id=single.random_id,
    )


def was_sent(caller: Caller, chat: Person | Channel, draft: Draft) -> Sent | None:
    """Find what the same request did before; its upload is gone then."""
    return caller.world.random_ids.recall(caller.me.id, peer_of(chat), draft.random_id)


def answer_sent(caller: Caller, chat: Person | Channel, drafts: Sequence[Draft]) -> types.Updates:
    """Say several things, and answer with all, also those that were said before."""
    again: list[types.TLObject] = []
    cast = caller.cast()
    with caller.acting() as acts:
        for draft in drafts:
            known = was_sent(caller, chat, draft)
            sent = send(caller, chat, draft)
            again.append(types.UpdateMessageID(id=sent.message.id, random_id=draft.random_id or 0))
            if known is not None:
                again.append(show_again(cast, chat, sent))
    return acts.updates(*again, cast=cast)


@topic.handles(messages.EditMessageRequest)
async def edit_message(caller: Caller, request: messages.EditMessageRequest) -> Result:
    """Change a message's text."""
    if request.schedule_date is not None:
        raise Refusal("SCHEDULE_DATE_INVALID")
    chat = caller.peer(request.peer)
    words = read_change(caller, chat, request)
    with caller.acting() as acts:
        if isinstance(chat, Person):
            caller.world.private_talk.edit(caller.me, request.id, words, caller.via)
        else:
            talk = caller.world.channel_talk
            talk.edit(chat, caller.me.id, request.id, words, caller.via)
    return acts.updates()


def read_change(
    caller: Caller, chat: Person | Channel, request: messages.EditMessageRequest
) -> Draft:
    """Read what a message shall be; a text that is not given stays."""
    found = caller.message(chat, request.id)
    entities = read_entities(request.entities)
    return Draft(
        found.text if request.message is None else request.message,
        entities=found.entities if request.message is None else entities,
        media=None if request.media is None else read_media(caller, request.media),
        markup=read_own_markup(caller, request.reply_markup),
    )


@topic.handles(messages.DeleteMessagesRequest)
async def delete_messages(caller: Caller, request: messages.DeleteMessagesRequest) -> Result:
    """Delete private messages by their numbers alone, for both sides when `revoke` is set."""
    entry = caller.world.private_talk.delete(
        caller.me, request.id, revoke=bool(request.revoke), via=caller.via
    )
    return show_affected(entry, caller.me.inbox.mailbox.pts)


@topic.handles(messages.DeleteHistoryRequest)
async def delete_history(caller: Caller, request: messages.DeleteHistoryRequest) -> Result:
    """Delete a private chat up to a message, for both sides when `revoke` is set."""
    other = caller.peer(request.peer)
    if not isinstance(other, Person) or request.min_date or request.max_date:
        raise Refusal("PEER_ID_INVALID")
    said = caller.me.inbox.chats.get(other.id, ())
    ids = [m.id for m in said if not request.max_id or m.id <= request.max_id]
    revoke = bool(request.revoke)
    entry = caller.world.private_talk.delete(caller.me, ids, revoke=revoke, via=caller.via)
    pts, count = caller.me.inbox.mailbox.pts, entry.count if entry else 0
    return types.messages.AffectedHistory(pts=pts, pts_count=count, offset=0)


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
    act = read_act(request.action)
    top = None if request.top_msg_id is None else MessageId(request.top_msg_id)
    caller.world.bulletin.tell(Typing(caller.me.id, peer_of(chat), act, top))
    return True
