"""Being asked to stop: Ctrl-C and SIGTERM."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def asked_by_signals(asked: asyncio.Event) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into asking, for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
