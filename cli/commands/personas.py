"""`troupe personas`: who speaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.library import StoredPersona

app = typer.Typer(no_args_is_help=True, help="Who speaks: characters, voices, disclosures.")


@app.command("list", epilog="Example: troupe personas list")
def list_(as_json: AsJson = False) -> None:
    """List all personas."""
    columns: list[Column[StoredPersona]] = [
        Column("Key", lambda one: one.persona.key),
        Column("Name", lambda one: one.persona.name),
        Column("Tone", lambda one: one.persona.tone),
        Column("Languages", lambda one: one.persona.languages),
        Column("Accounts", lambda one: one.accounts),
        Column("Disclosure", lambda one: one.persona.disclosure, wide=True),
    ]
    found = run(lambda service: service.library.personas())
    empty = "No persona yet; begin with: troupe personas import FILE"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command("import", epilog="Example: troupe personas import personas.yaml")
def import_(
    path: Annotated[Path, typer.Argument(help="A YAML or JSON file, or a folder of them.")],
) -> None:
    """Add or replace personas; a mistake anywhere stores nothing."""
    from cli.documents import read_personas

    personas = read_personas(path)
    changed = run(lambda service: service.library.import_personas(actor(), personas))
    say(f"{changed} of {len(personas)} personas were new or changed")


@app.command(epilog="Example: troupe personas export > personas.yaml")
def export(
    key: Annotated[str | None, typer.Argument(help="A persona; all when left out.")] = None,
) -> None:
    """Write personas as YAML to standard output."""
    from cli.documents import as_yaml

    found = (
        [run(lambda service: service.library.persona(key))]
        if key
        else run(lambda service: service.library.personas())
    )
    typer.echo(as_yaml([one.persona for one in found]), nl=False)
