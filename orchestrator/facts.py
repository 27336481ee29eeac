"""What the doors report: Telegram's updates as typed facts, recorded once and then acted on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from orchestrator.ids import AccountId, MessageId, TelegramId


@dataclass(frozen=True, slots=True)
class Engagement:
    """How a message was received, as far as Telegram tells."""

    views: int = 0
    likes: int = 0
    replies: int = 0


@dataclass(frozen=True, slots=True)
class MediaReference:
    """A photo, file or the like that came with a message: what it is, not its bytes."""

    kind: str
    telegram_id: int | None = None
    mime_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class PostSeen:
    """A channel published a post (not a service message), seen by `account`."""

    account: AccountId
    channel: TelegramId
    message: MessageId
    text: str
    published_at: datetime
    media: tuple[MediaReference, ...] = ()
    engagement: Engagement = Engagement()
    edited_at: datetime | None = None
    album: int | None = None
    late: bool = False
    """No update told of it: it was found by comparing with the server."""


@dataclass(frozen=True, slots=True)
class PostEdited:
    """A channel changed a post's text."""

    account: AccountId
    channel: TelegramId
    message: MessageId
    text: str
    edited_at: datetime
    late: bool = False


@dataclass(frozen=True, slots=True)
class PostsDeleted:
    """A channel took posts back."""

    account: AccountId
    channel: TelegramId
    messages: tuple[MessageId, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class DirectMessageSeen:
    """A person wrote to `account` in private."""

    account: AccountId
    sender: TelegramId
    message: MessageId
    text: str
    sent_at: datetime
    sender_name: str = ""
    sender_username: str | None = None
    access_hash: int | None = None
    """How this account addresses the sender, where the update said it."""
    language: str | None = None
    reply_to: MessageId | None = None
    media: tuple[MediaReference, ...] = ()
    edited_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class OwnMessageSeen:
    """`account` wrote to a person in private: we did, or somebody with a phone."""

    account: AccountId
    person: TelegramId
    message: MessageId
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """A person changed what they had written to `account` in private."""

    account: AccountId
    sender: TelegramId
    message: MessageId
    text: str
    edited_at: datetime
    late: bool = False


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """Messages of private chats are gone; Telegram numbers them for each account, not each chat."""

    account: AccountId
    messages: tuple[MessageId, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class ConversationRead:
    """A private chat was read up to a message: by the person, or by `account` itself."""

    account: AccountId
    person: TelegramId
    upto: MessageId
    by_us: bool


@dataclass(frozen=True, slots=True)
class GroupMessageSeen:
    """Somebody wrote into a private group that `account` is in; it may have been `account`."""

    account: AccountId
    group: TelegramId
    message: MessageId
    author: TelegramId | None
    """None: written in the group's own name, or a channel's."""
    text: str
    sent_at: datetime
    author_name: str = ""
    author_username: str | None = None
    language: str | None = None
    reply_to: MessageId | None = None
    edited_at: datetime | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class GroupMessageEdited:
    """Somebody changed a message in a private group that `account` is in."""

    account: AccountId
    group: TelegramId
    message: MessageId
    text: str
    edited_at: datetime
    author: TelegramId | None = None
    """None: written in the group's own name, or a channel's, or by nobody knows whom."""


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """Something was pinned or unpinned in a private group, or somebody came or went."""

    account: AccountId
    group: TelegramId
    message: MessageId | None = None
    """The message that was pinned or unpinned, if that is what happened."""


@dataclass(frozen=True, slots=True)
class SecurityChanged:
    """Something happened to the account itself, such as a sign-in: worth looking at who is in."""

    account: AccountId
    hint: str


@dataclass(frozen=True, slots=True)
class ChannelLost:
    """The account can no longer read that channel."""

    account: AccountId
    channel: TelegramId
    reason: str


@dataclass(frozen=True, slots=True)
class UpdatesSkipped:
    """Telegram skipped updates because there were too many; what they told has to be paged for.

    Posts that are told of later come after this fact, so what the store knows at that moment is the
    lower end of the gap.
    """

    account: AccountId
    channel: TelegramId | None
    """None: what was skipped were direct messages."""


Recordable = (
    PostSeen
    | PostEdited
    | PostsDeleted
    | DirectMessageSeen
    | OwnMessageSeen
    | MessageEdited
    | MessagesDeleted
    | ConversationRead
    | GroupMessageSeen
    | GroupMessageEdited
    | GroupChanged
)
"""What happened in channels, dialogues and study groups, and is recorded once."""

Fact = Recordable | ChannelLost | UpdatesSkipped | SecurityChanged

Sink = Callable[[Fact], Awaitable[None]]
"""Takes a fact and returns only when it is committed."""
