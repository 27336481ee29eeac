"""What the trials of the embedded servers share: member processes, and what runs in a folder."""

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

import db
from db.embedded.folder import locate
from db.embedded.processes import find_ours, tell
from db.embedded.recipe import Kind

LINGER = 0.2
PATIENCE = 30.0
REPOSITORY = Path(db.__path__[0]).parent


@dataclass(frozen=True, slots=True)
class Member:
    """A process that has joined the servers of a folder."""

    process: asyncio.subprocess.Process
    database_url: str
    redis_url: str
    supervisor: int

    async def kill(self) -> None:
        """Kill it as the kernel would: without a word."""
        self.process.kill()
        await self.process.wait()

    async def leave(self) -> None:
        """Let it end in good order."""
        await self.process.communicate(b"")


@asynccontextmanager
async def member(folder: Path, linger: float = LINGER) -> AsyncIterator[Member]:
    """Start a process that joins, and see to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.embedded.member", str(folder), str(linger)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        assert process.stdout is not None
        line = json.loads(await process.stdout.readline())
        yield Member(process, line["database_url"], line["redis_url"], line["supervisor"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def servers_of(folder: Path, *, volatile: bool = False) -> list[psutil.Process]:
    """Return every server process that works in the data of this folder."""
    home = locate(folder, volatile=volatile)
    owner = home.owner()
    return [process for kind in Kind for process in find_ours(home.data(kind), owner)]


def all_of(folder: Path, supervisor: int, *, volatile: bool = False) -> list[psutil.Process]:
    """Return the supervisor and its servers."""
    return [psutil.Process(supervisor), *servers_of(folder, volatile=volatile)]


async def until(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Wait for something that nobody announces; False when it does not come about."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110 - other processes tell nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


async def gone(processes: Iterable[psutil.Process]) -> bool:
    """Wait for the end of processes that are not our children; False when they live on."""
    watched = list(processes)

    async def none_lives() -> bool:
        return not any(lives(process) for process in watched)

    return await until(none_lives)


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, some of which may just be ending by themselves."""
    for process in processes:
        tell(process, signal.SIGKILL)


def lives(process: psutil.Process) -> bool:
    """Say whether a process still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def store(database_url: str) -> int:
    """Commit a number that was never stored before; return it."""
    number = secrets.randbits(31)
    await query(database_url, "create table if not exists kept (number int)")
    await query(database_url, f"insert into kept values ({number})")
    return number


async def holds(database_url: str, number: int) -> bool:
    """Say whether a number that was stored is there; False also while nobody answers."""
    found = f"select exists (select from kept where number = {number})"
    try:
        return bool(await query(database_url, found))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def query(database_url: str, sql: str) -> object:
    """Run one statement, and return the first value of what it answers."""
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()
