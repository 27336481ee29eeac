"""`troupe scripts`: what may be said, in versions."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, counted, draw, say, show_json, show_listing
from cli.running import actor, run
from orchestrator.ports.library import Live

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.text import Text

    from orchestrator.ports.library import ScriptRecord, VersionRecord
    from orchestrator.service.service import Service
    from personas.scripts.model import Script

app = typer.Typer(no_args_is_help=True, help="What may be said, in versions.")

Key = Annotated[str, typer.Argument(help="A script's key, from `troupe scripts list`.")]
AskedLive = Annotated[
    Live | None,
    typer.Option(
        "--live",
        help="What becomes of live conversations: stay on their version, move to the new one, "
        "restart with it. Asked for at a terminal; else they stay.",
    ),
]
STYLES = {"+": "green", "-": "red", "@": "cyan"}


@app.command("list", epilog="Example: troupe scripts list")
def list_(as_json: AsJson = False) -> None:
    """List all scripts with the version in production."""
    columns: list[Column[ScriptRecord]] = [
        Column("Key", lambda one: one.key),
        Column("Name", lambda one: one.name, wide=True),
        Column("Kind", lambda one: one.kind),
        Column("Language", lambda one: one.language),
        Column("On", lambda one: one.is_active),
        Column("Version", lambda one: one.version, number=True),
        Column("Triggers", lambda one: one.triggers, number=True),
        Column("Changed", lambda one: one.changed_at),
    ]
    found = run(lambda service: service.library.scripts())
    empty = "No script yet; begin with: troupe scripts import FILE-OR-FOLDER"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command("import", epilog='Example: troupe scripts import scripts/ --message "Spring prices"')
def import_(
    path: Annotated[Path, typer.Argument(help="A YAML or JSON file, or a folder of them.")],
    message: Annotated[str, typer.Option(help="What changed, for the history.")] = "imported",
    draft: Annotated[
        bool, typer.Option("--draft", help="Store only; `troupe scripts publish` puts it to use.")
    ] = False,
    live: Annotated[
        Live, typer.Option(help="What becomes of live conversations with a script that changed.")
    ] = Live.STAY,
) -> None:
    """Store new versions and put them into production; a mistake anywhere stores nothing."""
    from cli.documents import read_scripts

    scripts = read_scripts(path)
    if draft:
        drafted = run(lambda service: service.library.draft_scripts(actor(), scripts, message))
        whole = counted(len(scripts), "script")
        say(f"new or changed: {drafted} of {whole}; publish what is to be used")
        return
    changed = run(lambda service: service.library.import_scripts(actor(), scripts, message, live))
    say(f"new or changed: {changed} of {counted(len(scripts), 'script')}")


@app.command(epilog="Example: troupe scripts export > scripts.yaml")
def export(
    key: Annotated[str | None, typer.Argument(help="A script; all when left out.")] = None,
    version: Annotated[
        int | None, typer.Option(help="Of one script: a version other than that in production.")
    ] = None,
    canonical: Annotated[
        bool,
        typer.Option("--canonical", help="Write canonical JSON, one script a line, as stored."),
    ] = False,
) -> None:
    """Write scripts as YAML to standard output; what is imported again is the same, to the byte."""
    from cli.documents import as_yaml
    from personas.scripts.canonical import canonical_json

    found = run(lambda service: scripts_to_export(service, key, version))
    if canonical:
        for script in found:
            typer.echo(canonical_json(script).decode())
    else:
        typer.echo(as_yaml(found), nl=False)


async def scripts_to_export(
    service: "Service", key: str | None, version: int | None
) -> "Sequence[Script]":
    """Return one script, or all of them."""
    if key is not None:
        return [await service.library.script_version(key, version)]
    keys = [record.key for record in await service.library.scripts()]
    return [await service.library.script(one) for one in keys]


@app.command(epilog="Example: troupe scripts history seats")
def history(key: Key, as_json: AsJson = False) -> None:
    """List a script's versions, newest first."""
    columns: list[Column[VersionRecord]] = [
        Column("Version", lambda one: one.version, number=True),
        Column("Labels", lambda one: one.labels),
        Column("Live", lambda one: one.live),
        Column("Author", lambda one: one.author),
        Column("Stored", lambda one: one.created_at),
        Column("SHA-256", lambda one: one.sha256[:12]),
        Column("Change", lambda one: one.change, wide=True),
    ]
    found = run(lambda service: service.library.history(key))
    show_listing(found, columns, as_json=as_json, empty="")


