"""Where an account stands in its logs, and what it missed."""

from datetime import datetime

from telethon.tl import types
from telethon.tl.functions import updates

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.dialogs import show_dialog
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_date
from simulator.mtproto.translate_messages import Cast
from simulator.mtproto.translate_updates import split_entries
from simulator.world.channels import Channel
from simulator.world.dialogs import channel_dialog, dialogs_of
from simulator.world.history import Page
from simulator.world.mailbox import Mailbox
from simulator.world.peers import Pts
from simulator.world.refusals import Refusal

MOST_ENTRIES = 100_000
LAST_MESSAGES = 20

topic = Topic()


@topic.handles(updates.GetStateRequest)
async def get_state(caller: Caller, _: updates.GetStateRequest) -> Result:
    """Say where the account's log stands."""
    dialogs = dialogs_of(caller.me.inbox, caller.world.channels)
    return show_state(caller, caller.me.inbox.mailbox.pts, sum(d.unread for d in dialogs))


def show_state(caller: Caller, pts: Pts, unread: int = 0) -> types.updates.State:
    """Show a place in the account's log."""
    return types.updates.State(
        pts=pts, qts=0, date=caller.world.clock.now(), seq=0, unread_count=unread
    )


def check_pts(mailbox: Mailbox, pts: int) -> None:
    """Refuse a place in a log that was never reached."""
    if pts <= 0:
        raise Refusal("PERSISTENT_TIMESTAMP_EMPTY")
    if pts > mailbox.pts:
        raise Refusal("PERSISTENT_TIMESTAMP_INVALID")


@topic.handles(updates.GetDifferenceRequest)
async def get_difference(caller: Caller, request: updates.GetDifferenceRequest) -> Result:
    """Give back what the account missed, and name the channels that moved on meanwhile."""
    mailbox, limits = caller.me.inbox.mailbox, caller.world.limits
    check_pts(mailbox, request.pts)
    missing = mailbox.missing(request.pts)
    too_many = min(filter(None, (limits.account, request.pts_total_limit)), default=missing)
    if missing > too_many:
        return types.updates.DifferenceTooLong(pts=mailbox.pts)
    cast = caller.cast()
    entries = mailbox.since(request.pts, max(request.pts_limit or 0, 0) or limits.slice)
    messages, others = split_entries(entries, cast, None)
    whole = len(entries) == missing
    if whole:
        others += moved_channels(caller, read_date(request.date), cast)
    if not messages and not others and whole and mailbox.pts == request.pts:
        return types.updates.DifferenceEmpty(date=caller.world.clock.now(), seq=0)
    state = show_state(caller, mailbox.pts if whole else entries[-1].pts)
    form = types.updates.Difference if whole else types.updates.DifferenceSlice
    return form(messages, [], others, cast.chats(), cast.users(), state)


def moved_channels(
    caller: Caller, since: datetime | None, cast: Cast
) -> list[types.UpdateChannelTooLong]:
    """Name the account's channels in which something happened since it last looked."""
    moved = []
    for channel_id in sorted(caller.me.inbox.channels):
        channel = caller.world.channels.get(channel_id)
        if since is None or channel.mailbox.changed_at >= since:
            cast.mention(channel.peer)
            moved.append(types.UpdateChannelTooLong(channel.id, pts=channel.mailbox.pts))
    return moved


@topic.handles(updates.GetChannelDifferenceRequest)
async def get_channel_difference(
    caller: Caller, request: updates.GetChannelDifferenceRequest
) -> Result:
    """Give back what was missed of a channel, in pieces of at most `limit` entries."""
    channel = caller.channel(request.channel)
    mailbox = channel.mailbox
    check_pts(mailbox, request.pts)
    missing, most = mailbox.missing(request.pts), caller.world.limits.channel
    if most is not None and missing > most:
        return too_long(caller, channel)
    entries = mailbox.since(request.pts, max(1, min(request.limit, MOST_ENTRIES)))
    if not entries:
        return types.updates.ChannelDifferenceEmpty(pts=mailbox.pts, final=True)
    cast = caller.cast(channel.peer)
    messages, others = split_entries(entries, cast, channel)
    return types.updates.ChannelDifference(
        pts=entries[-1].pts,
        new_messages=messages,
        other_updates=others,
        chats=cast.chats(),
        users=cast.users(),
        final=len(entries) == missing,
    )


def too_long(caller: Caller, channel: Channel) -> types.updates.ChannelDifferenceTooLong:
    """Show only how a channel looks now."""
    cast = caller.cast(channel.peer)
    dialog = show_dialog(channel_dialog(caller.me.inbox, channel))
    messages = cast.messages(channel.history.page(Page(limit=LAST_MESSAGES)))
    return types.updates.ChannelDifferenceTooLong(
        dialog=dialog, messages=messages, chats=cast.chats(), users=cast.users(), final=True
    )
