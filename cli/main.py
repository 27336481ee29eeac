"""The command `troupe`: its sub-commands, and how errors reach a person."""

import sys
from typing import Annotated, cast

import typer

from cli.commands import (
    accounts,
    campaigns,
    channels,
    comments,
    conversations,
    database,
    desk,
    errors,
    grants,
    groups,
    hours,
    house,
    journeys,
    keys,
    logs,
    operators,
    outbox,
    personas,
    play,
    rehearse,
    review,
    script_checks,
    script_replay,
    script_status,
    scripts,
    selector,
    settings,
    simulate,
    sla,
    stats,
    tickets,
)
from cli.output import complain
from cli.usage import Commands
from orchestrator.errors import TroupeError


def show_version(wanted: bool) -> None:
    """Say which Troupe this is, and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"troupe {version('troupe')}")
        raise typer.Exit


app = typer.Typer(
    name="troupe",
    cls=Commands,
    help="Runs an organisation's own Telegram accounts so that it can answer for every line.",
    epilog="Begin with: troupe demo   (nothing leaves this machine)",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(accounts.app, name="accounts")
app.add_typer(channels.app, name="channels")
app.add_typer(grants.app, name="grants")
app.add_typer(groups.app, name="groups")
app.add_typer(journeys.app, name="journeys")
app.add_typer(journeys.diagnostics, name="diagnostics")
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(review.app, name="review")
app.add_typer(comments.app, name="comments")
app.add_typer(outbox.app, name="outbox")
app.add_typer(conversations.app, name="conversations")
app.add_typer(desk.app, name="desk")
app.add_typer(tickets.app, name="tickets")
app.add_typer(operators.app, name="operators")
app.add_typer(sla.app, name="sla")
app.add_typer(hours.app, name="hours")
app.add_typer(logs.app, name="logs")
app.add_typer(personas.app, name="personas")
app.add_typer(scripts.app, name="scripts")
app.add_typer(selector.app, name="selector")
app.add_typer(settings.app, name="settings")
app.add_typer(house.nodes, name="nodes")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
house.add_to(app)
script_checks.add_to(scripts.app)
script_replay.add_to(scripts.app)
script_status.add_to(scripts.app)
stats.add_to(app)
errors.add_to(app)
play.add_to(app)
rehearse.add_to(app)
simulate.add_to(app)


@app.callback()
def troupe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """Run the command; an error of ours is one sentence on stderr, and exit code 1."""
    try:
        app()
    except TroupeError as error:
        complain(f"troupe: {error}")
        sys.exit(1)
    except ExceptionGroup as group:
        complain(f"troupe: {only_ours(group)}")
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        complain(f"troupe: {error.filename} cannot be used: {error.strerror}")
        sys.exit(1)
    except KeyboardInterrupt:
        complain("")
        sys.exit(130)


def only_ours(group: ExceptionGroup) -> TroupeError:
    """Return the first of a group's errors; raises the group again when one is not ours: a bug."""
    ours, others = group.split(TroupeError)
    if ours is None or others is not None:
        raise group
    first: BaseException = ours
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return cast("TroupeError", first)


if __name__ == "__main__":
    main()
