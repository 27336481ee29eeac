"""The desk's way in and way out: updates that wait to be handled, parcels that wait to be sent.

Every method that writes is one transaction. What a handler decided and what the bot says about it
are bound by keys: an update that is handled twice leaves one set of parcels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol

from pydantic import JsonValue

from orchestrator.errors import NotAllowed
from support.ids import ActKey, ChatId, TgMessageId, ThreadId, TicketId

BotId = NewType("BotId", int)
UpdateRow = NewType("UpdateRow", int)
"""Our own number of a stored update: the order in which updates came."""
ParcelId = NewType("ParcelId", int)

Json = Mapping[str, JsonValue]
"""A JSON object of the Bot API, as it comes or goes (https://core.telegram.org/bots/api)."""


@dataclass(frozen=True, slots=True)
class RawUpdate:
    """An update as it came, and the chat in whose order it is handled."""

    number: int
    """Telegram's `update_id`; below zero for what the desk tells itself."""
    chat: ChatId
    content: Json


@dataclass(frozen=True, slots=True)
class WaitingUpdate:
    """An update that was stored and confirmed, and is not handled yet."""

    row: UpdateRow
    update: RawUpdate
    received_at: datetime


@dataclass(frozen=True, slots=True)
class MessageAt:
    """A message in its chat."""

    chat: ChatId
    message: TgMessageId


@dataclass(frozen=True, slots=True)
class Doubt:
    """Who is told, and where, when a parcel may not have arrived, or has not."""

    chat: ChatId
    thread: ThreadId | None = None
    reply_to: TgMessageId | None = None
    language: str = "ru"


@dataclass(frozen=True, slots=True)
class After:
    """What is to happen when the fate of a parcel is known: a continuation and its arguments."""

    name: str
    told: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One call of the Bot API that is to be made: in order with others to the same chat."""

    key: str
    """Unique for the bot: the same key is sent once, however often it is queued."""
    method: str
    """As the Bot API names it: `sendMessage`, `copyMessage`, `editForumTopic`."""
    chat: ChatId
    params: Json
    thread: int = 0
    source: MessageAt | None = None
    """What is relayed by it: the two find each other afterwards (`RelayStore`)."""
    album: str = ""
    """Copies of one album to one chat, gathered into one call."""
    ticket: TicketId | None = None
    doubt: Doubt | None = None
    after: After | None = None
    delay: timedelta = timedelta()
    """How long it waits for others to be merged with, and what comes after it for it."""


class TicketEnded(NotAllowed):
    """Somebody's words came after the end of the ticket that they were meant for."""


class ParcelState(StrEnum):
    """What became of a parcel."""

    DUE = "due"
    SENDING = "sending"
    """The request goes out now: should the process die, nobody knows whether it arrived."""
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    HELD = "held"
    """The person must press /start, or unblock the bot, first."""
    MERGED = "merged"
    """A later edit of the same message or title stands in its place, or an album took it in."""


@dataclass(frozen=True, slots=True)
class DueParcel:
    """A parcel with its number and what is known of earlier tries."""

    id: ParcelId
    parcel: Parcel
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a parcel, with all that follows from it in the same transaction."""

    parcel: DueParcel
    state: ParcelState
    message: TgMessageId | None = None
    """The number that the message got at its destination."""
    error: str = ""
    after: After | None = None
    """What the desk tells itself of it: the parcel's own continuation, or a general one."""
    notices: Sequence[Parcel] = ()


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The other end of a relay."""

    chat: ChatId
    message: TgMessageId
    thread: int = 0
    ticket: TicketId | None = None


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A copy of a message that is still to be sent, or not yet known to have arrived."""

    parcel: ParcelId
    chat: ChatId


@dataclass(frozen=True, slots=True)
class Amendment:
    """The call that puts other words into a message; which one is filled in."""

    method: str
    params: Json


class UpdateStore(Protocol):
    """Updates from the moment in which they are confirmed."""

    async def record_updates(self, bot: BotId, updates: Sequence[RawUpdate]) -> int:
        """Store updates under their numbers, all in one transaction; returns how many are new."""

    async def waiting_updates(
        self, bot: BotId, held: Sequence[UpdateRow], limit: int
    ) -> Sequence[WaitingUpdate]:
        """Return due updates in the order in which they came, but for those that are `held`."""

    async def finish_update(self, bot: BotId, update: UpdateRow, parcels: Sequence[Parcel]) -> None:
        """Mark an update as handled and queue what the bot says about it, or do neither."""

    async def bury_update(
        self, bot: BotId, update: UpdateRow, error: str, parcels: Sequence[Parcel]
    ) -> None:
        """Give an update up, on record with its error, and tell the person."""


class ParcelStore(Protocol):
    """Parcels from being queued until their fate is known."""

    async def queue_parcels(self, bot: BotId, parcels: Sequence[Parcel]) -> int:
        """Queue parcels whose keys are new; returns how many are."""

    async def due_parcels(
        self, bot: BotId, held: Sequence[ParcelId], limit: int
    ) -> Sequence[DueParcel]:
        """Return parcels that wait, oldest first, but for those that are `held`."""

    async def claim_parcels(self, by: str, parcels: Sequence[ParcelId]) -> frozenset[ParcelId]:
        """Mark parcels as being sent; returns those that nobody else had."""

    async def settle_parcel(self, bot: BotId, outcome: Outcome) -> None:
        """Record what became of a parcel, its relay, what follows, and who is told."""

    async def amend_parcels(self, amendments: Mapping[ParcelId, Amendment]) -> None:
        """Have messages edited once it is known where they stand; the last amendment is made.

        What is known to have stood before stands among the copies (`RelayStore.copies`) by then.
        """

    async def give_back(self, parcels: Sequence[ParcelId]) -> None:
        """Make parcels due again that were certainly not sent."""

    async def left_behind(self, bot: BotId, by: str) -> Sequence[DueParcel]:
        """Return what another process was sending when it ended."""

    async def is_held_before(self, bot: BotId, chat: ChatId, parcel: ParcelId) -> bool:
        """Tell whether an earlier parcel waits for the same person."""

    async def release_held(self, bot: BotId, chat: ChatId) -> int:
        """Let go what waited for a person to press /start; returns how many that are."""

    async def parcel(self, bot: BotId, parcel: ParcelId) -> DueParcel | None:
        """Return one parcel, whatever became of it."""

    async def refused_parcels(self, bot: BotId, chat: ChatId, thread: int) -> Sequence[DueParcel]:
        """Return what a topic did not take because it was deleted, in order."""

    async def topics_under_way(self, bot: BotId) -> frozenset[TicketId]:
        """Return which tickets' own topics are still to be opened, or to be told of."""

    async def sending_to(self, bot: BotId, chat: ChatId) -> frozenset[ParcelId]:
        """Return what went out to a chat and is not yet known to have arrived."""

    async def lately_sent(self, bot: BotId, since: timedelta) -> Sequence[tuple[ChatId, timedelta]]:
        """Return to which chats something was sent, and how long ago."""


class PendingStore(Protocol):
    """What clients write before they have a ticket."""

    async def keep(self, bot: BotId, at: MessageAt, content: Json, album: str = "") -> bool:
        """Keep a message; returns whether it begins something: False for an album's later parts."""

    async def renew(self, bot: BotId, at: MessageAt, content: Json) -> None:
        """Keep what was written anew in place of what waits; what was handed out stays."""

    async def adopt(self, bot: BotId, chat: ChatId, act: ActKey) -> Sequence[Json]:
        """Hand out what waits, in order, to one act; the same act is given the same again."""


class RelayStore(Protocol):
    """Which message stands for which other one elsewhere."""

    async def counterparts(
        self, bot: BotId, at: MessageAt, chat: ChatId | None = None
    ) -> Sequence[Counterpart]:
        """Return the messages that stand for this one, in any chat or in one.

        Both ways, and the other copies of what this is a copy of.
        """

    async def copies(self, bot: BotId, at: MessageAt) -> Sequence[Counterpart]:
        """Return the copies of a message, which the bot may edit."""

    async def on_their_way(self, bot: BotId, at: MessageAt) -> Sequence[OnItsWay]:
        """Return copies of a message that are still to be sent or were not yet answered for."""

    async def relayed(self, bot: BotId, messages: Sequence[MessageAt]) -> frozenset[MessageAt]:
        """Return which of these certainly arrived anywhere."""


class CallbackKeys(Protocol):
    """Callback data that is longer than the 64 bytes which a button holds."""

    async def shorten(self, data: str) -> str:
        """Return a short signed key for it, the same each time; short data stay as they are."""

    async def expand(self, data: str) -> str | None:
        """Return what a button meant; None where the key is not ours."""


class BotStore(Protocol):
    """The desk's bots and their tokens, encrypted."""

    async def keep_token(self, bot: BotId, username: str, token: str) -> None:
        """Keep a token; of the bot's own, an older one is replaced."""

    async def username(self) -> str | None:
        """Return the name of the bot whose token was kept last."""

    async def token(self) -> str | None:
        """Return the token that was kept last."""


class DeskMemory(Protocol):
    """What the desk remembers in Redis and may lose: dialogues, locks. Never raises for Redis."""

    async def read(self, key: str) -> str | None:
        """Return what is kept under a key; None too where Redis is away."""

    async def keep(self, key: str, value: str | None, lasts: timedelta) -> None:
        """Keep a value for a while, or with None forget it."""

    async def lock(self, key: str, owner: str, lasts: timedelta) -> bool:
        """Take a lock (`lock:`, `fwd:`), or find that one has it; True too where Redis is away."""

    async def unlock(self, key: str) -> None:
        """Give a lock back before its time."""


@dataclass(frozen=True, slots=True)
class DoorStores:
    """Everything that the desk's door stores."""

    updates: UpdateStore
    parcels: ParcelStore
    relays: RelayStore
    pending: PendingStore
    keys: CallbackKeys
    bots: BotStore
    memory: DeskMemory
