"""The media of a call: files that came with it or are known, places, numbers, questions."""

import random
from dataclasses import replace

from simulator.bot_api.call import Call
from simulator.bot_api.errors import BotApiError, bad_request
from simulator.bot_api.params import Params, Upload
from simulator.bot_api.show_media import file_id
from simulator.world.media import (
    Contact,
    Dice,
    Document,
    DocumentKind,
    Location,
    Media,
    Picture,
    Poll,
)
from simulator.world.people import normalise_phone
from simulator.world.refusals import Refusal

ATTACHED = "attach://"
USUAL_MIME = {
    DocumentKind.VIDEO: "video/mp4",
    DocumentKind.ANIMATION: "video/mp4",
    DocumentKind.AUDIO: "audio/mpeg",
    DocumentKind.VOICE: "audio/ogg",
    DocumentKind.VIDEO_NOTE: "video/mp4",
    DocumentKind.STICKER: "image/webp",
}
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
PHOTO = "photo"


def read_file(call: Call, kind: str, params: Params) -> Picture | Document:
    """Read a photo or a file of some kind, named by a parameter or attached."""
    name = kind if params.has(kind) or kind in params.files else "media"
    upload = params.files.get(name) or attached(call, params.text(name))
    if upload is None:
        return describe(known_file(call, kind, params.text(name)), params)
    if kind == PHOTO:
        return call.world.files.add_picture(upload.data)
    chosen = DocumentKind(kind)
    mime = USUAL_MIME.get(chosen, upload.mime)
    stored = call.world.files.add_document(upload.data, upload.name, mime, chosen)
    return describe(stored, params)


def attached(call: Call, words: str) -> Upload | None:
    """Find the file of the request that a parameter speaks of."""
    if not words.startswith(ATTACHED):
        return None
    upload = call.params.files.get(words.removeprefix(ATTACHED))
    if upload is None:
        raise bad_request("file attachment not found")
    return upload


def known_file(call: Call, kind: str, words: str) -> Picture | Document:
    """Find a file by the name that it has for this bot."""
    if not words:
        raise bad_request(f"there is no {kind} in the request")
    media = find_file(call, words)
    found = PHOTO if isinstance(media, Picture) else media.kind.value
    if found != kind:
        raise bad_request(f"can't use file of type {found} as {kind}")
    return media


def find_file(call: Call, words: str) -> Picture | Document:
    """Find any file by its name; raises `BotApiError`."""
    number = words.rpartition("-")[2]
    try:
        media = call.world.files.media[int(number, 16)]
    except (ValueError, KeyError):
        raise wrong_file() from None
    if file_id(call.bot.id, media.id) != words:
        raise wrong_file()
    return media


def wrong_file() -> BotApiError:
    """Refuse a name that means no file."""
    return bad_request("wrong file identifier/HTTP URL specified")


def describe(media: Picture | Document, params: Params) -> Picture | Document:
    """Add what the call says of a file's length and size."""
    if isinstance(media, Picture):
        return media
    side = params.number("length") or 0
    return replace(
        media,
        width=params.number("width") or side or media.width,
        height=params.number("height") or side or media.height,
        duration=params.number("duration") or media.duration,
        title=params.text("title", media.title),
        performer=params.text("performer", media.performer),
        emoji=params.text("emoji", media.emoji),
    )


def read_contact(call: Call) -> Media:
    """Read a telephone number; somebody with an account is found by it."""
    params, phone = call.params, call.params.required("phone_number")
    try:
        person = call.world.people.by_phone.get(normalise_phone(phone))
    except Refusal:
        person = None
    return Contact(
        phone,
        params.required("first_name"),
        params.text("last_name"),
        params.text("vcard"),
        person.id if person else None,
    )


def read_location(call: Call) -> Media:
    """Read a place."""
    params = call.params
    latitude, longitude = params.real("latitude"), params.real("longitude")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad_request("can't parse location")
    return Location(latitude, longitude, params.text("title"), params.text("address"))


def read_poll(call: Call) -> Media:
    """Read a question."""
    params = call.params
    given = params.items("options") or []
    options = tuple(str(o.get("text", "")) if isinstance(o, dict) else str(o) for o in given)
    if not options or not all(options):
        raise bad_request("poll must have at least 1 option")
    anonymous = not params.has("is_anonymous") or params.flag("is_anonymous")
    multiple = params.flag("allows_multiple_answers")
    number = call.world.files.number()
    return Poll(number, params.required("question"), options, anonymous, multiple)


def read_dice(call: Call) -> Media:
    """Throw a die."""
    emoji = call.params.text("emoji", "🎲")
    if emoji not in DICE:
        raise bad_request("wrong dice emoji specified")
    return Dice(emoji, random.randint(1, DICE[emoji]))  # noqa: S311 - only a game
