"""Starting the supervisor, by whichever process needs it first."""

import asyncio
import os
import sys
from pathlib import Path

import db
from db.embedded.channel import connect
from db.embedded.folder import Home
from db.embedded.locks import hold
from db.embedded.logs import bound, last_line
from db.embedded.processes import clean_environment
from orchestrator.errors import ServersUnavailable

ATTEMPTS = 3  # it may be killed while it starts


async def reach(home: Home) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the supervisor, starting it unless another process does so already.

    Raises OSError when it ended at once, `ServersUnavailable` when it does not start at all.
    """
    try:
        return await connect(home.socket)
    except OSError:
        async with hold(home.start_lock):
            return await connect_or_start(home)


async def connect_or_start(home: Home) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the supervisor, which nobody else can be starting at this moment."""
    try:
        return await connect(home.socket)
    except OSError:
        await start_supervisor(home)
        return await connect(home.socket)


async def start_supervisor(home: Home) -> None:
    """Start a supervisor that outlives us, and wait until it listens."""
    log = home.log("supervisor")
    bound(log)
    for _ in range(ATTEMPTS):
        if await supervisor_listens(home, log):
            return
    raise ServersUnavailable(
        f"The servers' supervisor did not start ({last_line(log)}): see {log}, "
        "or set DATABASE_URL and REDIS_URL to servers of your own."
    )


async def supervisor_listens(home: Home, log: Path) -> bool:
    """Run the program that leaves a supervisor behind, and say whether that listens."""
    with log.open("ab") as output:
        starter = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "db.embedded.supervisor", str(home.path)),
            *(["--volatile"] if home.volatile else []),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=clean_environment() | {"PYTHONPATH": python_path()},
            start_new_session=True,
        )
        return await starter.wait() == 0


def python_path() -> str:
    """Return where the supervisor finds this package, and what else its caller named."""
    ours = str(Path(db.__path__[0]).parent)
    return os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))
