"""The watchdog's own process: it ends its node at a moment that the node puts off again and again.

Run as a file, with the standard library only, so that it is there in some hundredths of a second
and shares nothing with what it watches. Each line that comes in is the moment at which to act, in
seconds of CLOCK_BOOTTIME, and is written back as a sign that it was heard. When the pipe closes the
node is gone, and this process ends too.
"""

import contextlib
import os
import signal
import sys
import threading
import time

STEP = 0.2
"""Seconds between two looks at the clock: waiting itself does not count the machine's sleep."""

IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
"""Signals that concern the node; it decides when to end, and this process follows."""


def boot_time() -> float:
    """Return seconds that go on while the machine sleeps, of the same clock as the node's."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Reader(threading.Thread):
    """Hears the node."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.until = float("inf")

    def run(self) -> None:
        """Take each moment and say so, until the pipe closes."""
        for line in sys.stdin:
            self.until = float(line)
            with contextlib.suppress(OSError):
                sys.stdout.write(line)
                sys.stdout.flush()


def watch(node: int, name: str) -> None:
    """Kill the node when its time comes, or return when it ended by itself."""
    handle = os.pidfd_open(node) if hasattr(os, "pidfd_open") else None
    if os.getppid() != node:
        return
    reader = Reader()
    reader.start()
    while reader.is_alive():
        left = reader.until - boot_time()
        if left <= 0 and os.getppid() == node:
            kill(node, handle)
            sys.stderr.write(
                f"troupe: node {name} gave no sign in time and was killed; other nodes take its "
                "accounts when their leases are over\n"
            )
            return
        reader.join(max(0.0, min(left, STEP)))


def kill(node: int, handle: int | None) -> None:
    """End the node, also one that is stopped; a handle names no other process by mistake."""
    with contextlib.suppress(ProcessLookupError):
        if handle is None:
            os.kill(node, getattr(signal, "SIGKILL", signal.SIGTERM))
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in IGNORED:
        if hasattr(signal, ignored):
            signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    watch(int(sys.argv[1]), sys.argv[2])
