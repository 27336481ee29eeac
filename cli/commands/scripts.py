"""`troupe scripts`: what may be said."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ports.library import ScriptRecord
    from orchestrator.service.service import Service
    from personas.scripts.model import Script

app = typer.Typer(no_args_is_help=True, help="What may be said, in versions.")


@app.command("list", epilog="Example: troupe scripts list")
def list_(as_json: AsJson = False) -> None:
    """List all scripts with the version in production."""
    columns: list[Column[ScriptRecord]] = [
        Column("Key", lambda one: one.key),
        Column("Name", lambda one: one.name, wide=True),
        Column("Kind", lambda one: one.kind),
        Column("Language", lambda one: one.language),
        Column("Version", lambda one: one.version, number=True),
        Column("Triggers", lambda one: one.triggers, number=True),
        Column("Changed by", lambda one: one.changed_by),
        Column("Changed", lambda one: one.changed_at),
    ]
    found = run(lambda service: service.library.scripts())
    empty = "No script yet; begin with: troupe scripts import FILE-OR-FOLDER"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command("import", epilog='Example: troupe scripts import scripts/ --message "Spring prices"')
def import_(
    path: Annotated[Path, typer.Argument(help="A YAML or JSON file, or a folder of them.")],
    message: Annotated[str, typer.Option(help="What changed, for the history.")] = "imported",
) -> None:
    """Store new versions and put them into production; a mistake anywhere stores nothing."""
    from cli.documents import read_scripts

    scripts = read_scripts(path)
    changed = run(lambda service: service.library.import_scripts(actor(), scripts, message))
    say(f"{changed} of {len(scripts)} scripts were new or changed")


@app.command(epilog="Example: troupe scripts export > scripts.yaml")
def export(
    key: Annotated[str | None, typer.Argument(help="A script; all when left out.")] = None,
) -> None:
    """Write the versions in production as YAML to standard output."""
    from cli.documents import as_yaml

    typer.echo(as_yaml(run(lambda service: scripts_to_export(service, key))), nl=False)


async def scripts_to_export(service: "Service", key: str | None) -> "Sequence[Script]":
    """Return one script, or all of them."""
    keys = [key] if key else [record.key for record in await service.library.scripts()]
    return [await service.library.script(one) for one in keys]
