"""Starting server processes that die with their supervisor, and finding those that did not.

A process is taken for one of ours by what the kernel says of it (its user, its program, its
working directory, which is the server's data folder), never by a number from a file: a number
may belong to somebody else by now.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from db.embedded.system_user import Owner

PR_SET_PDEATHSIG = 1  # prctl(2)
POLL_SECONDS = 0.02

PROGRAMS = frozenset({"postgres", "valkey-server"})


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before its program, so that it is signalled when we are gone.

    The kernel keeps the wish across the change of program (prctl(2)). Where there is no such
    call, what stayed is found and stopped at the next start.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the wish
            os._exit(1)

    return ask_the_kernel


def clean_environment() -> dict[str, str]:
    """Return an environment that carries none of the caller's secrets or PG* settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C"}


async def spawn(
    command: list[str],
    *,
    folder: Path,
    owner: Owner | None,
    log: Path,
    death_signal: signal.Signals,
    stdin: int = asyncio.subprocess.DEVNULL,
) -> asyncio.subprocess.Process:
    """Start a program as its owner, in its folder, writing to its log.

    Call it from the main thread: the kernel's "parent" is the thread that forked.
    """
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=clean_environment(),
            umask=0o077,
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
            preexec_fn=die_with_parent(death_signal),
        )


def find_ours(folder: Path, owner: Owner | None) -> list[psutil.Process]:
    """Return the server processes that work in this data folder as this user."""
    uid = owner.uid if owner else os.geteuid()
    place = os.path.realpath(folder)
    return [process for process in psutil.process_iter() if works_in(process, place, uid)]


def works_in(process: psutil.Process, place: str, uid: int) -> bool:
    """Say whether a process is a server of this user, at work in this folder."""
    try:
        if process.uids().effective != uid or process.cwd() != place:
            return False
        return Path(process.exe()).name in PROGRAMS
    except psutil.Error:
        return False  # gone meanwhile, or not ours to look at


async def stop_leftovers(
    folder: Path, owner: Owner | None, signals: tuple[signal.Signals, ...], patience: float
) -> bool:
    """Stop what still works in a data folder, asking kindly first; say whether all is gone."""
    for wanted in signals:
        for process in eldest(find_ours(folder, owner)):
            tell(process, wanted)
        if await nothing_left(folder, owner, patience):
            return True
    return not find_ours(folder, owner)


def eldest(found: list[psutil.Process]) -> list[psutil.Process]:
    """Return the heads of the families: PostgreSQL's workers obey theirs, and end with it."""
    numbers = {process.pid for process in found}
    return [process for process in found if parent_of(process) not in numbers]


def parent_of(process: psutil.Process) -> int:
    """Return the parent's number, or 0 when the process is gone."""
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def tell(process: psutil.Process, wanted: signal.Signals) -> None:
    """Signal a process, unless it is gone and its number perhaps another's (psutil checks)."""
    try:
        process.send_signal(wanted)
    except psutil.NoSuchProcess:
        return


async def nothing_left(folder: Path, owner: Owner | None, patience: float) -> bool:
    """Wait until no process works in the folder; False when patience ran out first."""
    try:
        async with asyncio.timeout(patience):
            while find_ours(folder, owner):  # noqa: ASYNC110 - not our children
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True
