"""Who writes: clients and staff, remembered for a moment, and how much one may write."""

from collections import deque
from dataclasses import dataclass, field

from aiogram.types import User

from desk.brief import Brief
from desk.house import House
from orchestrator.clock import Clock
from support.ids import TgUserId
from support.people import Client, ClientSeen, StaffMember

WRITERS = 5000


def seen(user: User) -> ClientSeen:
    """Describe a person as an update shows them."""
    name = user.full_name.strip()[:128] or str(user.id)
    return ClientSeen(TgUserId(user.id), user.username, name, user.language_code)


@dataclass(slots=True)
class People:
    """Finds out who somebody is."""

    house: House
    clients: Brief[ClientSeen, Client] = field(init=False)
    staff: Brief[int, tuple[StaffMember | None]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to remember."""
        self.clients = Brief(self.house.clock)
        self.staff = Brief(self.house.clock)
        self.house.remembering.append(self.forget)

    def forget(self, person: TgUserId) -> None:
        """Forget somebody, however they were called."""
        self.staff.forget(person)
        for shown in [one for one in self.clients.kept if one.telegram_id == person]:
            self.clients.forget(shown)

    async def client(self, user: User) -> Client:
        """Return the client that somebody is, recorded if they are new."""
        shown = seen(user)
        known = self.clients.get(shown)
        return known or self.clients.keep(shown, await self.house.desk.clients.see_client(shown))

    def changed(self, user: User) -> None:
        """Forget a client who changed."""
        self.clients.forget(seen(user))

    async def staff_member(self, user: User) -> StaffMember | None:
        """Return the member of staff that somebody is."""
        known = self.staff.get(user.id)
        if known is None:
            found = await self.house.desk.staff.staff_of(TgUserId(user.id))
            known = self.staff.keep(user.id, (found,))
        return known[0]


@dataclass(slots=True)
class Flood:
    """Counts what one person writes in a minute."""

    clock: Clock
    log: dict[int, deque[float]] = field(default_factory=dict)

    def over(self, person: int, most: int) -> int:
        """Count one more; returns by how many it is over the limit."""
        now = self.clock.monotonic()
        written = self.log.setdefault(person, deque(maxlen=most + 2))
        while written and written[0] < now - 60:
            written.popleft()
        written.append(now)
        if len(self.log) > WRITERS:
            self.log.pop(next(iter(self.log)))
        return max(0, len(written) - most)
