"""What bots say."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.targets import answered_by, message_in, say
from simulator.bot_api.texts import read_words
from simulator.world.messages import Draft

methods = Methods()


@methods.handles("sendMessage")
async def send_message(call: Call) -> object:
    """Say something in words."""
    place = call.place()
    words = read_words(call.params, "text", "entities")
    if not words.text.strip():
        raise bad_request("message text is empty")
    draft = Draft(
        words.text,
        answered_by(call, place),
        entities=words.entities,
        silent=call.params.flag("disable_notification"),
    )
    return call.show.message(say(call, place, draft))


@methods.handles("copyMessage")
async def copy_message(call: Call) -> object:
    """Say again what somebody said, without saying who did."""
    return {"message_id": copy(call, call.params.required_number("message_id"))}


@methods.handles("copyMessages")
async def copy_messages(call: Call) -> object:
    """Say several messages again."""
    numbers = call.params.numbers("message_ids")
    return [{"message_id": copy(call, number)} for number in numbers]


def copy(call: Call, number: int) -> int:
    """Copy one message and give the number of the copy."""
    place, source = call.place(), call.place("from_chat_id")
    message = message_in(call, source, number, "copy")
    if message.action is not None:
        raise bad_request("message can't be copied")
    draft = Draft(
        message.text,
        answered_by(call, place),
        entities=message.entities,
        media=message.media,
        silent=call.params.flag("disable_notification"),
    )
    return say(call, place, draft).id
