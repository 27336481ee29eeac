"""The simulated Telegram as one server: wires in front, one world behind."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulator.mtproto.call import Call
from simulator.mtproto.dispatch import Methods
from simulator.mtproto.faults import FaultBook
from simulator.mtproto.listener import MtprotoListener
from simulator.mtproto.methods_help import Place, help_methods
from simulator.world.world import World

API_ID = 1
API_HASH = "0" * 32
DC_ID = 2


class TelegramServer:
    """A Telegram that listens on one address; `serve` starts and stops it."""

    api_id, api_hash, dc_id = API_ID, API_HASH, DC_ID

    def __init__(self, world: World) -> None:
        self.world = world
        self.methods = Methods()
        self.listener = MtprotoListener(world, self.methods)
        self.faults = FaultBook(self.account_of)
        self.listener.runner.interceptors.append(self.faults)
        self.host, self.port = "", 0
        # Until the other half stands, the server does with what is there.
        methods = importlib.import_module("simulator.mtproto.methods")
        if hasattr(methods, "all_methods"):
            self.methods.include(methods.all_methods())
        if importlib.util.find_spec("simulator.mtproto.push"):
            push = importlib.import_module("simulator.mtproto.push")
            self.pusher = push.Pusher(world, self.listener.book)

    @property
    def public_key(self) -> str:
        """The PEM of the RSA key that clients must know."""
        return self.listener.server_key.public_pem

    def account_of(self, call: Call) -> int | None:
        """Return the user who is signed in under the call's auth key."""
        return self.world.logins.user_of(call.key_id)

    async def start(self, host: str, port: int) -> None:
        """Listen, and register the methods that speak of the address."""
        self.host, self.port = await self.listener.start(host, port)
        self.methods.include(help_methods(Place(self.dc_id, self.host, self.port)))

    async def stop(self) -> None:
        """End all connections and stop listening, in bounded time."""
        await self.listener.stop()


@asynccontextmanager
async def serve(
    world: World | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[TelegramServer]:
    """Serve a world (a new one if none is given) for as long as the block runs."""
    server = TelegramServer(world or World())
    await server.start(host, port)
    try:
        yield server
    finally:
        await server.stop()
