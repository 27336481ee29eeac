"""Who asks, and what the peers that a request names stand for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from telethon.tl import types

from simulator.mtproto.call import Call
from simulator.mtproto.translate_messages import Cast
from simulator.mtproto.translate_updates import show_event, wrap
from simulator.world.access import require_reading
from simulator.world.channels import Channel
from simulator.world.events import (
    AccountChanged,
    ChannelAltered,
    ChannelChanged,
    ChannelRead,
    Event,
    Reacted,
    Via,
)
from simulator.world.messages import Message
from simulator.world.peers import ChannelId, MessageId, Peer, UserId, channel_peer, person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

SELF = (types.InputUserSelf, types.InputPeerSelf)
SEEN_USER = (types.InputUserFromMessage, types.InputPeerUserFromMessage)
SEEN_CHANNEL = (types.InputChannelFromMessage, types.InputPeerChannelFromMessage)
CHANNEL = (types.InputChannel, types.InputPeerChannel)
USER = (types.InputUser, types.InputPeerUser)


@dataclass(slots=True)
class Acts:
    """What a session did during one request, for its answer."""

    caller: "Caller"
    events: list[Event] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Keep an event if it came of this request and concerns the one who asked."""
        if isinstance(event, AccountChanged | ChannelChanged | ChannelRead | Reacted):
            if event.via == self.caller.via:
                self.events.append(event)
        elif isinstance(event, ChannelAltered) and self.caller.me.id in event.users:
            self.events.append(event)

    def updates(self, *extra: types.TLObject, cast: Cast | None = None) -> types.Updates:
        """Answer with these updates, of which `cast` knows whom they name, and what was done."""
        cast = cast or self.caller.cast()
        shown = [show_event(event, cast) for event in self.events]
        return wrap(cast, [*extra, *(update for update in shown if update is not None)])


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in account that asks for something."""

    call: Call
    me: Person

    @property
    def world(self) -> World:
        """The world in which it lives."""
        return self.call.world

    @property
    def via(self) -> Via:
        """The session that asks."""
        return Via(self.call.key_id, self.call.session_id)

    def cast(self, *peers: Peer) -> Cast:
        """Start showing things to this account."""
        cast = Cast(self.world, self.me.id)
        cast.mention(*peers)
        return cast

    @contextmanager
    def acting(self) -> Iterator[Acts]:
        """Gather what this session does inside the block."""
        acts = Acts(self)
        stop = self.world.bulletin.subscribe(acts.note)
        try:
            yield acts
        finally:
            stop()

    def person(self, named: types.TLObject) -> Person:
        """Find the person whom a request names; a wrong access hash names nobody."""
        if isinstance(named, SELF):
            return self.me
        if isinstance(named, SEEN_USER):
            return self.seen_person(named)
        if not isinstance(named, USER):
            raise Refusal("PEER_ID_INVALID")
        user = UserId(named.user_id)
        if not self.world.hashes.fits(self.me.id, person_peer(user), named.access_hash):
            raise Refusal("PEER_ID_INVALID")
        return self.world.people.get(user)

    def seen_person(self, named: types.TLObject) -> Person:
        """Find a person by a message in which it was seen."""
        chat = self.peer(named.peer)
        messages = chat.history.by_id if isinstance(chat, Channel) else self.me.inbox.messages
        message = messages.get(MessageId(named.msg_id))
        if message is None or message.sender != person_peer(UserId(named.user_id)):
            raise Refusal("PEER_ID_INVALID")
        return self.world.people.get(UserId(named.user_id))

    def channel(self, named: types.TLObject, *, closed: bool = False) -> Channel:
        """Find the channel or group that a request names.

        Raises `Refusal` for one that the account may not see, unless `closed` ones are wanted too.
        """
        if isinstance(named, SEEN_CHANNEL):
            self.peer(named.peer)
        elif not isinstance(named, CHANNEL):
            raise Refusal("CHANNEL_INVALID")
        peer = channel_peer(ChannelId(named.channel_id))
        hashes = self.world.hashes
        if isinstance(named, CHANNEL) and not hashes.fits(self.me.id, peer, named.access_hash):
            raise Refusal("CHANNEL_INVALID")
        channel = self.world.channels.get(ChannelId(peer.id))
        if not closed:
            require_reading(self.world.channels, channel, self.me.id)
        return channel

    def message(self, chat: Person | Channel, number: int) -> Message:
        """Find a message of a chat; raises `Refusal` when there is none."""
        history = chat.history if isinstance(chat, Channel) else self.me.inbox.chats.get(chat.id)
        found = None if history is None else history.get(number)
        if found is None:
            raise Refusal("MESSAGE_ID_INVALID")
        return found

    def peer(self, named: types.TLObject) -> Person | Channel:
        """Find the person, channel or group that a request names."""
        if isinstance(named, (*CHANNEL, *SEEN_CHANNEL)):
            return self.channel(named)
        return self.person(named)


def peer_of(chat: Person | Channel) -> Peer:
    """Name a chat as a peer."""
    return chat.peer if isinstance(chat, Channel) else person_peer(chat.id)
