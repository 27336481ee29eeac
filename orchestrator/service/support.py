"""The support desk, as people see and direct it from outside of Telegram."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.actor import Actor
from orchestrator.clock import Clock
from orchestrator.errors import BadInput, NotFound
from support.groups import DeskGroup, DeskPulse, GroupUse, NewInvite
from support.ids import ChatId, TechnicianId, TgUserId, TicketId
from support.people import NewStaff, NewTechnician, Role, StaffMember, Technician, UserStatus
from support.ports.stores import DeskStores
from support.reports import Found, TicketFilter, Transcript
from support.tickets import Ticket, TicketState

CODE_BYTES = 12
"""Random bytes of an invitation: 96 bits, 16 letters."""
LONGEST_INVITE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """Everything that tells how the desk stands."""

    bot: str | None
    """The bot's @username; None: none was set up."""
    groups: Sequence[DeskGroup]
    staff: Sequence[StaffMember]
    technicians: Sequence[Technician]
    waiting: int
    in_work: int
    pulse: DeskPulse

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the ways in which tickets are handled."""
        uses = {group.use for group in self.groups}
        ways = ((GroupUse.OPERATORS, "take"), (GroupUse.MAIN, "topics"))
        return tuple(way for use, way in ways if use in uses)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that was just made; its code is shown this once."""

    code: str
    roles: frozenset[Role]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SupportDesk:
    """Lists and exports tickets, and says who works at the desk and where."""

    stores: DeskStores
    clock: Clock

    async def tickets(
        self,
        state: TicketState | None = None,
        operator: str | None = None,
        tag: str | None = None,
        limit: int = 50,
    ) -> Sequence[Ticket]:
        """Return tickets, open ones first; raises NotFound for an operator whom nobody knows."""
        who = await self.stores.staff.staff_named(operator) if operator else None
        wanted = TicketFilter(state, who.id if who else None, tag, limit)
        return await self.stores.tickets.tickets(wanted)

    async def search(self, query: str, limit: int = 20) -> Sequence[Found]:
        """Find tickets by number, client or words."""
        return await self.stores.reports.search(query, limit)

    async def transcript(self, ticket: int) -> Transcript:
        """Return everything said in a ticket; raises NotFound."""
        return await self.stores.reports.transcript(TicketId(ticket))

    async def staff(self, role: Role | None = None) -> Sequence[StaffMember]:
        """Return those who work at the desk."""
        return await self.stores.staff.staff(role)

    async def add_staff(
        self, actor: Actor, name: str, telegram_id: int | None, roles: frozenset[Role]
    ) -> StaffMember:
        """Give somebody roles; raises BadInput and AlreadyExists."""
        if not name.strip():
            raise BadInput("an operator needs a name")
        person = None if telegram_id is None else TgUserId(telegram_id)
        return await self.stores.staff.add_staff(actor, NewStaff(name.strip(), person, roles))

    async def remove_staff(self, actor: Actor, name: str) -> StaffMember:
        """Let somebody go: their open tickets wait again; raises NotFound and NotAllowed."""
        found = await self.stores.staff.staff_named(name)
        return await self.stores.staff.set_status(actor, found.id, UserStatus.REMOVED)

    async def technicians(self) -> Sequence[Technician]:
        """Return the technicians, also those who get no tickets now."""
        return await self.stores.technicians.technicians(only_active=False)

    async def put_technician(self, actor: Actor, new: NewTechnician) -> Technician:
        """Add a technician, or change the one of that name."""
        return await self.stores.technicians.put_technician(actor, new)

    async def dismiss_technician(self, actor: Actor, name: str) -> Technician:
        """Give a technician no more tickets; raises NotFound."""
        found = {one.name: one.id for one in await self.technicians()}
        if name not in found:
            known = f"there are {', '.join(found)}" if found else "there is none"
            raise NotFound(f"There is no technician {name}; {known}")
        who = TechnicianId(found[name])
        return await self.stores.technicians.set_technician_active(actor, who, is_active=False)

    async def invite(self, actor: Actor, roles: frozenset[Role], lasts: timedelta) -> Invitation:
        """Make a link's code that lets one person in; raises BadInput."""
        if not roles:
            raise BadInput("an invitation needs a role")
        if not timedelta() < lasts <= LONGEST_INVITE:
            raise BadInput(f"an invitation lasts up to {LONGEST_INVITE.days} days")
        made = Invitation(secrets.token_urlsafe(CODE_BYTES), roles, self.clock.now() + lasts)
        await self.stores.invites.invite(actor, NewInvite(made.code, roles, made.expires_at))
        return made

    async def put_group(self, actor: Actor, chat: int, use: GroupUse, title: str) -> bool:
        """Use a group."""
        return await self.stores.groups.put_group(actor, DeskGroup(ChatId(chat), use, title))

    async def groups(self) -> Sequence[DeskGroup]:
        """Return the groups that the desk uses."""
        return await self.stores.groups.groups()

    async def status(self, bot: str | None, named: Sequence[DeskGroup] = ()) -> DeskStatus:
        """Tell how the desk stands; `named` are groups that the settings name."""
        stored = await self.stores.groups.groups()
        known = {(one.chat, one.use) for one in stored}
        more = [one for one in named if (one.chat, one.use) not in known]
        open_ones = TicketFilter(TicketState.WORK, limit=1000)
        return DeskStatus(
            bot=bot,
            groups=[*more, *stored],
            staff=await self.stores.staff.staff(),
            technicians=await self.technicians(),
            waiting=len(await self.stores.tickets.waiting()),
            in_work=len(await self.stores.tickets.tickets(open_ones)),
            pulse=await self.stores.pulse.pulse(),
        )
