"""What every handler of the desk works with, and how parts of the desk add themselves to it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from aiogram import Bot, Router
from aiogram.types import Message
from pydantic import JsonValue

from desk.turn import Turn
from orchestrator.clock import Clock
from orchestrator.ports.desk import BotId, DoorStores, Parcel
from orchestrator.ports.handoff import AccountTicketStore
from orchestrator.service.bot_grants import BotGrants
from orchestrator.service.conversations import Conversations
from orchestrator.service.settings import SettingsDesk
from support.ids import ChatId, TgUserId, TicketId
from support.languages import Language
from support.people import Client
from support.ports.stores import DeskStores
from support.survey import Survey
from support.terms import DeskTerms
from support.tickets import Mode, Place, Ticket


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Where the desk works, as the environment says."""

    operators_chat: ChatId | None = None
    """Where cards of mode take stand."""
    main_group: ChatId | None = None
    """The forum with a topic for each ticket (mode topics)."""
    more_groups: Sequence[ChatId] = ()
    """Further forums that share its load."""
    tech_groups: Mapping[str, ChatId] = field(default_factory=dict)
    mode: Mode | None = None
    """How new tickets are handled, where both are set up; None: in topics."""
    region: str = "RU"
    """The country of phone numbers without a country code."""
    language: Language = Language.RU
    """What staff's groups are spoken to in."""
    supreme_admins: Sequence[TgUserId] = ()
    dev_admins: Sequence[TgUserId] = ()
    media_root: str | None = None
    """Where files are kept (a folder or a URL of fsspec's); None: only what is known of them."""
    webhook_url: str | None = None
    """Where Telegram brings updates; None: they are fetched."""


@dataclass(frozen=True, slots=True)
class Fell:
    """What became of a parcel, as its continuation is told."""

    state: str
    """A `ParcelState`."""
    error: str
    message: int | None
    """The message's number, or the topic's."""
    chat: ChatId
    thread: int
    ticket: TicketId | None
    told: Mapping[str, JsonValue]
    parcel: int = 0


class Hall(Protocol):
    """Where staff meet clients' tickets: one for each mode."""

    async def announce(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Tell staff of a ticket that waits: a card, a topic."""

    async def assign(self, turn: Turn, ticket: Ticket) -> None:
        """Give a waiting ticket to somebody by the rule of the terms, if anybody is free."""

    async def destinations(self, ticket: Ticket) -> Sequence[Place]:
        """Return where a client's messages go; nowhere while nobody has the ticket."""

    async def tell(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say something (HTML) about a ticket to whoever works on it."""

    async def warn(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say something (HTML) about a ticket to all staff."""

    async def closed(self, turn: Turn, ticket: Ticket, by: str) -> None:
        """Show that a ticket was closed, wherever it stands."""

    async def returned(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Show that a ticket waits again because its operator is gone."""

    async def merged(self, turn: Turn, ticket: Ticket, into: Ticket) -> None:
        """Show, wherever a ticket stands, of which other one it is part now, and close it there."""

    async def moved(self, turn: Turn) -> None:
        """Show again what stood in a group that became a supergroup, where it stood there alone."""

    async def surveyed(self, turn: Turn, ticket: Ticket, survey: Survey) -> None:
        """Show what the client thought of it."""


Words = Callable[..., str]
"""`words(key, language, **values)`: a text of ours, with values escaped for HTML."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """How the desk takes part in the conversations of user accounts."""

    conversations: Conversations
    tickets: AccountTicketStore


@dataclass(slots=True)
class House:
    """The stores, the bot and the settings that handlers are given as `house`."""

    bot: Bot
    bot_id: BotId
    username: str
    desk: DeskStores
    door: DoorStores
    words: Words
    terms: Callable[[], DeskTerms]
    settings: DeskSettings
    clock: Clock
    grants: BotGrants | None = None
    """Where channels' admins allow comments; None where the desk is only a desk."""
    accounts: Accounts | None = None
    """Whose handed-over conversations become tickets; None where there are no accounts."""
    numbers: SettingsDesk | None = None
    """Where the desk's settings are kept; None where admins cannot change them here."""
    halls: dict[Mode, Hall] = field(default_factory=dict)
    environment: DeskSettings = field(default_factory=DeskSettings)
    """What the settings were before groups that are stored in the database were added."""
    remembering: list[Callable[[TgUserId], None]] = field(default_factory=list)
    """What forgets a person whom it remembers for a moment."""

    def forget(self, person: TgUserId) -> None:
        """Have everybody ask anew who somebody is."""
        for forget in self.remembering:
            forget(person)

    def hall(self, ticket: Ticket) -> Hall:
        """Return where a ticket is handled; a mode that is not set up any more has none."""
        return self.halls.get(ticket.mode) or next(iter(self.halls.values()))


Continuation = Callable[[Turn, Fell], Awaitable[None]]
"""Goes on when the fate of a parcel is known; runs like a handler, with a turn of its own."""
Chore = Callable[[], Awaitable[Sequence[Parcel]]]
"""What the leading node does from time to time; returns what is to be said."""
Plain = Callable[[Message, Turn], Awaitable[bool]]
"""Handles a plain message (`desk.plain`); False for one that concerns another wing."""


@dataclass(frozen=True, slots=True)
class Wing:
    """A part of the desk: its handlers, what goes on after parcels, and what time brings."""

    router: Router
    continuations: Mapping[str, Continuation] = field(default_factory=dict)
    chores: Mapping[str, tuple[timedelta, Chore]] = field(default_factory=dict)
    plain: Plain | None = None
    """Takes the plain messages that its router would, without the router being asked."""


MakeWing = Callable[[House], Wing]
