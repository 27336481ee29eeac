"""`troupe keys`: the keys under which secrets are stored."""

import typer

from cli.output import say

app = typer.Typer(no_args_is_help=True, help="The keys under which secrets are stored.")


@app.callback()
def keys() -> None:
    """Keep `rotate` a sub-command of its own."""


@app.command(epilog="Example: troupe keys rotate")
def rotate() -> None:
    """Encrypt every stored secret under a new key; running nodes find it by themselves."""
    from cli.rotation import rotate_keys  # noqa: PLC0415 - `--help` does without
    from cli.running import run_in_company  # noqa: PLC0415 - `--help` does without

    rotated = run_in_company(rotate_keys)
    say(rotated)
