"""`troupe hours`: when the desk is open, and when promised time passes."""

from datetime import datetime
from typing import Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run
from cli.usage import DAYS
from support.catalogue import Hours
from support.hours import write_week
from support.languages import Language

app = typer.Typer(no_args_is_help=True, help="When the desk is open.")

Key = Annotated[str, typer.Argument(help="Their name, like office.")]


@app.command("list", epilog="Example: troupe hours list")
def list_(as_json: AsJson = False) -> None:
    """List business hours with their holidays."""
    columns: list[Column[Hours]] = [
        Column("Name", lambda one: one.key),
        Column("Hours", lambda one: write_week(one.week, Language.EN), wide=True),
        Column("Time zone", lambda one: one.zone),
        Column("Holidays", lambda one: len(one.holidays), number=True),
        Column("Told to clients", lambda one: one.is_desk),
    ]
    found = run(lambda service: service.promises.hours())
    empty = (
        'The desk is open round the clock; change it with: troupe hours set office "Mon-Fri 9-18"'
    )
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command("set", epilog='Example: troupe hours set office "Mon-Fri 9-18" --zone Europe/Moscow')
def set_(
    key: Key,
    week: Annotated[str, typer.Argument(help='Like "Mon-Fri 09:00-18:00; Sat 10-14".')],
    zone: Annotated[str, typer.Option(help="The time zone of these hours.")] = "Europe/Moscow",
    desk: Annotated[bool, typer.Option(help="Tell clients these hours.")] = True,
) -> None:
    """Add business hours, or change them and keep their holidays."""
    hours = run(lambda service: service.promises.put_hours(actor(), key, zone, week, is_desk=desk))
    say(f"{key}: {write_week(hours.week, Language.EN)}, {zone}")


@app.command(epilog="Example: troupe hours holiday office 2027-01-01 --name 'New Year'")
def holiday(
    key: Key,
    day: Annotated[datetime, typer.Argument(formats=DAYS, help="Like 2027-01-01.")],
    name: Annotated[str, typer.Option(help="What is celebrated.")] = "",
) -> None:
    """Close on a day."""
    run(lambda service: service.promises.add_holiday(actor(), key, day.date(), name))
    say(f"{key} is closed on {day.date().isoformat()}")


@app.command(epilog="Example: troupe hours remove office")
def remove(key: Key) -> None:
    """Remove business hours that no SLA policy counts by."""
    run(lambda service: service.promises.remove_hours(actor(), key))
    say(f"{key} are removed")
