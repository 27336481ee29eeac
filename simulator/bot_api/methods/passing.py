"""What bots pass on: copies, which do not say who spoke, and forwards, which do."""

from dataclasses import replace

from simulator.bot_api.call import Call, Methods, Place
from simulator.bot_api.errors import bad_request
from simulator.bot_api.formatting import Formatted
from simulator.bot_api.targets import answered_by, draft_of, lookup, message_in, say, topic_of
from simulator.bot_api.texts import read_caption
from simulator.world.messages import Draft, Message, Origin
from simulator.world.peers import person_peer

methods = Methods()


@methods.handles("copyMessage")
async def copy_message(call: Call) -> object:
    """Say again what somebody said, with another caption if one is given."""
    place, message = call.place(), source(call, "copy")
    words = Formatted(message.text, message.entities)
    if call.params.has("caption") and message.media is not None:
        words = read_caption(call.params)
    (copy,) = say(call, place, draft_of(call, place, words, message.media))
    return {"message_id": copy.id}


@methods.handles("copyMessages")
async def copy_messages(call: Call) -> object:
    """Say several messages again; what is gone or cannot be copied is passed over."""
    place, bare = call.place(), call.params.flag("remove_caption")
    found = sources(call)
    drafts = in_albums(call, found, [again(call, place, each, bare=bare) for each in found])
    return [{"message_id": message.id} for message in say(call, place, *drafts)]


@methods.handles("forwardMessage")
async def forward_message(call: Call) -> object:
    """Pass a message on."""
    place = call.place()
    (passed,) = say(call, place, forwarded(call, place, source(call, "forward")))
    return call.show.message(passed)


@methods.handles("forwardMessages")
async def forward_messages(call: Call) -> object:
    """Pass several messages on."""
    place = call.place()
    found = sources(call)
    drafts = in_albums(call, found, [forwarded(call, place, each) for each in found])
    return [{"message_id": message.id} for message in say(call, place, *drafts)]


def source(call: Call, act: str) -> Message:
    """Find the message that is to be passed on."""
    number = call.params.required_number("message_id")
    message = message_in(call, call.place("from_chat_id"), number, act)
    if message.action is not None or message.protected:
        raise bad_request(f"message can't be {'copied' if act == 'copy' else 'forwarded'}")
    return message


def sources(call: Call) -> list[Message]:
    """Find the messages that are to be passed on, those that can be."""
    place = call.place("from_chat_id")
    found = [lookup(call, place, number) for number in call.params.numbers("message_ids")]
    usable = [m for m in found if m is not None and m.action is None and not m.protected]
    if not usable:
        raise bad_request("there are no messages to copy or forward")
    return usable


def in_albums(call: Call, found: list[Message], drafts: list[Draft]) -> list[Draft]:
    """Keep together what was an album."""
    old = {message.album for message in found} - {None}
    new = {album: call.world.files.number() for album in old}
    pairs = zip(found, drafts, strict=True)
    return [replace(draft, album=new.get(message.album)) for message, draft in pairs]


def again(call: Call, place: Place, message: Message, *, bare: bool) -> Draft:
    """Make a message into one to be said again, without its caption if it shall be `bare`."""
    words = Formatted(message.text, message.entities)
    if bare and message.media is not None:
        words = Formatted("")
    return draft_of(call, place, words, message.media)


def forwarded(call: Call, place: Place, message: Message) -> Draft:
    """Make a message into one that says where it comes from."""
    words = Formatted(message.text, message.entities)
    post = message.id if message.post else None
    sender = message.chat if message.post else message.sender or person_peer(message.author)
    origin = message.origin or Origin(sender, message.date, post)
    return Draft(
        words.text,
        entities=words.entities,
        media=message.media,
        origin=origin,
        reply_to=answered_by(call, place),
        topic=topic_of(call, place),
        silent=call.params.flag("disable_notification"),
        protected=call.params.flag("protect_content"),
    )
