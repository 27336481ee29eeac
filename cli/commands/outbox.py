"""`troupe outbox`: what waits to be said."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.outbox import OutboxRow

app = typer.Typer(no_args_is_help=True, help="What waits to be said.")


@app.command("list", epilog="Example: troupe outbox list --all --limit 20")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also what is settled.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, the next due first."""
    columns: list[Column[OutboxRow]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("State", lambda one: one.state),
        Column("Due", lambda one: one.due_at),
        Column("Account", lambda one: one.account),
        Column("Channel", lambda one: one.channel),
        Column("Tries", lambda one: one.attempts, number=True),
        Column("Last error", lambda one: one.last_error),
        Column("Text", lambda one: one.text, wide=True),
    ]
    found = run(lambda service: service.outbox.list(limit, open_only=not every))
    show_listing(found, columns, as_json=as_json, empty="Nothing waits to be said.")


@app.command(epilog="Example: troupe outbox cancel 42")
def cancel(
    message: Annotated[int, typer.Argument(help="The number from `troupe outbox list`.")],
) -> None:
    """Cancel a message that has not left."""
    from orchestrator.ids import OutboxId

    run(lambda service: service.outbox.cancel(actor(), OutboxId(message)))
    say(f"message {message} is cancelled")
