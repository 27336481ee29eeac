"""Messages of the world as the wire shows them, and marked-up text read from the wire."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TypeAlias

from telethon.tl import types

from simulator.mtproto.translate import show_channel, show_peer, show_user
from simulator.mtproto.translate_markup import show_markup
from simulator.mtproto.translate_media import show_media
from simulator.world.channels import Channel
from simulator.world.media import Poll
from simulator.world.messages import Action, ActionKind, Entity, EntityKind, Message, Origin
from simulator.world.peers import ChannelId, Peer, PeerKind, UserId
from simulator.world.world import World

TLMessage: TypeAlias = types.Message | types.MessageService
RECENT_REPLIERS = 3
WITH_DETAIL = {
    EntityKind.TEXT_URL: "url",
    EntityKind.PRE: "language",
    EntityKind.MENTION_NAME: "user_id",
}


class Cast:
    """Shows messages to one viewer and remembers everybody whom they mention."""

    def __init__(self, world: World, viewer: UserId) -> None:
        self.world, self.viewer = world, viewer
        self.mentioned: dict[Peer, None] = {}

    def mention(self, *peers: Peer) -> None:
        """Have these peers listed in the answer."""
        for peer in peers:
            self.mentioned[peer] = None

    def users(self) -> list[types.User]:
        """Show the people who were mentioned."""
        people = self.world.people
        return [
            show_user(self.world, self.viewer, people.get(UserId(peer.id)))
            for peer in self.mentioned
            if peer.kind is PeerKind.USER
        ]

    def chats(self) -> list[types.Channel | types.ChannelForbidden]:
        """Show the channels and groups that were mentioned."""
        channels = self.world.channels
        return [
            show_channel(self.world, self.viewer, channels.get(ChannelId(peer.id)))
            for peer in self.mentioned
            if peer.kind is PeerKind.CHANNEL
        ]

    def messages(self, messages: Sequence[Message]) -> list[TLMessage]:
        """Show several messages."""
        return [self.message(message) for message in messages]

    def message(self, message: Message) -> TLMessage:
        """Show one message."""
        self.mention_those_in(message)
        if message.action is not None:
            return self.service_message(message, message.action)
        return types.Message(
            id=message.id,
            peer_id=show_peer(message.chat),
            from_id=show_peer(message.sender) if message.sender else None,
            date=message.date,
            message=message.text,
            out=self.is_mine(message),
            silent=message.silent,
            noforwards=message.protected,
            post=message.post,
            fwd_from=show_forward(message),
            reply_to=show_reply(message),
            media=self.media(message),
            entities=[show_entity(entity) for entity in message.entities] or None,
            views=message.views if message.post else None,
            forwards=message.forwards if message.post else None,
            replies=self.replies(message),
            edit_date=message.edited_at,
            reactions=self.reactions(message),
            reply_markup=show_markup(message.markup) if message.markup else None,
            grouped_id=message.album,
            pinned=message.pinned,
        )

    def media(self, message: Message) -> types.TLObject | None:
        """Show what comes with a message, a poll with its votes."""
        media = message.media
        if media is None:
            return None
        ballot = self.world.polls.of(media) if isinstance(media, Poll) else None
        return show_media(media, message.date, ballot, self.viewer)

    def service_message(self, message: Message, action: Action) -> types.MessageService:
        """Show a service message."""
        return types.MessageService(
            id=message.id,
            peer_id=show_peer(message.chat),
            from_id=show_peer(message.sender) if message.sender else None,
            date=message.date,
            out=self.is_mine(message),
            post=message.post,
            action=show_action(action),
            reply_to=show_reply(message),
        )

    def is_mine(self, message: Message) -> bool:
        """Tell whether the viewer said it; the copy of a post is nobody's."""
        return message.author == self.viewer and message.forward is None

    def mention_those_in(self, message: Message) -> None:
        """Have everybody listed whom a client must know to show a message."""
        self.mention(message.chat)
        if message.sender is not None:
            self.mention(message.sender)
        if message.forward is not None:
            self.mention(Peer(PeerKind.CHANNEL, message.forward.channel))
        if message.origin is not None:
            self.mention(message.origin.sender)
        if message.action is not None:
            self.mention(*(Peer(PeerKind.USER, user) for user in message.action.users))
        for entity in message.entities:
            if entity.kind is EntityKind.MENTION_NAME:
                self.mention(Peer(PeerKind.USER, int(entity.detail)))

    def replies(self, message: Message) -> types.MessageReplies | None:
        """Show how many comments a post has, or how many answers a group's message."""
        if message.chat.kind is PeerKind.USER:
            return None
        channel = self.world.channels.get(ChannelId(message.chat.id))
        if not channel.broadcast:
            has_thread = message.id in channel.threads or message.forward is not None
            return self.answers(channel, message) if has_thread else None
        copied = self.world.channel_talk.copy_of(channel, message.id)
        if copied is None or copied[0].id != channel.linked:
            return None
        counted = self.answers(*copied)
        counted.comments, counted.channel_id = True, copied[0].id
        return counted

    def answers(self, group: Channel, head: Message) -> types.MessageReplies:
        """Count the answers under a group's message."""
        thread = group.threads.get(head.id)
        last = list(islice(reversed(thread.ids), RECENT_REPLIERS)) if thread else []
        repliers = Counter(m.sender for i in last if thread and (m := thread.get(i)) and m.sender)
        self.mention(*repliers)
        return types.MessageReplies(
            replies=len(thread) if thread else 0,
            replies_pts=group.mailbox.pts,
            recent_repliers=[show_peer(peer) for peer in repliers] or None,
            max_id=last[0] if last else None,
        )

    def reactions(self, message: Message) -> types.MessageReactions | None:
        """Count the reactions to a message."""
        if not message.reactions:
            return None
        counts = Counter(word for words in message.reactions.values() for word in words)
        mine = message.reactions.get(self.viewer, ())
        results = [
            types.ReactionCount(
                types.ReactionEmoji(word), number, mine.index(word) if word in mine else None
            )
            for word, number in counts.most_common()
        ]
        return types.MessageReactions(results=results, can_see_list=not message.post)


