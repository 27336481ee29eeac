"""Jobs per second from claim to finish, beside procrastinate and pgqueuer on the same PostgreSQL.

All three do jobs that do nothing, through their own workers, one process and one worker each,
from tables of their own in one server with its default durability (every commit reaches the
disk). Rounds alternate, so that what else the machine does meets all of them; the ratio is of the
same round. Peers come with the extra `bench`: pip install -e '.[bench]' -c constraints.txt
"""

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import procrastinate
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job as PgqJob
from pgqueuer.types import QueueExecutionMode
from procrastinate.types import JSONValue
from sqlalchemy import text

from db.embedded import resolve_servers
from db.embedded.urls import with_database
from db.engine import Engine, create_engine, plain_url
from db.migrate import upgrade
from db.stores.work import PostgresJobs
from orchestrator.clock import SystemClock
from orchestrator.ids import NodeName
from orchestrator.jobs import Job
from orchestrator.ports.work import Topic
from orchestrator.supervisor.workers import Worker
from orchestrator.tuning import Tuning

BATCH = 100
QUEUE = text(
    """
    INSERT INTO jobs (kind, payload, unique_key)
    SELECT 'VerifyGrant', jsonb_build_object('grant', n), 'VerifyGrant ' || n
    FROM generate_series(1, CAST(:count AS integer)) AS n
    """
)
Round = Callable[[int], Awaitable[float]]
"""Does that many jobs and returns the seconds from the first claim to the last finish."""


class NoBell:
    """Never rings; all jobs are due from the start."""

    async def wait(self, _topic: Topic, timeout: float) -> None:  # noqa: ASYNC109 - as the port
        await asyncio.sleep(timeout)


@asynccontextmanager
async def troupe(database_url: str) -> AsyncIterator[Round]:
    await upgrade(database_url)
    engine = create_engine(database_url)
    try:
        yield lambda count: troupe_round(engine, count)
    finally:
        await engine.dispose()


async def troupe_round(engine: Engine, count: int) -> float:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM jobs WHERE state = 'done'"))
        await connection.execute(QUEUE, {"count": count})
    done, all_done = 0, asyncio.Event()

    async def do(_: Job) -> None:
        nonlocal done
        done += 1
        if done == count:
            all_done.set()

    worker = Worker(
        NodeName("bench"), PostgresJobs(engine), NoBell(), SystemClock(), Tuning(), do, batch=BATCH
    )
    begun = time.perf_counter()
    working = asyncio.create_task(worker.run(), name="worker")
    await all_done.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    seconds = time.perf_counter() - begun
    async with engine.begin() as connection:
        counted = await connection.execute(text("SELECT count(*) FROM jobs WHERE state = 'done'"))
        assert counted.scalar_one() == count
    return seconds


@asynccontextmanager
async def pgqueuer(database_url: str) -> AsyncIterator[Round]:
    connection = await asyncpg.connect(plain_url(database_url))
    await PgQueuer(AsyncpgDriver(connection)).qm.queries.install()
    await connection.close()
    yield lambda count: pgqueuer_round(database_url, count)


async def pgqueuer_round(database_url: str, count: int) -> float:
    connection = await asyncpg.connect(plain_url(database_url))
    peer = PgQueuer(AsyncpgDriver(connection))
    done = 0

    async def nothing(_: PgqJob) -> None:
        nonlocal done
        done += 1

    peer.entrypoint("nothing")(nothing)
    await peer.qm.queries.enqueue(["nothing"] * count, [b"{}"] * count, [0] * count)
    begun = time.perf_counter()
    await peer.qm.run(
        batch_size=BATCH,
        mode=QueueExecutionMode.drain,
        dequeue_timeout=timedelta(seconds=1),
    )
    seconds = time.perf_counter() - begun
    await connection.close()
    assert done == count
    return seconds


@asynccontextmanager
async def procrastination(database_url: str) -> AsyncIterator[Round]:
    connector = procrastinate.PsycopgConnector(conninfo=plain_url(database_url))
    app = procrastinate.App(connector=connector, import_paths=[])
    done = 0

    async def nothing(number: int) -> None:
        nonlocal done
        done += number >= 0

    task = app.task(name="nothing")(nothing)

    async def one_round(count: int) -> float:
        nonlocal done
        done = 0
        arguments: list[dict[str, JSONValue]] = [{"number": number} for number in range(count)]
        await task.batch_defer_async(*arguments)
        begun = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=10, install_signal_handlers=False)
        assert done == count
        return time.perf_counter() - begun

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        yield one_round


SIDES = {"troupe": troupe, "pgqueuer": pgqueuer, "procrastinate": procrastination}


async def measure(server_url: str, counts: dict[str, int], rounds: int) -> dict[str, list[float]]:
    """Return jobs per second of each side in each round."""
    speeds: dict[str, list[float]] = {name: [] for name in SIDES}
    async with AsyncExitStack() as stack:
        ready: dict[str, Round] = {}
        for name, side in SIDES.items():
            connection = await asyncpg.connect(plain_url(server_url))
            await connection.execute(f"CREATE DATABASE bench_{name}")
            await connection.close()
            database_url = with_database(server_url, f"bench_{name}")
            ready[name] = await stack.enter_async_context(side(database_url))
        for _ in range(rounds):
            for name, one_round in ready.items():
                speeds[name].append(counts[name] / await one_round(counts[name]))
    return speeds


async def main(jobs: int, slow_jobs: int, rounds: int) -> None:
    """Start a PostgreSQL of the benchmark's own, measure, and print one line."""
    counts = {"troupe": jobs, "pgqueuer": jobs, "procrastinate": slow_jobs}
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        async with resolve_servers(None, None, Path(folder), linger=0.0) as servers:
            speeds = await measure(servers.database_url, counts, rounds)
    faster = [max(pair) for pair in zip(speeds["pgqueuer"], speeds["procrastinate"], strict=True)]
    ratios = [own / peer for own, peer in zip(speeds["troupe"], faster, strict=True)]
    report = {
        "benchmark": "queue",
        "jobs": counts,
        "batch": BATCH,
        "rounds": rounds,
        **{f"{name}_per_second": round(statistics.median(all_)) for name, all_ in speeds.items()},
        "ratio_to_the_faster": round(statistics.median(ratios), 2),
        "ratio_of_each_round": [round(ratio, 2) for ratio in ratios],
        "aim": 1.0,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--slow-jobs", type=int, default=500, help="for procrastinate")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    asyncio.run(main(asked.jobs, asked.slow_jobs, asked.rounds))
