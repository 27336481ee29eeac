"""The pages of the admins' menu."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from desk.house import House
from desk.staff.numbers import show_numbers
from desk.staff.pages import MARK, SHOWN, Page, Speaker, part, to
from desk.staff.promises import show_policies, show_policy
from orchestrator.errors import NotFound
from support.catalogue import Flow, worded
from support.groups import GroupUse
from support.hours import write_week
from support.ids import OperatorId
from support.languages import Language
from support.people import Role, UserStatus
from support.texts.library import our_texts

HOME = ("topics", "canned", "hours", "sla", "staff", "technicians", "texts", "groups", "numbers")
LONGEST_TEXT = 1200
"""Characters of a text that a page shows."""


async def show_page(house: House, say: Speaker, name: str, arguments: tuple[str, ...]) -> Page:
    """Return a page, the first one for an unknown name; raises NotFound when it is gone."""
    count, show = PAGES.get(name, (0, show_home))
    return await show(house, say, *arguments[:count])


async def show_home(house: House, say: Speaker) -> Page:
    """Offer what there is."""
    page = Page(say("home"))
    for name in HOME:
        if name == "numbers" and house.numbers is None:
            continue
        page.add((say(f"{name}_title"), to(name, 0) if name == "texts" else to(name)))
    return page


async def show_topics(house: House, say: Speaker) -> Page:
    """List the start menu's topics."""
    page = Page(say("topics"))
    for one in await house.desk.catalogue.menu(only_active=False):
        page.add((f"{MARK[one.is_active]} {one.title(say.language)}", to("topic", one.key)))
    return page.add((say("add"), to("ask", "topic", "new"))).add(say.back())


async def show_topic(house: House, say: Speaker, key: str) -> Page:
    """Show a topic with what may be changed about it."""
    topic = await house.desk.catalogue.menu_topic(key)
    if topic is None:
        raise NotFound(f"There is no topic {key}")
    page = Page(
        say(
            "topic",
            key=topic.key,
            ru=worded(topic.titles, Language.RU),
            en=worded(topic.titles, Language.EN),
            answer_ru=topic.answers.get(Language.RU) or "–",
            answer_en=topic.answers.get(Language.EN) or "–",
            flow=say(f"flow_{topic.flow}"),
        )
    )
    for language in Language:
        page.add(
            (say("edit_title", language=language.upper()), to("ask", "title", key, language)),
            (say("edit_answer", language=language.upper()), to("ask", "answer", key, language)),
        )
    page.add(
        (
            f"{MARK[topic.is_active]} {say('is_shown')}",
            to("do", "topic_shown", key, int(not topic.is_active)),
        ),
        (
            f"{MARK[topic.asks_phone]} {say('asks_phone')}",
            to("do", "topic_phone", key, int(not topic.asks_phone)),
        ),
    )
    flow = Flow.OPERATOR if topic.flow is Flow.ANSWER else Flow.ANSWER
    page.add((say("change_flow"), to("do", "topic_flow", key, flow)))
    keys = [one.key for one in await house.desk.catalogue.menu(only_active=False)]
    above = max(0, keys.index(key) - 1) if key in keys else 0
    page.add(
        (say("up"), to("do", "topic_up", key, above)), (say("remove"), to("do", "topic_gone", key))
    )
    return page.add(say.back("topics"))


async def show_canned(house: House, say: Speaker) -> Page:
    """List the canned replies."""
    page = Page(say("canned"))
    for one in await house.desk.catalogue.canned_replies():
        page.add((worded(one.titles, say.language), to("reply", one.key)))
    return page.add((say("add"), to("ask", "reply", "new"))).add(say.back())


async def show_reply(house: House, say: Speaker, key: str) -> Page:
    """Show a canned reply."""
    found = {one.key: one for one in await house.desk.catalogue.canned_replies()}
    if key not in found:
        raise NotFound(f"There is no canned reply {key}")
    texts = found[key].texts
    page = Page(
        say(
            "reply",
            key=key,
            ru=texts.get(Language.RU) or "–",
            en=texts.get(Language.EN) or "–",
        )
    )
    for language in Language:
        title = say("edit_text", language=language.upper())
        page.add((title, to("ask", "reply_text", key, language)))
    return page.add((say("remove"), to("do", "reply_gone", key))).add(say.back("canned"))


async def show_hours(house: House, say: Speaker) -> Page:
    """Show when the desk is open."""
    calendar = next((one for one in await house.desk.catalogue.hours() if one.is_desk), None)
    if calendar is None:
        page = Page(say("hours_none"))
    else:
        days = ", ".join(f"{day} {name}".strip() for day, name in calendar.holidays.items())
        week = write_week(calendar.week, say.language)
        page = Page(say("hours", zone=calendar.zone, week=week or "–", holidays=days or "–"))
    page.add((say("edit_week"), to("ask", "week")), (say("edit_zone"), to("ask", "zone")))
    if calendar is not None:
        page.add((say("add_holiday"), to("ask", "holiday")))
        for day, name in sorted(calendar.holidays.items()):
            page.add((f"🗑 {day} {name}".strip(), to("do", "holiday_gone", day.isoformat())))
    return page.add(say.back())


