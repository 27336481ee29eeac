"""Uploading and downloading in parts, and the media that a request names."""

from telethon.tl import types
from telethon.tl.functions import messages, upload

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate_media import read_attributes, show_media
from simulator.world.media import Contact, Dice, Document, Location, Media, Picture, Poll
from simulator.world.refusals import Refusal

LARGEST_PIECE = 1024 * 1024
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
OPTIONS = range(2, 13)

topic = Topic()


@topic.handles(upload.SaveFilePartRequest)
async def save_part(caller: Caller, request: upload.SaveFilePartRequest) -> Result:
    """Keep a part of an upload."""
    files = caller.world.files
    files.save_part(caller.me.id, request.file_id, request.file_part, request.bytes)
    return True


@topic.handles(upload.SaveBigFilePartRequest)
async def save_big_part(caller: Caller, request: upload.SaveBigFilePartRequest) -> Result:
    """Keep a part of a large upload."""
    files = caller.world.files
    files.save_part(caller.me.id, request.file_id, request.file_part, request.bytes)
    return True


@topic.handles(upload.GetFileRequest)
async def get_file(caller: Caller, request: upload.GetFileRequest) -> Result:
    """Give a piece of a file; whoever knows a file's number may read it."""
    named = request.location
    if not isinstance(named, types.InputPhotoFileLocation | types.InputDocumentFileLocation):
        raise Refusal("LOCATION_INVALID")
    if named.access_hash != named.id:
        raise Refusal("FILE_ID_INVALID")
    if request.offset < 0:
        raise Refusal("OFFSET_INVALID")
    if not 0 < request.limit <= LARGEST_PIECE:
        raise Refusal("LIMIT_INVALID")
    stored = caller.world.files.get(named.id)
    piece = stored.data[request.offset : request.offset + request.limit]
    form = types.storage.FileJpeg() if stored.mime == "image/jpeg" else types.storage.FilePartial()
    return types.upload.File(type=form, mtime=0, bytes=piece)


@topic.handles(messages.UploadMediaRequest)
async def upload_media(caller: Caller, request: messages.UploadMediaRequest) -> Result:
    """Make a photo or document of an upload without sending it."""
    caller.peer(request.peer)
    return show_media(read_media(caller, request.media), caller.world.clock.now())


def read_media(caller: Caller, named: types.TLObject) -> Media:
    """Read what shall come with a message; raises `Refusal` for what the world does not keep."""
    match named:
        case types.InputMediaUploadedPhoto():
            return caller.world.files.add_picture(uploaded(caller, named.file))
        case types.InputMediaUploadedDocument():
            return read_upload(caller, named)
        case types.InputMediaPhoto() | types.InputMediaDocument():
            return known_media(caller, named.id)
        case _:
            return read_other(caller, named)


def read_other(caller: Caller, named: types.TLObject) -> Media:
    """Read media that are no files."""
    match named:
        case types.InputMediaContact():
            return read_contact(caller, named)
        case types.InputMediaGeoPoint() | types.InputMediaVenue():
            return read_location(named)
        case types.InputMediaPoll():
            return read_poll(caller, named.poll)
        case types.InputMediaDice(emoticon=emoji) if emoji in DICE:
            return Dice(emoji, caller.world.files.number() % DICE[emoji] + 1)
    raise Refusal("MEDIA_INVALID")


def uploaded(caller: Caller, file: types.InputFile | types.InputFileBig) -> bytes:
    """Put together what was uploaded."""
    if not isinstance(file, types.InputFile | types.InputFileBig):
        raise Refusal("MEDIA_INVALID")
    return caller.world.files.assemble(caller.me.id, file.id, file.parts)


def read_upload(caller: Caller, named: types.InputMediaUploadedDocument) -> Document:
    """Make a document of an upload."""
    files = caller.world.files
    made = files.add_document(uploaded(caller, named.file), named.file.name, named.mime_type)
    document = read_attributes(made, named.attributes)
    files.media[document.id] = document
    return document


def known_media(caller: Caller, named: types.InputPhoto | types.InputDocument) -> Media:
    """Find a photo or document that exists."""
    found = caller.world.files.media.get(named.id)
    wanted = Picture if isinstance(named, types.InputPhoto) else Document
    if not isinstance(found, wanted) or named.access_hash != named.id:
        raise Refusal("MEDIA_EMPTY")
    return found


def read_contact(caller: Caller, named: types.InputMediaContact) -> Contact:
    """Read a telephone number, and whose account it is."""
    digits = "".join(filter(str.isdigit, named.phone_number))
    owner = caller.world.people.by_phone.get(digits)
    user = None if owner is None else owner.id
    return Contact(named.phone_number, named.first_name, named.last_name, named.vcard, user)


def read_location(named: types.InputMediaGeoPoint | types.InputMediaVenue) -> Location:
    """Read a place."""
    point = named.geo_point
    if not isinstance(point, types.InputGeoPoint):
        raise Refusal("MEDIA_INVALID")
    if isinstance(named, types.InputMediaGeoPoint):
        return Location(point.lat, point.long)
    return Location(point.lat, point.long, named.title, named.address)


def read_poll(caller: Caller, poll: types.Poll) -> Poll:
    """Read a question with its options."""
    options = tuple(answer.text.text for answer in poll.answers)
    if len(options) not in OPTIONS:
        raise Refusal("POLL_ANSWERS_INVALID")
    number = caller.world.files.number()
    anonymous, multiple = not poll.public_voters, bool(poll.multiple_choice)
    return Poll(number, poll.question.text, options, anonymous, multiple)
