"""`troupe rehearse`: a campaign over a channel's own history, before anybody hears it."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.play import leave_process_1
from cli.output import AsJson
from cli.running import settings_for_command
from cli.usage import DAYS


def add_to(app: typer.Typer) -> None:
    """Hang the command of this module into the root."""
    app.command(epilog="Example: troupe rehearse spring --replay result.json")(rehearse)


def rehearse(
    campaign: Annotated[str, typer.Argument(help="A campaign, from `troupe campaigns list`.")],
    replay: Annotated[
        Path, typer.Option(help="The channel's history: a Telegram Desktop export (result.json).")
    ],
    channel: Annotated[
        str | None, typer.Option(help="Which of the campaign's channels, where it has several.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="The first day to play.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="The last day to play.")
    ] = None,
    *,
    with_model: Annotated[
        bool, typer.Option("--with-model", help="Ask the model that LLM_MODEL names; it costs.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for report and picture. Default: rehearsal-CAMPAIGN."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a campaign would have said over a channel's past, on a Telegram of its own.

    Nothing leaves this machine, unless a model is asked. Nothing is changed in the database.
    """
    leave_process_1()
    from cli.rehearsal.command import run_rehearsal
    from cli.rehearsal.options import RehearsalOptions

    options = RehearsalOptions(
        campaign=campaign,
        replay=replay,
        channel=channel,
        since=None if since is None else since.date(),
        until=None if until is None else until.date(),
        with_model=with_model,
        json=as_json,
        out=out,
    )
    raise typer.Exit(asyncio.run(run_rehearsal(options, settings_for_command())))
