"""The MTProto server: it listens, owns a task for each connection, and stops in time."""

import asyncio
import itertools
import time
from collections.abc import Callable

from simulator.mtproto.connection import Connection
from simulator.mtproto.dispatch import Methods
from simulator.mtproto.handshake import Exponent, Handshake, MadeKey
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.reception import Reception
from simulator.mtproto.rpc import RpcRunner
from simulator.mtproto.salts import Salts
from simulator.mtproto.server_key import ServerKey
from simulator.mtproto.service import Service
from simulator.mtproto.sessions import SessionBook
from simulator.mtproto.sightings import Sightings
from simulator.world.world import World

BACKLOG = 1024
GRACE_SECONDS = 1.0


class MtprotoListener:
    """Puts the wire together around a registry of methods."""

    def __init__(
        self,
        world: World,
        methods: Methods,
        server_key: ServerKey,
        keys: KeyRing,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.server_keys, self.keys, self.clock = [server_key], keys, clock
        # One exponent for all key exchanges of this run: half of the server's work is done once.
        self.exponent, self.salts = Exponent.draw(), Salts(clock)
        self.book = SessionBook(self.salts, keys)
        self.runner = RpcRunner(world, self.book, methods)
        self.sightings = Sightings(world)
        self.runner.interceptors.append(self.sightings)
        service = Service(self.keys, self.book)
        self.reception = Reception(self.keys, self.book, service, self.runner, self.sightings)
        self.connections: dict[asyncio.Task[None], Connection] = {}
        self.numbers = itertools.count(1)
        self.server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; return the address that was bound."""
        self.server = await asyncio.start_server(self.accept, host, port, backlog=BACKLOG)
        bound: tuple[str, int] = self.server.sockets[0].getsockname()[:2]
        return bound

    def keep(self, made: MadeKey) -> None:
        """Keep a key that a client made, with the salt that it begins with."""
        self.keys.add(made.key, made.lasts)
        self.salts.begin(made.key.id, made.first_salt)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a new connection a task of its own."""
        handshake = Handshake(self.server_keys, self.exponent, self.keep, self.clock)
        connection = Connection(reader, writer, self.reception, handshake)
        name = f"mtproto:{next(self.numbers)}:{connection.name}"
        task = asyncio.get_running_loop().create_task(connection.serve(), name=name)
        self.connections[task] = connection
        task.add_done_callback(self.connections.pop)

    def cut_all(self) -> None:
        """End all connections at once."""
        for connection in self.connections.values():
            connection.cut()

    async def stop(self) -> None:
        """Stop listening, let running methods finish, end all connections; in bounded time."""
        if self.server is not None:
            self.server.close()
        self.book.stop()
        await self.runner.stop(GRACE_SECONDS)
        self.cut_all()
        tasks = tuple(self.connections)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self.runner.stop(0)
