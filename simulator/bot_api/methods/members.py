"""Members of chats: shown, thrown out, restricted, raised."""

from simulator.bot_api.call import Call, Methods, refuse_strangers
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show import RIGHTS
from simulator.bot_api.show_chats import read_permissions
from simulator.world.channels import Channel, Member, Right
from simulator.world.events import ChannelAltered
from simulator.world.membership import ending
from simulator.world.people import Person
from simulator.world.refusals import Refusal

methods = Methods()
LONGEST_TITLE = 16


@methods.handles("getChatMember")
async def get_chat_member(call: Call) -> object:
    """Show how somebody stands in a chat."""
    channel = call.channel()
    refuse_strangers(channel, call.bot)
    return call.show.member(channel, call.person().id)


@methods.handles("getChatAdministrators")
async def get_chat_administrators(call: Call) -> object:
    """Show the creator and the administrators, without other bots."""
    channel = call.channel()
    refuse_strangers(channel, call.bot)
    people = [call.world.people.get(member.user) for member in channel.admins]
    wanted = [p for p in people if not p.bot or p is call.bot]
    return [call.show.member(channel, person.id) for person in wanted]


@methods.handles("getChatMemberCount")
async def get_chat_member_count(call: Call) -> object:
    """Count the members."""
    channel = call.channel()
    refuse_strangers(channel, call.bot)
    return len(channel.members)


def judged(call: Call, act: str) -> tuple[Channel, Person]:
    """Find a chat where the bot may ban, and whom it may act upon."""
    channel, person = call.channel(), call.person()
    channel.require(call.bot.id, Right.BAN_USERS)
    member = channel.members.get(person.id)
    if member is not None and member.creator:
        raise bad_request(f"can't {act} chat owner")
    if member is not None and member.is_admin and member.promoted_by != call.bot.id:
        raise bad_request("user is an administrator of the chat")
    return channel, person


@methods.handles("banChatMember")
async def ban_chat_member(call: Call) -> object:
    """Throw somebody out, until a moment or for good."""
    channel, person = judged(call, "remove")
    until = ending(call.params.number("until_date"), call.world.clock.now())
    if call.params.flag("revoke_messages"):
        own = [m for m in channel.history if m.author == person.id and m.action is None]
        call.world.channel_talk.remove(channel, own)
    call.world.membership.expel(channel, person, by=call.bot, until=until)
    return True


@methods.handles("unbanChatMember")
async def unban_chat_member(call: Call) -> object:
    """Let somebody come back; who is still in goes out, unless only the banned are meant."""
    (channel, person), banned_only = judged(call, "remove"), call.params.flag("only_if_banned")
    if person.id not in channel.members:
        call.world.membership.restrict(channel, person, silent=False, by=call.bot)
    elif not banned_only:
        call.world.membership.release(channel, person, None, by=call.bot)
    return True


@methods.handles("restrictChatMember")
async def restrict_chat_member(call: Call) -> object:
    """Deny a member of a group some things, until a moment or for good."""
    channel, person = judged(call, "restrict")
    if channel.broadcast:
        raise bad_request("method is available only for supergroups")
    silent, denied = read_permissions(call.params.mapping("permissions") or {})
    until = ending(call.params.number("until_date"), call.world.clock.now())
    call.world.membership.restrict(
        channel,
        person,
        silent=silent,
        denied=denied - channel.denied,
        by=call.bot,
        until=until,
    )
    return True


@methods.handles("setChatPermissions")
async def set_chat_permissions(call: Call) -> object:
    """Say what plain members of a group may do."""
    channel = call.channel()
    channel.require(call.bot.id, Right.BAN_USERS)
    silent, channel.denied = read_permissions(call.params.mapping("permissions") or {})
    channel.open = not silent
    everybody = frozenset(channel.members)
    call.world.bulletin.tell(ChannelAltered(channel.id, everybody, actor=call.bot.id))
    return True


@methods.handles("promoteChatMember")
async def promote_chat_member(call: Call) -> object:
    """Make somebody an administrator with some rights, or with none a plain member again."""
    channel, person = call.channel(), call.person()
    channel.require(call.bot.id, Right.ADD_ADMINS)
    wanted = frozenset(right for name, right in RIGHTS.items() if call.params.flag(name))
    if call.params.flag("is_anonymous"):
        wanted |= {Right.ANONYMOUS}
    if not all(channel.allows(call.bot.id, right) for right in wanted):
        raise Refusal("CHAT_ADMIN_REQUIRED")
    if person.id not in channel.members:
        raise Refusal("USER_NOT_PARTICIPANT")
    call.world.membership.promote(channel, person, wanted, by=call.bot)
    return True


@methods.handles("setChatAdministratorCustomTitle")
async def set_custom_title(call: Call) -> object:
    """Give an administrator whom the bot made a title."""
    channel, person = call.channel(), call.person()
    member = promoted_member(call, channel, person)
    title = call.params.required("custom_title")
    if len(title) > LONGEST_TITLE:
        raise Refusal("ADMIN_RANK_INVALID")
    call.world.membership.promote(channel, person, member.rights, by=call.bot, rank=title)
    return True


def promoted_member(call: Call, channel: Channel, person: Person) -> Member:
    """Find an administrator whom the bot made."""
    member = channel.members.get(person.id)
    if member is None or member.promoted_by != call.bot.id:
        raise bad_request("not enough rights to change custom title of the user")
    return member
