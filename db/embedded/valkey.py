"""How Valkey is prepared and started."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from db.embedded.binaries import Binaries
from db.embedded.folder import Home
from db.embedded.recipe import Kind
from db.embedded.system_user import Owner

SAVE_AT_STOP = "save 3600 1"  # a schedule for saving is also what makes SIGTERM save
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Valkey:
    """One Valkey server and the folder of its snapshot."""

    home: Home
    binaries: Binaries
    password: str
    owner: Owner | None

    @property
    def kind(self) -> Kind:
        """Valkey."""
        return Kind.VALKEY

    @property
    def data(self) -> Path:
        """The folder of the snapshot."""
        return self.home.data(Kind.VALKEY)

    async def prepare(self) -> None:
        """Make the folder when there is none."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            if self.owner:
                os.chown(self.data, self.owner.uid, self.owner.gid)

    def command(self, port: int) -> list[str]:
        """Return the command line: all settings come on the standard input."""
        del port
        return [str(self.binaries.valkey_server), "-"]

    def settings(self, port: int) -> bytes:
        """Return the configuration; the data folder is the one the process starts in."""
        lines = (
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {self.password}",
            "protected-mode yes",
            "daemonize no",
            'save ""' if self.home.volatile else SAVE_AT_STOP,
            "appendonly no",
            "loglevel warning",
        )
        return "\n".join((*lines, "")).encode("ascii")

    async def is_ready(self, port: int, pid: int) -> bool:
        """Ask the server on the port who it is, with the password that only ours knows."""
        question = f"AUTH {self.password}\r\nINFO server\r\nQUIT\r\n".encode("ascii")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await ask(port, question)
        except (OSError, TimeoutError):
            return False
        return f"process_id:{pid}\r\n".encode("ascii") in answer


async def ask(port: int, question: bytes) -> bytes:
    """Send commands and return all that is answered until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(question)
        return await reader.read(-1)
    finally:
        writer.close()
