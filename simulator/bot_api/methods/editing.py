"""What becomes of a message after it was said."""

from simulator.bot_api.call import Call, Methods, Place
from simulator.bot_api.errors import bad_request
from simulator.bot_api.targets import message_in
from simulator.bot_api.texts import read_words
from simulator.world.messages import Draft, Message
from simulator.world.people import Person

methods = Methods()


@methods.handles("editMessageText")
async def edit_message_text(call: Call) -> object:
    """Put another text in a message's place."""
    words = read_words(call.params, "text", "entities")
    place = call.place()
    message = message_in(call, place, call.params.required_number("message_id"), "edit")
    edit(call, place, message, Draft(words.text, entities=words.entities))
    return call.show.message(message)


def edit(call: Call, place: Place, message: Message, words: Draft) -> None:
    """Change a message of the bot."""
    if isinstance(place, Person):
        call.world.private_talk.edit(call.bot, message.id, words)
    else:
        call.world.channel_talk.edit(place, call.bot.id, message.id, words)


@methods.handles("deleteMessage")
async def delete_message(call: Call) -> object:
    """Delete a message for everybody."""
    place = call.place()
    message = message_in(call, place, call.params.required_number("message_id"), "delete")
    delete(call, place, [message.id])
    return True


@methods.handles("deleteMessages")
async def delete_messages(call: Call) -> object:
    """Delete messages for everybody; what is gone already is passed over."""
    delete(call, call.place(), call.params.numbers("message_ids"))
    return True


def delete(call: Call, place: Place, numbers: list[int]) -> None:
    """Delete messages of a chat."""
    if isinstance(place, Person):
        call.world.private_talk.delete(call.bot, numbers, revoke=True)
    else:
        call.world.channel_talk.delete(place, call.bot.id, numbers)


@methods.handles("setMessageReaction")
async def set_message_reaction(call: Call) -> object:
    """Put the bot's reaction on a message, or take it back."""
    place = call.place()
    message = message_in(call, place, call.params.required_number("message_id"), "react")
    chosen = call.params.items("reaction") or []
    if not all(isinstance(each, dict) and isinstance(each.get("emoji"), str) for each in chosen):
        raise bad_request("REACTION_INVALID")
    reactions = tuple(each["emoji"] for each in chosen)
    if isinstance(place, Person):
        call.world.private_talk.react(call.bot, message.id, reactions)
    else:
        call.world.channel_talk.react(place, call.bot.id, message.id, reactions)
    return True
