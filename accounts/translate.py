"""Telethon's updates and messages as our facts; nothing that Telegram says is trusted further."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from telethon import types as tl
from telethon import utils

from accounts.internals import UnknownChannelTooLong
from orchestrator.facts import (
    ChannelLost,
    ConversationRead,
    DirectMessageSeen,
    Engagement,
    Fact,
    GroupChanged,
    GroupMessageEdited,
    GroupMessageSeen,
    MediaReference,
    MessageEdited,
    MessagesDeleted,
    OwnMessageSeen,
    PostEdited,
    PostsDeleted,
    PostSeen,
    SecurityChanged,
    UpdatesSkipped,
)
from orchestrator.ids import AccountId, MessageId, TelegramId

SERVICE_NOTIFICATIONS: Final = 777000
"""Telegram's own account: it writes login codes, which are nobody else's business."""

CHANGES_A_GROUP: Final = (
    tl.MessageActionChatAddUser,
    tl.MessageActionChatDeleteUser,
    tl.MessageActionChatJoinedByLink,
    tl.MessageActionChatJoinedByRequest,
    tl.MessageActionPinMessage,
)
"""What is worth looking at a group again."""

Entities = Mapping[int, Any]
"""The users and chats that came with an update, by their marked id."""


def facts_of(account: AccountId, update: Any) -> Iterator[Fact]:  # noqa: ANN401
    """Say what one update means for us, if anything."""
    told = TOLD_BY.get(type(update))
    if told is not None:
        yield from told(account, update, getattr(update, "_entities", None) or {})


def new_post(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a post, or of what is said in a private group."""
    if is_post(update.message, entities):
        yield post_seen(account, update.message)
    elif is_in_private_group(update.message, entities):
        yield from group_talk(account, update.message, entities)


