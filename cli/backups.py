"""Backups and a shell, by PostgreSQL's own programs; passwords go to them by the environment."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from cli.output import working
from cli.schema import bring_schema
from cli.settings import Settings
from db.embedded import postgres_tool, resolve_servers
from orchestrator.errors import BadInput, NotAllowed, TroupeError

MAGIC = b"PGDMP"
"""How a file of pg_dump's custom format begins."""
FRESH_SCHEMA = "drop schema public cascade; create schema public;"
IN_USE = (
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and backend_type = 'client backend' "
    "and pid <> pg_backend_pid()"
)
VARIABLE_OF = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "host": "PGHOST",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """PostgreSQL's programs, pointed at one database."""

    environment: Mapping[str, str]

    async def start(self, *command: str, pipe: int | None = None) -> asyncio.subprocess.Process:
        """Start a program, at this terminal unless `pipe` says otherwise."""
        program, *arguments = command
        return await asyncio.create_subprocess_exec(
            postgres_tool(program),
            *arguments,
            env=dict(self.environment),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )

    async def run(self, *command: str, given: bytes | None = None) -> str:
        """Run a program to its end and return what it wrote; raises TroupeError with its words."""
        process = await self.start(*command, pipe=asyncio.subprocess.PIPE)
        written, complaints = await process.communicate(given)
        if process.returncode:
            raise TroupeError(f"{command[0]} failed: {last_line(complaints)}")
        return written.decode(errors="replace")


@asynccontextmanager
async def tools(settings: Settings) -> AsyncIterator[tuple[Tools, str]]:
    """Have the database running, and its programs at hand; yields them with its URL."""
    async with resolve_servers(settings.database_url, settings.redis_url, settings.home) as servers:
        yield Tools({**os.environ, **as_environment(servers.database_url)}), servers.database_url


def as_environment(database_url: str) -> dict[str, str]:
    """Write a URL as the variables that libpq reads (PostgreSQL manual, 32.15)."""
    parts = urlsplit(database_url)
    found = {
        "PGHOST": parts.hostname and unquote(parts.hostname),
        "PGPORT": parts.port and str(parts.port),
        "PGUSER": parts.username and unquote(parts.username),
        "PGPASSWORD": parts.password and unquote(parts.password),
        "PGDATABASE": unquote(parts.path.removeprefix("/")),
    }
    for name, value in parse_qsl(parts.query):
        if name in VARIABLE_OF:
            found[VARIABLE_OF[name]] = value
    return {name: value for name, value in found.items() if value}


async def back_up(settings: Settings, file: Path) -> str:
    """Write a backup that only its owner may read; it appears whole or not at all."""
    with drafted(file) as draft:
        async with tools(settings) as (programs, _):
            with working("Writing the backup …"):
                await programs.run("pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
    return f"{file} holds everything stored; keep the encryption key elsewhere"


@contextmanager
def drafted(file: Path) -> Iterator[Path]:
    """Yield a file beside `file` that takes its name when the block ends well."""
    if file.exists():
        raise BadInput(f"{file} exists already: give another name")
    draft = file.with_name(f".{file.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        yield draft
        draft.rename(file)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def check_backup(file: Path) -> None:
    """Raise BadInput for what is no backup, before anybody is asked or anything starts."""
    try:
        with file.open("rb") as opened:
            is_ours = opened.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    if not is_ours:
        raise BadInput(f"{file} is no backup that `troupe db backup` wrote")


async def bring_back(settings: Settings, file: Path) -> str:
    """Replace everything by a backup in one transaction, then migrate it if it is older."""
    async with tools(settings) as (programs, database_url):
        await programs.run("pg_restore", "--list", str(file))
        if int(await programs.run("psql", "-XAtc", IN_USE)):
            raise NotAllowed("other processes use the database: stop every `troupe run` first")
        with working("Reading the backup …"):
            script = await programs.run("pg_restore", "--no-owner", "--file=-", str(file))
            await programs.run(
                "psql",
                "-Xq1",
                "--set=ON_ERROR_STOP=1",
                f"--command={FRESH_SCHEMA}",
                "--file=-",
                given=script.encode(),
            )
        await bring_schema(database_url, migrate=True)
    return f"everything stored is as in {file}"


async def open_shell(settings: Settings) -> int:
    """Run psql at this terminal and return its exit code; Ctrl-C is psql's."""
    async with tools(settings) as (programs, _):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        try:
            return await (await programs.start("psql")).wait()
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def last_line(complaints: bytes) -> str:
    """Return the last thing that a program complained about."""
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
