"""The node's side of its watchdog: starts the process, feeds it, and sees whether it hears."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.errors import NotAllowed

PROGRAM = Path(__file__).with_name("watchdog_process.py")
COMMAND = (sys.executable, "-I", "-S", "-X", "utf8", str(PROGRAM))

PATIENCE = 5.0
"""Seconds in which a new watchdog must say that it hears."""

DEAF_AFTER = 3.0
"""Seconds without an answer to what it was fed, after which a watchdog counts as gone."""

FIRST_OF_ALL = (
    "this node is process 1, which nothing inside its container can end when it hangs: start it "
    "under an init process (docker run --init, `init: true` in compose, tini in the image)"
)


@dataclass(slots=True)
class WatchdogProcess:
    """Implements `Watchdog` by a child that outlives neither the node nor its own use."""

    node: str
    clock: Clock
    process: asyncio.subprocess.Process | None = None
    hearing: asyncio.Task[None] | None = None
    unanswered: float | None = None
    """Since when it has owed an answer."""

    async def start(self, until: float) -> None:
        """Start the child and hear it answer; raises NotAllowed when it cannot be had."""
        if os.getpid() == 1:
            raise NotAllowed(FIRST_OF_ALL)
        await self.stop()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.launch(until)
        except (OSError, TimeoutError, EOFError) as failed:
            await self.stop()
            raise NotAllowed(
                f"no watchdog process could be started ({failed or 'it does not answer'}), and "
                "without one this node may not hold accounts: see whether new processes can start"
            ) from failed

    async def launch(self, until: float) -> None:
        """Start the child in a session of its own: what is typed at the terminal passes it by."""
        self.process = await asyncio.create_subprocess_exec(
            *COMMAND,
            str(os.getpid()),
            self.node,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self.unanswered = None
        self.feed(until)
        answers = self.process.stdout
        if answers is None or not await answers.readline():
            raise EOFError("it ended at once")
        self.unanswered = None
        self.hearing = asyncio.create_task(self.hear(answers), name="watchdog")

    def feed(self, until: float) -> None:
        """Put the end off."""
        if self.process is not None and self.process.stdin is not None:
            if self.unanswered is None:
                self.unanswered = self.clock.monotonic()
            self.process.stdin.write(f"{until!r}\n".encode("ascii"))

    async def hear(self, answers: asyncio.StreamReader) -> None:
        """Note each answer, until the child is gone."""
        while await answers.readline():
            self.unanswered = None

    def is_awake(self) -> bool:
        """Tell whether the child lives and answered of late."""
        if self.hearing is None or self.hearing.done():
            return False
        return self.unanswered is None or self.clock.monotonic() - self.unanswered < DEAF_AFTER

    async def stop(self) -> None:
        """End the child: it follows the closing of its pipe, and a stopped one is killed."""
        process, self.process = self.process, None
        hearing, self.hearing = self.hearing, None
        if hearing is not None:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
