"""How PostgreSQL is prepared and started."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.embedded.binaries import Binaries
from db.embedded.folder import Home
from db.embedded.logs import last_line
from db.embedded.processes import spawn
from db.embedded.recipe import Kind
from db.embedded.system_user import Owner
from orchestrator.errors import ServersUnavailable

USER = "troupe"

# Every commit is on the disk before it is answered; the sizes suit a laptop.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "huge_pages": "off",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # Statements and the rows that they name may hold what people wrote: neither is logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

# For data that is thrown away: the disk is never waited for.
VOLATILE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10min",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One PostgreSQL server and its data folder."""

    home: Home
    binaries: Binaries
    password: str
    owner: Owner | None

    @property
    def kind(self) -> Kind:
        """PostgreSQL."""
        return Kind.POSTGRES

    @property
    def data(self) -> Path:
        """The database cluster's folder."""
        return self.home.data(Kind.POSTGRES)

    async def prepare(self) -> None:
        """Make the cluster when there is none; clear what a killed server left behind.

        The caller holds the supervisor's lock and has seen that nobody works in the folder, so a
        pid file in it is stale. PostgreSQL cannot know that: it would refuse to start if the
        number in it belonged to any living process.
        """
        if (self.data / "PG_VERSION").exists():
            await self.refuse_another_version()
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        else:
            await self.create_cluster()

    async def refuse_another_version(self) -> None:
        """Stop before programs that cannot read these files damage anything."""
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = await self.program_version()
        if made_by != ours:
            raise ServersUnavailable(
                f"The data in {self.data} was made by PostgreSQL {made_by}, and this Troupe "
                f"brings {ours}: back it up with the older Troupe (`troupe db backup`), then "
                "restore it into an empty TROUPE_HOME."
            )

    async def program_version(self) -> str:
        """Return the major version of the programs, which name their data's version so too."""
        catalog = self.binaries.postgres_folder.parent / "share" / "postgres.bki"
        with catalog.open(encoding="utf-8") as lines:
            return next(lines).rpartition(" ")[2].strip()  # "# PostgreSQL 18"

    async def create_cluster(self) -> None:
        """Make a cluster beside its final place and move it there once it is whole."""
        unfinished = self.data.with_name("postgres.unfinished")
        for folder in (unfinished, self.data):
            if folder.exists():
                shutil.rmtree(folder)
        self.make_private_folder(unfinished)
        with self.password_file() as password_file:
            await self.run_initdb(unfinished, password_file)
        unfinished.rename(self.data)

    async def run_initdb(self, folder: Path, password_file: Path) -> None:
        """Run initdb with the locale under which Russian text folds case on every platform."""
        log = self.home.log("initdb")
        initdb = await spawn(
            [
                str(self.binaries.postgres("initdb")),
                f"--pgdata={folder}",
                f"--username={USER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                *(["--no-sync"] if self.home.volatile else []),
            ],
            folder=folder,
            owner=self.owner,
            log=log,
            death_signal=signal.SIGKILL,
        )
        if await initdb.wait() != 0:
            raise ServersUnavailable(
                f"PostgreSQL's data folder could not be made ({last_line(log)}): see {log}, "
                "or set DATABASE_URL to a server of your own."
            )

    def make_private_folder(self, folder: Path) -> None:
        """Make a folder for the server's user alone."""
        folder.mkdir(mode=0o700)
        if self.owner:
            os.chown(folder, self.owner.uid, self.owner.gid)

    @contextmanager
    def password_file(self) -> Iterator[Path]:
        """Lend the password to initdb, in a file that only its user reads."""
        path = self.home.path / "initdb.password"
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self.password)
                if self.owner:
                    os.fchown(file.fileno(), self.owner.uid, self.owner.gid)
            yield path
        finally:
            path.unlink()

    def command(self, port: int) -> list[str]:
        """Return the command line; the password is in the cluster already."""
        settings = SETTINGS | (VOLATILE_SETTINGS if self.home.volatile else {})
        settings["port"] = str(port)
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return [str(self.binaries.postgres("postgres")), "-D", str(self.data), *options]

    def settings(self, port: int) -> bytes:
        """PostgreSQL reads nothing from its standard input."""
        del port
        return b""

    async def is_ready(self, port: int, pid: int) -> bool:
        """Read what PostgreSQL itself notes in its pid file: number, port and state."""
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return False
        lines = [line.strip() for line in text.splitlines()]
        return lines[:1] == [str(pid)] and lines[3:4] == [str(port)] and lines[7:8] == ["ready"]