@app.command(epilog="Example: troupe scripts diff seats 2 5")
def diff(
    key: Key,
    old: Annotated[
        int | None, typer.Argument(help="A version; the one before the newest when left out.")
    ] = None,
    new: Annotated[int | None, typer.Argument(help="A version; else the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions, as YAML."""

    async def read(service: "Service") -> tuple[list[str], int, int]:
        newest = (await service.library.history(key))[0].version
        after = newest if new is None else new
        before = max(1, after - 1) if old is None else old
        one = await service.library.script_version(key, before)
        other = await service.library.script_version(key, after)
        return difference(one, other, f"{key}@{before}", f"{key}@{after}"), before, after

    lines, before, after = run(read)
    if as_json:
        show_json({"old": before, "new": after, "lines": lines})
    elif lines:
        draw(coloured(lines))
    else:
        say(f"versions {before} and {after} of {key} say the same")


def difference(one: "Script", other: "Script", name: str, other_name: str) -> list[str]:
    """Return the lines of a unified diff."""
    from difflib import unified_diff

    from cli.documents import as_yaml

    before, after = as_yaml([one]).splitlines(), as_yaml([other]).splitlines()
    return list(unified_diff(before, after, name, other_name, lineterm=""))


def coloured(lines: "Iterable[str]") -> "Text":
    """Colour added and removed lines."""
    from rich.text import Text

    from cli.output import clean

    return Text("\n").join(Text(clean(line), style=STYLES.get(line[:1], "")) for line in lines)


@app.command(epilog="Example: troupe scripts publish seats --live move")
def publish(
    key: Key,
    version: Annotated[int | None, typer.Option(help="A version; else the newest.")] = None,
    live: AskedLive = None,
) -> None:
    """Put a version into production, if it passes its own tests."""
    chosen = live or ask_live()
    number, changed = run(lambda service: service.library.publish(actor(), key, version, chosen))
    done = "is in production now" if changed else "was in production already"
    say(f"version {number} of {key} {done}")


@app.command(epilog="Example: troupe scripts rollback seats --to 3")
def rollback(
    key: Key,
    to: Annotated[
        int | None, typer.Option(help="A version; else the one before that in production.")
    ] = None,
    live: AskedLive = None,
) -> None:
    """Publish what an earlier version said, as a new version."""
    chosen = live or ask_live()
    target = run(lambda service: service.library.roll_back(actor(), key, to, chosen))
    say(f"{key} says again what version {target} said, in a new version")


@app.command(epilog="Example: troupe scripts enable seats")
def enable(key: Key) -> None:
    """Let a script be chosen."""
    switch(key, active=True)


@app.command(epilog="Example: troupe scripts disable seats")
def disable(key: Key) -> None:
    """Let a script never be chosen, whatever is published."""
    switch(key, active=False)


def switch(key: str, *, active: bool) -> None:
    """Switch a script on or off."""
    run(lambda service: service.library.activate_script(actor(), key, active=active))
    say(f"{key} is {'on' if active else 'off'}")


def ask_live() -> Live:
    """Ask what becomes of live conversations; where nobody can answer, they stay."""
    from cli.asking import ask
    from orchestrator.errors import BadInput

    if not sys.stdin.isatty():
        return Live.STAY
    answer = ask("Live conversations: stay on their version, move, or restart? [stay]") or "stay"
    try:
        return Live(answer.lower())
    except ValueError:
        raise BadInput(f'"{answer}" is none of: {", ".join(Live)}') from None
