"""Invite links and permissions in the Bot API's objects."""

from collections.abc import Callable

from simulator.bot_api.shapes import Json, given
from simulator.world.channels import Channel, Invite, Restriction
from simulator.world.peers import UserId

# Which of the Bot API's permissions say what this world tells apart.
PERMISSIONS: dict[Restriction, tuple[str, ...]] = {
    Restriction.SEND_MEDIA: (
        "can_send_audios",
        "can_send_documents",
        "can_send_photos",
        "can_send_videos",
        "can_send_video_notes",
        "can_send_voice_notes",
    ),
    Restriction.SEND_POLLS: ("can_send_polls",),
    Restriction.PIN_MESSAGES: ("can_pin_messages",),
    Restriction.INVITE_USERS: ("can_invite_users",),
}
WRITING = "can_send_messages"
# What goes with writing here, and what plain members never may.
WITH_WRITING = ("can_send_other_messages", "can_add_web_page_previews", "can_react_to_messages")
NEVER = ("can_change_info", "can_manage_topics", "can_edit_tag")


def show_permissions(denied: frozenset[Restriction], *, silent: bool) -> Json:
    """Show what plain members may do."""
    shown: Json = dict.fromkeys((WRITING, *WITH_WRITING), not silent)
    for restriction, names in PERMISSIONS.items():
        mute = silent and restriction is not Restriction.INVITE_USERS
        shown |= dict.fromkeys(names, restriction not in denied and not mute)
    return shown | dict.fromkeys(NEVER, False)


def read_permissions(asked: Json) -> tuple[bool, frozenset[Restriction]]:
    """Read permissions: whether all writing is denied, and what else; what is not named is."""
    silent = not asked.get(WRITING)
    denied = {r for r, names in PERMISSIONS.items() if not all(asked.get(n) for n in names)}
    return silent, frozenset(denied)


def show_restricted(channel: Channel, user: UserId) -> Json:
    """Show how somebody is restricted."""
    denied = channel.denied | channel.restrictions.get(user, frozenset())
    end = channel.until.get(user)
    return {
        "status": "restricted",
        "is_member": user in channel.members,
        "until_date": int(end.timestamp()) if end else 0,
    } | show_permissions(denied, silent=user in channel.silenced)


def show_invite(invite: Invite, user: Callable[[UserId], Json]) -> Json:
    """Show an invite link; `user` shows a person."""
    return {
        "invite_link": f"https://t.me/+{invite.secret}",
        "creator": user(invite.creator),
        "creates_join_request": invite.asks,
        "is_primary": False,
        "is_revoked": invite.revoked,
    } | given(
        name=invite.title,
        expire_date=int(invite.expires.timestamp()) if invite.expires else None,
        member_limit=invite.limit,
    )
