"""What may come with a message besides its words."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.world.peers import UserId


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo; its bytes lie in the world's files under `id`, unless only its outline is known."""

    id: int
    width: int = 1280
    height: int = 720
    size: int = 100_000


class DocumentKind(StrEnum):
    """As what a file is shown; the values are the Bot API's words."""

    DOCUMENT = "document"
    VIDEO = "video"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of any kind, whose bytes lie in the world's files under `id`.

    Durations are seconds; `title` and `performer` are of music, `emoji` of a sticker.
    """

    id: int
    kind: DocumentKind = DocumentKind.DOCUMENT
    mime: str = "application/octet-stream"
    name: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody's telephone number; `user` when the number has an account."""

    phone: str
    first_name: str
    last_name: str = ""
    vcard: str = ""
    user: UserId | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A place in degrees, with a name and address when it is a venue."""

    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with options; the votes are kept by `Polls`."""

    id: int
    question: str
    options: tuple[str, ...]
    anonymous: bool = True
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class Dice:
    """An emoji that shows a value at random."""

    emoji: str
    value: int


Media = Picture | Document | Contact | Location | Poll | Dice
ALBUM_MEDIA = (Picture, Document)
