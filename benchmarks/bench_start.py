"""How long the built-in servers take to start: in a new folder, and once the folder is there.

    python -m benchmarks.bench_start [--rounds N]

Its peer is its own first start: what a later one is spared.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

from db.embedded import embedded_servers, erase, stop

ROUNDS = 5
LINGER = 0.2


async def start(folder: Path, before: Callable[[Path], Awaitable[None]]) -> float:
    """Return the seconds until both servers answer."""
    await before(folder)
    begun = perf_counter()
    async with embedded_servers(folder, linger=LINGER):
        return perf_counter() - begun


async def main(rounds: int) -> None:
    """Start again and again, and print the medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        pairs = [(await start(folder, erase), await start(folder, stop)) for _ in range(rounds)]
        await erase(folder)
    first, later = (statistics.median(side) for side in zip(*pairs, strict=True))
    report = {
        "benchmark": "start",
        "rounds": rounds,
        "first_seconds": round(first, 2),
        "later_seconds": round(later, 2),
        "ratio": round(later / first, 2),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asyncio.run(main(parser.parse_args().rounds))
