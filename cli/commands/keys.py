"""`troupe keys`: the keys under which secrets are stored."""

from typing import Annotated

import typer

from cli.output import say
from cli.running import run_in_company

app = typer.Typer(no_args_is_help=True, help="The keys under which secrets are stored.")


@app.callback()
def keys() -> None:
    """Keep `rotate` a sub-command of its own."""


@app.command(epilog="Example: troupe keys rotate")
def rotate(
    forget: Annotated[
        bool, typer.Option("--forget", help="Drop the older keys; no node may be running.")
    ] = False,
) -> None:
    """Encrypt every stored secret under a new key; running nodes find it by themselves."""
    from cli.rotation import rotate_keys

    say(run_in_company(lambda company: rotate_keys(company, forget=forget)))
