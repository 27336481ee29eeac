"""Carries what happens in the world to every session that should know."""

from collections.abc import Callable, Iterable

from telethon.tl import types

from simulator.mtproto.call import Switchboard
from simulator.mtproto.translate import show_act, show_peer, show_status
from simulator.mtproto.translate_messages import Cast
from simulator.mtproto.translate_updates import OwnEvent, show_event, show_query, show_votes, wrap
from simulator.world.channels import Right
from simulator.world.events import (
    AccountChanged,
    ButtonPressed,
    CallbackAnswered,
    ChannelAltered,
    ChannelChanged,
    ChannelRead,
    Event,
    JoinRequested,
    LoginBegun,
    LoginEnded,
    PersonBlocked,
    PersonRenamed,
    PersonSeen,
    PollChanged,
    Reacted,
    Typing,
    Via,
)
from simulator.world.peers import ChannelId, Peer, PeerKind, UserId, person_peer
from simulator.world.world import World

RECENT_REQUESTERS = 3
DEVICE = "a new device"
Show = Callable[[Cast], types.TLObject | None]


class Pusher:
    """Pushes to members of channels, both ends of private chats, and one's other sessions."""

    def __init__(self, world: World, switchboard: Switchboard) -> None:
        self.world, self.switchboard = world, switchboard
        self.stop = world.bulletin.subscribe(self.carry)

    def carry(self, event: Event) -> None:
        """Push one event to whom it concerns."""
        match event:
            case LoginBegun():
                self.carry_warning(event)
            case LoginEnded(key_id):
                self.switchboard.close(key_id)
            case ButtonPressed(query):
                self.push((query.bot,), lambda cast: show_query(query, cast))
            case JoinRequested():
                self.carry_request(event)
            case CallbackAnswered():
                return
            case Typing():
                self.carry_typing(event)
            case PollChanged() | PersonBlocked() | PersonRenamed() | PersonSeen():
                self.carry_person(event)
            case _:
                self.push(self.audience(event), lambda cast: show_event(event, cast), event.via)

    def carry_person(self, event: PollChanged | PersonBlocked | PersonRenamed | PersonSeen) -> None:
        """Push what a person did or has become."""
        match event:
            case PollChanged(poll, owner):
                voters = self.world.polls.of(poll).votes
                self.push({owner, *voters}, lambda cast: show_votes(poll, cast))
            case PersonBlocked(user, other, blocked):
                peer = person_peer(other)
                update = types.UpdatePeerBlocked(show_peer(peer), blocked=blocked)
                self.push((user,), mentioning(update, peer))
            case PersonRenamed(user):
                self.push(self.acquainted(user), lambda _: show_names(self.world, user))
            case PersonSeen(user, online):
                status = show_status(self.world, online=online)
                self.push(self.acquainted(user), lambda _: types.UpdateUserStatus(user, status))

    def audience(self, event: OwnEvent) -> Iterable[UserId]:
        """Name the accounts that an event concerns."""
        match event:
            case AccountChanged(user):
                return (user,)
            case ChannelChanged(channel):
                return self.listeners(channel)
            case ChannelRead():
                return (event.user, *event.authors)
            case ChannelAltered():
                return event.users
            case Reacted(message, owner):
                return self.listeners(ChannelId(message.chat.id)) if owner is None else (owner,)

    def listeners(self, channel: ChannelId) -> Iterable[UserId]:
        """Name the members of a channel who are signed in, from the smaller of both sets."""
        return self.world.channels.get(channel).members.keys() & self.world.logins.keys.keys()

    def acquainted(self, user: UserId) -> Iterable[UserId]:
        """Name those who talk with a person, and the person itself."""
        return {user, *self.world.people.get(user).inbox.chats}

    def carry_request(self, event: JoinRequested) -> None:
        """Tell those who may let people in how many ask."""
        channel = self.world.channels.get(event.channel)
        doors = [m.user for m in channel.admins if channel.allows(m.user, Right.INVITE_USERS)]
        recent = list(channel.requests)[-RECENT_REQUESTERS:]
        update = types.UpdatePendingJoinRequests(
            show_peer(channel.peer), len(channel.requests), recent
        )
        self.push(doors, mentioning(update, channel.peer, *map(person_peer, recent)))

    def carry_typing(self, event: Typing) -> None:
        """Tell the others in a chat that somebody writes."""
        action = show_act(event.act)
        author = person_peer(event.user)
        if event.chat.kind is PeerKind.USER:
            update = types.UpdateUserTyping(event.user, action)
            audience: Iterable[UserId] = {UserId(event.chat.id)} - {event.user}
        else:
            update = types.UpdateChannelUserTyping(
                event.chat.id, show_peer(author), action, event.top
            )
            audience = set(self.listeners(ChannelId(event.chat.id))) - {event.user}
        self.push(audience, mentioning(update, author, event.chat))

    def carry_warning(self, event: LoginBegun) -> None:
        """Tell a person's other sessions, by number and in words, that somebody signed in."""
        login = self.world.logins.by_key.get(event.key_id)
        others = [key for key in self.world.logins.keys_of(event.user) if key != event.key_id]
        if login is None or not others:
            return
        where = login.address or "an unknown place"
        begun = types.UpdateNewAuthorization(
            login.hash, unconfirmed=True, date=login.since, device=DEVICE, location=where
        )
        words = f"New login. We detected a login into your account from a new device in {where}."
        notice = types.UpdateServiceNotification(
            f"auth{login.hash}_{int(login.since.timestamp())}",
            words,
            types.MessageMediaEmpty(),
            [],
            inbox_date=login.since,
        )
        packed = wrap(Cast(self.world, event.user), [begun, notice])
        for key_id in others:
            self.switchboard.push(key_id, packed)

    def push(self, audience: Iterable[UserId], show: Show, via: Via | None = None) -> None:
        """Push to all sessions of these accounts but the one that learns from its answer."""
        for user in audience:
            keys = self.world.logins.keys_of(user)
            if not keys:
                continue
            cast = Cast(self.world, user)
            update = show(cast)
            if update is None:
                continue
            packed = wrap(cast, [update])
            for key_id in keys:
                asked = via is not None and via.key_id == key_id
                but = via.session_id if asked and via else None
                self.switchboard.push(key_id, packed, but_session=but)


def mentioning(update: types.TLObject, *peers: Peer) -> Show:
    """Show the same update to everybody, with the peers that it names."""

    def show(cast: Cast) -> types.TLObject:
        cast.mention(*peers)
        return update

    return show


def show_names(world: World, user: UserId) -> types.UpdateUserName:
    """Show how a person is called now."""
    person = world.people.get(user)
    names = [types.Username(person.username, editable=True, active=True)]
    return types.UpdateUserName(
        user_id=user,
        first_name=person.first_name,
        last_name=person.last_name,
        usernames=names if person.username else [],
    )