async def show_staff(house: House, say: Speaker) -> Page:
    """List who works at the desk, and offer invitations."""
    page = Page(say("staff"))
    for one in await house.desk.staff.staff():
        sign = "" if one.status is UserStatus.ACTIVE else "⏸ "
        roles = ", ".join(sorted(one.roles))
        page.add((f"{sign}{one.name} · {roles}", to("person", one.id)))
    for role in (Role.OPERATOR, Role.LEAD, Role.ADMIN):
        page.add((say("invite", role=say(f"role_{role}")), to("do", "invite", role)))
    return page.add(say.back())


async def show_person(house: House, say: Speaker, number: str) -> Page:
    """Show a member of the staff with their roles."""
    one = await house.desk.staff.staff_member(OperatorId(int(number)))
    page = Page(
        say(
            "person",
            name=one.name,
            username=f"@{one.username}" if one.username else "–",
            status=say(f"status_{one.status}"),
        )
    )
    for role in Role:
        title = f"{MARK[role in one.roles]} {say(f'role_{role}')}"
        page.add((title, to("do", "role", number, role, int(role not in one.roles))))
    is_active = one.status is UserStatus.ACTIVE
    turn_to = UserStatus.SUSPENDED if is_active else UserStatus.ACTIVE
    page.add((say(f"set_{turn_to}"), to("do", "status", number, turn_to)))
    page.add((say("let_go"), to("do", "status", number, UserStatus.REMOVED)))
    return page.add(say.back("staff"))


async def show_technicians(house: House, say: Speaker) -> Page:
    """List the technicians; a press lets one get tickets, or not."""
    page = Page(say("technicians"))
    for one in await house.desk.technicians.technicians(only_active=False):
        title = f"{MARK[one.is_active]} {one.name} · {one.group or '–'}"
        page.add((title, to("do", "technician", one.id, int(not one.is_active))))
    return page.add((say("add"), to("ask", "technician"))).add(say.back())


async def show_texts(_house: House, say: Speaker, chosen: str) -> Page:
    """List what the bot says, some on each page."""
    number = int(chosen)
    keys = sorted(our_texts())
    page = Page(say("texts", number=number + 1, pages=-(-len(keys) // SHOWN)))
    for key in part(keys, number):
        page.add((key, to("text", key)))
    turns = [("◀️", to("texts", number - 1))] if number else []
    if (number + 1) * SHOWN < len(keys):
        turns.append(("▶️", to("texts", number + 1)))
    return (page.add(*turns) if turns else page).add(say.back())


async def show_text(house: House, say: Speaker, key: str) -> Page:
    """Show a text in both languages."""
    ours = our_texts().get(key)
    if ours is None:
        raise NotFound(f"There is no text {key}")
    put = await house.desk.catalogue.text_overrides()
    now = {
        language: put.get((key, language), ours[language])[:LONGEST_TEXT] for language in Language
    }
    page = Page(say("text", key=key, ru=now[Language.RU], en=now[Language.EN]))
    for language in Language:
        row = [(say("edit_text", language=language.upper()), to("ask", "text", key, language))]
        if (key, language) in put:
            title = say("bring_back", language=language.upper())
            row.append((title, to("do", "text_back", key, language)))
        page.add(*row)
    return page.add(back(say, key))


def back(say: Speaker, key: str) -> tuple[str, str]:
    """Lead back to the page of the list on which a text stands."""
    return say("back"), to("texts", sorted(our_texts()).index(key) // SHOWN)


async def show_groups(house: House, say: Speaker) -> Page:
    """Say in which groups the desk works."""
    named = {one.chat: one.title for one in await house.desk.groups.groups()}
    settings = house.settings
    mains = [one for one in (settings.main_group, *settings.more_groups) if one is not None]
    lines = [(GroupUse.MAIN, one) for one in mains]
    if settings.operators_chat is not None:
        lines.insert(0, (GroupUse.OPERATORS, settings.operators_chat))
    shown = [
        say("group_line", use=say(f"use_{use}"), title=named.get(chat) or "–", chat=chat)
        for use, chat in lines
    ]
    return Page("\n".join([say("groups"), *shown])).add(say.back())


Show = Callable[..., Awaitable[Page]]
PAGES: Mapping[str, tuple[int, Show]] = MappingProxyType(
    {
        "home": (0, show_home),
        "topics": (0, show_topics),
        "topic": (1, show_topic),
        "canned": (0, show_canned),
        "reply": (1, show_reply),
        "hours": (0, show_hours),
        "staff": (0, show_staff),
        "person": (1, show_person),
        "technicians": (0, show_technicians),
        "texts": (1, show_texts),
        "text": (1, show_text),
        "groups": (0, show_groups),
        "sla": (0, show_policies),
        "policy": (1, show_policy),
        "numbers": (0, show_numbers),
    }
)
"""By name: how many arguments a page has, and what makes it."""
