"""Where the servers of one data folder live, and who may touch that place.

An ordinary user's servers live inside the data folder. PostgreSQL refuses to run as root, so
root's live below `/var/lib/troupe`, in a subfolder named for the data folder, and run as the
system user `troupe`. Volatile servers have a place of their own, so that throwing their data
away can never touch the durable ones'.
"""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from db.embedded.system_user import SYSTEM_FOLDER, Owner, find_owner, prepare_system_folder
from orchestrator.errors import ServersUnavailable

PRIVATE = 0o700
PASSABLE = 0o711  # root's: its servers' user walks through to its own data, and lists nothing


@dataclass(frozen=True, slots=True)
class Home:
    """The place of one pair of servers: control files here, each server's data in a subfolder."""

    path: Path
    volatile: bool
    by_root: bool

    @property
    def socket(self) -> Path:
        """The Unix socket on which the supervisor listens."""
        return self.path / "supervisor.sock"

    @property
    def start_lock(self) -> Path:
        """Held by the process that is starting a supervisor."""
        return self.path / "start.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor for as long as it lives: its servers are its alone."""
        return self.path / "supervisor.lock"

    @property
    def passwords(self) -> Path:
        """The servers' passwords, readable by their owner only."""
        return self.path / "passwords.json"

    @property
    def state(self) -> Path:
        """The ports in use, asked for again at the next start."""
        return self.path / "state.json"

    def data(self, server: str) -> Path:
        """Return the data folder of one server."""
        return self.path / server

    def log(self, program: str) -> Path:
        """Return the log of one server or of the supervisor."""
        return self.path / f"{program}.log"

    def owner(self) -> Owner | None:
        """Return whom the servers run as, or None when they run as ourselves."""
        return find_owner() if self.by_root else None


def default_folder() -> Path:
    """Return `TROUPE_HOME`, or the user's data folder for Troupe."""
    named = os.environ.get("TROUPE_HOME")
    return Path(named) if named else user_data_path("troupe", appauthor=False)


def locate(folder: Path, *, volatile: bool = False) -> Home:
    """Return where the servers of `folder` live; touches nothing."""
    by_root = runs_as_root()
    path = system_place(folder, volatile=volatile) if by_root else inside(folder, volatile=volatile)
    return Home(path, volatile=volatile, by_root=by_root)


def inside(folder: Path, *, volatile: bool) -> Path:
    """Return the place of an ordinary user's servers."""
    return Path(os.path.realpath(folder)) / ("servers-volatile" if volatile else "servers")


def system_place(folder: Path, *, volatile: bool) -> Path:
    """Return the place of root's servers."""
    key = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
    return SYSTEM_FOLDER / ("volatile" if volatile else "servers") / key


def runs_as_root() -> bool:
    """Say whether this process may become another user."""
    return sys.platform != "win32" and os.geteuid() == 0


def prepare(home: Home, folder: Path) -> None:
    """Make the place for the servers; raise `ServersUnavailable` where that cannot be.

    Only folders that are made here get rights set: what exists keeps its own.
    """
    try:
        if home.by_root:
            prepare_system_folder()
            refuse_another_users(folder, volatile=home.volatile)
            make_folder(home.path, PASSABLE)
            (home.path / "folder.txt").write_text(f"{folder}\n", encoding="utf-8")
        else:
            refuse_roots(folder, volatile=home.volatile)
            folder.mkdir(parents=True, exist_ok=True)
            make_folder(home.path, PRIVATE)
    except OSError as error:
        raise ServersUnavailable(
            f"The folder {home.path} cannot be used ({error.strerror}): "
            "set TROUPE_HOME to a folder that you may write to."
        ) from error


def make_folder(path: Path, mode: int) -> None:
    """Make a folder with exactly these rights, or accept the one that is ours already."""
    try:
        path.mkdir()
        path.chmod(mode)
    except FileExistsError:
        refuse_another_owner(path)


def refuse_another_owner(path: Path) -> None:
    """Stop at a folder that somebody else made: its passwords and data are theirs."""
    found = path.lstat()
    if found.st_uid != os.geteuid() or not path.is_dir() or path.is_symlink():
        raise ServersUnavailable(
            f"{path} belongs to another user: run Troupe as that user, "
            "or set TROUPE_HOME to a folder of your own."
        )


def refuse_another_users(folder: Path, *, volatile: bool) -> None:
    """As root, do not begin a second, empty database where a user has one already."""
    theirs = inside(folder, volatile=volatile)
    if theirs.exists():
        raise ServersUnavailable(
            f"{theirs} holds the servers of an ordinary user: run Troupe as that user, "
            "or set TROUPE_HOME to another folder."
        )


def refuse_roots(folder: Path, *, volatile: bool) -> None:
    """As a user, do not begin a second, empty database where root has one already."""
    if system_place(folder, volatile=volatile).exists():
        raise ServersUnavailable(
            f"The servers of {folder} are root's: run Troupe as root, "
            "or set TROUPE_HOME to another folder."
        )
