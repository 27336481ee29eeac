"""What a running node does when a desk is set up beside it."""

import asyncio
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from cli.desk import loaded

SLOW = """
import gatekeeper

gatekeeper.began()
assert gatekeeper.gate.wait(20), "the loop stood still"
"""


async def test_the_loop_goes_on_while_the_desk_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_load.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    keeper, loop, began = ModuleType("gatekeeper"), asyncio.get_running_loop(), asyncio.Event()
    gate = threading.Event()
    vars(keeper).update(gate=gate, began=lambda: loop.call_soon_threadsafe(began.set))
    monkeypatch.setitem(sys.modules, "gatekeeper", keeper)
    loading = asyncio.create_task(loaded("slow_to_load"))
    async with asyncio.timeout(20):
        await began.wait()
    gate.set()
    await loading
    monkeypatch.delitem(sys.modules, "slow_to_load")
