"""What happened in the world as the updates that tell a client of it."""

from collections.abc import Sequence

from telethon.tl import types

from simulator.mtproto.translate import show_peer
from simulator.mtproto.translate_media import show_poll
from simulator.mtproto.translate_messages import Cast, TLMessage
from simulator.world.channels import Channel
from simulator.world.events import (
    AccountChanged,
    ChannelAltered,
    ChannelChanged,
    ChannelRead,
    Event,
    Reacted,
)
from simulator.world.mailbox import Arrived, Deleted, Edited, Entry, Pinned, ReadByMe, ReadByThem
from simulator.world.media import Poll
from simulator.world.peers import person_peer
from simulator.world.queries import CallbackQuery

OwnEvent = AccountChanged | ChannelChanged | ChannelRead | ChannelAltered | Reacted


def wrap(cast: Cast, updates: Sequence[types.TLObject]) -> types.Updates:
    """Pack updates with everybody whom they mention."""
    return types.Updates(
        updates=list(updates),
        users=cast.users(),
        chats=cast.chats(),
        date=cast.world.clock.now(),
        seq=0,
    )


def show_event(event: Event, cast: Cast) -> types.TLObject | None:
    """Show what concerns a log, a read mark, a channel's standing or a reaction."""
    match event:
        case AccountChanged():
            return show_account_entry(event.entry, cast)
        case ChannelChanged():
            return show_channel_entry(event.entry, cast.world.channels.get(event.channel), cast)
        case ChannelRead():
            return show_channel_read(event, cast)
        case ChannelAltered():
            cast.mention(cast.world.channels.get(event.channel).peer)
            return types.UpdateChannel(event.channel)
        case Reacted():
            return show_reactions(event, cast)
    return None


def show_account_entry(entry: Entry, cast: Cast) -> types.TLObject:
    """Show an entry of an account's log."""
    step = {"pts": entry.pts, "pts_count": entry.count}
    match entry.change:
        case Arrived(message):
            return types.UpdateNewMessage(message=cast.message(message), **step)
        case Edited(message):
            return types.UpdateEditMessage(message=cast.message(message), **step)
        case Deleted(ids):
            return types.UpdateDeleteMessages(messages=list(ids), **step)
        case ReadByMe(peer, max_id, unread):
            cast.mention(peer)
            return types.UpdateReadHistoryInbox(
                peer=show_peer(peer), max_id=max_id, still_unread_count=unread, **step
            )
        case ReadByThem(peer, max_id):
            cast.mention(peer)
            return types.UpdateReadHistoryOutbox(peer=show_peer(peer), max_id=max_id, **step)
        case Pinned(peer, ids, pinned):
            cast.mention(peer)
            return types.UpdatePinnedMessages(
                peer=show_peer(peer), messages=list(ids), pinned=pinned, **step
            )


def show_channel_entry(entry: Entry, channel: Channel, cast: Cast) -> types.TLObject:
    """Show an entry of a channel's log."""
    step = {"pts": entry.pts, "pts_count": entry.count}
    match entry.change:
        case Arrived(message):
            return types.UpdateNewChannelMessage(message=cast.message(message), **step)
        case Edited(message):
            return types.UpdateEditChannelMessage(message=cast.message(message), **step)
        case Deleted(ids):
            cast.mention(channel.peer)
            return types.UpdateDeleteChannelMessages(
                channel_id=channel.id, messages=list(ids), **step
            )
        case Pinned(_, ids, pinned):
            cast.mention(channel.peer)
            return types.UpdatePinnedChannelMessages(
                channel_id=channel.id, messages=list(ids), pinned=pinned, **step
            )
    raise TypeError(f"{entry.change} does not belong into the log of a channel")


def show_channel_read(event: ChannelRead, cast: Cast) -> types.TLObject:
    """Show a read mark to the reader, or to those whose messages were read."""
    channel = cast.world.channels.get(event.channel)
    cast.mention(channel.peer)
    if cast.viewer != event.user:
        return types.UpdateReadChannelOutbox(channel_id=channel.id, max_id=event.max_id)
    return types.UpdateReadChannelInbox(
        channel_id=channel.id,
        max_id=event.max_id,
        still_unread_count=event.unread,
        pts=channel.mailbox.pts,
    )


def show_reactions(event: Reacted, cast: Cast) -> types.TLObject:
    """Show which reactions a message has now."""
    message = event.message
    cast.mention(message.chat)
    return types.UpdateMessageReactions(
        peer=show_peer(message.chat),
        msg_id=message.id,
        reactions=cast.reactions(message) or types.MessageReactions(results=[]),
        top_msg_id=message.thread,
    )


def show_query(query: CallbackQuery, cast: Cast) -> types.UpdateBotCallbackQuery:
    """Show a bot that a button of its was pressed."""
    cast.mention(query.chat, person_peer(query.user))
    return types.UpdateBotCallbackQuery(
        query_id=query.id,
        user_id=query.user,
        peer=show_peer(query.chat),
        msg_id=query.message,
        chat_instance=query.chat_instance,
        data=query.data,
    )


def show_votes(poll: Poll, cast: Cast) -> types.UpdateMessagePoll:
    """Show how the votes for a poll stand."""
    shown = show_poll(poll, cast.world.polls.of(poll), cast.viewer)
    return types.UpdateMessagePoll(poll.id, shown.results, poll=shown.poll)


def split_entries(
    entries: Sequence[Entry], cast: Cast, channel: Channel | None
) -> tuple[list[TLMessage], list[types.TLObject]]:
    """Sort what was missed into new messages and other updates, each as it stands now."""
    arrived = {id(e.change.message) for e in entries if isinstance(e.change, Arrived)}
    messages: list[TLMessage] = []
    others: list[types.TLObject] = []
    for entry in entries:
        match entry.change:
            case Arrived(message) if not message.deleted:
                messages.append(cast.message(message))
            case Arrived():
                continue
            case Edited(message) if message.deleted or id(message) in arrived:
                continue
            case _ if channel is None:
                others.append(show_account_entry(entry, cast))
            case _:
                others.append(show_channel_entry(entry, channel, cast))
    return messages, others
