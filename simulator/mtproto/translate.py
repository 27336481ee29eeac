"""People, channels and rights of the world as the wire shows them to one viewer."""

from datetime import datetime, timedelta

from telethon.tl import types

from simulator.world.access import may_read
from simulator.world.channels import Channel, Member, Restriction, Right
from simulator.world.peers import Peer, PeerKind, UserId, person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

ONLINE_FOR = timedelta(minutes=5)
PLAIN_ACTS = (
    types.SendMessageTypingAction,
    types.SendMessageCancelAction,
    types.SendMessageRecordAudioAction,
    types.SendMessageRecordRoundAction,
    types.SendMessageRecordVideoAction,
    types.SendMessageGeoLocationAction,
    types.SendMessageChooseContactAction,
    types.SendMessageChooseStickerAction,
    types.SendMessageGamePlayAction,
)
UPLOADS = (
    types.SendMessageUploadAudioAction,
    types.SendMessageUploadDocumentAction,
    types.SendMessageUploadPhotoAction,
    types.SendMessageUploadRoundAction,
    types.SendMessageUploadVideoAction,
)
ACTS = {form.__name__: form for form in PLAIN_ACTS + UPLOADS}


def show_peer(peer: Peer) -> types.PeerUser | types.PeerChannel:
    """Name a peer."""
    if peer.kind is PeerKind.USER:
        return types.PeerUser(peer.id)
    return types.PeerChannel(peer.id)


def read_date(date: datetime | None) -> datetime | None:
    """Read a time; the wire says 0 where it means none."""
    return date if date is not None and date.timestamp() > 0 else None


def show_user(world: World, viewer: UserId, person: Person) -> types.User:
    """Show a person; only oneself sees one's own phone number."""
    mine = world.people.get(viewer).contacts
    return types.User(
        id=person.id,
        is_self=person.id == viewer,
        contact=person.id in mine,
        mutual_contact=person.id in mine and viewer in person.contacts,
        bot=person.bot,
        bot_info_version=1 if person.bot else None,
        access_hash=world.hashes.of(viewer, person_peer(person.id)),
        first_name=person.first_name,
        last_name=person.last_name or None,
        username=person.username or None,
        phone=person.phone if person.id == viewer and person.phone else None,
        status=None if person.bot else show_status(world, online=person.online),
    )


def show_status(world: World, *, online: bool) -> types.UserStatusOnline | types.UserStatusRecently:
    """Show whether somebody is there."""
    if online:
        return types.UserStatusOnline(expires=world.clock.now() + ONLINE_FOR)
    return types.UserStatusRecently()


def show_channel(
    world: World, viewer: UserId, channel: Channel
) -> types.Channel | types.ChannelForbidden:
    """Show a channel or group; one that the viewer may not see keeps only its title."""
    access_hash = world.hashes.of(viewer, channel.peer)
    if not may_read(world.channels, channel, viewer):
        return types.ChannelForbidden(
            id=channel.id,
            access_hash=access_hash,
            title=channel.title,
            broadcast=channel.broadcast,
            megagroup=not channel.broadcast,
        )
    member = channel.members.get(viewer)
    return types.Channel(
        id=channel.id,
        title=channel.title,
        photo=types.ChatPhotoEmpty(),
        date=member.since if member else channel.created_at,
        creator=bool(member and member.creator),
        left=member is None,
        broadcast=channel.broadcast,
        megagroup=not channel.broadcast,
        has_link=channel.linked is not None,
        forum=channel.forum,
        join_request=channel.asks,
        slowmode_enabled=channel.slow_mode > 0,
        join_to_send=not channel.broadcast and not channel.guests,
        access_hash=access_hash,
        username=channel.username or None,
        admin_rights=show_rights(member) if member and member.is_admin else None,
        default_banned_rights=show_defaults(channel),
        participants_count=len(channel.members),
    )


def show_defaults(channel: Channel) -> types.ChatBannedRights | None:
    """Show what no plain member of a group may do."""
    if channel.broadcast:
        return None
    return show_bans(silent=not channel.open, denied=channel.denied)


def show_rights(member: Member) -> types.ChatAdminRights:
    """Show what an administrator may do."""
    return types.ChatAdminRights(**{right.value: True for right in member.rights})


def read_rights(rights: types.ChatAdminRights) -> frozenset[Right]:
    """Read which rights an administrator shall have."""
    return frozenset(right for right in Right if getattr(rights, right.value, False))


def read_restrictions(rights: types.ChatBannedRights) -> frozenset[Restriction]:
    """Read what somebody may not do besides writing."""
    return frozenset(each for each in Restriction if getattr(rights, each.value, False))


def show_bans(
    *, silent: bool, denied: frozenset[Restriction] = frozenset(), until: datetime | None = None
) -> types.ChatBannedRights:
    """Show what plain members may not do."""
    shown = {each.value: True for each in denied}
    shown |= {"send_messages": silent, "send_media": silent or Restriction.SEND_MEDIA in denied}
    return types.ChatBannedRights(until_date=until, **shown)


def show_participant(channel: Channel, member: Member, viewer: UserId) -> types.TLObject:
    """Show somebody's place in a channel."""
    if member.creator:
        return types.ChannelParticipantCreator(
            user_id=member.user, admin_rights=show_rights(member), rank=member.rank or None
        )
    if member.is_admin:
        return types.ChannelParticipantAdmin(
            user_id=member.user,
            promoted_by=member.promoted_by or member.user,
            date=member.since,
            admin_rights=show_rights(member),
            can_edit=member.promoted_by == viewer,
            is_self=member.user == viewer,
            inviter_id=(member.promoted_by or member.user) if member.user == viewer else None,
            rank=member.rank or None,
        )
    denied = channel.restrictions.get(member.user, frozenset())
    if member.user in channel.silenced or denied:
        return types.ChannelParticipantBanned(
            peer=types.PeerUser(member.user),
            kicked_by=member.user,
            date=member.since,
            banned_rights=show_bans(
                silent=member.user in channel.silenced,
                denied=denied,
                until=channel.until.get(member.user),
            ),
        )
    if member.user == viewer:
        return types.ChannelParticipantSelf(
            user_id=member.user, inviter_id=member.user, date=member.since
        )
    return types.ChannelParticipant(user_id=member.user, date=member.since)


def is_restricted(channel: Channel, user: UserId) -> bool:
    """Tell whether a member may do less than the others."""
    return user in channel.silenced or user in channel.restrictions


def show_banned(channel: Channel, user: UserId) -> types.ChannelParticipantBanned:
    """Show somebody who was thrown out."""
    return types.ChannelParticipantBanned(
        peer=types.PeerUser(user),
        kicked_by=next(m.user for m in channel.members.values() if m.creator),
        date=channel.banned[user],
        banned_rights=types.ChatBannedRights(
            until_date=channel.until.get(user), view_messages=True
        ),
        left=True,
    )


def show_act(act: str) -> types.TLObject:
    """Show what somebody is doing; the progress of an upload stays at its start."""
    form = ACTS[act]
    return form(progress=0) if form in UPLOADS else form()


def read_act(action: types.TLObject) -> str:
    """Read what somebody is doing; raises `Refusal` for what others could not be shown."""
    name = type(action).__name__
    if name not in ACTS:
        raise Refusal("ACTION_INVALID")
    return name
