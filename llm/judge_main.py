"""The judge's process: `python -m llm.judge_main MODELS MEANING` answers lines with lines.

It ends when whoever started it closes its standard input, dying included.
"""

import asyncio
import os
import sys
from asyncio import StreamReader
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from llm.classroom import Classroom
from llm.judge_wire import REQUESTS, RESPONSES, Learnable, Request, Response, set_of
from llm.tutor import Tutor

LONGEST_LINE: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the judge sits."""

    judge: Classroom
    out: BinaryIO
    known: dict[int, Learnable] = field(default_factory=dict)

    async def sit(self, lines: StreamReader) -> None:
        """Answer until the lines end; what is not answered by then is not asked for any more."""
        asked: set[asyncio.Task[None]] = set()
        while line := await lines.readline():
            request = REQUESTS.validate_json(line)
            self.known.update(request.scripts)
            task = asyncio.create_task(self.answer(request), name=f"request:{request.id}")
            asked.add(task)
            task.add_done_callback(asked.discard)

    async def answer(self, request: Request) -> None:
        """Answer one request."""
        scripts = set_of(request, self.known)
        if request.text is None:
            self.judge.learn(scripts, whole=request.whole)
            return
        try:
            response = Response(request.id, await self.judge.read(scripts, request.text))
        except Exception as error:  # noqa: BLE001 - the task's boundary: whoever asked is told
            response = Response(request.id, failure=f"{type(error).__name__}: {error}")
        self.out.write(RESPONSES.dump_json(response) + b"\n")
        self.out.flush()


async def main(models: Path, *, by_meaning: bool) -> None:
    """Read from standard input and answer to standard output, which is nobody else's."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lines = StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(lines)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, sys.stdin)
    judge = Classroom(Tutor(models, by_meaning=by_meaning).school())
    try:
        await Bench(judge, out).sit(lines)
    finally:
        transport.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), by_meaning=sys.argv[2] == "True"))
