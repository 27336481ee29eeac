"""Media of the world as the wire shows them, and what the wire says of documents read back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from telethon.tl import types

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
from simulator.world.peers import UserId
from simulator.world.polls import Ballot

DATA_CENTRE = 2
WHOLE = "y"
REFERENCE = b"simulated"
NOBODY = UserId(0)


def show_media(
    media: Media, at: datetime, ballot: Ballot | None = None, viewer: UserId = NOBODY
) -> types.TLObject:
    """Show what comes with a message that was said at that time; `ballot` is of a poll."""
    match media:
        case Picture():
            return types.MessageMediaPhoto(photo=show_photo(media, at))
        case Document():
            return types.MessageMediaDocument(
                document=show_document(media, at),
                video=media.kind is DocumentKind.VIDEO,
                round=media.kind is DocumentKind.VIDEO_NOTE,
                voice=media.kind is DocumentKind.VOICE,
            )
        case Contact():
            return types.MessageMediaContact(
                media.phone, media.first_name, media.last_name, media.vcard, media.user or 0
            )
        case Location():
            return show_location(media)
        case Poll():
            return show_poll(media, ballot or Ballot(), viewer)
        case Dice():
            return types.MessageMediaDice(media.value, media.emoji)


def show_photo(picture: Picture, at: datetime) -> types.Photo:
    """Show a photo, of which there is one size."""
    return types.Photo(
        id=picture.id,
        access_hash=picture.id,
        file_reference=REFERENCE,
        date=at,
        sizes=[types.PhotoSize(WHOLE, picture.width, picture.height, picture.size)],
        dc_id=DATA_CENTRE,
    )


def show_document(document: Document, at: datetime) -> types.Document:
    """Show a file."""
    return types.Document(
        id=document.id,
        access_hash=document.id,
        file_reference=REFERENCE,
        date=at,
        mime_type=document.mime,
        size=document.size,
        dc_id=DATA_CENTRE,
        attributes=show_attributes(document),
    )


def show_attributes(document: Document) -> list[types.TLObject]:
    """Show as what a file is to be taken."""
    shown: list[types.TLObject] = []
    if document.name:
        shown.append(types.DocumentAttributeFilename(document.name))
    match document.kind:
        case DocumentKind.VIDEO | DocumentKind.VIDEO_NOTE | DocumentKind.ANIMATION:
            is_round = document.kind is DocumentKind.VIDEO_NOTE
            size = (document.width, document.height)
            shown.append(types.DocumentAttributeVideo(document.duration, *size, is_round))
        case DocumentKind.AUDIO | DocumentKind.VOICE:
            shown.append(show_audio(document))
        case DocumentKind.STICKER:
            shown.append(
                types.DocumentAttributeSticker(document.emoji, types.InputStickerSetEmpty())
            )
    if document.kind is DocumentKind.ANIMATION:
        shown.append(types.DocumentAttributeAnimated())
    return shown


def show_audio(document: Document) -> types.DocumentAttributeAudio:
    """Show music, or what somebody said."""
    return types.DocumentAttributeAudio(
        document.duration,
        document.kind is DocumentKind.VOICE,
        document.title or None,
        document.performer or None,
    )


def show_location(place: Location) -> types.TLObject:
    """Show a place, a venue when it has a name."""
    point = types.GeoPoint(long=place.longitude, lat=place.latitude, access_hash=0)
    if not place.title:
        return types.MessageMediaGeo(point)
    return types.MessageMediaVenue(point, place.title, place.address, "", "", "")


def show_poll(poll: Poll, ballot: Ballot, viewer: UserId) -> types.MessageMediaPoll:
    """Show a question with its votes."""
    options = [
        types.PollAnswer(plain(words), option_name(number))
        for number, words in enumerate(poll.options)
    ]
    shown = types.Poll(
        id=poll.id,
        question=plain(poll.question),
        answers=options,
        hash=0,
        closed=ballot.closed,
        public_voters=not poll.anonymous,
        multiple_choice=poll.multiple,
    )
    return types.MessageMediaPoll(shown, show_results(poll, ballot, viewer))


def show_results(poll: Poll, ballot: Ballot, viewer: UserId) -> types.PollResults:
    """Show the votes to whoever voted; to others only how many there are, until the end."""
    mine = ballot.votes.get(viewer, ())
    counted = [
        types.PollAnswerVoters(
            option_name(number), number in mine, voters=ballot.count(number), recent_voters=[]
        )
        for number in range(len(poll.options))
    ]
    told = counted if mine or ballot.closed else None
    return types.PollResults(results=told, total_voters=len(ballot.votes))


def option_name(number: int) -> bytes:
    """Name an option of a poll."""
    return str(number).encode()


def read_option(name: bytes) -> int:
    """Read which option of a poll is named; -1 for what is none."""
    return int(name) if name.isdigit() else -1


def plain(text: str) -> types.TextWithEntities:
    """Write words without markup."""
    return types.TextWithEntities(text, [])


def read_attributes(document: Document, attributes: Sequence[types.TLObject]) -> Document:
    """Read as what a file is to be taken."""
    for attribute in attributes:
        document = read_attribute(document, attribute)
    return document


def read_attribute(document: Document, attribute: types.TLObject) -> Document:
    """Read one thing that is said of a file; what the world does not keep is left out."""
    match attribute:
        case types.DocumentAttributeFilename():
            return replace(document, name=attribute.file_name)
        case types.DocumentAttributeSticker():
            return replace(document, kind=DocumentKind.STICKER, emoji=attribute.alt)
        case types.DocumentAttributeAnimated():
            return replace(document, kind=DocumentKind.ANIMATION)
        case types.DocumentAttributeAudio():
            return read_audio(document, attribute)
        case types.DocumentAttributeVideo():
            return read_video(document, attribute)
    return document


def read_audio(document: Document, attribute: types.DocumentAttributeAudio) -> Document:
    """Read music, or what somebody said."""
    return replace(
        document,
        kind=DocumentKind.VOICE if attribute.voice else DocumentKind.AUDIO,
        duration=attribute.duration,
        title=attribute.title or "",
        performer=attribute.performer or "",
    )


def read_video(document: Document, attribute: types.DocumentAttributeVideo) -> Document:
    """Read a video; one that was said to be an animation stays one."""
    kind = DocumentKind.VIDEO_NOTE if attribute.round_message else DocumentKind.VIDEO
    if document.kind is DocumentKind.ANIMATION:
        kind = document.kind
    size = {"width": attribute.w, "height": attribute.h}
    return replace(document, kind=kind, duration=int(attribute.duration), **size)
