"""What admins edit."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from support.actor import Actor
from support.calendar import WorkCalendar
from support.catalogue import CannedReply, Hours, MenuTopic
from support.languages import Language
from support.sla import SlaPolicy


class CatalogueStore(Protocol):
    """Menu, canned replies, texts, hours, SLA policies; every change is audited."""

    async def menu(self, *, only_active: bool = True) -> Sequence[MenuTopic]:
        """Return the start menu in its order."""

    async def menu_topic(self, key: str) -> MenuTopic | None:
        """Return a topic, also one that is out of the menu now."""

    async def put_menu_topic(self, actor: Actor, topic: MenuTopic) -> MenuTopic:
        """Add a topic, or change the one with that key."""

    async def remove_menu_topic(self, actor: Actor, key: str) -> bool:
        """Take a topic out for good; tickets keep its key."""

    async def canned_replies(self) -> Sequence[CannedReply]:
        """Return the canned replies by key."""

    async def put_canned_reply(self, actor: Actor, reply: CannedReply) -> None:
        """Add one or change it. Raises BadInput for variables that nobody fills."""

    async def remove_canned_reply(self, actor: Actor, key: str) -> bool:
        """Remove one."""

    async def text_overrides(self) -> Mapping[tuple[str, Language], str]:
        """Return the texts that admins put in place of ours, by key and language."""

    async def put_text(self, actor: Actor, key: str, language: Language, text: str | None) -> None:
        """Put a text in place of ours; None brings ours back.

        Raises BadInput for an unknown key, or for other variables than ours has.
        """

    async def hours(self) -> Sequence[Hours]:
        """Return the calendars by key."""

    async def put_hours(self, actor: Actor, hours: Hours) -> None:
        """Add a calendar or change it; running clocks keep when they are due.

        Raises BadInput for an unknown time zone.
        """

    async def remove_hours(self, actor: Actor, key: str) -> bool:
        """Remove a calendar. Raises NotAllowed while an SLA policy counts by it."""

    async def add_holiday(self, actor: Actor, hours: str, day: date, name: str) -> None:
        """Close a calendar on a day."""

    async def desk_calendar(self) -> WorkCalendar | None:
        """Return the calendar that tells clients when the desk is open; None: always."""

    async def policies(self) -> Sequence[SlaPolicy]:
        """Return the SLA policies by key."""

    async def put_policy(self, actor: Actor, policy: SlaPolicy) -> None:
        """Add a policy or change it; it holds for clocks that start from now on."""

    async def remove_policy(self, actor: Actor, key: str) -> bool:
        """Remove a policy."""
