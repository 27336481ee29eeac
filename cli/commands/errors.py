"""`troupe errors`: what follows from each of Telegram's errors."""

from typing import TYPE_CHECKING

import typer

from cli.output import AsJson, draw, plain, show_json

if TYPE_CHECKING:
    from rich.table import Table

    from accounts.errors import Policy

WIDTH = 100


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("errors", epilog="Example: troupe errors --json")(errors)


def errors(as_json: AsJson = False) -> None:
    """Print what Troupe does about each of Telegram's errors, and whom each concerns."""
    from accounts.errors import policies

    found = policies()
    if as_json:
        show_json([plain(policy) for policy in found])
    else:
        draw(table_of(found))


def table_of(policies: "tuple[Policy, ...]") -> "Table":
    """Draw the policy: one line for each rule, its errors one below the other."""
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", width=WIDTH
    )
    table.add_column("Telegram says", width=36, overflow="fold")
    table.add_column("It concerns", width=18)
    table.add_column("What follows", ratio=1)
    for policy in policies:
        table.add_row("\n".join(policy.errors), str(policy.scope), str(policy.action))
    return table
