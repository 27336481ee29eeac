"""Messages that are kept in sight."""

from simulator.bot_api.call import Call, Methods, Place
from simulator.bot_api.errors import bad_request
from simulator.bot_api.targets import message_in
from simulator.world.forums import find_topic, messages_in
from simulator.world.messages import Message
from simulator.world.people import Person

methods = Methods()


@methods.handles("pinChatMessage")
async def pin_chat_message(call: Call) -> object:
    """Pin a message."""
    return pin(call, pinned=True)


@methods.handles("unpinChatMessage")
async def unpin_chat_message(call: Call) -> object:
    """Take a pinned message down."""
    return pin(call, pinned=False)


@methods.handles("unpinAllChatMessages")
async def unpin_all(call: Call) -> object:
    """Take all pinned messages down."""
    place, pins = call.place(), call.world.pins
    if not isinstance(place, Person):
        pins.clear(place, call.bot.id)
        return True
    for message in list(call.bot.inbox.chats.get(place.id, ())):
        if message.pinned:
            pins.set_private(call.bot, place, message.id, pinned=False)
    return True


@methods.handles("unpinAllForumTopicMessages")
async def unpin_topic(call: Call) -> object:
    """Take the pinned messages of a topic down."""
    group = call.channel()
    topic = find_topic(group, call.params.required_number("message_thread_id"))
    for message in list(messages_in(group, topic)):
        if message.pinned:
            call.world.pins.set(group, call.bot.id, message.id, pinned=False)
    return True


def pin(call: Call, *, pinned: bool) -> bool:
    """Pin a message or take it down."""
    place, pins = call.place(), call.world.pins
    act = "pin" if pinned else "unpin"
    call.params.flag("disable_notification")
    if pinned or call.params.has("message_id"):
        message = message_in(call, place, call.params.required_number("message_id"), act)
    else:
        message = latest_pin(call, place)
    if isinstance(place, Person):
        pins.set_private(call.bot, place, message.id, pinned=pinned)
    else:
        pins.set(place, call.bot.id, message.id, pinned=pinned)
    return True


def latest_pin(call: Call, place: Place) -> Message:
    """Find the message that was pinned last."""
    if isinstance(place, Person):
        messages = list(call.bot.inbox.chats.get(place.id, ()))
    else:
        messages = list(place.history)
    for message in reversed(messages):
        if message.pinned:
            return message
    raise bad_request("message to unpin not found")
