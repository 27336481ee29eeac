"""Makes drafts of what a request wants said."""

from dataclasses import replace

from simulator.control.lookup import NotThere, Place
from simulator.control.talk_models import (
    ContactAsked,
    FileAsked,
    LocationAsked,
    WordsAsked,
)
from simulator.world.media import Contact, Document, DocumentKind, Location, Media, Picture
from simulator.world.messages import Draft, Message
from simulator.world.peers import MessageId
from simulator.world.people import Person, normalise_phone
from simulator.world.world import World

PHOTO = "photo"


def draft_of(world: World, asked: WordsAsked, reply_to: int | None = None) -> Draft:
    """Make a draft; raises ValueError where more than one thing is to come with the words."""
    answered = asked.reply_to if reply_to is None else reply_to
    return Draft(
        asked.text,
        None if answered is None else MessageId(answered),
        media=media_of(world, asked),
        silent=asked.silent,
        topic=None if asked.topic is None else MessageId(asked.topic),
    )


def media_of(world: World, asked: WordsAsked) -> Media | None:
    """Make the one thing that comes with words, None when nothing does."""
    found = [
        each
        for each in (
            None if asked.photo is None else world.files.add_picture(asked.photo),
            None if asked.file is None else file_of(world, asked.file),
            None if asked.location is None else location_of(asked.location),
            None if asked.contact is None else contact_of(world, asked.contact),
        )
        if each is not None
    ]
    if len(found) > 1:
        raise ValueError("a message has one photo, file, location or contact; several are an album")
    return found[0] if found else None


def file_of(world: World, asked: FileAsked) -> Picture | Document:
    """Keep a file."""
    if asked.kind == PHOTO:
        return world.files.add_picture(asked.data)
    kind = DocumentKind(asked.kind)
    stored = world.files.add_document(asked.data, asked.name, asked.mime or USUAL[kind], kind)
    return replace(
        stored,
        width=asked.width,
        height=asked.height,
        duration=asked.duration,
        title=asked.title,
        performer=asked.performer,
        emoji=asked.emoji,
    )


USUAL = {
    DocumentKind.DOCUMENT: "application/octet-stream",
    DocumentKind.VIDEO: "video/mp4",
    DocumentKind.ANIMATION: "video/mp4",
    DocumentKind.AUDIO: "audio/mpeg",
    DocumentKind.VOICE: "audio/ogg",
    DocumentKind.VIDEO_NOTE: "video/mp4",
    DocumentKind.STICKER: "image/webp",
}


def location_of(asked: LocationAsked) -> Location:
    """Make a place."""
    return Location(asked.latitude, asked.longitude, asked.title, asked.address)


def contact_of(world: World, asked: ContactAsked) -> Contact:
    """Make a telephone number; whoever has an account under it is found."""
    person = world.people.by_phone.get(normalise_phone(asked.phone))
    user = None if person is None else person.id
    return Contact(asked.phone, asked.first_name, asked.last_name, user=user)


def own_contact(person: Person) -> Contact:
    """Make somebody's own telephone number, as a keyboard's button sends it."""
    if not person.phone:
        raise NotThere(f"{person.name} ({person.id}) has no telephone number to share.")
    return Contact(person.phone, person.first_name, person.last_name, user=person.id)


def say(world: World, author: Person, place: Place, draft: Draft) -> Message:
    """Say something in a group or channel or to somebody; gives the author's copy."""
    if isinstance(place, Person):
        return world.private_talk.send(author, place, draft).message
    return world.channel_talk.send(place, author.id, draft).message
