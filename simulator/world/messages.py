"""What is said: messages, their parts, and what somebody wants to say."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from simulator.world.peers import ChannelId, MessageId, Peer, UserId
from simulator.world.refusals import Refusal

LONGEST_TEXT = 4096


class EntityKind(StrEnum):
    """How a stretch of text is marked up; the values are Telegram's words."""

    MENTION = "Mention"
    HASHTAG = "Hashtag"
    BOT_COMMAND = "BotCommand"
    URL = "Url"
    EMAIL = "Email"
    PHONE = "Phone"
    BOLD = "Bold"
    ITALIC = "Italic"
    UNDERLINE = "Underline"
    STRIKE = "Strike"
    SPOILER = "Spoiler"
    CODE = "Code"
    PRE = "Pre"
    BLOCKQUOTE = "Blockquote"
    TEXT_URL = "TextUrl"
    MENTION_NAME = "MentionName"


@dataclass(frozen=True, slots=True)
class Entity:
    """A marked stretch of text; offset and length count UTF-16 units.

    `detail` is the address of a text link, the language of a code block or the mentioned
    person's id in digits.
    """

    kind: EntityKind
    offset: int
    length: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo of which only the outline is known."""

    id: int
    width: int = 1280
    height: int = 720
    size: int = 100_000


class ActionKind(StrEnum):
    """What a service message tells of."""

    CHANNEL_CREATED = "channel_created"
    MEMBERS_ADDED = "members_added"


@dataclass(frozen=True, slots=True)
class Action:
    """The content of a service message."""

    kind: ActionKind
    title: str = ""
    users: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class Forward:
    """Where a forwarded message came from."""

    channel: ChannelId
    post: MessageId
    date: datetime


@dataclass(frozen=True, slots=True)
class Twin:
    """The same private message as the other side keeps it."""

    owner: UserId
    id: MessageId


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say."""

    text: str
    reply_to: MessageId | None = None
    random_id: int | None = None
    entities: tuple[Entity, ...] = ()
    media: Picture | None = None
    silent: bool = False

    def check(self) -> None:
        """Refuse what Telegram would not send."""
        if not self.text.strip() and self.media is None:
            raise Refusal("MESSAGE_EMPTY")
        if len(self.text) > LONGEST_TEXT:
            raise Refusal("MESSAGE_TOO_LONG")


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands now; `deleted` stays known so that the log can skip it."""

    id: MessageId
    chat: Peer
    author: UserId
    text: str
    date: datetime
    sender: Peer | None = None
    entities: tuple[Entity, ...] = ()
    media: Picture | None = None
    reply_to: MessageId | None = None
    thread: MessageId | None = None
    forward: Forward | None = None
    action: Action | None = None
    twin: Twin | None = None
    silent: bool = False
    post: bool = False
    edited_at: datetime | None = None
    views: int = 0
    deleted: bool = False
    random_id: int | None = None
    reactions: dict[UserId, tuple[str, ...]] = field(default_factory=dict)

    def rewrite(self, words: Draft, at: datetime) -> None:
        """Put another text in place of this one; the media stay."""
        replace(words, media=self.media).check()
        if (self.text, self.entities) == (words.text, words.entities):
            raise Refusal("MESSAGE_NOT_MODIFIED")
        self.text, self.entities, self.edited_at = words.text, words.entities, at

    def react(self, user: UserId, reactions: tuple[str, ...]) -> None:
        """Keep what somebody feels about the message, nothing when `reactions` is empty."""
        self.reactions.pop(user, None)
        if reactions:
            self.reactions[user] = reactions
