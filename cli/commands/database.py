"""`troupe db`: the schema, backups, and a way in."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, counted, say, show_json, show_listing
from cli.running import settings_for_command
from orchestrator.errors import NotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.embedded.estate import Plot

app = typer.Typer(no_args_is_help=True, help="The schema, backups, and a way in.")


@app.command(epilog="Example: troupe db upgrade")
def upgrade() -> None:
    """Bring the schema to the newest version; several may ask at once, one does it."""
    from cli.schema import upgrade_schema

    say(asyncio.run(upgrade_schema(settings_for_command())))


@app.command(epilog="Example: troupe db current --json")
def current(as_json: AsJson = False) -> None:
    """Say which version the schema has, and which one this program knows."""
    from cli.schema import read_versions

    found, newest = asyncio.run(read_versions(settings_for_command()))
    if as_json:
        show_json({"current": found, "newest": newest, "is_current": found == newest})
    elif found == newest:
        say(f"{found}, the newest")
    else:
        say(f"{found or 'empty'}; this program knows {newest}: run troupe db upgrade")


@app.command(epilog="Example: troupe db backup troupe.dump")
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
) -> None:
    """Write everything stored into one file; the encryption key is not in it."""
    from cli.backups import back_up

    say(asyncio.run(back_up(settings_for_command(), file)))


@app.command(epilog="Example: troupe db restore troupe.dump --yes")
def restore(
    file: Annotated[Path, typer.Argument(help="What `troupe db backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Replace everything stored by a backup, whole or not at all; no node may be running."""
    from cli.asking import confirm
    from cli.backups import bring_back, check_backup

    check_backup(file)
    if not yes:
        confirm("Everything stored now will be replaced. Go on?")
    say(asyncio.run(bring_back(settings_for_command(), file)))


@app.command(epilog="Example: troupe db folders")
def folders(
    every: Annotated[
        bool, typer.Option("--all", help="Also those that are gone; --json always has them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the data folders whose servers keep data on this machine, and how much."""
    from cli.settings import load_settings
    from db.embedded.estate import survey

    columns: list[Column[Plot]] = [
        Column("Data folder", lambda one: one.folder, wide=True, whole=True),
        Column("There", lambda one: one.exists),
        Column("Runs", lambda one: one.runs),
        Column("Size", lambda one: megabytes([one]), number=True),
        Column("Last started", lambda one: one.used_at),
    ]
    found = survey(load_settings().home)
    shown = [one for one in found if every or as_json or one.exists or one.runs]
    show_listing(shown, columns, as_json=as_json, empty="No folder that is there keeps data here.")
    if len(shown) < len(found):
        gone = [one for one in found if one not in shown]
        size = megabytes(gone)
        say(
            f"\n{counted(len(gone), 'folder')} more: gone, but what they stored still takes {size}."
        )
        say("See them with: troupe db folders --all")


def megabytes(plots: "Sequence[Plot]") -> str:
    """Write how much is kept for some data folders."""
    return f"{sum(one.size for one in plots) / 1e6:,.0f} MB"


@app.command(epilog="Example: troupe db erase /srv/old-troupe")
def erase(
    folder: Annotated[Path, typer.Argument(help="The data folder, from `troupe db folders`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all data of a data folder's own servers, for good; running ones are not touched."""
    from cli.asking import confirm
    from db.embedded import erase as erase_all
    from db.embedded import running
    from db.embedded.folder import locate

    if not locate(folder).path.is_dir():
        raise NotFound(f"no servers keep data for {folder}: see `troupe db folders`")
    if asyncio.run(running(folder)) is not None:
        raise NotAllowed(f"the servers of {folder} are running: end what uses them first")
    if not yes:
        confirm(f"Every account, script and message stored for {folder} will be deleted. Go on?")
    asyncio.run(erase_all(folder))
    say(f"nothing is left of {folder}'s servers")


@app.command(epilog="Example: troupe db shell")
def shell() -> None:
    """Open psql on the database."""
    from cli.backups import open_shell

    raise typer.Exit(asyncio.run(open_shell(settings_for_command())))
