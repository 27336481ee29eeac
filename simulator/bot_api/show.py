"""The world in the Bot API's objects (https://core.telegram.org/bots/api#available-types)."""

from dataclasses import dataclass
from datetime import datetime

from simulator.bot_api.entities import with_found
from simulator.bot_api.keyboards import show_markup
from simulator.bot_api.shapes import Json, given
from simulator.bot_api.show_actions import CHANNEL_BASE, show_action
from simulator.bot_api.show_chats import show_restricted
from simulator.bot_api.show_media import show_media
from simulator.world.channels import Channel, Member, Right
from simulator.world.media import Media, Poll
from simulator.world.messages import (
    Action,
    ActionKind,
    Entity,
    EntityKind,
    LinkPreview,
    Message,
    Origin,
)
from simulator.world.peers import ChannelId, MessageId, Peer, PeerKind, UserId
from simulator.world.people import Person
from simulator.world.polls import Ballot
from simulator.world.world import World

KINDS = {
    EntityKind.BOT_COMMAND: "bot_command",
    EntityKind.PHONE: "phone_number",
    EntityKind.STRIKE: "strikethrough",
    EntityKind.TEXT_URL: "text_link",
    EntityKind.MENTION_NAME: "text_mention",
}
RIGHTS = {
    "can_manage_chat": Right.OTHER,
    "can_delete_messages": Right.DELETE_MESSAGES,
    "can_manage_video_chats": Right.MANAGE_CALL,
    "can_restrict_members": Right.BAN_USERS,
    "can_promote_members": Right.ADD_ADMINS,
    "can_change_info": Right.CHANGE_INFO,
    "can_invite_users": Right.INVITE_USERS,
    "can_post_messages": Right.POST_MESSAGES,
    "can_edit_messages": Right.EDIT_MESSAGES,
    "can_pin_messages": Right.PIN_MESSAGES,
    "can_manage_topics": Right.MANAGE_TOPICS,
}
# What the Bot API promises of every administrator and this world does not tell apart.
ALSO_OF_ADMINS = (
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_manage_direct_messages",
    "can_manage_tags",
    "can_send_welcome_messages",
)


def stamp(moment: datetime) -> int:
    """Write a moment as Unix time."""
    return int(moment.timestamp())


def chat_number(peer: Peer) -> int:
    """Give the number by which bots know a chat."""
    return peer.id if peer.kind is PeerKind.USER else -CHANNEL_BASE - peer.id


def show_user(person: Person) -> Json:
    """Show a person."""
    return {"id": person.id, "is_bot": person.bot, "first_name": person.first_name} | given(
        last_name=person.last_name, username=person.username, language_code=person.language
    )


def show_reactions(reactions: tuple[str, ...]) -> list[Json]:
    """Show somebody's reactions."""
    return [{"type": "emoji", "emoji": each} for each in reactions]


