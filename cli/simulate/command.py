"""`troupe simulate`: a Telegram on this machine that knows no real one."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from cli.signals import asked_by_signals
from cli.simulate.options import SimulateOptions
from cli.simulate.replaying import USERNAME, publish, read_posts
from orchestrator.errors import BadInput
from simulator.server import TelegramServer, serve
from simulator.world.world import World


async def run_simulate(options: SimulateOptions) -> None:
    """Serve until Ctrl-C or SIGTERM; raises BadInput where it cannot listen."""
    posts = None if options.replay is None else read_posts(options.replay)
    asked = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(asked_by_signals(asked))
        server = await listen(stack, options)
        announce(server, options)
        if posts is not None:
            publishing = asyncio.create_task(
                publish(server.world, *posts, options.speed), name="replay"
            )
            stack.push_async_callback(end, publishing)
        await asked.wait()


async def listen(stack: AsyncExitStack, options: SimulateOptions) -> TelegramServer:
    """Start all the faces of one new world."""
    world = World(options.login_code)
    try:
        serving = serve(world, options.host, options.port, bot_api=True, control=True)
        return await stack.enter_async_context(serving)
    except OSError as error:
        place = f"{options.host}:{options.port}"
        raise BadInput(f"{place} cannot be listened on: {error.strerror}") from None


async def end(task: asyncio.Task[None]) -> None:
    """Stop a task, and raise what had gone wrong in it."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


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
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_row("MTProto", f"{server.host}:{server.port}, data centre {server.dc_id}")
    table.add_row("api_id, api_hash", f"{server.api_id}, {server.api_hash}")
    table.add_row("Bot API", server.bot_api.url if server.bot_api else "")
    table.add_row("Control", f"{server.control_url}/openapi.json")
    if options.replay is not None:
        table.add_row("Replay", f"@{USERNAME}")
    table.add_row("Sign in", "+99966XYYYY gets the code XXXXX")
    console = Console()
    console.print(Panel(table, title="a Telegram of your own · Ctrl-C ends it", expand=False))
    console.print(server.public_key, highlight=False)
