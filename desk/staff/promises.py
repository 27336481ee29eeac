"""What clients are promised about time, as admins see and change it in their menu."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from desk.house import House
from desk.staff.pages import LONGEST_BUTTON, MARK, Page, Speaker, following, to
from orchestrator.errors import BadInput, NotFound
from orchestrator.spans import parse_span, write_span
from support.actor import Actor
from support.sla import SlaPolicy
from support.tickets import Priority

NONE = "-"
"""What stands in a button, or is typed, for no limit, no calendar, any topic or priority."""
WARNING = timedelta(minutes=5)
FIRST_ANSWER = timedelta(minutes=30)
SPANS = ("first_answer", "next_answer", "resolution", "warn_before")
LONGEST_KEY = 24


async def show_policies(house: House, say: Speaker) -> Page:
    """List the policies, with what each promises first."""
    page = Page(say("sla"))
    for one in await house.desk.catalogue.policies():
        first = written(one.first_answer)
        page.add((f"{MARK[one.is_active]} {one.key} · {first}", to("policy", one.key)))
    return page.add((say("add"), to("ask", "policy", "new"))).add(say.back())


async def show_policy(house: House, say: Speaker, key: str) -> Page:
    """Show a policy with what may be changed about it."""
    one = await policy_of(house, key)
    values = {name: written(getattr(one, name)) for name in SPANS}
    about = {
        "calendar": one.calendar or say("round_the_clock"),
        "topic": one.topic or say("any"),
        "priority": named(house, say, one.priority),
    }
    page = Page(say("policy", key=key, **values, **about))
    spans = [(say(f"edit_{name}"), to("ask", "span", key, name)) for name in SPANS]
    page.add(*spans[:2]).add(*spans[2:])
    catalogue = house.desk.catalogue
    calendars = [hours.key for hours in await catalogue.hours()]
    topics = [topic.key for topic in await catalogue.menu()]
    priorities = [str(int(each)) for each in Priority]
    priority = None if one.priority is None else str(int(one.priority))
    for field, now, known in (
        ("calendar", one.calendar, calendars),
        ("topic", one.topic, topics),
        ("priority", priority, priorities),
    ):
        page.add(
            (
                say(f"next_{field}"),
                to("do", "policy", key, field, following(now or NONE, [NONE, *known])),
            )
        )
    page.add(switch(say, one, "pauses_while_waiting"), switch(say, one, "is_active"))
    page.add((say("remove"), to("do", "policy_gone", key)))
    return page.add(say.back("sla"))


def switch(say: Speaker, policy: SlaPolicy, field: str) -> tuple[str, str]:
    """Make a button that says what is to be, so that a second press changes nothing."""
    now = bool(getattr(policy, field))
    title = f"{MARK[now]} {say(f'policy_{field}')}"
    return title[:LONGEST_BUTTON], to("do", "policy", policy.key, field, int(not now))


def written(span: timedelta | None) -> str:
    """Write a span, if there is one."""
    return "–" if span is None else write_span(span)


def named(house: House, say: Speaker, priority: Priority | None) -> str:
    """Name a priority."""
    if priority is None:
        return say("any")
    return house.words(f"priority.{priority.name.lower()}", say.language)


async def policy_of(house: House, key: str) -> SlaPolicy:
    """Return a policy; raises NotFound."""
    found = {one.key: one for one in await house.desk.catalogue.policies()}
    if key not in found:
        raise NotFound(f"There is no policy {key}")
    return found[key]


@dataclass(frozen=True, slots=True)
class Promises:
    """Changes policies for one admin, on record in the audit log; each returns the page to show."""

    house: House
    say: Speaker
    actor: Actor

    async def change(self, key: str, field: str, value: str) -> Page:
        """Set what a policy holds for, or one of its switches."""
        policy = await policy_of(self.house, key)
        given = None if value == NONE else value
        match field:
            case "calendar":
                policy = replace(policy, calendar=given)
            case "topic":
                policy = replace(policy, topic=given)
            case "priority":
                chosen = None if given is None else Priority(int(given))
                policy = replace(policy, priority=chosen)
            case "pauses_while_waiting":
                policy = replace(policy, pauses_while_waiting=value == "1")
            case "is_active":
                policy = replace(policy, is_active=value == "1")
            case _:
                raise BadInput("that button is not known")
        return await self.put(policy)

    async def add(self, key: str) -> Page:
        """Add a policy that promises a first answer within half an hour."""
        new = SlaPolicy(key, FIRST_ANSWER, None, None, WARNING)
        known = {one.key: one for one in await self.house.desk.catalogue.policies()}
        if not key.isidentifier() or len(key) > LONGEST_KEY or known.get(key, new) != new:
            raise BadInput("write a new name of letters and digits, like: default")
        return await self.put(new)

    async def span(self, key: str, field: str, text: str) -> Page:
        """Set one of a policy's times; `-` takes the promise back."""
        span = None if text == NONE else parse_span(text)
        if span is None and text != NONE:
            raise BadInput("write a time like 30m, 4h or 2d")
        policy = await policy_of(self.house, key)
        match field:
            case "first_answer":
                policy = replace(policy, first_answer=span)
            case "next_answer":
                policy = replace(policy, next_answer=span)
            case "resolution":
                policy = replace(policy, resolution=span)
            case "warn_before":
                policy = replace(policy, warn_before=span or timedelta())
            case _:
                raise BadInput("that question is not known")
        return await self.put(policy)

    async def put(self, policy: SlaPolicy) -> Page:
        """Store a policy and show it."""
        await self.house.desk.catalogue.put_policy(self.actor, policy)
        return await show_policy(self.house, self.say, policy.key)

    async def remove(self, key: str) -> Page:
        """Remove a policy; promises that were made by it stay."""
        await self.house.desk.catalogue.remove_policy(self.actor, key)
        return await show_policies(self.house, self.say)

    async def open_on(self, day: str) -> None:
        """Take a holiday from the desk's calendar."""
        found = await self.house.desk.catalogue.hours()
        hours = next((one for one in found if one.is_desk), None)
        gone = date.fromisoformat(day)
        if hours is not None and gone in hours.holidays:
            left = {one: name for one, name in hours.holidays.items() if one != gone}
            await self.house.desk.catalogue.put_hours(self.actor, replace(hours, holidays=left))
