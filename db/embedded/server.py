"""One running server: started on a free port, started again when it dies, stopped for good."""

import asyncio
import signal
import socket
from dataclasses import dataclass, field

from db.embedded.channel import Endpoint
from db.embedded.folder import Home
from db.embedded.logs import bound, last_line
from db.embedded.processes import spawn, stop_leftovers
from db.embedded.recipe import Recipe, stop_signals
from db.embedded.system_user import Owner
from orchestrator.errors import ServersUnavailable

POLL_SECONDS = 0.01
START_SECONDS = 60.0  # recovery after a crash may have much to read
STOP_SECONDS = 10.0  # given to each way of asking
PORT_ATTEMPTS = 5


@dataclass(slots=True)
class Server:
    """A server that is started when first asked for and then kept running."""

    recipe: Recipe
    home: Home
    owner: Owner | None
    port: int  # the one it had last time, or 0
    process: asyncio.subprocess.Process | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: bool = False

    async def ensure(self) -> None:
        """Have the server running and answering; raise `ServersUnavailable` with the reason."""
        async with self.lock:
            if self.closed:
                raise ServersUnavailable("The servers are stopping: start Troupe again.")
            if self.process is None or self.process.returncode is not None:
                await self.start()

    async def close(self) -> None:
        """Stop the server and never start it again."""
        async with self.lock:
            self.closed = True
            await self.stop()

    async def ended(self) -> None:
        """Wait for the end of the running process."""
        if self.process is not None:
            await self.process.wait()

    def endpoint(self) -> Endpoint | None:
        """Return how to reach the running server, or None when it does not run."""
        if self.process is None or self.process.returncode is not None:
            return None
        return Endpoint(self.recipe.kind, self.port, self.process.pid, self.recipe.password)

    async def start(self) -> None:
        """Clear away what an earlier supervisor left, then start on a port that is free."""
        kind = self.recipe.kind
        await self.stop_leftovers()
        await self.recipe.prepare()
        bound(self.home.log(kind))
        for _ in range(PORT_ATTEMPTS):
            self.port = self.port if is_free(self.port) else free_port()
            if await self.start_on_port():
                return
        raise ServersUnavailable(
            f"No free port was found for {kind} on 127.0.0.1: "
            "close programs that hold very many ports, then start again."
        )

    async def stop_leftovers(self) -> None:
        """Stop what still works in the data folder; the caller holds the supervisor's lock."""
        data = self.home.data(self.recipe.kind)
        if not await stop_leftovers(data, self.owner, stop_signals(self.recipe.kind), STOP_SECONDS):
            raise ServersUnavailable(
                f"An earlier {self.recipe.kind} still works in {data} and does not stop: "
                "end it, or restart the machine."
            )

    async def start_on_port(self) -> bool:
        """Start the process and wait until it answers; False when its port was taken."""
        log = self.home.log(self.recipe.kind)
        self.process = await spawn(
            self.recipe.command(self.port),
            folder=self.home.data(self.recipe.kind),
            owner=self.owner,
            log=log,
            death_signal=stop_signals(self.recipe.kind)[0],
            stdin=asyncio.subprocess.PIPE,
        )
        await self.give_settings(self.process)
        if await self.answers(self.process):
            return True
        await self.stop()
        if is_free(self.port):
            raise ServersUnavailable(
                f"{self.recipe.kind} did not start ({last_line(log)}): see {log}."
            )
        return False

    async def give_settings(self, process: asyncio.subprocess.Process) -> None:
        """Write the settings to the server's standard input."""
        if process.stdin is None:
            return
        process.stdin.write(self.recipe.settings(self.port))
        process.stdin.close()

    async def answers(self, process: asyncio.subprocess.Process) -> bool:
        """Wait until the process answers; False when it ended or took far too long."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    if await self.recipe.is_ready(self.port, process.pid):
                        return True
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            pass
        return False

    async def stop(self) -> None:
        """Stop the server, asking ever less kindly."""
        process, self.process = self.process, None
        if process is None:
            return
        for wanted in stop_signals(self.recipe.kind):
            if await ended(process, wanted):
                return


async def ended(process: asyncio.subprocess.Process, wanted: signal.Signals) -> bool:
    """Signal our own child and wait a while for its end."""
    if process.returncode is None:
        process.send_signal(wanted)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        return False
    return True


def free_port() -> int:
    """Return a port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Say whether a port was named and nobody listens on it."""
    if port == 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
