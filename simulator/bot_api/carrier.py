"""Carries what happens in the world into the backlog of every bot that should know."""

from collections.abc import Iterable

from simulator.bot_api.backlog import UpdateKind
from simulator.bot_api.post import Mailrooms
from simulator.bot_api.shapes import Json, given
from simulator.bot_api.show import Showing, show_reactions, show_user, stamp
from simulator.bot_api.show_chats import show_invite
from simulator.bot_api.show_media import show_poll
from simulator.world.channels import Channel, Right
from simulator.world.events import (
    AccountChanged,
    ButtonPressed,
    ChannelAltered,
    ChannelChanged,
    Event,
    JoinRequested,
    PersonBlocked,
    PollChanged,
    Reacted,
)
from simulator.world.mailbox import Arrived, Change, Edited
from simulator.world.media import Poll
from simulator.world.messages import Message
from simulator.world.peers import ChannelId, UserId, person_peer
from simulator.world.people import Person
from simulator.world.queries import CallbackQuery
from simulator.world.world import World

NO_STANDING: Json = {"status": "left"}
COMMAND = "/"


class Carrier:
    """Tells bots of messages, edits, reactions and of who came, rose or left.

    Bots do not hear one another, nor themselves; in a group one that is no administrator hears
    commands, replies to itself and service messages only.
    """

    def __init__(self, world: World, rooms: Mailrooms) -> None:
        self.world, self.rooms = world, rooms
        self.standings: dict[tuple[ChannelId, UserId], Json] = {}
        self.feelings: dict[tuple[int, Message, UserId], tuple[str, ...]] = {}
        self.relearn()
        self.stop = world.bulletin.subscribe(self.carry)

    def relearn(self) -> None:
        """Take the world as it is now for what everybody has been told."""
        self.standings.clear()
        self.feelings.clear()
        for channel in self.world.channels:
            self.note_all(channel)

    def carry(self, event: Event) -> None:
        """Bring one event to whom it concerns."""
        match event:
            case AccountChanged(user, entry) if self.world.people.get(user).bot:
                self.tell_change([self.world.people.get(user)], entry.change)
            case ChannelChanged(channel, entry):
                found = self.world.channels.get(channel)
                self.tell_change(self.bots_in(found), entry.change)
            case ButtonPressed(query):
                self.tell_press(query)
            case Reacted(message, owner):
                self.tell_reaction(message, owner)
            case PollChanged(poll, owner, voter) if self.world.people.get(owner).bot:
                self.tell_poll(self.world.people.get(owner), poll, voter)
            case ChannelAltered() | PersonBlocked() | JoinRequested():
                self.carry_standing(event)

    def carry_standing(self, event: ChannelAltered | PersonBlocked | JoinRequested) -> None:
        """Bring to whom it concerns how somebody stands towards a chat, or wishes to."""
        match event:
            case ChannelAltered(channel, users, _, actor):
                self.tell_standings(self.world.channels.get(channel), users, actor)
            case PersonBlocked(user, other, blocked) if self.world.people.get(other).bot:
                self.tell_block(user, self.world.people.get(other), blocked=blocked)
            case JoinRequested(channel, user):
                self.tell_request(self.world.channels.get(channel), user)

    def bots_in(self, channel: Channel) -> list[Person]:
        """List the bots among the members."""
        people = (self.world.people.get(user) for user in channel.members)
        return [person for person in people if person.bot]

    def tell(self, bot: Person, kind: UpdateKind, content: Json) -> None:
        """Put an update into a bot's backlog."""
        self.rooms.of(bot.id).backlog.add(kind, content, self.world.clock.now())

    def tell_change(self, bots: Iterable[Person], change: Change) -> None:
        """Tell of a message that is new or has another text."""
        if not isinstance(change, Arrived | Edited):
            return
        message = change.message
        kind = kind_of(message, edited=isinstance(change, Edited))
        for bot in bots:
            if self.hears(bot, message):
                self.tell(bot, kind, Showing(self.world, bot).message(message))

    def hears(self, bot: Person, message: Message) -> bool:
        """Tell whether a message is for a bot to hear."""
        if self.world.people.get(message.author).bot and not message.post:
            return False
        if message.author == bot.id:
            return False
        channel = self.world.channels.by_id.get(ChannelId(message.chat.id))
        if channel is None or channel.broadcast or channel.members[bot.id].is_admin:
            return True
        if bot.id in self.world.bots.all_ears:
            return True
        if message.action is not None or message.text.startswith(COMMAND):
            return True
        answered = channel.history.get(message.reply_to) if message.reply_to else None
        mentioned = bot.username and f"@{bot.username}".lower() in message.text.lower()
        return bool(mentioned) or (answered is not None and answered.author == bot.id)

    def tell_press(self, query: CallbackQuery) -> None:
        """Tell a bot that a button was pressed under its message, which may be gone by now."""
        bot = self.world.people.get(query.bot)
        shown = Showing(self.world, bot)
        message = shown.find(query.chat, query.message)
        gone = {"chat": shown.chat(query.chat), "message_id": query.message, "date": 0}
        content = {
            "id": str(query.id),
            "from": shown.user(query.user),
            "message": gone if message is None else shown.message(message),
            "chat_instance": str(query.chat_instance),
            "data": query.data.decode(errors="replace"),
        }
        self.tell(bot, UpdateKind.CALLBACK_QUERY, content)

    def tell_reaction(self, message: Message, owner: UserId | None) -> None:
        """Tell of other reactions: in private chats, and to administrators of groups."""
        channel = self.world.channels.by_id.get(ChannelId(message.chat.id))
        if channel is None:
            readers = [self.world.people.get(owner)] if owner is not None else []
        else:
            readers = [bot for bot in self.bots_in(channel) if channel.members[bot.id].is_admin]
        for bot in readers:
            if bot.bot:
                self.tell_feelings(bot, message)

    def tell_feelings(self, bot: Person, message: Message) -> None:
        """Tell a bot whose feelings about a message have changed."""
        shown = Showing(self.world, bot)
        for user in {*message.reactions, *(u for b, m, u in self.feelings if m is message)}:
            key, new = (bot.id, message, user), message.reactions.get(user, ())
            old = self.feelings.get(key, ())
            self.feelings[key] = new
            if old != new and not self.world.people.get(user).bot:
                content = {
                    "chat": shown.chat(message.chat),
                    "message_id": message.id,
                    "user": shown.user(user),
                    "date": stamp(self.world.clock.now()),
                    "old_reaction": show_reactions(old),
                    "new_reaction": show_reactions(new),
                }
                self.tell(bot, UpdateKind.MESSAGE_REACTION, content)

    def note_all(self, channel: Channel) -> None:
        """Learn how everybody stands in a channel."""
        for user in channel.members:
            self.note(channel, user)

    def note(self, channel: Channel, user: UserId) -> tuple[Json, Json]:
        """Learn how somebody stands in a channel; gives the earlier standing and the new one."""
        creator = next((m.user for m in channel.members.values() if m.creator), user)
        shown = Showing(self.world, self.world.people.get(creator)).member(channel, user)
        old = self.standings.get((channel.id, user), NO_STANDING | {"user": shown["user"]})
        self.standings[channel.id, user] = shown
        return old, shown

    def tell_standings(self, channel: Channel, users: Iterable[UserId], by: UserId | None) -> None:
        """Tell bots of their own standing, and administrators of everybody's."""
        for user in users:
            old, new = self.note(channel, user)
            if old == new:
                continue
            actor = self.actor(channel, user) if by is None else by
            if self.world.people.get(user).bot:
                bot = self.world.people.get(user)
                self.tell(
                    bot, UpdateKind.MY_CHAT_MEMBER, self.standing(bot, channel, actor, old, new)
                )
            for bot in self.bots_in(channel):
                if bot.id != user and channel.members[bot.id].is_admin:
                    content = self.standing(bot, channel, actor, old, new)
                    self.tell(bot, UpdateKind.CHAT_MEMBER, content)

    def actor(self, channel: Channel, user: UserId) -> UserId:
        """Name who changed somebody's standing, as far as the world remembers it."""
        member = channel.members.get(user)
        if member is not None and member.promoted_by is not None:
            return member.promoted_by
        if member is None and user not in channel.banned:
            return user
        return next((m.user for m in channel.members.values() if m.creator), user)

    def tell_block(self, user: UserId, bot: Person, *, blocked: bool) -> None:
        """Tell a bot that somebody stopped it, or lets it speak again."""
        shown = Showing(self.world, bot)
        stopped = {"user": show_user(bot), "status": "kicked", "until_date": 0}
        free = {"user": show_user(bot), "status": "member"}
        content = {
            "chat": shown.chat(person_peer(user)),
            "from": shown.user(user),
            "date": stamp(self.world.clock.now()),
            "old_chat_member": free if blocked else stopped,
            "new_chat_member": stopped if blocked else free,
        }
        self.tell(bot, UpdateKind.MY_CHAT_MEMBER, content)

    def tell_poll(self, bot: Person, poll: Poll, voter: UserId | None) -> None:
        """Tell a bot how its poll stands, and who voted unless that is secret."""
        ballot = self.world.polls.of(poll)
        self.tell(bot, UpdateKind.POLL, show_poll(poll, ballot))
        if voter is not None and not poll.anonymous:
            chosen = list(ballot.votes.get(voter, ()))
            content = {
                "poll_id": str(poll.id),
                "user": Showing(self.world, bot).user(voter),
                "option_ids": chosen,
                "option_persistent_ids": [str(each) for each in chosen],
            }
            self.tell(bot, UpdateKind.POLL_ANSWER, content)

    def tell_request(self, channel: Channel, user: UserId) -> None:
        """Tell administrators who may let people in that somebody asks."""
        request = channel.requests.get(user)
        if request is None:
            return
        for bot in self.bots_in(channel):
            if channel.allows(bot.id, Right.INVITE_USERS):
                shown = Showing(self.world, bot)
                invite = channel.invites.get(request.invite)
                content = {
                    "chat": shown.group(channel),
                    "from": shown.user(user),
                    "user_chat_id": user,
                    "date": stamp(request.at),
                } | given(invite_link=show_invite(invite, shown.user) if invite else None)
                self.tell(bot, UpdateKind.CHAT_JOIN_REQUEST, content)

    def standing(self, bot: Person, channel: Channel, actor: UserId, old: Json, new: Json) -> Json:
        """Show a change of somebody's standing."""
        shown = Showing(self.world, bot)
        return {
            "chat": shown.group(channel),
            "from": shown.user(actor),
            "date": stamp(self.world.clock.now()),
            "old_chat_member": old,
            "new_chat_member": new,
        } | given(via_join_request=False)


def kind_of(message: Message, *, edited: bool) -> UpdateKind:
    """Choose the kind of an update about a message."""
    if message.post:
        return UpdateKind.EDITED_CHANNEL_POST if edited else UpdateKind.CHANNEL_POST
    return UpdateKind.EDITED_MESSAGE if edited else UpdateKind.MESSAGE
