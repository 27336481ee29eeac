"""`troupe run` and `troupe demo`: what works by itself until it is told to stop."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson
from cli.running import settings_for_command


def add_to(app: typer.Typer) -> None:
    """Hang the commands of this module into the root."""
    app.command("run", epilog="Example: troupe run --node munich-1")(run_node)
    app.command(epilog="Example: troupe demo --once --json")(demo)


def run_node(
    node: Annotated[
        str | None, typer.Option(help="This process's name among the nodes, instead of NODE_NAME.")
    ] = None,
) -> None:
    """Hold accounts, watch channels, decide, and send; Ctrl-C or SIGTERM stops it in order."""
    leave_process_1()
    from cli.node import run_until_asked

    asyncio.run(run_until_asked(settings_for_command(quiet=False), node))


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when every post is decided.")] = False,
    as_json: AsJson = False,
    replay: Annotated[
        Path | None, typer.Option(help="Posts of a Telegram Desktop export (result.json).")
    ] = None,
    scripts: Annotated[
        Path | None, typer.Option(help="Other comment scripts: a file or a folder.")
    ] = None,
    speed: Annotated[float, typer.Option(help="2 is twice as fast.", min=0.1, max=100)] = 1.0,
    picture: Annotated[
        Path | None, typer.Option(help="Save the last frame as an SVG picture.")
    ] = None,
    inject: Annotated[
        str,
        typer.Option(
            help="Faults to survive: flood, slow-mode, error, cut, lost-answer, delay, "
            "drop, doubled, delayed."
        ),
    ] = "",
) -> None:
    """Show the way from a post to a comment, on a Telegram of its own, on this machine alone."""
    begun = time.monotonic()
    leave_process_1()
    from cli.demo.command import run_demo
    from cli.demo.injection import read_faults
    from cli.demo.options import DemoOptions
    from orchestrator.errors import BadInput

    try:
        faults = read_faults(inject)
    except BadInput as error:
        raise typer.BadParameter(str(error), param_hint="--inject") from None
    options = DemoOptions(once, as_json, replay, scripts, picture, speed, faults)
    raise typer.Exit(asyncio.run(run_demo(options, settings_for_command(), begun)))


def leave_process_1() -> None:
    """Go on in a child where this is process 1 of a container, which no watchdog could end."""
    if os.getpid() == 1:
        from cli.first_process import run_as_child

        raise typer.Exit(run_as_child())
