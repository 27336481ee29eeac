"""The same trials once more as an ordinary user, when root runs the tests."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.embedded.system_user import Owner, find_owner, prepare_system_folder
from tests.integration.embedded.trials import REPOSITORY

TRIALS = ("test_life_and_death.py", "test_places.py")
WHERE_IT_MATTERS = (
    "first_start or killing or several or killed_supervisor or stranger or nobody_supervises "
    "or any_name or rights or private or cannot_be or loopback"
)
SECONDS = 240.0


@pytest.fixture
def user() -> Owner:
    """The system user of the product's own making."""
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    prepare_system_folder()
    owner = find_owner()
    assert owner is not None
    return owner


@pytest.fixture
def home(user: Owner) -> Iterator[Path]:
    """A folder of the user's own, outside of root's private temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, user.uid, user.gid)
        yield Path(folder)


@pytest.fixture
def python(user: Owner) -> list[str]:
    """A command line that runs an interpreter of this version as the user, with our packages."""
    become = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"]
    # The interpreter may lie below root's home: this lets the user read it there, no more.
    read_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    system_python = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv, with which root becomes a user here, is not installed")
    for command in (
        [*become, sys.executable],
        [*become, system_python],
        [*become, *read_all, sys.executable],
    ):
        if can_import(command):
            return command
    pytest.skip("no Python that an ordinary user may run sees the repository and its packages")


def can_import(python: list[str]) -> bool:
    """Try whether the user can run the tests with an interpreter."""
    needed = "import asyncpg, cryptography.x509, pytest, redis.asyncio, tests.integration.embedded"
    done = subprocess.run(
        [*python, "-c", needed],
        check=False,
        capture_output=True,
        cwd="/",
        env=environment(Path("/nonexistent")),
    )
    return done.returncode == 0


def environment(home: Path) -> dict[str, str]:
    """Return what the user's interpreter needs to find the repository and its packages."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


async def test_all_this_holds_for_an_ordinary_user(home: Path, python: list[str]) -> None:
    trials = [str(Path(__file__).with_name(name)) for name in TRIALS]
    process = await asyncio.create_subprocess_exec(
        *(
            *python,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-k",
            WHERE_IT_MATTERS,
            *trials,
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=REPOSITORY,
        env=environment(home),
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode()[-4000:]
