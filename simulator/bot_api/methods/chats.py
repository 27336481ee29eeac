"""Chats and their members, and the bot's signs of life in them."""

from simulator.bot_api.acts import ACTS
from simulator.bot_api.call import Call, Methods, peer_of, refuse_strangers
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show import chat_number
from simulator.bot_api.show_chats import show_permissions
from simulator.bot_api.targets import require_acquaintance
from simulator.world.access import require_private_writing
from simulator.world.channels import Right
from simulator.world.events import ChannelAltered, Typing
from simulator.world.messages import Action, ActionKind
from simulator.world.peers import MessageId
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
    if not place.broadcast:
        shown["permissions"] = show_permissions(place.denied, silent=not place.open)
    if place.slow_mode:
        shown["slow_mode_delay"] = place.slow_mode
    other = call.world.channels.linked(place)
    return shown | ({"linked_chat_id": chat_number(other.peer)} if other else {})


@methods.handles("leaveChat")
async def leave_chat(call: Call) -> object:
    """Leave a chat."""
    call.world.membership.leave(call.channel(), call.bot)
    return True


@methods.handles("sendChatAction")
async def send_chat_action(call: Call) -> object:
    """Show that the bot is about to say something."""
    place, thread = call.place(), call.params.number("message_thread_id")
    require_acquaintance(call, place)
    if isinstance(place, Person):
        require_private_writing(call.bot, place)
    if not isinstance(place, Person) and call.bot.id not in place.members:
        raise Refusal("CHANNEL_PRIVATE")
    act = ACTS.get(call.params.required("action"))
    if act is None:
        raise bad_request("wrong parameter action in request")
    top = None if thread is None else MessageId(thread)
    call.world.bulletin.tell(Typing(call.bot.id, peer_of(place), act, top))
    return True


@methods.handles("setChatTitle")
async def set_chat_title(call: Call) -> object:
    """Give a chat another title, of which a service message tells."""
    channel, title = call.channel(), call.params.required("title")
    channel.require(call.bot.id, Right.CHANGE_INFO)
    if not title.strip():
        raise Refusal("CHAT_TITLE_EMPTY")
    if title == channel.title:
        raise Refusal("CHAT_NOT_MODIFIED")
    channel.title = title
    everybody = frozenset(channel.members)
    call.world.bulletin.tell(ChannelAltered(channel.id, everybody, actor=call.bot.id))
    action = Action(ActionKind.TITLE_CHANGED, title=title)
    call.world.channel_talk.note(channel, call.bot.id, action, None)
    return True


@methods.handles("setChatDescription")
async def set_chat_description(call: Call) -> object:
    """Say what a chat is for."""
    channel = call.channel()
    channel.require(call.bot.id, Right.CHANGE_INFO)
    channel.about = call.params.text("description")
    return True
