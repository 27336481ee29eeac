"""What clients are promised about time, and in which hours it passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestrator.actor import Actor
from orchestrator.errors import BadInput, NotFound
from support.catalogue import Hours
from support.hours import read_week
from support.ports.catalogue import CatalogueStore
from support.sla import SlaPolicy


@dataclass(frozen=True, slots=True)
class Promises:
    """Reads and changes SLA policies and business hours."""

    store: CatalogueStore

    async def policies(self) -> Sequence[SlaPolicy]:
        """Return the SLA policies by key."""
        return await self.store.policies()

    async def put_policy(self, actor: Actor, policy: SlaPolicy) -> None:
        """Add a policy or change it; raises BadInput when it promises nothing."""
        if policy.first_answer is policy.next_answer is policy.resolution is None:
            raise BadInput("an SLA policy promises something: give --first, --next or --resolution")
        if policy.topic is not None and await self.store.menu_topic(policy.topic) is None:
            known = ", ".join(one.key for one in await self.store.menu(only_active=False))
            raise NotFound(f"There is no menu topic {policy.topic}; there are {known}")
        await self.store.put_policy(actor, policy)

    async def remove_policy(self, actor: Actor, key: str) -> None:
        """Remove a policy; raises NotFound."""
        if not await self.store.remove_policy(actor, key):
            raise NotFound(f"There is no SLA policy {key}: see `troupe sla list`")

    async def hours(self) -> Sequence[Hours]:
        """Return the calendars by key."""
        return await self.store.hours()

    async def put_hours(
        self, actor: Actor, key: str, zone: str, week: str, *, is_desk: bool
    ) -> Hours:
        """Add a calendar, or change its hours and keep its holidays; raises BadInput."""
        try:
            spans = read_week(week)
        except ValueError as wrong:
            raise BadInput(str(wrong)) from None
        known = {one.key: one for one in await self.store.hours()}
        days = known[key].holidays if key in known else {}
        hours = Hours(key, zone, spans, days, is_desk)
        await self.store.put_hours(actor, hours)
        return hours

    async def add_holiday(self, actor: Actor, key: str, day: date, name: str) -> None:
        """Close a calendar on a day; raises BadInput for a calendar that there is not."""
        await self.store.add_holiday(actor, key, day, name)

    async def remove_hours(self, actor: Actor, key: str) -> None:
        """Remove a calendar; raises NotFound, and NotAllowed while a policy counts by it."""
        if not await self.store.remove_hours(actor, key):
            raise NotFound(f"There are no business hours {key}: see `troupe hours list`")