def show_forward(message: Message) -> types.MessageFwdHeader | None:
    """Show where the copy of a post came from."""
    if message.origin is not None:
        return show_origin(message.origin)
    if message.forward is None:
        return None
    origin = types.PeerChannel(message.forward.channel)
    return types.MessageFwdHeader(
        date=message.forward.date,
        from_id=origin,
        channel_post=message.forward.post,
        saved_from_peer=origin,
        saved_from_msg_id=message.forward.post,
    )


def show_origin(origin: Origin) -> types.MessageFwdHeader:
    """Show where somebody's forwarded message came from."""
    return types.MessageFwdHeader(
        date=origin.date, from_id=show_peer(origin.sender), channel_post=origin.message
    )


def show_reply(message: Message) -> types.MessageReplyHeader | None:
    """Show what a message answers and which thread it is in."""
    if message.reply_to is None:
        return None
    top = message.thread if message.thread != message.reply_to else None
    return types.MessageReplyHeader(
        reply_to_msg_id=message.reply_to, reply_to_top_id=top, forum_topic=message.in_topic
    )


def show_action(action: Action) -> types.TLObject:
    """Show what a service message tells of."""
    match action.kind:
        case ActionKind.CHANNEL_CREATED:
            return types.MessageActionChannelCreate(action.title)
        case ActionKind.MEMBERS_ADDED:
            return types.MessageActionChatAddUser(list(action.users))
        case ActionKind.MEMBER_GONE:
            return types.MessageActionChatDeleteUser(action.users[0])
        case ActionKind.JOINED_BY_LINK:
            return types.MessageActionChatJoinedByLink(inviter_id=action.users[0])
        case ActionKind.JOINED_BY_REQUEST:
            return types.MessageActionChatJoinedByRequest()
        case _:
            return show_change(action)


def show_change(action: Action) -> types.TLObject:
    """Show a service message that tells how a chat or topic was changed."""
    match action.kind:
        case ActionKind.TITLE_CHANGED:
            return types.MessageActionChatEditTitle(action.title)
        case ActionKind.TOPIC_CREATED:
            return types.MessageActionTopicCreate(action.title, action.icon)
        case ActionKind.TOPIC_EDITED:
            return types.MessageActionTopicEdit(
                title=action.title or None, closed=action.closed, hidden=action.hidden
            )
        case ActionKind.MOVED_TO:
            return types.MessageActionChatMigrateTo(action.other or 0)
        case ActionKind.MOVED_FROM:
            return types.MessageActionChannelMigrateFrom(action.title, action.other or 0)
        case _:
            return types.MessageActionPinMessage()


def show_entity(entity: Entity) -> types.TLObject:
    """Show a marked stretch of text."""
    form = getattr(types, f"MessageEntity{entity.kind}")
    name = WITH_DETAIL.get(entity.kind)
    if name is None:
        return form(offset=entity.offset, length=entity.length)
    detail = int(entity.detail) if entity.kind is EntityKind.MENTION_NAME else entity.detail
    return form(offset=entity.offset, length=entity.length, **{name: detail})


def read_entities(entities: Sequence[types.TLObject] | None) -> tuple[Entity, ...]:
    """Read markup; kinds that the world does not know are left out, as Telegram does."""
    known = (read_entity(entity) for entity in entities or ())
    return tuple(entity for entity in known if entity is not None)


def read_entity(entity: types.TLObject) -> Entity | None:
    """Read a marked stretch of text."""
    if isinstance(entity, types.InputMessageEntityMentionName):
        user = str(getattr(entity.user_id, "user_id", 0))
        return Entity(EntityKind.MENTION_NAME, entity.offset, entity.length, user)
    word = type(entity).__name__.removeprefix("MessageEntity")
    if word not in set(EntityKind):
        return None
    kind = EntityKind(word)
    detail = str(getattr(entity, WITH_DETAIL[kind])) if kind in WITH_DETAIL else ""
    return Entity(kind, entity.offset, entity.length, detail)
