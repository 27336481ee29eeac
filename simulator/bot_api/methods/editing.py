"""What becomes of a message after it was said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from simulator.bot_api.call import Call, Methods, Place
from simulator.bot_api.errors import bad_request
from simulator.bot_api.formatting import Formatted
from simulator.bot_api.keyboards import read_markup
from simulator.bot_api.params import Params, flatten
from simulator.bot_api.targets import message_in, read_preview
from simulator.bot_api.texts import read_caption, read_words
from simulator.bot_api.uploads import read_file
from simulator.world.messages import Draft, Message
from simulator.world.people import Person

methods = Methods()
DELETABLE = timedelta(hours=48)


@methods.handles("editMessageText")
async def edit_message_text(call: Call) -> object:
    """Put another text in a message's place."""
    words = read_words(call.params, "text", "entities")
    return edit(call, lambda message: draft(call, words, text_only(message)))


@methods.handles("editMessageCaption")
async def edit_message_caption(call: Call) -> object:
    """Put other words beside a message's media."""
    words = read_caption(call.params)
    return edit(call, lambda message: draft(call, words, with_media(message)))


@methods.handles("editMessageReplyMarkup")
async def edit_message_reply_markup(call: Call) -> object:
    """Put other buttons under a message."""
    return edit(call, lambda m: draft(call, Formatted(m.text, m.entities), m))


@methods.handles("editMessageMedia")
async def edit_message_media(call: Call) -> object:
    """Put other media and words in a message's place."""
    item = Params(flatten(call.params.required("media").encode()))
    media = read_file(call, item.text("type"), item)
    words = read_caption(item)
    return edit(call, lambda message: replace(draft(call, words, message), media=media))


def draft(call: Call, words: Formatted, _message: Message) -> Draft:
    """Put together what a message shall be."""
    return Draft(
        words.text,
        entities=words.entities,
        markup=read_markup(call.params),
        preview=read_preview(call.params),
    )


def text_only(message: Message) -> Message:
    """Refuse a message without text of its own."""
    if message.media is not None:
        raise bad_request("there is no text in the message to edit")
    return message


def with_media(message: Message) -> Message:
    """Refuse a message without media."""
    if message.media is None:
        raise bad_request("there is no caption in the message to edit")
    return message


def edit(call: Call, change: Callable[[Message], Draft]) -> object:
    """Change a message of the bot and show it."""
    place = call.place()
    message = message_in(call, place, call.params.required_number("message_id"), "edit")
    if isinstance(place, Person):
        call.world.private_talk.edit(call.bot, message.id, change(message))
    else:
        call.world.channel_talk.edit(place, call.bot.id, message.id, change(message))
    return call.show.message(message)


@methods.handles("deleteMessage")
async def delete_message(call: Call) -> object:
    """Delete a message for everybody."""
    place = call.place()
    message = message_in(call, place, call.params.required_number("message_id"), "delete")
    if isinstance(place, Person) and message.date < call.world.clock.now() - DELETABLE:
        raise bad_request("message can't be deleted for everyone")
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
