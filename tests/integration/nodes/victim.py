"""A process with a watchdog, that comes to grief in the way it is told: for test_watchdog."""

import asyncio
import os
import signal
import sys
import time

from cli.watchdog import WatchdogProcess
from orchestrator.clock import SystemClock

LASTS = 1.0


async def main(grief: str) -> None:
    """Beat a few times, then hang, stop, end, or lose the watchdog."""
    clock = SystemClock()
    watchdog = WatchdogProcess("victim", clock)
    await watchdog.start(clock.monotonic() + LASTS)
    assert watchdog.process is not None
    sys.stdout.write(f"{watchdog.process.pid}\n")
    sys.stdout.flush()
    for _ in range(10):
        watchdog.feed(clock.monotonic() + LASTS)
        await asyncio.sleep(0.02)
    if grief == "hang":
        time.sleep(60)  # noqa: ASYNC251 - that is the grief
    elif grief == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif grief == "ctrl-c":
        os.killpg(os.getpgid(0), signal.SIGINT)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
