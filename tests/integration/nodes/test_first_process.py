"""Being process 1: a child does the work, and can be killed."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
if os.getpid() == 1:
    from cli.first_process import run_as_child
    sys.exit(run_as_child())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
sys.stdout.write("ready\\n")
sys.stdout.flush()
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
while True:
    signal.pause()
"""

pytestmark = pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0,
    reason="only root may begin a namespace of processes",
)


@pytest.mark.parametrize(("fate", "status"), [("killed", 128 + signal.SIGKILL), ("asked", 7)])
async def test_process_1_passes_signals_on_and_ends_as_its_child_does(
    tmp_path: Path, fate: str, status: int
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = ("unshare", "-pf", "--mount-proc", sys.executable, str(program), str(ROOT), fate)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"
        if fate == "asked":
            [first] = children_of(process.pid)
            os.kill(first, signal.SIGTERM)
        assert await process.wait() == status


def children_of(process: int) -> list[int]:
    """Return the processes that one has started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(number) for number in listed.split()]
