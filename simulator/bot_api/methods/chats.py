"""Chats and their members, and the bot's signs of life in them."""

from simulator.bot_api.acts import ACTS
from simulator.bot_api.call import Call, Methods, peer_of, refuse_strangers
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show import chat_number
from simulator.world.channels import Right
from simulator.world.events import Typing
from simulator.world.people import Person
from simulator.world.refusals import Refusal

methods = Methods()
DEFAULTS = {"accent_color_id": 0, "max_reaction_count": 11}
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")


@methods.handles("getChat")
async def get_chat(call: Call) -> object:
    """Show a chat with all that is known of it."""
    place = call.place()
    shown = call.show.chat(peer_of(place)) | DEFAULTS
    shown["accepted_gift_types"] = dict.fromkeys((*GIFTS, "gifts_from_channels"), False)
    if isinstance(place, Person):
        return shown | ({"bio": place.bio} if place.bio else {})
    refuse_strangers(place, call.bot)
    if place.about:
        shown["description"] = place.about
    other = call.world.channels.linked(place)
    return shown | ({"linked_chat_id": chat_number(other.peer)} if other else {})


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


@methods.handles("banChatMember")
async def ban_chat_member(call: Call) -> object:
    """Throw somebody out for good."""
    channel, person = call.channel(), call.person()
    channel.require(call.bot.id, Right.BAN_USERS)
    member = channel.members.get(person.id)
    if member is not None and member.creator:
        raise bad_request("can't remove chat owner")
    call.world.membership.expel(channel, person, by=call.bot)
    return True


@methods.handles("unbanChatMember")
async def unban_chat_member(call: Call) -> object:
    """Let somebody come back; who is still in goes out, unless only the banned are meant."""
    channel, person = call.channel(), call.person()
    channel.require(call.bot.id, Right.BAN_USERS)
    if person.id not in channel.members:
        call.world.membership.restrict(channel, person, silent=False)
    elif not call.params.flag("only_if_banned"):
        call.world.membership.leave(channel, person)
    return True


@methods.handles("leaveChat")
async def leave_chat(call: Call) -> object:
    """Leave a chat."""
    call.world.membership.leave(call.channel(), call.bot)
    return True


@methods.handles("sendChatAction")
async def send_chat_action(call: Call) -> object:
    """Show that the bot is about to say something."""
    place = call.place()
    if not isinstance(place, Person) and call.bot.id not in place.members:
        raise Refusal("CHANNEL_PRIVATE")
    act = ACTS.get(call.params.required("action"))
    if act is None:
        raise bad_request("wrong parameter action in request")
    call.world.bulletin.tell(Typing(call.bot.id, peer_of(place), act))
    return True
