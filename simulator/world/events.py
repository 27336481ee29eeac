"""What the world tells to whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.world.mailbox import Entry
from simulator.world.media import Poll
from simulator.world.messages import Message
from simulator.world.peers import ChannelId, MessageId, Peer, UserId
from simulator.world.queries import CallbackQuery


@dataclass(frozen=True, slots=True)
class Via:
    """The session that asked; it learns of its own act from the answer."""

    key_id: int
    session_id: int


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account's log has a new entry."""

    user: UserId
    entry: Entry
    via: Via | None = None


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A channel's log has a new entry; `actor` is whose session `via` is."""

    channel: ChannelId
    entry: Entry
    via: Via | None = None


@dataclass(frozen=True, slots=True)
class ChannelRead:
    """A member has read a channel up to `max_id`; `authors` wrote what was read."""

    channel: ChannelId
    user: UserId
    max_id: MessageId
    unread: int
    authors: frozenset[UserId]
    via: Via | None = None


@dataclass(frozen=True, slots=True)
class ChannelAltered:
    """A channel, or its standing towards these people, is no longer what it was.

    `actor` is who brought that about, where it is known.
    """

    channel: ChannelId
    users: frozenset[UserId]
    via: Via | None = None
    actor: UserId | None = None


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """Somebody asks to be let into a channel, or was answered."""

    channel: ChannelId
    user: UserId


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody writes, or does what the wire's `act` says, in a chat."""

    user: UserId
    chat: Peer
    act: str
    top: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Reacted:
    """A message has other reactions now; `user` is whose copy it is in a private chat."""

    message: Message
    owner: UserId | None
    via: Via | None = None


@dataclass(frozen=True, slots=True)
class PollChanged:
    """A poll of `owner` has another vote, given by `voter`, or is closed when that is None."""

    poll: Poll
    owner: UserId
    voter: UserId | None = None


@dataclass(frozen=True, slots=True)
class PersonRenamed:
    """A person goes by another name or username."""

    user: UserId


@dataclass(frozen=True, slots=True)
class PersonBlocked:
    """Somebody wants to hear nothing more of `other`, or hears it again."""

    user: UserId
    other: UserId
    blocked: bool


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person came online or went away."""

    user: UserId
    online: bool


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """A person signed in with another key; their other sessions are warned."""

    key_id: int
    user: UserId


@dataclass(frozen=True, slots=True)
class LoginEnded:
    """An authorisation is over; its connections must go."""

    key_id: int


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """A button under a bot's message was pressed."""

    query: CallbackQuery


@dataclass(frozen=True, slots=True)
class CallbackAnswered:
    """A bot answered whoever pressed a button."""

    query: CallbackQuery


Event = (
    AccountChanged
    | ChannelChanged
    | ChannelRead
    | ChannelAltered
    | Typing
    | Reacted
    | PollChanged
    | PersonRenamed
    | PersonSeen
    | PersonBlocked
    | LoginBegun
    | LoginEnded
    | JoinRequested
    | ButtonPressed
    | CallbackAnswered
)
Listener = Callable[[Event], None]


class Bulletin:
    """Tells every listener, in the order in which things happened."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` told from now on; call what comes back to end that."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        for listener in tuple(self.listeners):
            listener(event)
