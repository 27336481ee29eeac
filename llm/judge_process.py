"""The judge that learns and reads in a process of its own, so that a node's loop never waits.

What learns takes seconds to load and holds the interpreter's lock for long; on a busy machine a
node's leases would run out meanwhile.
"""

import asyncio
import logging
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

from llm.judge_wire import REQUESTS, RESPONSES, Request, Response, learnable
from llm.readings import CannotJudge, Heard
from llm.training import environment
from orchestrator.ports.writing import PublishedScript

log = logging.getLogger(__name__)

LONGEST_LINE: Final = 1024 * 1024
PARTING: Final = 3.0
"""Seconds that the process has to end by itself."""


class JudgeProcess:
    """Implements Judge; the process begins with the first wish and is begun again when it ends."""

    def __init__(self, models: Path, *, by_meaning: bool = True) -> None:
        """Keep selectors and the encoder in that folder."""
        self.models, self.by_meaning = models, by_meaning
        self.process: Process | None = None
        self.starting = asyncio.Lock()
        self.numbers = count(1)
        self.sent: set[int] = set()
        self.waiting: dict[int, asyncio.Future[Response]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    async def read(self, scripts: Sequence[PublishedScript], text: str) -> Heard:
        """Ask the process; raises CannotJudge where it ended, or could not learn."""
        number = next(self.numbers)
        answered = asyncio.get_running_loop().create_future()
        self.waiting[number] = answered
        try:
            await self.send(number, scripts, text)
            response: Response = await answered
        finally:
            self.waiting.pop(number, None)
        if response.heard is None:
            raise CannotJudge(response.failure)
        return response.heard

    def learn(self, scripts: Sequence[PublishedScript], *, whole: bool = False) -> None:
        """Let the process learn; nobody waits for it."""
        if self.process is not None or (whole and any(one.script.triggers for one in scripts)):
            self.keep(asyncio.create_task(self.tell(scripts, whole=whole), name="judge:learn"))

    async def tell(self, scripts: Sequence[PublishedScript], *, whole: bool) -> None:
        """Send what is to be learnt."""
        try:
            await self.send(next(self.numbers), scripts, None, whole=whole)
        except (CannotJudge, OSError) as failed:
            log.warning("the selector's process could not be told what to learn: %s", failed)

    async def send(
        self,
        number: int,
        scripts: Sequence[PublishedScript],
        text: str | None,
        *,
        whole: bool = False,
    ) -> None:
        """Send one request, with those scripts that the process does not know yet."""
        async with self.starting:
            if self.closed:
                raise CannotJudge("the node stops")
            process = self.process
            if process is None or process.returncode is not None:
                process = await self.start()
            versions = tuple(int(one.version_id) for one in scripts)
            news = {
                int(one.version_id): learnable(one.script)
                for one in scripts
                if int(one.version_id) not in self.sent
            }
            self.sent.update(news)
            request = Request(number, versions, news, text, whole)
            into, _ = pipes_of(process)
            try:
                into.write(REQUESTS.dump_json(request) + b"\n")
                await into.drain()
            except (BrokenPipeError, ConnectionResetError) as gone:
                raise CannotJudge("the selector's process has ended") from gone

    async def start(self) -> Process:
        """Begin the process and listen to it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "llm.judge_main",
            str(self.models),
            str(self.by_meaning),
            stdin=PIPE,
            stdout=PIPE,
            env=environment(),
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C in a terminal is for the node alone
        )
        self.process = process
        self.sent.clear()
        self.keep(asyncio.create_task(self.listen(process), name="judge:listen"))
        return process

    async def listen(self, process: Process) -> None:
        """Hand responses to who waits, until the process ends; one that raves is ended."""
        try:
            await self.hand_out(process)
        except ValueError as raving:
            log.warning("the selector's process cannot be understood: %s", raving)
            if process.returncode is None:
                process.kill()
        ended = await process.wait()
        if self.process is process:
            self.process = None
        for number, waits in self.waiting.items():
            if not waits.done():
                told = f"the selector's process ended with {ended}"
                waits.set_result(Response(number, failure=told))
        if not self.closed:
            log.warning("the selector's process ended with %s: it is begun again", ended)

    async def hand_out(self, process: Process) -> None:
        """Hand responses to who waits; raises ValueError for a line that is none."""
        _, out = pipes_of(process)
        while line := await out.readline():
            response = RESPONSES.validate_json(line)
            waits = self.waiting.get(response.id)
            if waits is not None and not waits.done():
                waits.set_result(response)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it is done."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """End the process: asked first, then made to."""
        self.closed = True
        process = self.process
        if process is not None:
            pipes_of(process)[0].close()
            try:
                async with asyncio.timeout(PARTING):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def pipes_of(process: Process) -> tuple[StreamWriter, StreamReader]:
    """Return what the process reads from and writes to."""
    if process.stdin is None or process.stdout is None:
        raise CannotJudge("the selector's process was begun without pipes")
    return process.stdin, process.stdout
