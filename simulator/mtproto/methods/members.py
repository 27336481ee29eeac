"""Members of channels and groups: coming, going, rising, being listed."""

from collections.abc import Callable

from telethon.tl import types
from telethon.tl.functions import channels, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.rooms import tell
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import (
    is_restricted,
    read_restrictions,
    read_rights,
    show_banned,
    show_participant,
)
from simulator.world.channels import Channel, Member, Right
from simulator.world.membership import ending
from simulator.world.peers import person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal

MOST_MEMBERS = 200
SLOW_MODES = (0, 10, 30, 60, 300, 900, 3600)

topic = Topic()


@topic.handles(channels.JoinChannelRequest)
async def join_channel(caller: Caller, request: channels.JoinChannelRequest) -> Result:
    """Become a member of a channel or group that one can see."""
    channel = caller.channel(request.channel)
    if channel.asks and caller.me.id not in channel.members:
        caller.world.invites.ask(channel, caller.me)
    with caller.acting() as acts:
        door = caller.world.membership
        door.join(channel, caller.me, announce=True, via=caller.via)
    return types.messages.ChatInviteJoinResultOk(acts.updates())


@topic.handles(channels.LeaveChannelRequest)
async def leave_channel(caller: Caller, request: channels.LeaveChannelRequest) -> Result:
    """Stop being a member."""
    channel = caller.channel(request.channel, closed=True)
    with caller.acting() as acts:
        caller.world.membership.leave(channel, caller.me, caller.via, announce=True)
    return acts.updates()


@topic.handles(channels.InviteToChannelRequest)
async def invite_to_channel(caller: Caller, request: channels.InviteToChannelRequest) -> Result:
    """Bring others in."""
    channel = caller.channel(request.channel)
    people = [caller.person(named) for named in request.users]
    with caller.acting() as acts:
        caller.world.membership.invite(channel, caller.me, people, caller.via)
    return types.messages.InvitedUsers(updates=acts.updates(), missing_invitees=[])


@topic.handles(channels.EditAdminRequest)
async def edit_admin(caller: Caller, request: channels.EditAdminRequest) -> Result:
    """Make somebody an administrator, change the rights, or take them away."""
    channel = caller.channel(request.channel)
    channel.require(caller.me.id, Right.ADD_ADMINS)
    person = caller.person(request.user_id)
    rights = read_rights(request.admin_rights)
    with caller.acting() as acts:
        caller.world.membership.promote(
            channel, person, rights, by=caller.me, rank=request.rank or "", via=caller.via
        )
    return acts.updates()


@topic.handles(channels.EditBannedRequest)
async def edit_banned(caller: Caller, request: channels.EditBannedRequest) -> Result:
    """Throw somebody out, forbid somebody to write, or forgive."""
    channel = caller.channel(request.channel)
    channel.require(caller.me.id, Right.BAN_USERS)
    person = caller.peer(request.participant)
    if not isinstance(person, Person):
        raise Refusal("PARTICIPANT_ID_INVALID")
    until = ending(request.banned_rights.until_date, caller.world.clock.now())
    with caller.acting() as acts:
        if request.banned_rights.view_messages:
            caller.world.membership.expel(channel, person, caller.via, by=caller.me, until=until)
        else:
            silent = bool(request.banned_rights.send_messages)
            denied = read_restrictions(request.banned_rights)
            caller.world.membership.restrict(
                channel, person, silent=silent, denied=denied, by=caller.me, until=until
            )
    return acts.updates(types.UpdateChannel(channel.id))


@topic.handles(messages.EditChatDefaultBannedRightsRequest)
async def edit_default_rights(
    caller: Caller, request: messages.EditChatDefaultBannedRightsRequest
) -> Result:
    """Say what plain members of a group may not do."""
    group = caller.peer(request.peer)
    if not isinstance(group, Channel) or group.broadcast:
        raise Refusal("PEER_ID_INVALID")
    group.require(caller.me.id, Right.BAN_USERS)
    is_open = not request.banned_rights.send_messages
    denied = read_restrictions(request.banned_rights)
    if (group.open, group.denied) == (is_open, denied):
        raise Refusal("CHAT_NOT_MODIFIED")
    group.open, group.denied = is_open, denied
    return tell(caller, group, group.members)


