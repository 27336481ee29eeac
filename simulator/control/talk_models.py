"""What is said and shown in chats, as the control API's JSON."""

from datetime import datetime
from typing import Literal

from pydantic import Base64Bytes, BaseModel, Field

from simulator.control.models import Asked, UserNumber


class FileAsked(Asked):
    """A file in base64; what does not concern its kind is left out.

    A photo must be a picture, whose size is read from it; `length` of a round video is `width`.
    """

    kind: Literal[
        "photo",
        "document",
        "video",
        "animation",
        "audio",
        "voice",
        "video_note",
        "sticker",
    ] = "document"
    data: Base64Bytes
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""


class LocationAsked(Asked):
    """A place in degrees, a venue when it has a title."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    title: str = ""
    address: str = ""


class ContactAsked(Asked):
    """A telephone number; whoever has an account under it is found."""

    phone: str
    first_name: str
    last_name: str = ""


class WordsAsked(Asked):
    """Something to be said: words, and at most one thing with them.

    `photo` is short for a file that is a photo; `topic` is the thread of a forum.
    """

    text: str = ""
    reply_to: int | None = None
    topic: int | None = None
    silent: bool = False
    photo: Base64Bytes | None = None
    file: FileAsked | None = None
    location: LocationAsked | None = None
    contact: ContactAsked | None = None


class SayingAsked(WordsAsked):
    """Something said in a chat; without `author` it is the chat's creator who says it."""

    author: UserNumber | None = None


class CommentAsked(WordsAsked):
    """A comment on a post."""

    author: UserNumber


class LetterAsked(WordsAsked):
    """Something that a person says to somebody, or in a group or channel (`to` is -100…)."""

    to: int


class PictureAsked(FileAsked):
    """One file of an album, with its caption."""

    caption: str = ""


class AlbumAsked(Asked):
    """Files that are shown together."""

    to: int
    files: list[PictureAsked] = Field(min_length=2, max_length=10)
    reply_to: int | None = None
    topic: int | None = None


class EditAsked(Asked):
    """Other words for one's own message; `chat` is -100… or a person's id."""

    chat: int
    text: str


class ForwardAsked(Asked):
    """Messages to be passed on from one chat to another."""

    chat: int
    messages: list[int] = Field(min_length=1, max_length=100)
    to: int
    topic: int | None = None


class ReactionAsked(Asked):
    """What somebody feels about a message, in place of what was felt before; nothing is none."""

    chat: int
    message: int
    reactions: list[str] = Field(max_length=3)


class TypingAsked(Asked):
    """Where somebody is writing."""

    chat: int


class VoteAsked(Asked):
    """For which options of a poll somebody votes, counted from 0; none takes the vote back."""

    chat: int
    message: int
    options: list[int]


class PressAsked(Asked):
    """A button to be pressed, by its words, under a bot's message as the presser knows it.

    `chat` is the bot's id for a private chat. Instead of its words a button may be named by the
    `data` that it tells the bot, also when it is gone by now: a client may still show it.
    """

    chat: int
    message: int
    button: str = ""
    data: str = ""


class KeyAsked(Asked):
    """A button of the keyboard that a bot gave; `location` is for one that asks for a place."""

    chat: int
    button: str
    location: LocationAsked | None = None


class ButtonShown(BaseModel):
    """A button: `data` is what its bot is told, `url` where it leads or what is copied."""

    text: str
    kind: str
    data: str = ""
    url: str = ""


class KeyboardShown(BaseModel):
    """The keyboard that a bot gave to somebody in a chat; no rows when there is none."""

    message: int | None
    placeholder: str
    buttons: list[list[ButtonShown]]


class FileShown(BaseModel):
    """A file; its bytes are at /files/{id}."""

    id: int
    kind: str
    name: str
    mime: str
    size: int
    width: int
    height: int
    duration: int
    emoji: str


class LocationShown(BaseModel):
    """A place."""

    latitude: float
    longitude: float
    title: str
    address: str


class ContactShown(BaseModel):
    """A telephone number, and whose account it is."""

    phone: str
    first_name: str
    last_name: str
    user: int | None


class PollShown(BaseModel):
    """A question; `votes` names who voted for what, counted from 0."""

    question: str
    options: list[str]
    closed: bool
    votes: dict[int, list[int]]


class EntityShown(BaseModel):
    """A marked stretch of text, in UTF-16 units."""

    kind: str
    offset: int
    length: int
    detail: str


class OriginShown(BaseModel):
    """Where a forwarded message came from."""

    chat: int
    message: int | None


class MessageShown(BaseModel):
    """A message as it stands.

    `other_id` is the number of the same private message as the other side keeps it, `topic` whether
    its thread is a forum's topic, `title` and `users` belong to service messages (`action`).
    """

    id: int
    chat: int
    author: UserNumber
    text: str
    date: datetime
    edited_at: datetime | None
    reply_to: int | None
    thread: int | None
    random_id: int | None
    media: str | None
    action: str | None
    copy_of: int | None
    buttons: list[list[ButtonShown]]
    other_id: int | None = None
    topic: bool = False
    title: str = ""
    users: list[int] = []
    entities: list[EntityShown] = []
    album: int | None = None
    file: FileShown | None = None
    location: LocationShown | None = None
    contact: ContactShown | None = None
    poll: PollShown | None = None
    forwarded: OriginShown | None = None
    reactions: dict[int, list[str]] = {}
    pinned: bool = False
    silent: bool = False
    protected: bool = False


class AnswerShown(BaseModel):
    """What the presser of a button is shown."""

    text: str
    alert: bool
    url: str


class PressShown(BaseModel):
    """A press of a button; `answer` is null until the bot gives one."""

    id: int
    bot: UserNumber
    answer: AnswerShown | None = None


HappeningKind = Literal[
    "message",
    "edit",
    "deletion",
    "reaction",
    "pin",
    "read",
    "press",
    "answer",
    "standing",
    "request",
    "block",
    "unblock",
    "typing",
]


class HappeningShown(BaseModel):
    """Something that happened; what does not concern its kind is null.

    In private chats it is told once for each side, whose id is `owner`, with the numbers that the
    messages have there. `person` is who did it, or whose standing is another. `chat` is also whom
    a block concerns.
    """

    number: int
    kind: HappeningKind
    at: datetime
    chat: int | None = None
    owner: int | None = None
    person: int | None = None
    messages: list[int] = []
    press: int | None = None


class HappeningAsked(Asked):
    """What happened after the number `after`, for which to wait so many seconds if need be."""

    after: int = Field(0, ge=0)
    wait: float = Field(0, ge=0, le=60)
    kind: HappeningKind | None = None
    chat: int | None = None
    person: int | None = None
    owner: int | None = None

    def fits(self, happening: HappeningShown) -> bool:
        """Tell whether something is of the kind and concerns whom it is asked for."""
        return (
            self.kind in {None, happening.kind}
            and self.chat in {None, happening.chat}
            and self.person in {None, happening.person}
            and self.owner in {None, happening.owner}
        )
