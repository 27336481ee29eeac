"""Where the processors' time went while a benchmark ran: who spent how much of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


@dataclass(slots=True)
class Spending:
    """Processor seconds by whose they were, added up over every block that was watched."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watching(self, **whose: int) -> Iterator[None]:
        """Count what these processes and their children spend, and this one as `own`."""
        before = spent(whose)
        yield
        for name, seconds in spent(whose).items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds - before[name]

    def per(self, number: int) -> dict[str, int]:
        """Return the microseconds that each of so many messages took, by whose they were."""
        return {name: round(1e6 * seconds / number) for name, seconds in self.seconds.items()}


def spent(whose: Mapping[str, int]) -> dict[str, float]:
    """Return the processor seconds until now of this process, and of others with their children."""
    own = psutil.Process().cpu_times()
    others = {name: seconds_of_all(psutil.Process(process)) for name, process in whose.items()}
    return {"own": own.user + own.system} | others


def seconds_of_all(first: psutil.Process) -> float:
    """Return the processor seconds of a process and all that it started, however indirectly."""
    return sum(map(seconds_of, [first, *first.children(recursive=True)]))


def seconds_of(process: psutil.Process) -> float:
    """Return the processor seconds of one process, and of those of its children that ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def children_named(part: str) -> list[int]:
    """Return the children of this process whose command line holds `part`."""
    children = psutil.Process(os.getpid()).children()
    return [child.pid for child in children if part in " ".join(child.cmdline())]
