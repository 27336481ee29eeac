"""Read marks, views and reactions."""

from collections.abc import Sequence

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.sending import show_affected
from simulator.mtproto.methods.topic import Topic
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.refusals import Refusal

MOST_REACTIONS = 1

topic = Topic()


@topic.handles(messages.ReadHistoryRequest)
async def read_history(caller: Caller, request: messages.ReadHistoryRequest) -> Result:
    """Mark a private chat as read."""
    other = caller.peer(request.peer)
    if not isinstance(other, Person):
        raise Refusal("PEER_ID_INVALID")
    entry = caller.world.private_talk.read(caller.me, other, request.max_id, caller.via)
    return show_affected(entry, caller.me.inbox.mailbox.pts)


@topic.handles(channels.ReadHistoryRequest)
async def read_channel(caller: Caller, request: channels.ReadHistoryRequest) -> Result:
    """Mark a channel or group as read; True when that was news."""
    channel = caller.channel(request.channel)
    if caller.me.id not in channel.members:
        return False
    return caller.world.channel_talk.read(channel, caller.me.inbox, request.max_id, caller.via)


@topic.handles(messages.GetMessagesViewsRequest)
async def get_views(caller: Caller, request: messages.GetMessagesViewsRequest) -> Result:
    """Tell how often posts were seen, and count this look when asked to."""
    chat = caller.peer(request.peer)
    cast = caller.cast()
    views = []
    for number in request.id:
        message = chat.history.get(number) if isinstance(chat, Channel) else None
        if message is not None and message.post and request.increment:
            message.views += 1
        views.append(show_views(message, cast.replies(message) if message else None))
    return types.messages.MessageViews(views=views, chats=cast.chats(), users=cast.users())


def show_views(message: Message | None, replies: types.MessageReplies | None) -> types.MessageViews:
    """Show the counters of one post; of nothing, none."""
    if message is None or not message.post:
        return types.MessageViews(replies=replies)
    return types.MessageViews(views=message.views, forwards=0, replies=replies)


@topic.handles(messages.SendReactionRequest)
async def send_reaction(caller: Caller, request: messages.SendReactionRequest) -> Result:
    """Put one's reaction on a message, or take it back."""
    words = read_reactions(request.reaction or ())
    chat = caller.peer(request.peer)
    with caller.acting() as acts:
        if isinstance(chat, Person):
            caller.world.private_talk.react(caller.me, request.msg_id, words, caller.via)
        else:
            talk = caller.world.channel_talk
            talk.react(chat, caller.me.id, request.msg_id, words, caller.via)
    return acts.updates()


def read_reactions(reactions: Sequence[types.TLObject]) -> tuple[str, ...]:
    """Read emoji; there are no custom ones here."""
    shown = [each for each in reactions if not isinstance(each, types.ReactionEmpty)]
    if not all(isinstance(each, types.ReactionEmoji) for each in shown):
        raise Refusal("REACTION_INVALID")
    if len(shown) > MOST_REACTIONS:
        raise Refusal("REACTIONS_TOO_MANY")
    return tuple(each.emoticon for each in shown)
