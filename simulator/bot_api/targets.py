"""Where a bot speaks and which message it means."""

from simulator.bot_api.call import Call, Place, peer_of, refuse_strangers
from simulator.bot_api.errors import bad_request
from simulator.world.messages import Draft, Message
from simulator.world.peers import MessageId
from simulator.world.people import Person


def say(call: Call, place: Place, draft: Draft) -> Message:
    """Say something within the limits."""
    call.limits.spend(call.bot.id, peer_of(place))
    if isinstance(place, Person):
        return call.world.private_talk.send(call.bot, place, draft).message
    refuse_strangers(place, call.bot)
    return call.world.channel_talk.send(place, call.bot.id, draft).message


def message_in(call: Call, place: Place, number: int, act: str) -> Message:
    """Find a message; `act` is what was wanted of it, for the refusal."""
    if isinstance(place, Person):
        found = call.bot.inbox.messages.get(MessageId(number))
        found = found if found and found.chat.id == place.id else None
    else:
        refuse_strangers(place, call.bot)
        found = place.history.get(number)
    if found is None:
        raise bad_request(f"message to {act} not found")
    return found


def answered_by(call: Call, place: Place) -> MessageId | None:
    """Find which message a new one answers; None also where the call allows it to be gone."""
    asked = call.params.mapping("reply_parameters") or {}
    number = asked.get("message_id") or call.params.number("reply_to_message_id")
    if number is None:
        return None
    lenient = asked.get("allow_sending_without_reply") or call.params.flag(
        "allow_sending_without_reply"
    )
    if isinstance(place, Person):
        found = call.bot.inbox.messages.get(MessageId(number))
    else:
        found = place.history.get(number)
    if found is None and not lenient:
        raise bad_request("message to be replied not found")
    return found.id if found else None
