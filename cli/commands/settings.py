"""`troupe settings`: the numbers that an operator may set."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.service.settings import Setting

app = typer.Typer(no_args_is_help=True, help="The numbers that an operator may set.")


@app.command("list", epilog="Example: troupe settings list --json")
def list_(as_json: AsJson = False) -> None:
    """List every setting with its value and its default; durations as ISO 8601, PT30S."""
    columns: list[Column[Setting]] = [
        Column("Setting", lambda one: one.key),
        Column("Value", lambda one: one.value, wide=True),
        Column("Default", lambda one: one.default, wide=True),
    ]
    found = run(lambda service: service.settings.list())
    show_listing(found, columns, as_json=as_json, empty="There are no settings.")


@app.command("set", epilog="Example: troupe settings set account_pace.apart PT30S")
def set_(
    key: Annotated[str, typer.Argument(help="The name from `troupe settings list`.")],
    value: Annotated[str, typer.Argument(help="A number, or a duration: seconds or PT30S.")],
) -> None:
    """Set one; nodes say in their log what waits for a restart. None turns the charter off."""
    from orchestrator.library.numbers import is_live

    run(lambda service: service.settings.put(actor(), key, value))
    taken_up = "running nodes take it up at once" if is_live(key) else "nodes take it up at start"
    say(f"{key} is {value}; {taken_up}")
