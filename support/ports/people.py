"""Clients and staff."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from support.actor import Actor
from support.ids import ChatId, ClientId, OperatorId, TechnicianId, TgUserId
from support.languages import Language
from support.people import (
    AskedOf,
    Client,
    ClientSeen,
    NewStaff,
    NewTechnician,
    Role,
    StaffMember,
    Technician,
    UserStatus,
)
from support.phones import Phone


class ClientStore(Protocol):
    """Those who write to the desk."""

    async def see_client(self, seen: ClientSeen) -> Client:
        """Record a client, or their new name; a first language comes from their app."""

    async def client(self, client: ClientId) -> Client:
        """Return a client."""

    async def client_of(self, telegram_id: TgUserId) -> Client | None:
        """Return the client with that Telegram id."""

    async def set_language(self, client: ClientId, language: Language) -> None:
        """Remember what the client chose."""

    async def set_phone(self, client: ClientId, phone: Phone) -> None:
        """Keep the client's number, encrypted."""

    async def phone_of(self, client: ClientId) -> str | None:
        """Return the number in the clear (E.164)."""

    async def block(self, actor: Actor, client: ClientId) -> bool:
        """Take nothing more from the client; audited. False: blocked already."""

    async def unblock(self, actor: Actor, client: ClientId) -> bool:
        """Take what they write again; audited. False: not blocked."""

    async def mark_left(self, client: ClientId, *, has_left: bool) -> None:
        """Remember that the client blocked the bot, or came back."""


class StaffStore(Protocol):
    """Users and their roles: one table for bot and web. Every change is audited."""

    async def seed_admins(
        self, actor: Actor, supreme: Sequence[TgUserId], dev: Sequence[TgUserId]
    ) -> int:
        """Make these people active admins where they are not; returns how many were not.

        Called at each start with SUPREME_ADMIN_IDS and DEV_ADMIN_IDS.
        """

    async def add_staff(self, actor: Actor, new: NewStaff) -> StaffMember:
        """Add a user or give an existing one more roles; a removed one is active again.

        Raises AlreadyExists when the name and the Telegram id belong to two users.
        """

    async def set_roles(
        self, actor: Actor, user: OperatorId, roles: frozenset[Role]
    ) -> StaffMember:
        """Give exactly these roles. Raises NotAllowed when nobody would be admin any more."""

    async def set_status(self, actor: Actor, user: OperatorId, status: UserStatus) -> StaffMember:
        """Let somebody act, or not. Raises NotAllowed for the last active admin.

        Tickets of an operator who is let go wait again.
        """

    async def staff(self, role: Role | None = None) -> Sequence[StaffMember]:
        """Return users with roles who were not removed, by name."""

    async def staff_member(self, user: OperatorId) -> StaffMember:
        """Return a user."""

    async def staff_named(self, name: str) -> StaffMember:
        """Return the user of that name, @username or Telegram id."""

    async def staff_of(self, telegram_id: TgUserId) -> StaffMember | None:
        """Return the user with that Telegram id, if they have a role and were not removed."""

    async def see_staff(
        self, telegram_id: TgUserId, username: str | None, full_name: str, *, started: bool
    ) -> StaffMember | None:
        """Remember how they are called now, and that they pressed /start; None: no staff."""

    async def set_away(self, user: OperatorId, *, is_away: bool) -> None:
        """Let assignment pass somebody by, or not."""

    async def ask_staff(self, user: OperatorId, asked: AskedOf | None) -> None:
        """Remember what somebody was asked, or that nothing is."""

    async def set_staff_language(self, user: OperatorId, language: Language) -> None:
        """Remember in which language the bot speaks with them."""


class TechnicianStore(Protocol):
    """Technicians and their groups."""

    async def put_technician(self, actor: Actor, new: NewTechnician) -> Technician:
        """Add a technician, or change the one of that name; audited."""

    async def apply_mapping(self, actor: Actor, mapping: Mapping[str, ChatId]) -> int:
        """Bring technicians in line with TECH_GROUPS_MAPPING; returns how many changed."""

    async def set_technician_active(
        self, actor: Actor, technician: TechnicianId, *, is_active: bool
    ) -> Technician:
        """Let a technician get tickets, or not; audited."""

    async def technicians(self, *, only_active: bool = True) -> Sequence[Technician]:
        """Return technicians by name, with how many open tickets each has."""

    async def technician(self, technician: TechnicianId) -> Technician:
        """Return a technician."""

    async def technician_of_group(self, group: ChatId) -> Sequence[Technician]:
        """Return the active technicians whose group that is."""
