"""An HTTP server inside a process with other work to do."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

# Longer than clients keep idle connections: one that is closed while a busy client takes it up
# again would look like a lost answer that nobody ordered.
IDLE = 600


class HttpServer(uvicorn.Server):
    """Serves until its owner stops it; leaves signals to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def listening(
    app: FastAPI, host: str, port: int, close: Callable[[], Awaitable[None]]
) -> AsyncIterator[str]:
    """Serve an application and give its URL; `close` ends what would keep requests waiting."""
    listener = socket.create_server((host, port))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=IDLE,
    )
    server = HttpServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="bot api")
    try:
        await server.up.wait()
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        await close()
        server.should_exit = True
        await task
        listener.close()
