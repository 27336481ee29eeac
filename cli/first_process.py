"""Being process 1 of a container: starting the node as a child that its watchdog can kill.

Linux shields process 1 from every signal that comes from inside its container, also from SIGKILL.
So what hangs there cannot be ended. Where no init was put in front, this program is that init: it
starts itself once more, passes signals on, and collects whatever ends without a parent.
"""

import contextlib
import os
import signal
import subprocess
import sys

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def run_as_child() -> int:
    """Run this very command in a child; returns its exit status, as a shell would tell it."""
    child = subprocess.Popen([sys.executable, *sys.orig_argv[1:]])  # noqa: S603 - what runs already
    for number in PASSED_ON:
        signal.signal(number, lambda received, _: pass_on(child, received))
    while True:
        with contextlib.suppress(InterruptedError):
            process, status = os.wait()
            if process == child.pid:
                child.returncode = code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code


def pass_on(child: "subprocess.Popen[bytes]", received: int) -> None:
    """Give the child a signal that was meant for it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, received)
