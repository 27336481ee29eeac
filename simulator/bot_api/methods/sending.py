"""What bots say in their own words and with their own files."""

import json
from collections.abc import Callable
from dataclasses import replace

from simulator.bot_api.call import Call, Handler, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.formatting import Formatted
from simulator.bot_api.params import Params, flatten
from simulator.bot_api.targets import draft_of, say
from simulator.bot_api.texts import read_caption, read_words
from simulator.bot_api.uploads import (
    read_contact,
    read_dice,
    read_file,
    read_location,
    read_poll,
)
from simulator.world.media import Media

methods = Methods()
FILES = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendVideo": "video",
    "sendAnimation": "animation",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendVideoNote": "video_note",
    "sendSticker": "sticker",
}
OTHERS: dict[str, Callable[[Call], Media]] = {
    "sendContact": read_contact,
    "sendLocation": read_location,
    "sendVenue": read_location,
    "sendPoll": read_poll,
    "sendDice": read_dice,
}
IN_ALBUMS = frozenset({"photo", "video", "document", "audio"})


@methods.handles("sendMessage")
async def send_message(call: Call) -> object:
    """Say something in words."""
    place = call.place()
    words = read_words(call.params, "text", "entities")
    if not words.text.strip():
        raise bad_request("message text is empty")
    return call.show.message(*say(call, place, draft_of(call, place, words)))


def sends_file(kind: str) -> Handler:
    """Make the handler that sends files of a kind."""

    async def send(call: Call) -> object:
        place = call.place()
        media = read_file(call, kind, call.params)
        draft = draft_of(call, place, read_caption(call.params), media)
        return call.show.message(*say(call, place, draft))

    return send


def sends(read: Callable[[Call], Media]) -> Handler:
    """Make the handler that sends what `read` makes of a call."""

    async def send(call: Call) -> object:
        place = call.place()
        draft = draft_of(call, place, Formatted(""), read(call))
        return call.show.message(*say(call, place, draft))

    return send


for name, kind in FILES.items():
    methods.handles(name)(sends_file(kind))
for name, read in OTHERS.items():
    methods.handles(name)(sends(read))


@methods.handles("sendMediaGroup")
async def send_media_group(call: Call) -> object:
    """Send several files that are shown together."""
    place, items = call.place(), call.params.items("media") or []
    if not 2 <= len(items) <= 10:
        raise bad_request("group send failed: there must be from 2 to 10 items")
    album = call.world.files.number()
    read = [read_item(call, item) for item in items]
    drafts = [replace(draft_of(call, place, *each), album=album) for each in read]
    return [call.show.message(message) for message in say(call, place, *drafts)]


def read_item(call: Call, item: object) -> tuple[Formatted, Media]:
    """Read one item of an album."""
    params = Params(flatten(json.dumps(item).encode()))
    kind = params.text("type")
    if kind not in IN_ALBUMS:
        raise bad_request(f"can't use {kind or 'that'} in an album")
    return read_caption(params), read_file(call, kind, params)
