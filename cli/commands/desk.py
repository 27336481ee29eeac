"""`troupe desk`: set the support desk up, look at it, invite people to it."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.desk_ways import Way
from cli.output import (
    AsJson,
    Column,
    counted,
    duration_text,
    plain,
    say,
    show_card,
    show_json,
    show_listing,
    working,
)
from cli.running import actor, run_in_company
from cli.spans import read_span
from support.people import Role

if TYPE_CHECKING:
    from cli.compose import Company
    from orchestrator.ports.leases import NodeRecord
    from orchestrator.service.support import DeskStatus, Invitation
    from support.groups import DeskGroup

SILENT = timedelta(seconds=4)
"""A node gives a sign of life every second; one that gave none for so long is told apart."""

app = typer.Typer(no_args_is_help=True, help="The support desk: clients write to a bot.")


@app.command(epilog="Example: troupe desk setup")
def setup(
    way: Annotated[
        Way | None, typer.Option(help="How operators answer; asked for when left out.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="Read the bot's token from this file; else it is asked for.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            help="The word to say in the first group, just as it is here; in the second and later "
            "ones it is followed by _2 and so on. Made up when left out."
        ),
    ] = None,
    wait: Annotated[
        timedelta,
        typer.Option(parser=read_span, metavar="SPAN", help="How long to wait for each word."),
    ] = "10m",  # type: ignore[assignment]  # the parser reads the default too
) -> None:
    """Walk through the bot's token, the groups, technicians and operators."""
    with working("Loading what speaks with Telegram"):
        from cli.desk_setup import set_up

    run_in_company(lambda company: set_up(company, way, token_file, code, wait))


@app.command(epilog="Example: troupe desk status")
def status(as_json: AsJson = False) -> None:
    """Show where the desk works, who is there, and what waits."""
    found, node = run_in_company(status_of)
    if as_json:
        show_json(as_program(found, node))
        return
    show_card(found, [*status_card(found, node), updates_line(found)], as_json=False)
    if found.groups:
        columns: list[Column[DeskGroup]] = [
            Column("Group", lambda one: one.title or one.chat, wide=True),
            Column("Number", lambda one: one.chat),
            Column("Used for", lambda one: one.use),
        ]
        say("")
        show_listing(found.groups, columns, as_json=False, empty="")
    if found.bot is None:
        say("\nNo bot is set up; begin with: troupe desk setup")
    elif found.pulse.node is None or unheard(node) is not None:
        say("\nNothing is answered now; start it with: troupe run")


async def status_of(company: "Company") -> "tuple[DeskStatus, NodeRecord | None]":
    """Gather how the desk and its node stand, with the groups that the environment names."""
    from cli.desk_bot import bot_username
    from support.groups import DeskGroup, GroupUse
    from support.ids import ChatId

    settings = company.settings
    named = (
        (settings.operators_chat_id, GroupUse.OPERATORS),
        (settings.main_group_id, GroupUse.MAIN),
    )
    more = [DeskGroup(ChatId(chat), use) for chat, use in named if chat is not None]
    found = await company.service.support.status(await bot_username(company), more)
    nodes = await company.stage.stores.leases.nodes()
    return found, next((node for node in nodes if node.name == found.pulse.node), None)


def unheard(node: "NodeRecord | None") -> str | None:
    """Say since when a node gave no sign of life, which it does every second; None: it lives."""
    if node is None:
        return "nothing was heard of it for an hour"
    if node.unseen < SILENT:
        return None
    return f"nothing was heard of it for {duration_text(node.unseen)}"


def runs_on(found: "DeskStatus", node: "NodeRecord | None") -> str:
    """Say which process runs the desk, and whether it lives."""
    name, silence = found.pulse.node, unheard(node)
    if name is None:
        return "nothing"
    return name if silence is None else f"{name}, but {silence}"


def as_program(found: "DeskStatus", node: "NodeRecord | None") -> dict[str, object]:
    """Return the status for programs, with whether the node that is to run the desk lives.

    `unseen` is how many seconds ago that node gave its last sign of life; null after an hour.
    """
    silent = found.pulse.node is not None and unheard(node) is not None
    standing = {
        "runs": found.pulse.node is not None and not silent,
        "silent": silent,
        "unseen": None if node is None else plain(node.unseen),
    }
    held = plain(found)
    return {**(held if isinstance(held, dict) else {}), **standing}


def status_card(found: "DeskStatus", node: "NodeRecord | None") -> list[tuple[str, object]]:
    """Return what is shown of the desk."""
    pulse = found.pulse
    operators = [one for one in found.staff if one.takes_tickets]
    return [
        ("Bot", f"@{found.bot}" if found.bot else None),
        ("Runs on", runs_on(found, node)),
        ("Tickets go to", ", ".join(found.modes) or "nobody: no group is set up"),
        ("Waiting", str(found.waiting)),
        ("In work", str(found.in_work)),
        ("Staff", f"{len(found.staff)}, of whom {len(operators)} answer clients"),
        ("Technicians", str(sum(one.is_active for one in found.technicians))),
        ("Last update", pulse.last_update_at),
        ("To handle", str(pulse.unhandled)),
        ("To send", str(pulse.to_send)),
        ("May not have arrived", f"{pulse.doubtful} in the last day" if pulse.doubtful else None),
        ("Not delivered", f"{pulse.failed} in the last day" if pulse.failed else None),
        ("Wait for Start", counted(pulse.held, "message") if pulse.held else None),
        (
            "Given up",
            f"{counted(pulse.buried, 'update')} in the last day" if pulse.buried else None,
        ),
    ]


def updates_line(found: "DeskStatus") -> tuple[str, str | None]:
    """Return how the settings of this process say that updates come; none without a bot."""
    from cli.settings import load_settings
    from desk.arrival import arrival

    way = arrival(load_settings().webhook_url)
    return "Updates", None if found.bot is None else f"{way}, by the settings here"


@app.command(epilog="Example: troupe desk invite --role operator")
def invite(
    role: Annotated[
        list[Role] | None, typer.Option(help="What they may do; operator when left out.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long the link works.", min=1, max=30)] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a link by which one person joins the desk."""
    from cli.desk_bot import bot_username
    from orchestrator.errors import NotAllowed
    from support.invitations import invitation_link

    roles = frozenset(role or [Role.OPERATOR])

    async def make(company: "Company") -> "tuple[Invitation, str]":
        username = await bot_username(company)
        if username is None:
            raise NotAllowed("there is no bot to be invited to: begin with troupe desk setup")
        made = await company.service.support.invite(actor(), roles, timedelta(days=days))
        return made, invitation_link(username, made.code)

    made, link = run_in_company(make)
    if as_json:
        show_json({"link": link, "roles": sorted(roles), "expires_at": plain(made.expires_at)})
        return
    say(link)
    say(f"It lets one person in as {', '.join(sorted(roles))}, within {counted(days, 'day')}.")
