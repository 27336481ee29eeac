"""File locks that the kernel lets go of when their holder ends, however it ends."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

RETRY_SECONDS = 0.02


def take_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_still_at(path, descriptor):
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def is_still_at(path: Path, descriptor: int) -> bool:
    """Say whether the locked file is the one at `path`, not one deleted meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock for the length of the block if it is free; say whether it was."""
    descriptor = take_lock(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


@asynccontextmanager
async def hold(path: Path) -> AsyncIterator[None]:
    """Hold the lock for the length of the block; bound the waiting with `asyncio.timeout`."""
    while (descriptor := take_lock(path)) is None:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(RETRY_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def hold_blocking(path: Path) -> Iterator[None]:
    """Hold the lock for the length of the block; for code that runs in a thread."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
