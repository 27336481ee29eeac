"""What is said in a ticket, by whom, with its attachments."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from support.actor import By
from support.ids import (
    ActKey,
    AttachmentId,
    ChatId,
    OperatorId,
    TechnicianId,
    TgMessageId,
    TicketId,
    TicketMessageId,
)
from support.tickets import Place, Ticket, TicketState


class ContentType(StrEnum):
    """What a message is, in the words of the Bot API."""

    TEXT = "text"
    PHOTO = "photo"
    VIDEO = "video"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    VENUE = "venue"
    CONTACT = "contact"
    POLL = "poll"
    DICE = "dice"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Source:
    """A message where it was written; recorded once."""

    chat: ChatId
    message: TgMessageId


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: always what is known of it, the file itself optionally."""

    file_id: str
    file_unique_id: str
    mime_type: str | None = None
    size: int | None = None
    """Bytes."""
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    """Seconds."""
    file_name: str | None = None
    local_path: str | None = None
    """Where the file is kept, when it is."""
    id: AttachmentId | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that somebody wrote for the other side."""

    ticket: TicketId
    by: By
    source: Source | None
    """None: Troupe itself said it (a template answer, a survey)."""
    content_type: ContentType
    text: str | None
    caption: str | None
    sent_at: datetime
    reply_to: Source | None = None
    media_group: str | None = None
    """What keeps an album together."""
    attachments: tuple[Attachment, ...] = ()
    act: ActKey | None = None
    """Under which it is recorded once, when there is no source to know it by."""
    only_open: bool = False
    """Whether a ticket that is closed does not take it: whoever wrote it is asked anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ticket stands in the moment in which a client's message is on record.

    Whoever takes it after that moment finds the message among those that wait.
    """

    state: TicketState
    operator: OperatorId | None
    technician: TechnicianId | None
    taken_at: datetime | None
    main: Place | None

    def of(self, ticket: Ticket) -> Ticket:
        """Return the ticket as it stands so."""
        return replace(
            ticket,
            state=self.state,
            operator=self.operator,
            technician=self.technician,
            taken_at=self.taken_at,
            main=self.main,
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """The message's number in its ticket, and whether it was new."""

    id: TicketMessageId
    is_new: bool
    standing: Standing | None = None
    """Told of a client's new message."""


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """A message on record."""

    id: TicketMessageId
    ticket: TicketId
    side: str
    author: str
    content_type: ContentType
    text: str | None
    caption: str | None
    source: Source | None
    reply_to: Source | None
    media_group: str | None
    sent_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    attachments: tuple[Attachment, ...] = field(default=())
    author_id: int | None = None
    """The number of the client, the member of staff or the technician who wrote it."""
    came_from: TicketId | None = None
    """The ticket that it was written in, where that became part of this one."""

    @property
    def words(self) -> str:
        """Return the text or the caption."""
        return self.text or self.caption or ""
