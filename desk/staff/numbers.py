"""The desk's settings, as admins see and change them in their menu."""

from dataclasses import fields
from datetime import timedelta

from desk.house import House
from desk.staff.pages import MARK, Page, Speaker, following, to
from orchestrator.errors import BadInput
from orchestrator.service.settings import SettingsDesk
from orchestrator.spans import write_span
from support.actor import Actor
from support.assignment import Assignment
from support.terms import DeskTerms

BRANCH = "desk"
"""How the names of the desk's settings begin."""


async def show_numbers(house: House, say: Speaker) -> Page:
    """List the settings with what holds now."""
    terms = (await settings_of(house).tuning()).desk
    page = Page(say("numbers"))
    for field in fields(DeskTerms):
        now = getattr(terms, field.name)
        title = say(f"number_{field.name}")
        if isinstance(now, bool):
            page.add((f"{MARK[now]} {title}", to("do", "number", field.name, int(not now))))
        elif isinstance(now, Assignment):
            words = say(f"assignment_{now}")
            page.add(
                (
                    f"{title}: {words}",
                    to("do", "number", field.name, following(now, list(Assignment))),
                )
            )
        else:
            shown = write_span(now) if isinstance(now, timedelta) else str(now)
            page.add((f"{title}: {shown}", to("ask", "number", field.name)))
    return page.add(say.back())


async def set_number(house: House, say: Speaker, actor: Actor, name: str, value: str) -> Page:
    """Set one, on record in the audit log; raises BadInput for what it cannot be."""
    now = getattr(DeskTerms(), name, None)
    if now is None:
        raise BadInput("that setting is not known")
    written = ("true" if value == "1" else "false") if isinstance(now, bool) else value
    await settings_of(house).put(actor, f"{BRANCH}.{name}", written)
    return await show_numbers(house, say)


def settings_of(house: House) -> SettingsDesk:
    """Return where settings are kept; raises BadInput where the desk cannot change them."""
    if house.numbers is None:
        raise BadInput("settings are changed with `troupe settings set` here")
    return house.numbers