def edited_post(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a change that readers see; new reactions and views come as hidden edits."""
    if is_post(update.message, entities) and not update.message.edit_hide:
        yield post_edited(account, update.message)
    elif is_in_private_group(update.message, entities):
        yield from edited_talk(account, update.message)


def repinned(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell what was pinned or unpinned; it is not said whether in a channel or in a group."""
    for number in update.messages:
        yield GroupChanged(account, TelegramId(update.channel_id), MessageId(number))


def deleted_posts(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell what is gone; Telegram does not say whether of a channel or of a group."""
    deleted = tuple(MessageId(number) for number in update.messages)
    yield PostsDeleted(account, TelegramId(update.channel_id), deleted)


def new_message(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of what a person wrote in private; basic groups are nothing to us."""
    message = update.message
    if not isinstance(message.peer_id, tl.PeerUser):
        return
    if message.peer_id.user_id == SERVICE_NOTIFICATIONS:
        yield SecurityChanged(account, "Telegram wrote to the account")
    elif isinstance(message, tl.Message):
        yield from direct_message(account, message, message.peer_id.user_id, entities)


def edited_message(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell what a person changed; new reactions come as hidden edits."""
    message = update.message
    if not isinstance(message, tl.Message) or not isinstance(message.peer_id, tl.PeerUser):
        return
    sender = message.peer_id.user_id
    if message.edit_hide or not is_from_person(message, sender, entities.get(sender)):
        return
    yield MessageEdited(
        account,
        TelegramId(sender),
        MessageId(message.id),
        clean(message.message),
        moment(message.edit_date or message.date),
    )


def deleted_messages(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell what is gone from private chats, if it is said of which."""
    deleted = tuple(MessageId(number) for number in update.messages)
    if deleted:
        yield MessagesDeleted(account, deleted)


def read_by_us(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell that the account has read a private chat, wherever."""
    if isinstance(update.peer, tl.PeerUser):
        yield ConversationRead(
            account, TelegramId(update.peer.user_id), MessageId(update.max_id), by_us=True
        )


def read_by_them(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell that a person has read what the account wrote."""
    if isinstance(update.peer, tl.PeerUser):
        yield ConversationRead(
            account, TelegramId(update.peer.user_id), MessageId(update.max_id), by_us=False
        )


def signed_in(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell that somebody signed in to the account."""
    yield SecurityChanged(account, f"a new session: {clean(update.device) or 'unknown device'}")


def notified(account: AccountId, _: Any, __: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell that Telegram warns the account of something."""
    yield SecurityChanged(account, "a service notification")


def short_message(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a private message in its short form."""
    yield from direct_message(account, update, update.user_id, entities)


def changed_channel(account: AccountId, update: Any, entities: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell when a change of a channel put the account out of it; a public one stays readable."""
    channel = TelegramId(update.channel_id)
    chat = entities.get(utils.get_peer_id(tl.PeerChannel(channel)))
    if isinstance(chat, tl.ChannelForbidden):
        yield ChannelLost(account, channel, "the account was put out of the channel")
    elif isinstance(chat, tl.Channel) and chat.left and not chat.username:
        yield ChannelLost(account, channel, "the account left the channel")


def skipped(account: AccountId, update: Any, _: Entities) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a channel whose updates Telegram skipped."""
    yield UpdatesSkipped(account, TelegramId(update.channel_id))


TOLD_BY: Final[dict[type, Callable[[AccountId, Any, Entities], Iterator[Fact]]]] = {
    tl.UpdateNewChannelMessage: new_post,
    tl.UpdateEditChannelMessage: edited_post,
    tl.UpdateDeleteChannelMessages: deleted_posts,
    tl.UpdatePinnedChannelMessages: repinned,
    tl.UpdateNewMessage: new_message,
    tl.UpdateShortMessage: short_message,
    tl.UpdateEditMessage: edited_message,
    tl.UpdateDeleteMessages: deleted_messages,
    tl.UpdateReadHistoryInbox: read_by_us,
    tl.UpdateReadHistoryOutbox: read_by_them,
    tl.UpdateNewAuthorization: signed_in,
    tl.UpdateServiceNotification: notified,
    tl.UpdateChannel: changed_channel,
    UnknownChannelTooLong: skipped,
}


def private_sender(update: Any) -> tl.User | None:  # noqa: ANN401
    """Return who wrote in private, so that we know how to answer."""
    peer = update.message.peer_id if isinstance(update, tl.UpdateNewMessage) else None
    if isinstance(peer, tl.PeerUser):
        user = update._entities.get(peer.user_id)  # noqa: SLF001 - set by its update loop
        return user if isinstance(user, tl.User) else None
    return None


def is_post(message: Any, entities: Entities) -> bool:  # noqa: ANN401
    """Tell a broadcast channel's post from service messages and what is written in a group."""
    if not isinstance(message, tl.Message):
        return False
    chat = entities.get(utils.get_peer_id(message.peer_id))
    return bool(message.post) and (chat is None or bool(getattr(chat, "broadcast", False)))


def is_in_private_group(message: Any, entities: Entities) -> bool:  # noqa: ANN401
    """Tell what is said in a group that nobody finds by a name and that discusses no channel."""
    chat = entities.get(utils.get_peer_id(message.peer_id)) if message.peer_id else None
    if not isinstance(chat, tl.Channel) or not chat.megagroup:
        return False
    return not (chat.username or chat.usernames or chat.has_link)


def group_talk(
    account: AccountId,
    message: Any,  # noqa: ANN401 - a Message or a MessageService
    entities: Entities,
) -> Iterator[Fact]:
    """Word what is said in a group, or that somebody came, went or pinned something."""
    group = TelegramId(message.peer_id.channel_id)
    if isinstance(message, tl.MessageService):
        if isinstance(message.action, CHANGES_A_GROUP):
            yield GroupChanged(account, group)
    elif isinstance(message, tl.Message):
        author = author_of(message)
        user = entities.get(author) if author is not None else None
        known = user if isinstance(user, tl.User) else None
        edited = None if message.edit_hide else message.edit_date
        yield GroupMessageSeen(
            account=account,
            group=group,
            message=MessageId(message.id),
            author=author,
            text=clean(message.message),
            sent_at=moment(message.date),
            author_name=clean(utils.get_display_name(known)),
            author_username=known.username if known else None,
            language=known.lang_code if known else None,
            reply_to=replied_to(message),
            edited_at=None if edited is None else moment(edited),
            is_bot=bool(getattr(known, "bot", False)),
        )


def edited_talk(account: AccountId, message: Any) -> Iterator[Fact]:  # noqa: ANN401
    """Word a change that people see; new reactions come as hidden edits."""
    if isinstance(message, tl.Message) and not message.edit_hide:
        yield GroupMessageEdited(
            account,
            TelegramId(message.peer_id.channel_id),
            MessageId(message.id),
            clean(message.message),
            moment(message.edit_date or message.date),
            author_of(message),
        )


def author_of(message: tl.Message) -> TelegramId | None:
    """Return which person wrote a message, where it was one."""
    wrote = message.from_id
    return TelegramId(wrote.user_id) if isinstance(wrote, tl.PeerUser) else None


def post_seen(account: AccountId, message: tl.Message, *, late: bool = False) -> PostSeen:
    """Word a post; `late` when no update told of it."""
    edited = None if message.edit_hide else message.edit_date
    return PostSeen(
        account=account,
        channel=TelegramId(message.peer_id.channel_id),
        message=MessageId(message.id),
        text=clean(message.message),
        published_at=moment(message.date),
        media=media_of(message.media),
        engagement=engagement_of(message),
        edited_at=None if edited is None else moment(edited),
        album=message.grouped_id,
        late=late,
    )


def post_edited(account: AccountId, message: tl.Message) -> PostEdited:
    """Word a change of a post."""
    return PostEdited(
        account,
        TelegramId(message.peer_id.channel_id),
        MessageId(message.id),
        clean(message.message),
        moment(message.edit_date or message.date),
    )


def direct_message(
    account: AccountId,
    message: Any,  # noqa: ANN401 - a Message, or an update short for one
    sender: int,
    entities: Entities,
) -> Iterator[DirectMessageSeen | OwnMessageSeen]:
    """Word what a person wrote, if it is a person who can be answered, or what we wrote to them."""
    user = entities.get(sender)
    if is_from_person(message, sender, user):
        yield message_seen(account, message, sender, user)
    elif message.out and sender != SERVICE_NOTIFICATIONS and not getattr(user, "bot", False):
        yield OwnMessageSeen(
            account,
            TelegramId(sender),
            MessageId(message.id),
            clean(message.message),
            moment(message.date),
        )


def is_from_person(message: Any, sender: int, user: Any) -> bool:  # noqa: ANN401
    """Tell a person's message; ourselves, bots and Telegram's notices are nobody to answer."""
    return not (message.out or sender == SERVICE_NOTIFICATIONS or getattr(user, "bot", False))


def message_seen(
    account: AccountId,
    message: Any,  # noqa: ANN401 - a Message, or an update short for one
    sender: int,
    user: Any,  # noqa: ANN401 - a User, if Telegram said who that is
    *,
    late: bool = False,
) -> DirectMessageSeen:
    """Word a private message with all that answering it needs."""
    known = user if isinstance(user, tl.User) else None
    edited = getattr(message, "edit_date", None)
    return DirectMessageSeen(
        account=account,
        sender=TelegramId(sender),
        message=MessageId(message.id),
        text=clean(message.message),
        sent_at=moment(message.date),
        sender_name=clean(utils.get_display_name(known)),
        sender_username=known.username if known else None,
        access_hash=known.access_hash if known and not known.min else None,
        language=known.lang_code if known else None,
        reply_to=replied_to(message),
        media=media_of(getattr(message, "media", None)),
        edited_at=None if edited is None or message.edit_hide else moment(edited),
        late=late,
    )


def replied_to(message: Any) -> MessageId | None:  # noqa: ANN401 - a Message, or an update for one
    """Return the message of the same chat that this one answers."""
    header = message.reply_to
    if not isinstance(header, tl.MessageReplyHeader) or header.reply_to_peer_id is not None:
        return None
    number = header.reply_to_msg_id
    return None if number is None else MessageId(number)


def engagement_of(message: tl.Message) -> Engagement:
    """Count how a message was received."""
    reactions = message.reactions.results if message.reactions else ()
    return Engagement(
        views=message.views or 0,
        likes=sum(reaction.count for reaction in reactions),
        replies=message.replies.replies if message.replies else 0,
    )


def media_of(media: Any) -> tuple[MediaReference, ...]:  # noqa: ANN401
    """Name what came with a message; a link's preview is no media."""
    match media:
        case None | tl.MessageMediaEmpty() | tl.MessageMediaWebPage():
            return ()
        case tl.MessageMediaPhoto():
            return (MediaReference("photo", getattr(media.photo, "id", None)),)
        case tl.MessageMediaDocument(document=tl.Document() as document):
            kind = kind_of_document(document)
            return (MediaReference(kind, document.id, clean(document.mime_type), document.size),)
        case _:
            return (MediaReference(type(media).__name__.removeprefix("MessageMedia").lower()),)


def kind_of_document(document: tl.Document) -> str:
    """Name what a document is to people."""
    kinds = {type(attribute): attribute for attribute in document.attributes}
    audio = kinds.get(tl.DocumentAttributeAudio)
    if audio is not None:
        return "voice" if audio.voice else "audio"
    for attribute, kind in (
        (tl.DocumentAttributeSticker, "sticker"),
        (tl.DocumentAttributeAnimated, "animation"),
        (tl.DocumentAttributeVideo, "video"),
    ):
        if attribute in kinds:
            return kind
    return "document"


def clean(text: str | None) -> str:
    """Drop what no database keeps: NUL characters."""
    return (text or "").replace("\x00", "")


def moment(date: datetime) -> datetime:
    """Return a date with its zone, which Telethon's dates have and a forged one may lack."""
    return date if date.tzinfo else date.replace(tzinfo=UTC)
