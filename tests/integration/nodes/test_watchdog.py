"""The watchdog process: it ends a node that gives no sign, and never outlives one."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.watchdog import FIRST_OF_ALL, WatchdogProcess
from orchestrator.clock import SystemClock
from orchestrator.errors import NotAllowed

VICTIM = Path(__file__).with_name("victim.py")
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


async def come_to_grief(grief: str) -> tuple[int, int, str]:
    """Run a victim; returns how it ended, its watchdog's number, and what was said about it."""
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, str(VICTIM), grief),
        env={**os.environ, "PYTHONPATH": str(VICTIM.parents[3])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    async with asyncio.timeout(PATIENCE):
        # Standard error closes when the watchdog, too, has ended.
        said, complaint = await victim.communicate()
    assert victim.returncode is not None
    return victim.returncode, int(said), complaint.decode()


def is_there(process: int) -> bool:
    """Tell whether a process of that number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def until_gone(process: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while is_there(process):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("grief", ["hang", "stop"])
async def test_a_node_that_hangs_or_is_stopped_is_killed(grief: str) -> None:
    ended, watchdog, complaint = await come_to_grief(grief)
    assert ended == -signal.SIGKILL
    assert "node victim gave no sign in time and was killed" in complaint
    await until_gone(watchdog)


async def test_the_watchdog_ends_with_its_node() -> None:
    ended, watchdog, complaint = await come_to_grief("end")
    assert (ended, complaint) == (0, "")
    await until_gone(watchdog)


async def test_ctrl_c_is_the_nodes_affair() -> None:
    ended, watchdog, complaint = await come_to_grief("ctrl-c")
    assert ended != -signal.SIGKILL
    assert "gave no sign" not in complaint
    await until_gone(watchdog)


@pytest.fixture
async def watchdog() -> AsyncIterator[WatchdogProcess]:
    clock = SystemClock()
    made = WatchdogProcess("a test", clock)
    await made.start(clock.monotonic() + 3600)
    yield made
    await made.stop()


def number_of(watchdog: WatchdogProcess) -> int:
    assert watchdog.process is not None
    return watchdog.process.pid


async def until_not_awake(watchdog: WatchdogProcess) -> None:
    async with asyncio.timeout(PATIENCE):
        while watchdog.is_awake():
            watchdog.feed(watchdog.clock.monotonic() + 3600)
            await asyncio.sleep(0.05)


async def test_a_watchdog_that_was_killed_is_noticed_and_another_one_started(
    watchdog: WatchdogProcess,
) -> None:
    assert watchdog.is_awake()
    first = number_of(watchdog)
    os.kill(first, signal.SIGKILL)
    await until_not_awake(watchdog)
    await watchdog.start(watchdog.clock.monotonic() + 3600)
    assert watchdog.is_awake()
    assert number_of(watchdog) != first
    assert not is_there(first)


async def test_a_watchdog_that_was_stopped_is_noticed_and_removed(
    watchdog: WatchdogProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.watchdog.DEAF_AFTER", 0.5)
    first = number_of(watchdog)
    os.kill(first, signal.SIGSTOP)
    await until_not_awake(watchdog)
    await watchdog.stop()
    assert not is_there(first)


async def test_a_watchdog_ignores_what_ends_its_node_in_order(watchdog: WatchdogProcess) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(number_of(watchdog), number)
    watchdog.feed(watchdog.clock.monotonic() + 3600)
    async with asyncio.timeout(PATIENCE):
        while watchdog.unanswered is not None:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
    assert watchdog.is_awake()


async def test_where_no_process_can_be_started_nothing_may_be_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cli.watchdog.COMMAND", ("/nonexistent/python",))
    with pytest.raises(NotAllowed, match="no watchdog process could be started"):
        await WatchdogProcess("a test", SystemClock()).start(0)


async def test_a_watchdog_that_ends_at_once_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.watchdog.COMMAND", (sys.executable, "-c", "pass"))
    with pytest.raises(NotAllowed, match="it ended at once"):
        await WatchdogProcess("a test", SystemClock()).start(0)


async def test_process_1_of_a_container_is_told_why_it_may_not_hold_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)
    with pytest.raises(NotAllowed) as refused:
        await WatchdogProcess("a test", SystemClock()).start(0)
    assert str(refused.value) == FIRST_OF_ALL
