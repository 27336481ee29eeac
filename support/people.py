"""People at the desk: clients, staff with their roles, technicians."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from support.ids import ChatId, ClientId, OperatorId, TechnicianId, TgUserId
from support.languages import Language


class Role(StrEnum):
    """What somebody may do, in the bot and on the web; one person may have several."""

    ADMIN = "admin"
    LEAD = "lead"
    OPERATOR = "operator"
    TECHNICIAN = "technician"


class UserStatus(StrEnum):
    """Whether somebody may act at all."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


TAKES_TICKETS = frozenset({Role.ADMIN, Role.LEAD, Role.OPERATOR})
"""Roles that answer clients."""


@dataclass(frozen=True, slots=True)
class ClientSeen:
    """A client as an update shows them."""

    telegram_id: TgUserId
    username: str | None
    full_name: str
    language_code: str | None = None
    """As Telegram tells it of their app; what they chose themselves stays."""


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who wrote to the desk."""

    id: ClientId
    telegram_id: TgUserId
    username: str | None
    full_name: str
    language: Language
    phone_hint: str | None
    """The last digits; the number itself is encrypted (`ClientStore.phone_of`)."""
    created_at: datetime
    last_seen_at: datetime
    is_blocked: bool
    """By staff: what they write is not taken."""
    has_left: bool = False
    """They blocked the bot: nothing can be sent to them."""


class Question(StrEnum):
    """What staff may be asked to type that is not for a client."""

    NOTE = "note"
    """A private note; asked about a ticket."""
    SETTING = "setting"
    """A value for the admins' menu."""


@dataclass(frozen=True, slots=True)
class AskedOf:
    """A question that somebody of the staff is to answer by their next words.

    It is kept beside them, not with the dialogue that may be lost: what they type meanwhile must
    never be taken for words to a client.
    """

    question: Question
    about: str = ""
    answered_by: str | None = None
    """The turn that took the answer: should it run again, the question is open to it still."""

    def is_open(self, turn: str) -> bool:
        """Tell whether a turn's message answers it."""
        return self.answered_by in {None, turn}


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A user of the one role table, as the desk sees them."""

    id: OperatorId
    name: str
    telegram_id: TgUserId | None
    username: str | None
    roles: frozenset[Role]
    status: UserStatus
    has_started: bool
    """Whether they pressed /start, so that the bot may write to them."""
    is_away: bool
    """Whether assignment passes them by."""
    language: Language = Language.RU
    asked: AskedOf | None = None

    @property
    def takes_tickets(self) -> bool:
        """Tell whether they may answer clients."""
        return self.status is UserStatus.ACTIVE and bool(self.roles & TAKES_TICKETS)

    @property
    def is_admin(self) -> bool:
        """Tell whether they may change the desk itself."""
        return self.status is UserStatus.ACTIVE and Role.ADMIN in self.roles

    @property
    def leads(self) -> bool:
        """Tell whether they may decide about others' tickets."""
        return self.status is UserStatus.ACTIVE and bool(self.roles & {Role.ADMIN, Role.LEAD})


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Somebody to be given roles; an existing user of that name or Telegram id gains them."""

    name: str
    telegram_id: TgUserId | None
    roles: frozenset[Role]
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who solves what operators cannot, in a group of their own."""

    id: TechnicianId
    name: str
    tg_user_id: TgUserId | None
    group: ChatId | None
    """The group with mirror topics; None: they only look on."""
    is_active: bool
    open_tickets: int = 0


@dataclass(frozen=True, slots=True)
class NewTechnician:
    """A technician as an admin or TECH_GROUPS_MAPPING names them; names are unique."""

    name: str
    tg_user_id: TgUserId | None = None
    group: ChatId | None = None
