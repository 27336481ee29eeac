"""Invite links, and requests to be let in."""

from datetime import UTC, datetime

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show_chats import show_invite
from simulator.world.channels import Channel, Invite, Right
from simulator.world.refusals import Refusal

methods = Methods()


@methods.handles("createChatInviteLink")
async def create_invite(call: Call) -> object:
    """Make a link, on conditions."""
    made = call.world.invites.create(
        call.channel(),
        call.bot,
        asks=call.params.flag("creates_join_request"),
        expires=expiry(call),
        limit=call.params.number("member_limit") or 0,
        title=call.params.text("name"),
    )
    return show_invite(made, call.show.user)


@methods.handles("editChatInviteLink")
async def edit_invite(call: Call) -> object:
    """Put other conditions on a link that the bot made."""
    invite = own_invite(call, call.channel())
    asks, limit = call.params.flag("creates_join_request"), call.params.number("member_limit") or 0
    if asks and limit:
        raise bad_request("member limit can't be specified for links requiring approval")
    invite.asks, invite.limit = asks, limit
    invite.title, invite.expires = call.params.text("name"), expiry(call)
    return show_invite(invite, call.show.user)


@methods.handles("revokeChatInviteLink")
async def revoke_invite(call: Call) -> object:
    """Make a link lead nowhere."""
    invite = own_invite(call, call.channel())
    invite.revoked = True
    return show_invite(invite, call.show.user)


@methods.handles("exportChatInviteLink")
async def export_invite(call: Call) -> object:
    """Make a new permanent link in place of the earlier one."""
    channel = call.channel()
    channel.require(call.bot.id, Right.INVITE_USERS)
    call.world.channels.revoke_invite(channel)
    return call.world.invite_link(channel)


@methods.handles("approveChatJoinRequest")
async def approve_request(call: Call) -> object:
    """Let in whoever asked."""
    call.world.invites.decide(call.channel(), call.bot, call.person(), approved=True)
    return True


@methods.handles("declineChatJoinRequest")
async def decline_request(call: Call) -> object:
    """Do not let in whoever asked."""
    call.world.invites.decide(call.channel(), call.bot, call.person(), approved=False)
    return True


def expiry(call: Call) -> datetime | None:
    """Read when a link ends."""
    stamp = call.params.number("expire_date")
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def own_invite(call: Call, channel: Channel) -> Invite:
    """Find a link that the bot made."""
    channel.require(call.bot.id, Right.INVITE_USERS)
    invite = channel.invites.get(call.params.required("invite_link").rpartition("+")[2])
    if invite is None or invite.creator != call.bot.id:
        raise Refusal("INVITE_HASH_EXPIRED")
    return invite
