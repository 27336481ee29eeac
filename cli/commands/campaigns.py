"""`troupe campaigns`: so many comments a day, between these hours, in these channels."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_card, show_listing, show_table
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.campaigns import Campaign, Schedule
    from orchestrator.service.service import Service

app = typer.Typer(no_args_is_help=True, help="So many comments a day, between these hours.")

Name = Annotated[str, typer.Argument(help="The campaign's name.")]
NEXT = "troupe campaigns start"


@app.command(
    epilog="Example: troupe campaigns add spring --channel @our_news --account anna --per-day 5 "
    "--from 09:00 --to 23:00 --time-zone Europe/Moscow"
)
def add(
    *,
    name: Name,
    channel: Annotated[list[str], typer.Option(help="A channel; may be given again.")],
    account: Annotated[list[str], typer.Option(help="An account; may be given again.")],
    per_day: Annotated[
        int, typer.Option(help="Comments a day of each account in each channel.", min=1, max=1000)
    ] = 5,
    start: Annotated[str, typer.Option("--from", help="When the day's window opens.")] = "09:00",
    end: Annotated[str, typer.Option("--to", help="When it closes.")] = "23:00",
    time_zone: Annotated[str, typer.Option(help="Where those hours are meant.")] = "UTC",
    goal: Annotated[str, typer.Option(help="What it is for.")] = "",
    script: Annotated[
        list[str] | None, typer.Option(help="Only this script; may be given again.")
    ] = None,
) -> None:
    """Record a campaign; it speaks once it is started."""
    from orchestrator.service.campaigns import CampaignPlan

    plan = CampaignPlan(
        name=name,
        channels=tuple(channel),
        accounts=tuple(account),
        comments_per_day=per_day,
        start=start,
        end=end,
        time_zone=time_zone,
        goal=goal,
        scripts=tuple(script or ()),
    )
    run(lambda service: service.campaigns.add(actor(), plan))
    say(f'{name} is recorded; next: {NEXT} "{name}"')


@app.command("list", epilog="Example: troupe campaigns list --json")
def list_(as_json: AsJson = False) -> None:
    """List all campaigns."""
    columns: list[Column[Campaign]] = [
        Column("Name", lambda one: one.name),
        Column("State", lambda one: one.state),
        Column("Schedules", lambda one: len(one.schedules), number=True),
        Column("Today", lambda one: sum(each.sent_today for each in one.schedules), number=True),
        Column("Time zone", lambda one: one.time_zone),
        Column("Goal", lambda one: one.goal, wide=True),
    ]
    found = run(lambda service: service.campaigns.list())
    empty = "No campaign yet; see: troupe campaigns add --help"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe campaigns show spring")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one campaign with its schedules."""
    found = run(lambda service: service.campaigns.show(name))
    show_card(found, campaign_card(found), as_json=as_json)
    if not as_json and found.schedules:
        show_table(found.schedules, schedule_columns())


def campaign_card(campaign: "Campaign") -> list[tuple[str, object]]:
    """Return what is shown of one campaign, its schedules apart."""
    return [
        ("Name", campaign.name),
        ("State", campaign.state),
        ("Goal", campaign.goal),
        ("Time zone", campaign.time_zone),
        ("Scripts", campaign.script_keys or "every active comment script"),
    ]


def schedule_columns() -> "list[Column[Schedule]]":
    """Return what is shown of each account in each channel."""
    return [
        Column("Account", lambda one: one.account),
        Column("Channel", lambda one: one.channel, wide=True),
        Column("Window", lambda one: one.window),
        Column("A day", lambda one: one.comments_per_day, number=True),
        Column("Sent today", lambda one: one.sent_today, number=True),
        Column("Active", lambda one: one.is_active),
    ]


@app.command(epilog="Example: troupe campaigns start spring")
def start(name: Name) -> None:
    """Let a campaign speak, and say what keeps it silent."""
    for sentence in run(lambda service: begin(service, name)):
        say(sentence)


async def begin(service: "Service", name: str) -> list[str]:
    """Start a campaign; return what to tell of it."""
    from cli.hindrances import hindrances

    campaign = await service.campaigns.start(actor(), name)
    missing = await hindrances(service, campaign)
    return [f"{name} is running; `troupe run` does the work", *missing]


@app.command(epilog="Example: troupe campaigns pause spring")
def pause(name: Name) -> None:
    """Silence a campaign until it is started again; what waits goes on waiting."""
    run(lambda service: service.campaigns.pause(actor(), name))
    say(f'{name} is paused; {NEXT} "{name}" lets it go on')


@app.command(epilog="Example: troupe campaigns stop spring")
def stop(name: Name) -> None:
    """End a campaign for good; what waits is failed with that reason."""
    run(lambda service: service.campaigns.stop(actor(), name))
    say(f"{name} is stopped for good; another campaign may have its accounts and channels")
