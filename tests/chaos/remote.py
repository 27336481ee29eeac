"""Objects that live in processes of their own, and calls to them over a pipe.

A process is forked from a server that has imported everything already, so that one which is killed
is replaced in a tenth of a second and not in two.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

PRELOADED = ["tests.chaos.node", "tests.chaos.telegram", "llm.script_writer", "sklearn"]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)

Main = Callable[[Connection, Any], None]


class RemoteError(Exception):
    """What was asked of a process failed there."""


@dataclass(slots=True)
class Remote:
    """A process, and one call at a time to the object that lives in it."""

    process: Any
    pipe: Connection
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def start(cls, main: Main, config: object) -> "Remote":
        """Start `main(pipe, config)` in a process of its own."""
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=main, args=(theirs, config), daemon=True)
        await asyncio.to_thread(process.start)
        theirs.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The process' number."""
        return int(self.process.pid)

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method over there; raises RemoteError with what went wrong."""
        async with self.lock:
            self.pipe.send((method, arguments))
            went_well, answer = await self.receive()
        if not went_well:
            raise RemoteError(answer)
        return answer

    async def receive(self) -> Any:
        """Wait for what the process says next; raises EOFError when it has ended."""
        return await asyncio.to_thread(self.pipe.recv)

    async def ended(self) -> int:
        """Wait for the end of the process; returns its exit code, negative for a signal."""
        await asyncio.to_thread(self.process.join)
        return int(self.process.exitcode)

    @property
    def lives(self) -> bool:
        """Whether it has not ended yet; a stopped one lives."""
        return bool(self.process.is_alive())

    def send_signal(self, wanted: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if self.lives:
            with suppress(ProcessLookupError):
                os.kill(self.pid, wanted)

    async def kill(self) -> None:
        """Kill it and wait for its end."""
        self.send_signal(signal.SIGKILL)
        await self.ended()
        self.pipe.close()


async def answer_calls(pipe: Connection, target: object) -> None:
    """Answer calls to `target` until the other end of the pipe is closed."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(pipe.fileno(), readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            while pipe.poll():
                method, arguments = pipe.recv()
                pipe.send(await answer(target, method, arguments))
    except (EOFError, ConnectionError):
        return
    finally:
        loop.remove_reader(pipe.fileno())


async def answer(target: object, method: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    """Call one method; what it raises goes back as words."""
    try:
        result = getattr(target, method)(*arguments)
        if asyncio.iscoroutine(result):
            result = await result
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        return False, f"{method}: {error!r}"
    return True, result


def write_to(path: str) -> None:
    """Lead what this process writes to a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
