"""What Troupe's processes and the supervisor say to one another over a Unix socket.

One line of JSON each way. A member's socket then stays open, silently: its closing, which the
kernel sees to however the process ends, is how the supervisor learns that it is gone.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from db.embedded.recipe import Kind

FAREWELL = b"stopped\n"  # to members, when the servers are stopped on purpose
LINE_LIMIT = 64 * 1024
SOCKET_PATH_LIMIT = 100  # bytes; the smallest `sun_path` in use holds 104


class Ask(StrEnum):
    """What a process may ask."""

    JOIN = "join"
    STATUS = "status"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Request:
    """What a process asks; `kinds` and `linger` (seconds) matter to `JOIN` only."""

    ask: Ask
    kinds: tuple[Kind, ...] = ()
    linger: float = 0.0

    def encode(self) -> bytes:
        """Return the request as a line."""
        return encode_line(asdict(self))

    @staticmethod
    def decode(line: bytes) -> "Request":
        """Read a request; raise ValueError or KeyError when it is none."""
        fields = json.loads(line)
        return Request(
            ask=Ask(fields["ask"]),
            kinds=tuple(Kind(kind) for kind in fields["kinds"]),
            linger=float(fields["linger"]),
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One running server, as a client needs to know it."""

    kind: Kind
    port: int
    pid: int
    password: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the supervisor answers: `failed` is empty, or one sentence for a person."""

    supervisor: int
    members: int
    endpoints: tuple[Endpoint, ...] = ()
    failed: str = ""

    def encode(self) -> bytes:
        """Return the reply as a line."""
        return encode_line(asdict(self))

    @staticmethod
    def decode(line: bytes) -> "Reply":
        """Read a reply; raise ValueError or KeyError when it is none."""
        fields = json.loads(line)
        return Reply(
            supervisor=int(fields["supervisor"]),
            members=int(fields["members"]),
            endpoints=tuple(
                Endpoint(Kind(end["kind"]), end["port"], end["pid"], end["password"])
                for end in fields["endpoints"]
            ),
            failed=str(fields["failed"]),
        )


def encode_line(fields: dict[str, object]) -> bytes:
    """Return fields as one line of JSON."""
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


@contextmanager
def short_path(socket_path: Path) -> Iterator[str]:
    """Lend a name for a socket that is short enough to bind or connect to.

    A Unix socket's name holds about a hundred bytes, a data folder's may hold thousands: a long
    one is reached through a link from a fresh private folder, which is gone again afterwards.
    """
    if len(os.fsencode(socket_path)) <= SOCKET_PATH_LIMIT:
        yield str(socket_path)
        return
    with tempfile.TemporaryDirectory(prefix="troupe-", dir=short_temporary_folder()) as folder:
        link = Path(folder) / "home"
        link.symlink_to(socket_path.parent, target_is_directory=True)
        yield str(link / socket_path.name)


def short_temporary_folder() -> str:
    """Return the user's temporary folder, unless that has a long name as well."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) < SOCKET_PATH_LIMIT // 2 else "/tmp"  # noqa: S108 - mkdtemp below it


async def connect(socket_path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the supervisor; raise OSError when none listens."""
    if sys.platform == "win32":
        raise ConnectionRefusedError("Troupe starts no servers on Windows")
    with short_path(socket_path) as path:
        return await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
