"""Invite links, and requests to be let in."""

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.rooms import tell
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_date, show_channel
from simulator.world.channels import Channel, Invite, Right
from simulator.world.peers import person_peer
from simulator.world.refusals import Refusal

MOST_LISTED = 100

topic = Topic()


@topic.handles(messages.CheckChatInviteRequest)
async def check_chat_invite(caller: Caller, request: messages.CheckChatInviteRequest) -> Result:
    """Show where an invite link leads; whoever is in already sees the channel itself."""
    channel, invite = caller.world.invites.find(request.hash)
    if caller.me.id in channel.members:
        return types.ChatInviteAlready(show_channel(caller.world, caller.me.id, channel))
    return types.ChatInvite(
        title=channel.title,
        photo=types.PhotoEmpty(id=0),
        participants_count=len(channel.members),
        color=0,
        channel=True,
        broadcast=channel.broadcast,
        public=bool(channel.username),
        megagroup=not channel.broadcast,
        request_needed=invite is not None and invite.asks,
        about=channel.about or None,
    )


@topic.handles(messages.ImportChatInviteRequest)
async def import_chat_invite(caller: Caller, request: messages.ImportChatInviteRequest) -> Result:
    """Join by an invite link, or ask to."""
    with caller.acting() as acts:
        caller.world.invites.follow(request.hash, caller.me, caller.via)
    return types.messages.ChatInviteJoinResultOk(acts.updates())


@topic.handles(messages.ExportChatInviteRequest)
async def export_chat_invite(caller: Caller, request: messages.ExportChatInviteRequest) -> Result:
    """Tell the permanent link, a new one when the old shall be revoked, or one on conditions."""
    channel = named_channel(caller, request.peer)
    expires = read_date(request.expire_date)
    if request.request_needed or expires or request.usage_limit or request.title:
        made = caller.world.invites.create(
            channel,
            caller.me,
            asks=bool(request.request_needed),
            expires=expires,
            limit=request.usage_limit or 0,
            title=request.title or "",
        )
        return show_invite(made)
    if request.legacy_revoke_permanent:
        caller.world.channels.revoke_invite(channel)
    return show_permanent(caller, channel)


def named_channel(caller: Caller, named: types.TLObject) -> Channel:
    """Find a channel into which the account may invite."""
    channel = caller.channel(named)
    channel.require(caller.me.id, Right.INVITE_USERS)
    return channel


def show_permanent(caller: Caller, channel: Channel) -> types.ChatInviteExported:
    """Show the link that a channel always has."""
    return types.ChatInviteExported(
        link=caller.world.invite_link(channel),
        admin_id=caller.me.id,
        date=channel.created_at,
        permanent=True,
    )


def show_invite(invite: Invite) -> types.ChatInviteExported:
    """Show a link with its conditions."""
    return types.ChatInviteExported(
        link=f"https://t.me/+{invite.secret}",
        admin_id=invite.creator,
        date=invite.made_at,
        revoked=invite.revoked,
        request_needed=invite.asks,
        expire_date=invite.expires,
        usage_limit=invite.limit or None,
        usage=invite.uses or None,
        title=invite.title or None,
    )


@topic.handles(messages.EditExportedChatInviteRequest)
async def edit_invite(caller: Caller, request: messages.EditExportedChatInviteRequest) -> Result:
    """Revoke a link, which is all that this world changes about one."""
    channel = named_channel(caller, request.peer)
    invite = channel.invites.get(request.link.rpartition("+")[2])
    if invite is None or not request.revoked:
        raise Refusal("INVITE_HASH_INVALID")
    invite.revoked = True
    return types.messages.ExportedChatInvite(invite=show_invite(invite), users=[])


@topic.handles(channels.ToggleJoinRequestRequest)
async def toggle_join_request(caller: Caller, request: channels.ToggleJoinRequestRequest) -> Result:
    """Say whether whoever wants to join must ask first."""
    channel = named_channel(caller, request.channel)
    channel.asks = request.enabled
    return tell(caller, channel, channel.members)


@topic.handles(messages.GetChatInviteImportersRequest)
async def get_requests(caller: Caller, request: messages.GetChatInviteImportersRequest) -> Result:
    """List who asked to be let in."""
    channel = named_channel(caller, request.peer)
    if not request.requested:
        raise Refusal("INVITE_HASH_INVALID")
    asked = list(channel.requests.values())[: min(request.limit, MOST_LISTED)]
    people = caller.world.people
    shown = [
        types.ChatInviteImporter(
            each.user, each.at, requested=True, about=people.get(each.user).bio
        )
        for each in asked
    ]
    cast = caller.cast(*(person_peer(each.user) for each in asked))
    return types.messages.ChatInviteImporters(len(channel.requests), shown, cast.users())


@topic.handles(messages.HideChatJoinRequestRequest)
async def hide_request(caller: Caller, request: messages.HideChatJoinRequestRequest) -> Result:
    """Let in whoever asked, or do not."""
    channel = named_channel(caller, request.peer)
    person = caller.person(request.user_id)
    with caller.acting() as acts:
        caller.world.invites.decide(
            channel, caller.me, person, approved=bool(request.approved), via=caller.via
        )
    return acts.updates()
