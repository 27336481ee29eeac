"""The supervisor: a detached process that owns the servers of one data folder.

`python -m db.embedded.supervisor HOME [--volatile]` returns as soon as the supervisor listens.
It serves until the last process that joined has closed its socket and the linger is over.
"""

import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.embedded.binaries import copied_to, installed
from db.embedded.channel import FAREWELL, LINE_LIMIT, Ask, Reply, Request, connect, short_path
from db.embedded.folder import Home, runs_as_root
from db.embedded.locks import RETRY_SECONDS, take_lock, try_lock
from db.embedded.postgres import Postgres
from db.embedded.recipe import Kind, Recipe
from db.embedded.server import Server
from db.embedded.system_user import BINARIES_FOLDER
from db.embedded.valkey import Valkey
from orchestrator.errors import ServersUnavailable

FIRST_MEMBER_SECONDS = 10.0  # whoever started us may have died before it joined
REQUEST_SECONDS = 10.0
PREDECESSOR_SECONDS = 45.0
RESTARTS = 5
RESTART_DELAY = 0.5  # seconds, times the deaths so far
PASSWORD_BYTES = 24
BACKLOG = 128

log = logging.getLogger("supervisor")


@dataclass(slots=True)
class Supervisor:
    """Who has joined, which servers they need, and when to stop."""

    home: Home
    servers: dict[Kind, Server]
    members: set[asyncio.StreamWriter] = field(default_factory=set)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    keepers: dict[Kind, asyncio.Task[None]] = field(default_factory=dict)
    end_timer: asyncio.TimerHandle | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Answer until the linger after the last member is over, or until told to stop."""
        self.end_unless_joined(FIRST_MEMBER_SECONDS)
        door = await asyncio.start_unix_server(self.answer, sock=listener, limit=LINE_LIMIT)
        await self.ending.wait()
        door.close()  # who knocks from now on starts a successor, which waits for our lock
        for keeper in self.keepers.values():
            keeper.cancel()
        await asyncio.gather(*(server.close() for server in self.servers.values()))
        for member in tuple(self.members):
            member.close()

    def end_unless_joined(self, seconds: float) -> None:
        """Stop after so many seconds, unless somebody joins before."""
        self.stay()
        self.end_timer = asyncio.get_running_loop().call_later(seconds, self.end)

    def stay(self) -> None:
        """Forget about stopping."""
        if self.end_timer is not None:
            self.end_timer.cancel()

    def end(self) -> None:
        """Begin to stop. The socket's name goes at once, so that nobody new finds us."""
        self.home.socket.unlink(missing_ok=True)
        self.ending.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one process for as long as it keeps its socket open."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
            if line:
                await self.carry_out(Request.decode(line), reader, writer)
        except (ValueError, KeyError, TypeError, TimeoutError, ConnectionError) as error:
            log.warning("a process went away, or said what is no request: %r", error)
        finally:
            writer.close()

    async def carry_out(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what one process asks."""
        match request.ask:
            case Ask.JOIN:
                await self.keep_member(request, reader, writer)
            case Ask.STATUS:
                await send(writer, self.status())
            case Ask.STOP:
                for member in tuple(self.members):
                    member.write(FAREWELL)
                await send(writer, self.status())
                self.end()

    async def keep_member(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Count the process as a member until its socket closes."""
        self.members.add(writer)
        self.stay()
        try:
            await send(writer, await self.started(request.kinds))
            await reader.read()
        finally:
            self.members.discard(writer)
            if not self.members:
                self.end_unless_joined(request.linger)

    async def started(self, kinds: tuple[Kind, ...]) -> Reply:
        """Start what was asked for and does not run yet, side by side."""
        try:
            await asyncio.gather(*(self.servers[kind].ensure() for kind in kinds))
        except (ServersUnavailable, OSError) as error:
            log.warning("could not start: %s", error)
            return Reply(os.getpid(), len(self.members), failed=str(error))
        for kind in kinds:
            self.keep_running(kind)
        write_private(self.home.state, {str(kind): end.port for kind, end in self.servers.items()})
        return self.status()

    def status(self) -> Reply:
        """Return what runs at this moment."""
        found = (server.endpoint() for server in self.servers.values())
        return Reply(os.getpid(), len(self.members), tuple(end for end in found if end))

    def keep_running(self, kind: Kind) -> None:
        """See to it that a server which dies is started again."""
        if kind not in self.keepers:
            self.keepers[kind] = asyncio.create_task(self.restart(kind), name=f"keep {kind}")

    async def restart(self, kind: Kind) -> None:
        """Start a server again each time it dies; after too many deaths, give up on all."""
        server = self.servers[kind]
        for deaths in range(RESTARTS):
            await server.ended()
            log.warning("%s ended by itself; starting it again", kind)
            await asyncio.sleep(deaths * RESTART_DELAY)
            if (await self.started((kind,))).failed:
                break
        self.end()


async def send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Write a reply and see it off."""
    writer.write(reply.encode())
    await writer.drain()


async def run(home: Home, listening: int) -> None:
    """Be the supervisor of this place; write a byte to `listening` once there is a socket."""
    async with asyncio.timeout(PREDECESSOR_SECONDS):
        lock = await lock_unless_served(home)
    if lock is None:
        os.write(listening, b"1")
        return
    with listen(home.socket) as listener:
        os.write(listening, b"1")
        os.close(listening)
        await supervise(home, listener)
    os.close(lock)


async def lock_unless_served(home: Home) -> int | None:
    """Take the supervisor's lock when its holder has ended; None when that one serves.

    A process that was killed while it started a supervisor leaves one which serves later than
    the next process looks for it.
    """
    while (lock := take_lock(home.supervisor_lock)) is None:
        if await is_served(home):
            return None
        await asyncio.sleep(RETRY_SECONDS)
    return lock


async def is_served(home: Home) -> bool:
    """Say whether somebody listens on the socket: who is about to stop does not."""
    try:
        _, writer = await connect(home.socket)
    except OSError:
        return False
    writer.close()
    return True


async def supervise(home: Home, listener: socket.socket) -> None:
    """Serve this place, which is ours alone, until nobody needs it any more."""
    if home.volatile:
        await discard_leftovers(home)
    supervisor = Supervisor(home, make_servers(home))
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, supervisor.end)
    await supervisor.serve(listener)
    if home.volatile:
        discard_data(home)


def listen(path: Path) -> socket.socket:
    """Listen on a Unix socket that only our own user may open."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    with short_path(path) as name:
        listener.bind(name)
    listener.listen(BACKLOG)
    return listener


def make_servers(home: Home) -> dict[Kind, Server]:
    """Put together both servers, with the passwords and ports they had last time."""
    owner = home.owner()
    binaries = copied_to(BINARIES_FOLDER) if home.by_root else installed()
    passwords = read_passwords(home)
    ports = read_json(home.state)
    recipes: tuple[Recipe, ...] = (
        Postgres(home, binaries, passwords[Kind.POSTGRES], owner),
        Valkey(home, binaries, passwords[Kind.VALKEY], owner),
    )
    return {
        recipe.kind: Server(recipe, home, owner, int(ports.get(recipe.kind, 0)))
        for recipe in recipes
    }


def read_passwords(home: Home) -> dict[str, str]:
    """Return the servers' passwords, made up at the first start."""
    found = read_json(home.passwords)
    if not found:
        found = {str(kind): secrets.token_hex(PASSWORD_BYTES) for kind in Kind}
        write_private(home.passwords, found)
    return {name: str(password) for name, password in found.items()}


def read_json(path: Path) -> dict[str, str | int]:
    """Return what a file of ours holds; nothing when there is none."""
    try:
        fields: dict[str, str | int] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return fields


def write_private(path: Path, fields: Mapping[str, str | int]) -> None:
    """Write a file that only we can read, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(fields, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


async def discard_leftovers(home: Home) -> None:
    """Throw away volatile data of a killed supervisor: ours, and for root any that lies about."""
    await stop_and_discard(home)
    if not home.by_root:
        return
    for path in home.path.parent.iterdir():
        place = replace(home, path=path)
        with try_lock(place.start_lock) as nobody_starts, try_lock(place.supervisor_lock) as alone:
            if nobody_starts and alone:
                await stop_and_discard(place)
                shutil.rmtree(path, ignore_errors=True)


async def stop_and_discard(home: Home) -> None:
    """Stop whatever still works in a volatile place, then throw its data away."""
    for server in make_servers(home).values():
        await server.stop_leftovers()
    discard_data(home)


def discard_data(home: Home) -> None:
    """Throw away the data of volatile servers."""
    for kind in Kind:
        shutil.rmtree(home.data(kind), ignore_errors=True)


def main(arguments: list[str]) -> None:
    """Start the supervisor in the background; end when it listens, with 1 if it never does."""
    home = Home(Path(arguments[0]), volatile="--volatile" in arguments, by_root=runs_as_root())
    os.umask(0o077)
    listened, listening = os.pipe()
    if os.fork():
        os.close(listening)
        os._exit(0 if os.read(listened, 1) else 1)
    os.close(listened)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    asyncio.run(run(home, listening))


if __name__ == "__main__":
    main(sys.argv[1:])
