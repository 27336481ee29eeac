"""For root: the system user `troupe`, its folder, and a copy of the programs that it can read."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from db.embedded.binaries import Binaries, copied_to
from db.embedded.locks import hold_blocking
from orchestrator.errors import ServersUnavailable

if sys.platform != "win32":
    import pwd

USER = "troupe"
SYSTEM_FOLDER = Path("/var/lib/troupe")
BINARIES_FOLDER = SYSTEM_FOLDER / "binaries"
READABLE = 0o755


@dataclass(frozen=True, slots=True)
class Owner:
    """A system user whom a server runs as."""

    uid: int
    gid: int


def find_owner() -> Owner | None:
    """Return the system user, or None when there is none yet."""
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        return None
    return Owner(entry.pw_uid, entry.pw_gid)


def prepare_system_folder() -> Binaries:
    """Make the system user, its folder and its copy of the programs, whatever is missing."""
    make_root_folder(SYSTEM_FOLDER)
    with hold_blocking(SYSTEM_FOLDER / "prepare.lock"):
        for folder in (BINARIES_FOLDER, SYSTEM_FOLDER / "servers", SYSTEM_FOLDER / "volatile"):
            make_root_folder(folder)
        if find_owner() is None:
            create_user()
        return copied_to(BINARIES_FOLDER)


def make_root_folder(folder: Path) -> None:
    """Make a folder that all may read, or accept root's own; never touch anyone else's."""
    try:
        folder.mkdir(parents=True)
        folder.chmod(READABLE)
    except FileExistsError:
        if folder.lstat().st_uid != os.geteuid() or folder.is_symlink():
            raise ServersUnavailable(
                f"{folder} does not belong to root: move it away, "
                "or set DATABASE_URL and REDIS_URL to servers of your own."
            ) from None


def create_user() -> None:
    """Create the system user with whichever of the two usual tools is there."""
    command = creation_command()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    if done.returncode != 0 and find_owner() is None:
        reason = (done.stderr or done.stdout).strip().splitlines()
        raise ServersUnavailable(
            f"The system user {USER} could not be created ({reason[-1] if reason else 'no reason'})"
            ": create it, run Troupe as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )


def creation_command() -> list[str]:
    """Return the command line that creates the user without a password, shell or home."""
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    if useradd := shutil.which("useradd", path=places):
        no_login = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        return [useradd, *no_login, "--home-dir", str(SYSTEM_FOLDER), USER]
    if adduser := shutil.which("adduser", path=places):  # BusyBox
        return [adduser, "-S", "-D", "-H", "-h", str(SYSTEM_FOLDER), "-s", "/sbin/nologin", USER]
    raise ServersUnavailable(
        "PostgreSQL does not run as root, and there is neither useradd nor adduser to create a "
        "user for it: run Troupe as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )
