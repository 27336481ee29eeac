"""Channels and groups: looking at them, founding them, linking them."""

from collections.abc import Iterable

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import show_channel
from simulator.world.channels import Channel, Right
from simulator.world.dialogs import channel_dialog
from simulator.world.events import ChannelAltered
from simulator.world.messages import Action, ActionKind
from simulator.world.peers import UserId
from simulator.world.refusals import Refusal

topic = Topic()


@topic.handles(channels.GetChannelsRequest)
async def get_channels(caller: Caller, request: channels.GetChannelsRequest) -> Result:
    """Show channels by their numbers."""
    found = [caller.channel(named) for named in request.id]
    return types.messages.Chats([show_channel(caller.world, caller.me.id, c) for c in found])


@topic.handles(messages.GetChatsRequest)
async def get_chats(_: Caller, __: messages.GetChatsRequest) -> Result:
    """Refuse: there are no basic groups here, every group is a supergroup."""
    raise Refusal("CHAT_ID_INVALID")


@topic.handles(messages.GetFullChatRequest)
async def get_full_chat(_: Caller, __: messages.GetFullChatRequest) -> Result:
    """Refuse: there are no basic groups here, every group is a supergroup."""
    raise Refusal("CHAT_ID_INVALID")


@topic.handles(channels.GetFullChannelRequest)
async def get_full_channel(caller: Caller, request: channels.GetFullChannelRequest) -> Result:
    """Show a channel's description, counts and discussion group."""
    channel = caller.channel(request.channel)
    cast = caller.cast(channel.peer)
    linked = caller.world.channels.linked(channel)
    if linked is not None:
        cast.mention(linked.peer)
    return types.messages.ChatFull(
        full_chat=show_full(caller, channel), chats=cast.chats(), users=cast.users()
    )


def show_full(caller: Caller, channel: Channel) -> types.ChannelFull:
    """Show all that a member may know of a channel."""
    dialog = channel_dialog(caller.me.inbox, channel)
    member = channel.members.get(caller.me.id)
    is_admin = member is not None and member.is_admin
    return types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=dialog.read_by_me,
        read_outbox_max_id=dialog.read_by_them,
        unread_count=dialog.unread if member else 0,
        chat_photo=types.PhotoEmpty(id=0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.mailbox.pts,
        can_view_participants=is_admin or not channel.broadcast,
        can_set_username=member is not None and member.creator,
        participants_count=len(channel.members),
        admins_count=len(channel.admins) if is_admin else None,
        kicked_count=len(channel.banned) if is_admin else None,
        banned_count=len(channel.silenced) if is_admin else None,
        linked_chat_id=channel.linked,
        slowmode_seconds=channel.slow_mode or None,
        pinned_msg_id=max((m.id for m in channel.history if m.pinned), default=None),
    )


@topic.handles(channels.CreateChannelRequest)
async def create_channel(caller: Caller, request: channels.CreateChannelRequest) -> Result:
    """Found a channel or a supergroup."""
    if request.geo_point is not None:
        raise Refusal("CHANNELS_ADMIN_LOCATED_TOO_MUCH")
    found = caller.world.add_channel if request.broadcast else caller.world.add_group
    with caller.acting() as acts:
        channel = found(request.title, owner=caller.me, about=request.about, via=caller.via)
        if request.forum:
            caller.world.forums.toggle(channel, enabled=True, via=caller.via)
    return acts.updates(types.UpdateChannel(channel.id))


@topic.handles(channels.DeleteChannelRequest)
async def delete_channel(caller: Caller, request: channels.DeleteChannelRequest) -> Result:
    """Delete a channel or group for everybody; only its creator may."""
    channel = caller.channel(request.channel)
    with caller.acting() as acts:
        caller.world.membership.dissolve(channel, caller.me, caller.via)
    return acts.updates()


@topic.handles(channels.SetDiscussionGroupRequest)
async def set_discussion_group(
    caller: Caller, request: channels.SetDiscussionGroupRequest
) -> Result:
    """Give a channel another discussion group, or none."""
    channel = named_half(caller, request.broadcast)
    group = named_half(caller, request.group)
    if channel is None and group is not None:
        channel, group = caller.world.channels.linked(group), None
    if channel is None:
        raise Refusal("LINK_NOT_MODIFIED")
    if not channel.broadcast:
        raise Refusal("BROADCAST_ID_INVALID")
    if group is not None and group.broadcast:
        raise Refusal("MEGAGROUP_ID_INVALID")
    caller.world.link_group(channel, group)
    return True


def named_half(caller: Caller, named: types.TLObject) -> Channel | None:
    """Find a channel or group that the account may link, None for an empty name."""
    if isinstance(named, types.InputChannelEmpty):
        return None
    half = caller.channel(named)
    half.require(caller.me.id, Right.CHANGE_INFO)
    return half


@topic.handles(channels.GetGroupsForDiscussionRequest)
async def get_groups_for_discussion(
    caller: Caller, _: channels.GetGroupsForDiscussionRequest
) -> Result:
    """List the groups that the account could link."""
    world = caller.world
    mine = (world.channels.get(number) for number in sorted(caller.me.inbox.channels))
    groups = (c for c in mine if not c.broadcast and c.allows(caller.me.id, Right.CHANGE_INFO))
    return types.messages.Chats([show_channel(world, caller.me.id, group) for group in groups])


@topic.handles(channels.UpdateUsernameRequest)
async def update_username(caller: Caller, request: channels.UpdateUsernameRequest) -> Result:
    """Make a channel public under a name, or private."""
    channel = caller.channel(request.channel)
    channel.require(caller.me.id, Right.CHANGE_INFO)
    caller.world.channels.take_username(channel, request.username)
    tell(caller, channel, channel.members)
    return True


@topic.handles(channels.EditTitleRequest)
async def edit_title(caller: Caller, request: channels.EditTitleRequest) -> Result:
    """Rename a channel or group."""
    channel = caller.channel(request.channel)
    channel.require(caller.me.id, Right.CHANGE_INFO)
    if not request.title.strip():
        raise Refusal("CHAT_TITLE_EMPTY")
    channel.title = request.title
    with caller.acting() as acts:
        action = Action(ActionKind.TITLE_CHANGED, title=channel.title)
        caller.world.channel_talk.note(channel, caller.me.id, action, caller.via)
        caller.world.bulletin.tell(
            ChannelAltered(channel.id, frozenset(channel.members), caller.via)
        )
    return acts.updates()


@topic.handles(channels.ToggleJoinToSendRequest)
async def toggle_join_to_send(caller: Caller, request: channels.ToggleJoinToSendRequest) -> Result:
    """Say whether one must be a member of a discussion group to comment."""
    group = caller.channel(request.channel)
    group.require(caller.me.id, Right.BAN_USERS)
    group.guests = not request.enabled
    return tell(caller, group, group.members)


def tell(caller: Caller, channel: Channel, users: Iterable[UserId]) -> types.Updates:
    """Let members know that a channel is no longer what it was."""
    with caller.acting() as acts:
        caller.world.bulletin.tell(ChannelAltered(channel.id, frozenset(users), caller.via))
    return acts.updates()
