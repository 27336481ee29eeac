"""The doors to the servers, for every process of Troupe: join, ask, stop."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from db.embedded import postgres
from db.embedded.channel import FAREWELL, Ask, Endpoint, Reply, Request, connect
from db.embedded.databases import check_database_name, ensure_database
from db.embedded.folder import Home, locate, prepare
from db.embedded.launch import reach
from db.embedded.locks import hold
from db.embedded.processes import stop_leftovers
from db.embedded.recipe import Kind, stop_signals
from db.embedded.urls import Servers
from orchestrator.errors import BadInput, ServersUnavailable

LINGER_SECONDS = 5.0
JOIN_SECONDS = 90.0
STOP_SECONDS = 60.0
RETRY_SECONDS = 0.02
REJOIN_SECONDS = 1.0
DATABASE_SCHEMES = ("postgresql://", "postgres://")
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The servers that run for a data folder: process numbers, ports (0: not running), members."""

    path: Path
    supervisor_pid: int
    members: int
    postgres_port: int
    valkey_port: int


@dataclass(frozen=True, slots=True)
class Wish:
    """Which servers a process wants to have, where, and how long they outlive it."""

    folder: Path
    home: Home
    kinds: tuple[Kind, ...]
    linger: float


@dataclass(frozen=True, slots=True)
class Connection:
    """An open socket to the supervisor, and the servers that it keeps running for us."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    endpoints: Mapping[Kind, Endpoint]

    async def stopped_on_purpose(self) -> bool:
        """Wait until the supervisor hangs up; say whether it bade farewell."""
        try:
            return await self.reader.read() == FAREWELL
        except ConnectionError:
            return False


@dataclass(slots=True)
class Membership:
    """Our connection to the supervisor; to its successor, should it be killed."""

    wish: Wish
    connection: Connection

    async def keep(self) -> None:
        """Hold the socket open; when the supervisor dies, join its successor on the same ports."""
        while not await self.connection.stopped_on_purpose():
            self.connection.writer.close()
            self.connection = await rejoin(self.wish)


@asynccontextmanager
async def embedded_servers(
    folder: Path,
    *,
    linger: float = LINGER_SECONDS,
    volatile: bool = False,
    database: str = "troupe",
) -> AsyncIterator[Servers]:
    """Have PostgreSQL and Valkey running for this folder, shared with whoever else asks.

    They stop `linger` seconds after the last process that asked has gone, however it went.
    `volatile` servers are other ones: they wait for no disk, and forget everything when they
    stop. Raises `ServersUnavailable`.
    """
    async with resolve_servers(
        None, None, folder, linger=linger, volatile=volatile, database=database
    ) as servers:
        yield servers


@asynccontextmanager
async def resolve_servers(
    database_url: str | None,
    redis_url: str | None,
    folder: Path,
    *,
    linger: float = LINGER_SECONDS,
    volatile: bool = False,
    database: str = "troupe",
) -> AsyncIterator[Servers]:
    """Use the servers that are named, and start embedded ones for those that are not.

    Raises `BadInput` for a URL that cannot be one, `ServersUnavailable` when starting fails.
    """
    check_url("DATABASE_URL", database_url, DATABASE_SCHEMES)
    check_url("REDIS_URL", redis_url, REDIS_SCHEMES)
    check_database_name(database)
    if database_url and redis_url:
        yield Servers(database_url, redis_url)
        return
    kinds = tuple(
        kind for kind, url in ((Kind.POSTGRES, database_url), (Kind.VALKEY, redis_url)) if not url
    )
    home = locate(folder, volatile=volatile)
    async with membership(Wish(folder, home, kinds, linger)) as endpoints:
        servers = Servers(
            database_url or postgres_url(endpoints[Kind.POSTGRES], database),
            redis_url or valkey_url(endpoints[Kind.VALKEY]),
        )
        if not database_url:
            await ensure_database(servers, database)
        yield servers


def check_url(name: str, url: str | None, schemes: tuple[str, ...]) -> None:
    """Refuse a URL of another kind before anything is started; do not repeat its secrets."""
    if url and not url.startswith(schemes):
        raise BadInput(f"{name} must begin with {' or '.join(schemes)}: correct it or unset it.")


def postgres_url(endpoint: Endpoint, database: str) -> str:
    """Return the URL of a database of the embedded PostgreSQL."""
    user = f"{postgres.USER}:{endpoint.password}"
    return f"postgresql://{user}@127.0.0.1:{endpoint.port}/{database}"


def valkey_url(endpoint: Endpoint) -> str:
    """Return the URL of the embedded Valkey."""
    return f"redis://:{endpoint.password}@127.0.0.1:{endpoint.port}/0"


@asynccontextmanager
async def membership(wish: Wish) -> AsyncIterator[Mapping[Kind, Endpoint]]:
    """Be a member for the length of the block, also when the supervisor is killed meanwhile."""
    refuse_windows()
    member = Membership(wish, await join(wish))
    keeper = asyncio.create_task(member.keep(), name="keep the embedded servers")
    try:
        yield member.connection.endpoints
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        member.connection.writer.close()


def refuse_windows() -> None:
    """Say what to do where there are no programs to start."""
    if sys.platform == "win32":
        raise ServersUnavailable(
            "On Windows Troupe uses external servers only: set DATABASE_URL and REDIS_URL."
        )


async def rejoin(wish: Wish) -> Connection:
    """Join again, as often as it takes."""
    while True:
        try:
            return await join(wish)
        except ServersUnavailable:
            await asyncio.sleep(REJOIN_SECONDS)


async def join(wish: Wish) -> Connection:
    """Become a member of the running supervisor, or start it first."""
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            while True:
                if connection := await try_join(wish):
                    return connection
                await asyncio.sleep(RETRY_SECONDS)
    except TimeoutError:
        raise ServersUnavailable(
            f"The embedded servers did not answer within {JOIN_SECONDS:.0f} s: "
            f"see {wish.home.log('supervisor')}."
        ) from None


async def try_join(wish: Wish) -> Connection | None:
    """Ask the supervisor once; None when it is just stopping, and one has to ask its successor."""
    await asyncio.to_thread(prepare, wish.home, wish.folder)
    try:
        reader, writer = await reach(wish.home)
    except (ConnectionError, FileNotFoundError):
        return None
    except OSError as error:
        raise ServersUnavailable(
            f"{wish.home.path} cannot be used ({error.strerror}): make room and rights for it, "
            "or set TROUPE_HOME to another folder."
        ) from error
    async with AsyncExitStack() as stack:
        stack.callback(writer.close)
        reply = await ask(reader, writer, Request(Ask.JOIN, wish.kinds, wish.linger))
        if reply is None:
            return None
        if reply.failed:
            raise ServersUnavailable(reply.failed)
        stack.pop_all()
    return Connection(reader, writer, {end.kind: end for end in reply.endpoints})


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request
) -> Reply | None:
    """Ask one thing; None when the supervisor hung up instead of answering."""
    try:
        writer.write(request.encode())
        line = await reader.readline()
    except ConnectionError:
        return None
    if not line.endswith(b"}\n"):
        return None
    try:
        return Reply.decode(line)
    except (ValueError, KeyError, TypeError):
        raise ServersUnavailable(
            "The embedded servers were started by another version of Troupe: "
            "stop every Troupe process, then start again."
        ) from None


async def running(folder: Path, *, volatile: bool = False) -> ServerStatus | None:
    """Say what runs for a data folder; starts nothing and keeps nothing running."""
    home = locate(folder, volatile=volatile)
    reply = await ask_once(home, Ask.STATUS)
    if reply is None:
        return None
    ports = {end.kind: end.port for end in reply.endpoints}
    return ServerStatus(
        path=home.path,
        supervisor_pid=reply.supervisor,
        members=reply.members,
        postgres_port=ports.get(Kind.POSTGRES, 0),
        valkey_port=ports.get(Kind.VALKEY, 0),
    )


async def ask_once(home: Home, what: Ask) -> Reply | None:
    """Ask the running supervisor one thing; None when there is none."""
    try:
        reader, writer = await connect(home.socket)
    except OSError:
        return None
    try:
        return await ask(reader, writer, Request(what))
    finally:
        writer.close()


async def stop(folder: Path, *, volatile: bool = False) -> None:
    """Stop the servers of a data folder, members or not, and whatever a killed one left."""
    home = locate(folder, volatile=volatile)
    if home.path.is_dir():
        async with alone_in(home):
            pass


async def erase(folder: Path, *, volatile: bool = False) -> None:
    """Stop the servers of a data folder and delete all their data, for good."""
    home = locate(folder, volatile=volatile)
    if home.path.is_dir():
        async with alone_in(home):
            await asyncio.to_thread(shutil.rmtree, home.path)


@asynccontextmanager
async def alone_in(home: Home) -> AsyncIterator[None]:
    """Hold the place with nothing running in it, and nothing able to start."""
    try:
        async with asyncio.timeout(STOP_SECONDS), hold(home.start_lock):
            await ask_once(home, Ask.STOP)
            async with hold(home.supervisor_lock):
                for kind in Kind:
                    await stop_leftovers(
                        home.data(kind), home.owner(), stop_signals(kind), STOP_SECONDS / 4
                    )
                yield
    except TimeoutError:
        raise ServersUnavailable(
            f"The servers in {home.path} do not stop: end their supervisor, then try again."
        ) from None
