"""What is said: messages, their parts, and what somebody wants to say."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from simulator.world.markup import Markup
from simulator.world.media import Media
from simulator.world.peers import ChannelId, MessageId, Peer, UserId
from simulator.world.refusals import Refusal

LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024


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


class ActionKind(StrEnum):
    """What a service message tells of."""

    CHANNEL_CREATED = "channel_created"
    MEMBERS_ADDED = "members_added"
    MEMBER_GONE = "member_gone"
    JOINED_BY_LINK = "joined_by_link"
    JOINED_BY_REQUEST = "joined_by_request"
    TITLE_CHANGED = "title_changed"
    PINNED = "pinned"
    TOPIC_CREATED = "topic_created"
    TOPIC_EDITED = "topic_edited"
    MOVED_TO = "moved_to"
    MOVED_FROM = "moved_from"


@dataclass(frozen=True, slots=True)
class Action:
    """The content of a service message; what is None did not change."""

    kind: ActionKind
    title: str = ""
    users: tuple[UserId, ...] = ()
    icon: int = 0
    closed: bool | None = None
    hidden: bool | None = None
    other: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Of which post this is the copy in a discussion group."""

    channel: ChannelId
    post: MessageId
    date: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody's forwarded message came from; `message` is the number of a post."""

    sender: Peer
    date: datetime
    message: MessageId | None = None


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What is wished of the preview of a link; `url` is another link than the text's first."""

    disabled: bool = False
    url: str = ""
    small: bool = False
    large: bool = False
    above: bool = False


@dataclass(frozen=True, slots=True)
class Twin:
    """The same private message as the other side keeps it."""

    owner: UserId
    id: MessageId


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say; messages of one `album` are shown together.

    `topic` is the topic of a forum in which it is said, General when it is None. What is
    `protected` cannot be passed on.
    """

    text: str
    reply_to: MessageId | None = None
    random_id: int | None = None
    entities: tuple[Entity, ...] = ()
    media: Media | None = None
    silent: bool = False
    markup: Markup | None = None
    album: int | None = None
    origin: Origin | None = None
    topic: MessageId | None = None
    protected: bool = False
    preview: LinkPreview | None = None

    def check(self) -> None:
        """Refuse what Telegram would not send."""
        if not self.text.strip() and self.media is None:
            raise Refusal("MESSAGE_EMPTY")
        if len(self.text) > LONGEST_TEXT:
            raise Refusal("MESSAGE_TOO_LONG")
        if self.media is not None and len(self.text) > LONGEST_CAPTION:
            raise Refusal("MEDIA_CAPTION_TOO_LONG")


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
    media: Media | None = None
    reply_to: MessageId | None = None
    thread: MessageId | None = None
    in_topic: bool = False
    forward: Forward | None = None
    origin: Origin | None = None
    action: Action | None = None
    twin: Twin | None = None
    silent: bool = False
    post: bool = False
    edited_at: datetime | None = None
    views: int = 0
    deleted: bool = False
    random_id: int | None = None
    markup: Markup | None = None
    album: int | None = None
    pinned: bool = False
    forwards: int = 0
    protected: bool = False
    preview: LinkPreview | None = None
    reactions: dict[UserId, tuple[str, ...]] = field(default_factory=dict)

    def rewrite(self, words: Draft, at: datetime) -> None:
        """Put another text, keyboard and, when given, other media in place of these."""
        media = words.media or self.media
        replace(words, media=media).check()
        preview = words.preview or self.preview
        now = (self.text, self.entities, self.media, self.markup, self.preview)
        if now == (words.text, words.entities, media, words.markup, preview):
            raise Refusal("MESSAGE_NOT_MODIFIED")
        self.preview = preview
        self.text, self.entities, self.media, self.markup = (
            words.text,
            words.entities,
            media,
            words.markup,
        )
        self.edited_at = at

    def react(self, user: UserId, reactions: tuple[str, ...]) -> None:
        """Keep what somebody feels about the message, nothing when `reactions` is empty."""
        self.reactions.pop(user, None)
        if reactions:
            self.reactions[user] = reactions
