"""What `troupe simulate` says when it is ready, and when it has ended."""

import json
import sys

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.simulate.options import SimulateOptions
from cli.simulate.replaying import USERNAME
from simulator.server import TelegramServer

MOST_NAMED = 5


def pointers(server: TelegramServer) -> dict[str, object]:
    """Return all that a client must be told."""
    return {
        "mtproto": {
            "host": server.host,
            "port": server.port,
            "dc_id": server.dc_id,
            "public_key": server.public_key,
        },
        "bot_api": {"url": server.bot_api.url if server.bot_api else ""},
        "control": {"url": server.control_url},
        "api_id": server.api_id,
        "api_hash": server.api_hash,
    }


def announce(server: TelegramServer, options: SimulateOptions) -> None:
    """Say how to point a client here, as one line of JSON or for people."""
    if options.json:
        sys.stdout.write(json.dumps(pointers(server)) + "\n")
        sys.stdout.flush()
        return
    console = Console(highlight=False)
    title = "[bold]A Telegram of your own[/bold] · Ctrl-C ends it"
    console.print(Panel(addresses(server, options), title=title, expand=False, padding=(1, 2)))
    # Long lines are for copying: they wrap in the terminal, not in the text.
    console.print(first_steps(server), soft_wrap=True)


def addresses(server: TelegramServer, options: SimulateOptions) -> Table:
    """Show where everything is."""
    code = options.login_code
    sign_in = f"any number, code {code}" if code else "+99966XYYYY, code XXXXX (X five times)"
    rows = {
        "MTProto": f"{server.host}:{server.port}, data centre {server.dc_id}",
        "": f"api_id {server.api_id}, api_hash {server.api_hash}",
        "Bot API": server.bot_api.url if server.bot_api else "",
        "Control": server.control_url,
        "Sign in": sign_in,
    }
    if options.replay is not None:
        rows["Replay"] = f"@{USERNAME}"
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, place in rows.items():
        table.add_row(Text(name, style="bold cyan"), Text(place))
    return table


def first_steps(server: TelegramServer) -> Group:
    """Show what to do first, as lines to be copied."""
    url = server.control_url
    make_bot = (
        f"curl -s {url}/bots -H 'content-type: application/json' "
        '-d \'{"name": "Desk", "username": "desk_bot"}\''
    )
    steps = {
        "Make a bot; the answer holds its token:": make_bot,
        "Read what was asked that is not known here:": f"curl -s {url}/bot-evidence",
        "Everything else, for programs:": f"{url}/openapi.json",
    }
    lines = [Text()]
    for meaning, line in steps.items():
        lines += [Text(meaning, style="dim"), Text(f"  {line}"), Text()]
    key = Text("The public key that MTProto clients must know:", style="dim")
    return Group(*lines, key, Text(server.public_key.strip()))


def sum_up(server: TelegramServer, options: SimulateOptions) -> None:
    """Say what there was, and what was asked that is not known here."""
    if options.json:
        return
    people = list(server.world.people)
    bots = sum(each.bot for each in people)
    asked = {**server.methods.unknown, **(server.bot_api.unknown if server.bot_api else {})}
    console = Console(highlight=False)
    console.print(
        f"\nIt ended. People: {len(people) - bots}, bots: {bots}, channels and groups: "
        f"{sum(1 for _ in server.world.channels)}."
    )
    if asked:
        named = ", ".join(sorted(asked)[:MOST_NAMED])
        more = f" and {len(asked) - MOST_NAMED} more" if len(asked) > MOST_NAMED else ""
        console.print(Text(f"Asked for, but not known here: {named}{more}.", style="yellow"))
