"""Questions that bots have asked."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show_media import show_poll
from simulator.bot_api.targets import message_in
from simulator.world.media import Poll

methods = Methods()


@methods.handles("stopPoll")
async def stop_poll(call: Call) -> object:
    """End the voting, and show how it went."""
    number = call.params.required_number("message_id")
    message = message_in(call, call.place(), number, "stop")
    if message.author != call.bot.id or not isinstance(message.media, Poll):
        raise bad_request("poll can't be stopped")
    poll = call.world.polls.close(message)
    return show_poll(poll, call.world.polls.of(poll))
