"""An HTTP server inside a process with other work to do: it leaves signals and logging alone."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from orchestrator.errors import BadInput


class Server(uvicorn.Server):
    """Serves until told to stop by its owner, not by a signal."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def serving(app: FastAPI, host: str, port: int) -> AsyncIterator[int]:
    """Serve for as long as the block lasts; yields the port (0 asks for a free one).

    Raises BadInput when the address cannot be had.
    """
    listening = bind(host, port)
    server = Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    try:
        await server.up.wait()
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listening.close()


def bind(host: str, port: int) -> socket.socket:
    """Take the address; raises BadInput with what to do when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {port} of {host} is taken, perhaps by another node of Troupe: set WEB_PORT "
                "to another one, or to 0 for none"
            ) from None
        raise BadInput(
            f"{host}:{port} cannot be served ({error.strerror or error}): set WEB_HOST and "
            "WEB_PORT to an address that is free, or WEB_PORT=0 for none"
        ) from None
