"""Media in the Bot API's objects."""

from simulator.bot_api.shapes import Json, given
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


def file_id(bot: UserId, number: int) -> str:
    """Name a file for one bot; another bot cannot use the name."""
    return f"BQAC{bot:x}-{number:x}"


def show_file(bot: UserId, media: Picture | Document) -> Json:
    """Show what all files have."""
    return {
        "file_id": file_id(bot, media.id),
        "file_unique_id": f"AgAD{media.id:x}",
        "file_size": media.size,
    }


def show_media(bot: UserId, media: Media, ballot: Ballot) -> Json:
    """Show what comes with a message, under the name of its kind; the ballot is of a poll."""
    match media:
        case Picture():
            size = {"width": media.width, "height": media.height}
            return {"photo": [show_file(bot, media) | size]}
        case Document():
            return show_document(bot, media)
        case Contact():
            return {"contact": show_contact(media)}
        case Location():
            return show_location(media)
        case Poll():
            return {"poll": show_poll(media, ballot)}
        case Dice():
            return {"dice": {"emoji": media.emoji, "value": media.value}}


def show_document(bot: UserId, file: Document) -> Json:
    """Show a file as what it is."""
    head = show_file(bot, file) | given(mime_type=file.mime)
    named = head | given(file_name=file.name)
    size = {"width": file.width, "height": file.height}
    length = {"duration": file.duration}
    shown: Json = named
    match file.kind:
        case DocumentKind.VIDEO:
            shown = named | size | length
        case DocumentKind.ANIMATION:
            return {"animation": named | size | length, "document": named}
        case DocumentKind.AUDIO:
            music = given(title=file.title, performer=file.performer)
            shown = named | length | music
        case DocumentKind.VOICE:
            shown = head | length
        case DocumentKind.VIDEO_NOTE:
            shown = show_file(bot, file) | length | {"length": file.width}
        case DocumentKind.STICKER:
            nature = {"type": "regular", "is_animated": False, "is_video": False}
            shown = show_file(bot, file) | size | nature | given(emoji=file.emoji)
    return {file.kind.value: shown}


def show_contact(contact: Contact) -> Json:
    """Show a telephone number."""
    return {"phone_number": contact.phone, "first_name": contact.first_name} | given(
        last_name=contact.last_name, user_id=contact.user, vcard=contact.vcard
    )


def show_location(place: Location) -> Json:
    """Show a place, and what stands there if that was said."""
    shown: Json = {"location": {"latitude": place.latitude, "longitude": place.longitude}}
    if place.title:
        venue = {"title": place.title, "address": place.address}
        shown["venue"] = {"location": shown["location"], **venue}
    return shown


def show_poll(poll: Poll, ballot: Ballot) -> Json:
    """Show a question and how the votes stand."""
    options = [
        {"persistent_id": str(number), "text": text, "voter_count": ballot.count(number)}
        for number, text in enumerate(poll.options)
    ]
    return {
        "id": str(poll.id),
        "question": poll.question,
        "options": options,
        "total_voter_count": len(ballot.votes),
        "is_closed": ballot.closed,
        "is_anonymous": poll.anonymous,
        "type": "regular",
        "allows_multiple_answers": poll.multiple,
        "allows_revoting": True,
        "members_only": False,
    }
