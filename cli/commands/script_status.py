"""`troupe scripts status`: which node uses which version."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, show_listing
from cli.running import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.ports.labels import LabelStanding, NodeUse


def add_to(app: typer.Typer) -> None:
    """Add the command to `troupe scripts`."""
    app.command(epilog="Example: troupe scripts status space")(status)


def status(
    key: Annotated[str | None, typer.Argument(help="A script; all when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show where each label points, which running nodes use that version, and who is behind."""
    columns: list[Column[LabelStanding]] = [
        Column("Script", lambda one: one.key),
        Column("Label", lambda one: one.label),
        Column("Version", lambda one: one.version, number=True),
        Column("Active", lambda one: one.is_active),
        Column("Moved by", lambda one: one.moved_by),
        Column("Moved", lambda one: one.moved_at),
        Column("In use on", lambda one: listed(use for use in one.nodes if use.current)),
        Column("Behind", lambda one: listed(one.behind), wide=True),
    ]
    found = run(lambda service: service.reloading.standings(key))
    empty = "No script yet; begin with: troupe scripts import FILE-OR-FOLDER"
    show_listing(found, columns, as_json=as_json, empty=empty)


def listed(uses: "Iterable[NodeUse]") -> str:
    """Name nodes; those behind with the version that they use, and why."""
    return ", ".join(named(use) for use in uses)


def named(use: "NodeUse") -> str:
    """Name one node."""
    if use.current:
        return use.node
    version = "no version" if use.version is None else f"version {use.version}"
    why = "" if use.refused is None else f": {use.refused}"
    return f"{use.node} ({version}{why})"
