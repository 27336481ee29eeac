"""Where a bot speaks, what it says there, and which message it means."""

from simulator.bot_api.call import Call, Place, peer_of, refuse_strangers
from simulator.bot_api.errors import BotApiError, bad_request
from simulator.bot_api.formatting import Formatted
from simulator.bot_api.keyboards import read_markup
from simulator.bot_api.params import Params
from simulator.world.channels import Channel
from simulator.world.media import Media
from simulator.world.messages import Draft, LinkPreview, Message
from simulator.world.peers import MessageId
from simulator.world.people import Person
from simulator.world.refusals import FORBIDDEN


def draft_of(call: Call, place: Place, words: Formatted, media: Media | None = None) -> Draft:
    """Put together what a call wants to say."""
    return Draft(
        words.text,
        answered_by(call, place),
        entities=words.entities,
        media=media,
        silent=call.params.flag("disable_notification"),
        markup=read_markup(call.params),
        topic=topic_of(call, place),
        protected=call.params.flag("protect_content"),
        preview=read_preview(call.params),
    )


def read_preview(params: Params) -> LinkPreview | None:
    """Read what is wished of a link's preview, in the newer words or in the older."""
    wished = params.mapping("link_preview_options")
    if wished is None:
        return LinkPreview(disabled=True) if params.flag("disable_web_page_preview") else None
    return LinkPreview(
        disabled=bool(wished.get("is_disabled")),
        url=str(wished.get("url", "")),
        small=bool(wished.get("prefer_small_media")),
        large=bool(wished.get("prefer_large_media")),
        above=bool(wished.get("show_above_text")),
    )


def require_acquaintance(call: Call, place: Place) -> None:
    """Refuse to write to whoever never wrote to the bot."""
    if isinstance(place, Person) and place.id not in call.bot.inbox.chats:
        words = "bots" if place.bot else "a user"
        verb = "send messages to" if place.bot else "initiate conversation with"
        raise BotApiError(FORBIDDEN, f"Forbidden: bot can't {verb} {words}")


def say(call: Call, place: Place, *drafts: Draft) -> list[Message]:
    """Say all of it or, where the limits do not allow that, nothing."""
    require_acquaintance(call, place)
    call.limits.spend(call.bot.id, peer_of(place), len(drafts))
    if isinstance(place, Person):
        talk = call.world.private_talk
        return [talk.send(call.bot, place, draft).message for draft in drafts]
    refuse_strangers(place, call.bot)
    group = call.world.channel_talk
    return [group.send(place, call.bot.id, draft).message for draft in drafts]


def message_in(call: Call, place: Place, number: int, act: str) -> Message:
    """Find a message; `act` is what was wanted of it, for the refusal."""
    found = lookup(call, place, number)
    if found is None:
        raise bad_request(f"message to {act} not found")
    return found


def lookup(call: Call, place: Place, number: int) -> Message | None:
    """Find a message of a chat while it exists."""
    if isinstance(place, Person):
        found = call.bot.inbox.messages.get(MessageId(number))
        return found if found is not None and found.chat.id == place.id else None
    refuse_strangers(place, call.bot)
    return place.history.get(number)


def answered_by(call: Call, place: Place) -> MessageId | None:
    """Find which message a new one answers, else the head of the thread that it belongs to.

    What is answered may be gone where the call allows that.
    """
    params = call.params
    asked = params.mapping("reply_parameters") or {}
    number = asked.get("message_id") or params.number("reply_to_message_id")
    thread = params.number("message_thread_id")
    if str(asked.get("chat_id", params.text("chat_id"))) != params.text("chat_id"):
        raise bad_request("replies to messages of other chats are not known here")
    found = lookup(call, place, int(number)) if number else None
    lenient = asked.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply")
    if number and found is None and not lenient:
        raise bad_request("message to be replied not found")
    if found is not None:
        return found.id
    if thread is None or (isinstance(place, Channel) and place.forum):
        return None
    if lookup(call, place, thread) is None:
        raise bad_request("message thread not found")
    return MessageId(thread)


def topic_of(call: Call, place: Place) -> MessageId | None:
    """Find in which topic of a forum a new message belongs."""
    thread = call.params.number("message_thread_id")
    if thread is None or isinstance(place, Person) or not place.forum:
        return None
    return MessageId(thread)
