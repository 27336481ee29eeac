"""`troupe db`: the schema, backups, and a way in."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, say, show_json
from cli.running import settings_for_command

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
    from cli.backups import bring_back

    if not yes:
        confirm("Everything stored now will be replaced. Go on?")
    say(asyncio.run(bring_back(settings_for_command(), file)))


@app.command(epilog="Example: troupe db shell")
def shell() -> None:
    """Open psql on the database."""
    from cli.backups import open_shell

    raise typer.Exit(asyncio.run(open_shell(settings_for_command())))