@dataclass(frozen=True, slots=True)
class Showing:
    """The world as one bot sees it."""

    world: World
    bot: Person

    def user(self, user: UserId) -> Json:
        """Show a person by id."""
        return show_user(self.world.people.get(user))

    def chat(self, peer: Peer) -> Json:
        """Show a chat."""
        if peer.kind is PeerKind.CHANNEL:
            return self.group(self.world.channels.get(ChannelId(peer.id)))
        person = self.world.people.get(UserId(peer.id))
        return {"id": person.id, "type": "private", "first_name": person.first_name} | given(
            last_name=person.last_name, username=person.username
        )

    def group(self, channel: Channel) -> Json:
        """Show a channel or group."""
        kind = "channel" if channel.broadcast else "supergroup"
        head = {"id": chat_number(channel.peer), "type": kind, "title": channel.title}
        if channel.basic:
            head |= {"id": -channel.id, "type": "group"}
        return head | given(username=channel.username, is_forum=channel.forum)

    def message(self, message: Message, *, deep: bool = True) -> Json:
        """Show a message; what it answers is shown with it, but no deeper."""
        shown: Json = {"message_id": message.id, "date": stamp(message.date)}
        shown |= {"chat": self.chat(message.chat)} | self.senders(message)
        if message.edited_at is not None:
            shown["edit_date"] = stamp(message.edited_at)
        shown |= given(has_protected_content=message.protected)
        return shown | self.content(message) | (self.relations(message) if deep else {})

    def senders(self, message: Message) -> Json:
        """Show who says it, a person or a channel."""
        if message.sender is None:
            return {"sender_chat": self.chat(message.chat)}
        if message.sender.kind is PeerKind.USER:
            return {"from": self.user(message.author)}
        automatic = message.forward is not None
        return {"sender_chat": self.chat(message.sender)} | given(is_automatic_forward=automatic)

    def content(self, message: Message) -> Json:
        """Show what is said."""
        if message.action is not None:
            return self.action(message, message.action)
        marked = self.entities(with_found(message.text, message.entities))
        buttons = show_markup(message.markup)
        if message.media is None:
            wished = show_preview(message.preview) if message.preview else None
            words = {"text": message.text} | given(entities=marked, link_preview_options=wished)
            return words | buttons
        album = str(message.album) if message.album else None
        words = given(caption=message.text, caption_entities=marked, media_group_id=album)
        return self.media(message.media) | words | buttons

    def media(self, media: Media) -> Json:
        """Show what comes with a message."""
        ballot = self.world.polls.of(media) if isinstance(media, Poll) else Ballot()
        return show_media(self.bot.id, media, ballot)

    def action(self, message: Message, action: Action) -> Json:
        """Show what a service message tells of, with the message that was pinned."""
        answered = self.answered(message)
        if action.kind is ActionKind.PINNED and answered is not None:
            return {"pinned_message": self.message(answered, deep=False)}
        return show_action(message, action, self.user)

    def entities(self, entities: tuple[Entity, ...]) -> list[Json]:
        """Show marked stretches."""
        return [self.entity(each) for each in entities]

    def entity(self, entity: Entity) -> Json:
        """Show a marked stretch."""
        kind = KINDS.get(entity.kind, entity.kind.value.lower())
        shown: Json = {"type": kind, "offset": entity.offset, "length": entity.length}
        match entity.kind:
            case EntityKind.TEXT_URL:
                return shown | {"url": entity.detail}
            case EntityKind.PRE:
                return shown | given(language=entity.detail)
            case EntityKind.MENTION_NAME:
                return shown | {"user": self.user(UserId(int(entity.detail)))}
        return shown

    def relations(self, message: Message) -> Json:
        """Show what a message answers and where it comes from."""
        shown = given(message_thread_id=message.thread, is_topic_message=message.in_topic)
        answered = self.answered(message)
        if answered is not None:
            shown["reply_to_message"] = self.message(answered, deep=False)
        if message.forward is not None:
            shown["forward_origin"] = {
                "type": "channel",
                "date": stamp(message.forward.date),
                "chat": self.group(self.world.channels.get(message.forward.channel)),
                "message_id": message.forward.post,
            }
        if message.origin is not None:
            shown["forward_origin"] = self.origin(message.origin)
        return shown

    def origin(self, origin: Origin) -> Json:
        """Show where a forwarded message comes from."""
        shown: Json = {"date": stamp(origin.date)}
        if origin.sender.kind is PeerKind.USER:
            return shown | {"type": "user", "sender_user": self.user(UserId(origin.sender.id))}
        chat = self.chat(origin.sender)
        if origin.message is None:
            return shown | {"type": "chat", "sender_chat": chat}
        return shown | {"type": "channel", "chat": chat, "message_id": origin.message}

    def answered(self, message: Message) -> Message | None:
        """Find what a message answers, while it exists."""
        return None if message.reply_to is None else self.find(message.chat, message.reply_to)

    def find(self, chat: Peer, number: MessageId) -> Message | None:
        """Find a message as the bot knows it, while it exists."""
        if chat.kind is PeerKind.USER:
            return self.bot.inbox.messages.get(number)
        return self.world.channels.get(ChannelId(chat.id)).history.get(number)

    def member(self, channel: Channel, user: UserId) -> Json:
        """Show somebody's standing in a channel or group."""
        shown = {"user": self.user(user)}
        member = channel.members.get(user)
        if member is None:
            return shown | absent(channel, user)
        if member.creator:
            return shown | {"status": "creator", "is_anonymous": False}
        if member.is_admin:
            return shown | self.administrator(channel, member)
        if user in channel.silenced or user in channel.restrictions:
            return shown | show_restricted(channel, user)
        return shown | {"status": "member"}

    def administrator(self, channel: Channel, member: Member) -> Json:
        """Show what an administrator may do."""
        rights = {name: right in member.rights for name, right in RIGHTS.items()}
        rights["can_manage_chat"] = True
        edited = channel.allows(self.bot.id, Right.ADD_ADMINS) and member.user != self.bot.id
        return {
            "status": "administrator",
            "can_be_edited": edited,
            "is_anonymous": Right.ANONYMOUS in member.rights,
            **dict.fromkeys(ALSO_OF_ADMINS, False),
            **rights,
        } | given(custom_title=member.rank)


def absent(channel: Channel, user: UserId) -> Json:
    """Show somebody who is not in a chat, because of a ban or not."""
    if user not in channel.banned:
        return {"status": "left"}
    end = channel.until.get(user)
    return {"status": "kicked", "until_date": stamp(end) if end else 0}


def show_preview(preview: LinkPreview) -> Json:
    """Show what is wished of a link's preview."""
    return given(
        is_disabled=preview.disabled,
        url=preview.url,
        prefer_small_media=preview.small,
        prefer_large_media=preview.large,
        show_above_text=preview.above,
    )
