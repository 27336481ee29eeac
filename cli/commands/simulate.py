"""`troupe simulate`: a Telegram of one's own to rehearse on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson


def add_to(app: typer.Typer) -> None:
    """Hang the command into the root."""
    app.command(epilog="Example: troupe simulate --json --login-code 12345")(simulate)


def simulate(
    *,
    host: Annotated[str, typer.Option(help="The address that clients connect to.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            help="MTProto's port; the Bot API and the control API take the next two. 0 takes free "
            "ones.",
            min=0,
            max=65533,
        ),
    ] = 0,
    as_json: AsJson = False,
    login_code: Annotated[
        str | None, typer.Option(help="One login code for every phone number.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Publish the posts of a Telegram Desktop export.")
    ] = None,
    speed: Annotated[str, typer.Option(help="How much faster to replay: 60, or all.")] = "1",
    settings: Annotated[
        Path | None,
        typer.Option(help="Write the settings that point Troupe here into this file, like .env."),
    ] = None,
) -> None:
    """Run a Telegram of your own: MTProto, the Bot API and a control API on one world."""
    from cli.simulate.command import run_simulate
    from cli.simulate.options import SimulateOptions, read_speed

    pace = read_speed(speed)
    options = SimulateOptions(host, port, as_json, login_code, replay, pace, settings)
    asyncio.run(run_simulate(options))
