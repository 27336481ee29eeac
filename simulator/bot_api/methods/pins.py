"""Messages that are kept in sight."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.targets import message_in
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


def pin(call: Call, *, pinned: bool) -> bool:
    """Pin a message or take it down."""
    place, pins = call.place(), call.world.pins
    act = "pin" if pinned else "unpin"
    message = message_in(call, place, call.params.required_number("message_id"), act)
    if isinstance(place, Person):
        pins.set_private(call.bot, place, message.id, pinned=pinned)
    else:
        pins.set(place, call.bot.id, message.id, pinned=pinned)
    return True
