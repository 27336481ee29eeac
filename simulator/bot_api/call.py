"""One call of a bot, and the registry of what can be called."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulator.bot_api.errors import NOT_FOUND, BotApiError, bad_request, moved
from simulator.bot_api.limits import BotLimits
from simulator.bot_api.params import Params
from simulator.bot_api.post import Mailroom
from simulator.bot_api.show import Showing
from simulator.bot_api.show_actions import CHANNEL_BASE
from simulator.world.channels import Channel
from simulator.world.peers import ChannelId, Peer, PeerKind, UserId
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

Place = Person | Channel
Bring = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, with what, and what the methods work on.

    `bring` has the bot's updates brought to an address, with a secret, over so many connections.
    """

    world: World
    bot: Person
    params: Params
    room: Mailroom
    limits: BotLimits
    bring: Bring

    @property
    def show(self) -> Showing:
        """The world as this bot sees it."""
        return Showing(self.world, self.bot)

    def place(self, name: str = "chat_id") -> Place:
        """Find the chat that a parameter names by number or by @username."""
        return self.find(self.params.required(name))

    def find(self, words: str) -> Place:
        """Find a chat; raises `BotApiError` when this bot cannot know it."""
        if words.startswith("@"):
            return self.resolve(self.world.usernames.find(words))
        try:
            number = int(words)
        except ValueError:
            raise bad_request("chat not found") from None
        if number < -CHANNEL_BASE:
            return self.resolve(Peer(PeerKind.CHANNEL, -number - CHANNEL_BASE))
        if number < 0:
            return self.basic_group(ChannelId(-number))
        person = self.world.people.by_id.get(UserId(number))
        if person is None or not self.knows(person):
            raise bad_request("chat not found")
        return person

    def basic_group(self, number: ChannelId) -> Place:
        """Find a basic group; one that became a supergroup is not spoken to any more."""
        group = self.world.channels.by_id.get(number)
        if group is None or not group.basic:
            raise bad_request("chat not found")
        if group.moved_to is not None:
            raise moved(-CHANNEL_BASE - group.moved_to)
        return group

    def knows(self, person: Person) -> bool:
        """Tell whether the bot has met somebody, in private or in a chat that they share."""
        shared = self.bot.inbox.channels & person.inbox.channels
        return person.id in self.bot.inbox.chats or bool(shared)

    def resolve(self, peer: Peer) -> Place:
        """Find whom a peer means; a bot has chats with people, never finds them by name."""
        if peer.kind is PeerKind.USER:
            raise bad_request("chat not found")
        return self.world.channels.get(ChannelId(peer.id))

    def channel(self, name: str = "chat_id") -> Channel:
        """Find the channel or group that a parameter names."""
        place = self.place(name)
        if isinstance(place, Person):
            raise bad_request("method is available only for supergroup and channel chats")
        return place

    def person(self, name: str = "user_id") -> Person:
        """Find the person that a parameter names."""
        return self.world.people.get(UserId(self.params.required_number(name)))


Handler = Callable[[Call], Awaitable[object]]


class Methods:
    """The methods that this Bot API knows, whatever the case of their letters."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.names: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()

    def handles(self, *names: str) -> Callable[[Handler], Handler]:
        """Register the decorated coroutine function under these names."""

        def register(handler: Handler) -> Handler:
            for name in names:
                self.handlers[name.lower()] = handler
                self.names[name.lower()] = name
            return handler

        return register

    def include(self, other: "Methods") -> None:
        """Take over the handlers of another registry; a method has one handler only."""
        twice = sorted(self.handlers.keys() & other.handlers.keys())
        if twice:
            raise ValueError(f"these methods have two handlers, keep one: {', '.join(twice)}")
        self.handlers |= other.handlers
        self.names |= other.names

    def known(self) -> list[str]:
        """Return the names of all methods that have a handler."""
        return sorted(self.names.values())

    async def answer(self, name: str, call: Call) -> object:
        """Return a method's result; raises `BotApiError` for a refusal or an unknown method."""
        handler = self.handlers.get(name.lower())
        if handler is None:
            self.unknown[name] += 1
            raise BotApiError(NOT_FOUND, f'Not Found: method "{name}" is not known here')
        return await handler(call)


def peer_of(place: Place) -> Peer:
    """Name a place as a peer."""
    kind = PeerKind.USER if isinstance(place, Person) else PeerKind.CHANNEL
    return Peer(kind, place.id)


def refuse_strangers(channel: Channel, bot: Person) -> None:
    """Refuse a bot that is not in a private channel or group."""
    if bot.id not in channel.members and not channel.username:
        raise Refusal("CHANNEL_PRIVATE")