@topic.handles(channels.ToggleSlowModeRequest)
async def toggle_slow_mode(caller: Caller, request: channels.ToggleSlowModeRequest) -> Result:
    """Say how long plain members of a group wait between messages; 0 for not at all."""
    group = caller.channel(request.channel)
    group.require(caller.me.id, Right.BAN_USERS)
    if group.broadcast or request.seconds not in SLOW_MODES:
        raise Refusal("SECONDS_INVALID")
    if group.slow_mode == request.seconds:
        raise Refusal("CHAT_NOT_MODIFIED")
    group.slow_mode = request.seconds
    return tell(caller, group, group.members)


@topic.handles(channels.GetParticipantRequest)
async def get_participant(caller: Caller, request: channels.GetParticipantRequest) -> Result:
    """Show somebody's place in a channel; of a broadcast channel only admins see others'."""
    channel = caller.channel(request.channel)
    person = caller.peer(request.participant)
    if not isinstance(person, Person):
        raise Refusal("PARTICIPANT_ID_INVALID")
    if person is not caller.me:
        require_list(channel, caller)
    member = channel.members.get(person.id)
    if member is None and person.id not in channel.banned:
        raise Refusal("USER_NOT_PARTICIPANT")
    shown = show_participant(channel, member, caller.me.id) if member else None
    cast = caller.cast(channel.peer, person_peer(person.id))
    return types.channels.ChannelParticipant(
        participant=shown or show_banned(channel, person.id),
        chats=cast.chats(),
        users=cast.users(),
    )


def require_list(channel: Channel, caller: Caller) -> None:
    """Refuse to show a broadcast channel's members to anybody but its admins."""
    own = channel.members.get(caller.me.id)
    if channel.broadcast and not (own and own.is_admin):
        raise Refusal("CHAT_ADMIN_REQUIRED")


@topic.handles(channels.GetParticipantsRequest)
async def get_participants(caller: Caller, request: channels.GetParticipantsRequest) -> Result:
    """List members page by page."""
    channel = caller.channel(request.channel)
    require_list(channel, caller)
    if isinstance(request.filter, types.ChannelParticipantsKicked):
        return show_expelled(caller, channel, request)
    is_wanted = wanted(caller, channel, request)
    chosen = [member for member in channel.members.values() if is_wanted(member)]
    limit = max(0, min(request.limit, MOST_MEMBERS))
    page = chosen[request.offset : request.offset + limit]
    cast = caller.cast(channel.peer, *(person_peer(member.user) for member in page))
    return types.channels.ChannelParticipants(
        count=len(chosen),
        participants=[show_participant(channel, member, caller.me.id) for member in page],
        chats=cast.chats(),
        users=cast.users(),
    )


def show_expelled(
    caller: Caller, channel: Channel, request: channels.GetParticipantsRequest
) -> types.channels.ChannelParticipants:
    """List page by page who was thrown out."""
    channel.require(caller.me.id, Right.BAN_USERS)
    limit = max(0, min(request.limit, MOST_MEMBERS))
    page = list(channel.banned)[request.offset : request.offset + limit]
    cast = caller.cast(channel.peer, *map(person_peer, page))
    return types.channels.ChannelParticipants(
        count=len(channel.banned),
        participants=[show_banned(channel, user) for user in page],
        chats=cast.chats(),
        users=cast.users(),
    )


def wanted(
    caller: Caller, channel: Channel, request: channels.GetParticipantsRequest
) -> Callable[[Member], bool]:
    """Turn a filter of the wire into a test of members."""
    people = caller.world.people
    match request.filter:
        case types.ChannelParticipantsRecent():
            return lambda _: True
        case types.ChannelParticipantsAdmins():
            return lambda member: member.is_admin
        case types.ChannelParticipantsBots():
            return lambda member: people.get(member.user).bot
        case types.ChannelParticipantsBanned():
            return lambda member: is_restricted(channel, member.user)
        case types.ChannelParticipantsSearch(q=words):
            return lambda member: names_match(people.get(member.user), words)
    raise Refusal("INPUT_FILTER_INVALID")


def names_match(person: Person, words: str) -> bool:
    """Tell whether somebody's name or username holds these words."""
    return words.casefold() in f"{person.name} {person.username}".casefold()
