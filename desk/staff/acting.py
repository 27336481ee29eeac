"""What the admins' menu changes at a press: each act is audited by the store that does it."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType

from desk.house import House
from desk.staff.numbers import set_number
from desk.staff.pages import Page, Speaker
from desk.staff.promises import Promises
from desk.staff.showing import show_page
from desk.topics.cards import TECHNICIANS_KEY
from desk.words import make_words
from orchestrator.errors import BadInput, NotFound
from support.actor import Actor
from support.catalogue import Flow, MenuTopic
from support.groups import NewInvite
from support.ids import OperatorId, TechnicianId
from support.invitations import invitation_link
from support.languages import Language
from support.people import Role, StaffMember, UserStatus

INVITATION_LASTS = timedelta(days=7)
CODE_BYTES = 12
STEP = 10
"""By how much places in the start menu differ."""
YES = "1"
ONCE_TURNED: Mapping[str, str] = MappingProxyType(
    {
        "topic_shown": "topic",
        "topic_phone": "topic",
        "topic_flow": "topic",
        "topic_up": "topics",
        "role": "person",
    }
)
"""Older buttons turned these over, so that a press that came twice undid itself; today's say what
is to be. An older one shows its page anew, with today's buttons."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Carries out one admin's presses; each returns the page that is shown afterwards."""

    house: House
    say: Speaker
    actor: Actor

    async def do(self, name: str, arguments: tuple[str, ...]) -> Page:
        """Carry out an act; raises TroupeError with what stands in its way."""
        known = ACTS.get(name)
        if name in ONCE_TURNED and known is not None and len(arguments) == known[0] - 1:
            return await self.page(ONCE_TURNED[name], *arguments)
        if known is None or len(arguments) != known[0]:
            raise BadInput("that button is not known")
        return await known[1](self, *arguments)

    async def page(self, name: str, *arguments: str) -> Page:
        """Return a page as it looks now."""
        return await show_page(self.house, self.say, name, arguments)

    async def topic(self, key: str) -> MenuTopic:
        """Return a topic; raises NotFound."""
        found = await self.house.desk.catalogue.menu_topic(key)
        if found is None:
            raise NotFound(f"There is no topic {key}")
        return found

    async def put(self, topic: MenuTopic) -> Page:
        """Store a topic and show it."""
        await self.house.desk.catalogue.put_menu_topic(self.actor, topic)
        return await self.page("topic", topic.key)

    async def topic_shown(self, key: str, shown: str) -> Page:
        """Let a topic be in the menu, or not."""
        topic = await self.topic(key)
        return await self.put(replace(topic, is_active=shown == YES))

    async def topic_phone(self, key: str, asks: str) -> Page:
        """Have the client's number asked for, or not."""
        topic = await self.topic(key)
        return await self.put(replace(topic, asks_phone=asks == YES))

    async def topic_flow(self, key: str, flow: str) -> Page:
        """Answer by a template, or offer an operator."""
        topic = await self.topic(key)
        return await self.put(replace(topic, flow=Flow(flow)))

    async def topic_up(self, key: str, place: str) -> Page:
        """Put a topic to a place in the menu, counted from 0."""
        topic = await self.topic(key)
        menu = await self.house.desk.catalogue.menu(only_active=False)
        topics = [one for one in menu if one.key != key]
        topics.insert(int(place), topic)
        for number, one in enumerate(topics, start=1):
            if one.position != number * STEP:
                await self.house.desk.catalogue.put_menu_topic(
                    self.actor, replace(one, position=number * STEP)
                )
        return await self.page("topics")

    async def topic_gone(self, key: str) -> Page:
        """Take a topic out for good."""
        await self.house.desk.catalogue.remove_menu_topic(self.actor, key)
        return await self.page("topics")

    async def reply_gone(self, key: str) -> Page:
        """Remove a canned reply."""
        await self.house.desk.catalogue.remove_canned_reply(self.actor, key)
        return await self.page("canned")

    async def role(self, number: str, role: str, given: str) -> Page:
        """Give somebody a role, or take it; who has none left is let go."""
        user, chosen = OperatorId(int(number)), Role(role)
        one = await self.house.desk.staff.staff_member(user)
        roles = one.roles | {chosen} if given == YES else one.roles - {chosen}
        if roles:
            await self.house.desk.staff.set_roles(self.actor, user, roles)
            self.forget(one)
            return await self.page("person", number)
        await self.house.desk.staff.set_status(self.actor, user, UserStatus.REMOVED)
        self.forget(one)
        return await self.page("staff")

    async def status(self, number: str, status: str) -> Page:
        """Let somebody act, or not."""
        chosen, user = UserStatus(status), OperatorId(int(number))
        await self.house.desk.staff.set_status(self.actor, user, chosen)
        self.forget(await self.house.desk.staff.staff_member(user))
        if chosen is UserStatus.REMOVED:
            return await self.page("staff")
        return await self.page("person", number)

    def forget(self, person: StaffMember) -> None:
        """Have it be asked anew who somebody is: what they may do has changed."""
        if person.telegram_id is not None:
            self.house.forget(person.telegram_id)

    async def invite(self, role: str) -> Page:
        """Make a link that lets one person in."""
        code = secrets.token_urlsafe(CODE_BYTES)
        ends = self.house.clock.now() + INVITATION_LASTS
        new = NewInvite(code, frozenset({Role(role)}), ends)
        await self.house.desk.invites.invite(self.actor, new)
        link = invitation_link(self.house.username, code)
        text = self.say("invited", role=self.say(f"role_{role}"), link=link)
        return Page(text).add(self.say.back("staff"))

    async def technician(self, number: str, active: str) -> Page:
        """Let a technician get tickets, or not."""
        await self.house.desk.technicians.set_technician_active(
            self.actor, TechnicianId(int(number)), is_active=active == "1"
        )
        await self.forget_technicians()
        return await self.page("technicians")

    async def forget_technicians(self) -> None:
        """Have the technicians asked for anew."""
        await self.house.door.memory.keep(TECHNICIANS_KEY, None, timedelta())

    @property
    def promises(self) -> Promises:
        """Return what changes SLA policies."""
        return Promises(self.house, self.say, self.actor)

    async def policy(self, key: str, field: str, value: str) -> Page:
        """Set what a policy holds for."""
        return await self.promises.change(key, field, value)

    async def policy_gone(self, key: str) -> Page:
        """Remove a policy."""
        return await self.promises.remove(key)

    async def holiday_gone(self, day: str) -> Page:
        """Have the desk be open on a day that was a holiday."""
        await self.promises.open_on(day)
        return await self.page("hours")

    async def number(self, name: str, value: str) -> Page:
        """Change a setting."""
        return await set_number(self.house, self.say, self.actor, name, value)

    async def text_back(self, key: str, language: str) -> Page:
        """Bring our own text back."""
        await self.house.desk.catalogue.put_text(self.actor, key, Language(language), None)
        self.house.words = await make_words(self.house.desk.catalogue)
        return await self.page("text", key)


Do = Callable[..., Awaitable[Page]]
ACTS: Mapping[str, tuple[int, Do]] = MappingProxyType(
    {
        "topic_shown": (2, Acts.topic_shown),
        "topic_phone": (2, Acts.topic_phone),
        "topic_flow": (2, Acts.topic_flow),
        "topic_up": (2, Acts.topic_up),
        "topic_gone": (1, Acts.topic_gone),
        "reply_gone": (1, Acts.reply_gone),
        "role": (3, Acts.role),
        "status": (2, Acts.status),
        "invite": (1, Acts.invite),
        "technician": (2, Acts.technician),
        "text_back": (2, Acts.text_back),
        "policy": (3, Acts.policy),
        "policy_gone": (1, Acts.policy_gone),
        "holiday_gone": (1, Acts.holiday_gone),
        "number": (2, Acts.number),
    }
)
"""By name: how many arguments an act has, and what carries it out."""
