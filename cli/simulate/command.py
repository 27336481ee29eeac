"""`troupe simulate`: a Telegram on this machine that knows no real one."""

import asyncio
from contextlib import AsyncExitStack

from cli.settings import load_settings
from cli.signals import asked_by_signals
from cli.simulate.announcing import announce, sum_up
from cli.simulate.options import SimulateOptions
from cli.simulate.pointing import check_free, write_settings
from cli.simulate.replaying import publish, read_posts
from orchestrator.errors import BadInput
from simulator.server import TelegramServer, serve
from simulator.world.world import World


async def run_simulate(options: SimulateOptions) -> None:
    """Serve until Ctrl-C or SIGTERM; raises BadInput where it cannot listen."""
    if options.settings is not None:
        check_free(options.settings)
    posts = None if options.replay is None else read_posts(options.replay)
    asked = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(asked_by_signals(asked))
        server = await listen(stack, options)
        if options.settings is not None:
            write_settings(server, options.settings, load_settings().home)
        announce(server, options)
        if posts is not None:
            publishing = asyncio.create_task(
                publish(server.world, *posts, options.speed), name="replay"
            )
            stack.push_async_callback(end, publishing)
        await asked.wait()
        sum_up(server, options)


async def listen(stack: AsyncExitStack, options: SimulateOptions) -> TelegramServer:
    """Start all the faces of one new world."""
    world = World(options.login_code)
    try:
        serving = serve(
            world,
            options.host,
            options.port,
            bot_api=True,
            control=True,
            http_port=options.port and options.port + 1,
        )
        return await stack.enter_async_context(serving)
    except OSError as error:
        ports = f"{options.port} to {options.port + 2}" if options.port else "any port"
        raise BadInput(
            f"{options.host}, {ports}, cannot be listened on: {error.strerror}"
        ) from None


async def end(task: asyncio.Task[None]) -> None:
    """Stop a task, and raise what had gone wrong in it."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
