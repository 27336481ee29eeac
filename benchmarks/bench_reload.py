"""From a COMMIT to the new version in use on two nodes under load, beside a poll every 10 s.

Each node is a process of its own with Troupe's listener and library; it decides all the while
(reads the scripts and asks the database). Beside it, writers keep PostgreSQL busy with commits of
jobs. A move is one transaction that inserts a version and moves the label; its clock starts before
COMMIT is sent and stops when the slower node has swapped. For the poll the same nodes are deaf.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from sqlalchemy import text

from db.embedded import resolve_servers
from db.engine import create_engine, plain_url
from db.migrate import upgrade
from db.notify import Notices
from db.stores.labels import PostgresLabels
from db.stores.library import PostgresLibrary
from orchestrator.actor import Actor
from orchestrator.ids import NodeName
from orchestrator.library.node_library import NodeLibrary
from orchestrator.library.snapshot import Snapshot
from personas.scripts.canonical import canonical_json, sha256_of
from personas.scripts.model import Script, ScriptKind

NODES = ("north", "south")
NOTICED, POLLED = "notices", "poll"
WAIT = 60.0
PAUSES = {NOTICED: (0.02, 0.06), POLLED: (0.2, 0.8)}
"""Seconds between two moves."""
LOOK = text("SELECT id, kind, payload FROM jobs ORDER BY id DESC LIMIT 50")
ADD_NODE = "INSERT INTO nodes (name, host, pid, version) VALUES ($1, 'bench', 1, 'bench')"
ADD_VERSION = """
    INSERT INTO script_versions (script_id, version, content, sha256, author)
    SELECT s.id, (SELECT max(version) + 1 FROM script_versions v WHERE v.script_id = s.id),
           $2, $3, 'bench' FROM scripts s WHERE s.key = $1 RETURNING id
"""
MOVE = """
    UPDATE script_labels SET version_id = $2, moved_by = 'bench', moved_at = now()
    WHERE script_id = (SELECT id FROM scripts WHERE key = $1)
"""
BUSY = """
    INSERT INTO jobs (kind, payload, unique_key, state)
    VALUES ('VerifyGrant', '{"grant": 1}', $1, 'done')
"""


def script_of(number: int, edition: int, triggers: int) -> Script:
    """Write a script of some size."""
    return Script.model_validate(
        {
            "key": f"script-{number}",
            "kind": "comment",
            "name": f"Edition {edition}",
            "language": "en",
            "triggers": [
                {
                    "key": f"trigger-{one}",
                    "examples": [f"Example {one} and {n} about rockets" for n in range(20)],
                    "responses": [f"Answer {one} and {n} of {edition}" for n in range(5)],
                }
                for one in range(triggers)
            ],
        }
    )


async def be_node(database_url: str, name: str, way: str) -> None:
    """Run one node until its standard input ends; each swap is a line on standard output."""
    engine = create_engine(database_url)
    library = NodeLibrary(PostgresLabels(engine), 10.0)
    known: set[int] = set()

    def tell(snapshot: Snapshot) -> None:
        at = time.monotonic()
        used = {use.version_id for use in snapshot.uses() if use.version_id is not None}
        for version in sorted(used - known):
            sys.stdout.write(f"{version} {at}\n")
        sys.stdout.flush()
        known.update(used)

    async def decide() -> None:
        while True:
            await library.published(ScriptKind.COMMENT)
            async with engine.begin() as connection:
                await connection.execute(LOOK)
            await asyncio.sleep(0.02)

    library.add_reader(tell)
    async with Notices(database_url).run() as notices:
        await notices.listening.wait()
        if way == NOTICED:
            notices.add_listener(library.hear)
        tasks = [
            asyncio.create_task(library.run(NodeName(name)), name="library"),
            asyncio.create_task(decide(), name="decisions"),
        ]
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await engine.dispose()


@dataclass(slots=True)
class Watched:
    """What a node process said, and when."""

    swapped: dict[int, float] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            version, at = line.split()
            async with self.news:
                self.swapped[int(version)] = float(at)
                self.news.notify_all()

    async def uses(self, version: int) -> float:
        """Return when the node began to use the version."""
        async with asyncio.timeout(WAIT), self.news:
            await self.news.wait_for(lambda: version in self.swapped)
            return self.swapped[version]


@asynccontextmanager
async def node(database_url: str, name: str, way: str) -> AsyncIterator[Watched]:
    """Run a node as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bench_reload", "--node", name, "--way", way,
        "--database", database_url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    watched = Watched()
    reading = asyncio.create_task(watched.read(process.stdout), name=f"read {name}")
    try:
        yield watched
    finally:
        process.stdin.close()
        await process.wait()
        await reading


@asynccontextmanager
async def busy(database_url: str, writers: int) -> AsyncIterator[list[int]]:
    """Commit small transactions all the while; yields how many each writer has committed."""
    counts = [0] * writers

    async def write(number: int) -> None:
        connection = await asyncpg.connect(plain_url(database_url))
        try:
            while True:
                await connection.execute(BUSY, f"{number} {counts[number]}")
                counts[number] += 1
                await asyncio.sleep(0.005)
        finally:
            connection.terminate()

    tasks = [asyncio.create_task(write(n), name=f"writer {n}") for n in range(writers)]
    try:
        yield counts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def move(connection: asyncpg.Connection, script: Script) -> tuple[int, float]:
    """Publish a version by plain SQL; returns it, and when COMMIT was sent."""
    transaction = connection.transaction()
    await transaction.start()
    content = canonical_json(script).decode()
    version = await connection.fetchval(ADD_VERSION, script.key, content, sha256_of(script))
    await connection.execute(MOVE, script.key, version)
    begun = time.monotonic()
    await transaction.commit()
    return int(version), begun


async def measure(database_url: str, way: str, asked: argparse.Namespace) -> dict[str, object]:
    """Move labels one after another, and return how long until both nodes used each."""
    moves = asked.moves if way == NOTICED else asked.polled_moves
    connection = await asyncpg.connect(plain_url(database_url))
    chance = random.Random(5)  # noqa: S311 - pauses, not secrets
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(node(database_url, name, way)) for name in NODES]
        first = await connection.fetchval("SELECT max(version_id) FROM script_labels")
        for watched in nodes:
            await watched.uses(first)
        counts = await stack.enter_async_context(busy(database_url, asked.writers))
        begun, waits = time.monotonic(), list[asyncio.Task[float]]()
        for number in range(moves):
            script = script_of(number % asked.scripts, number + 2, asked.triggers)
            version, sent = await move(connection, script)
            waits.append(asyncio.create_task(since(nodes, version, sent), name="wait"))
            if way == NOTICED:
                await waits[-1]
            await asyncio.sleep(chance.uniform(*PAUSES[way]))
        seconds = await asyncio.gather(*waits)
        rate = sum(counts) / (time.monotonic() - begun)
    await connection.close()
    return {**figures(seconds), "moves": moves, "commits_per_second": round(rate)}


async def since(nodes: list[Watched], version: int, sent: float) -> float:
    """Return how long it took until the last of the nodes used a version."""
    return max([await watched.uses(version) for watched in nodes]) - sent


def figures(waits: list[float]) -> dict[str, object]:
    """Sum up, in milliseconds."""
    cut = statistics.quantiles(waits, n=100, method="inclusive")
    return {
        "p50_ms": round(cut[49] * 1000, 1),
        "p99_ms": round(cut[98] * 1000, 1),
        "worst_ms": round(max(waits) * 1000, 1),
    }


async def main(asked: argparse.Namespace) -> None:
    """Start a PostgreSQL of the benchmark's own, measure both ways, and print one line."""
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        async with resolve_servers(None, None, Path(folder), linger=0.0) as servers:
            await upgrade(servers.database_url)
            await prepare(servers.database_url, asked)
            noticed = await measure(servers.database_url, NOTICED, asked)
            polled = await measure(servers.database_url, POLLED, asked)
    load = os.getloadavg()[0]
    report = {
        "benchmark": "reload",
        "nodes": len(NODES),
        "scripts": asked.scripts,
        "triggers_per_script": asked.triggers,
        "writers": asked.writers,
        "notices": noticed,
        "poll_of_10_s": polled,
        "aim_p99_ms": 20,
        "cores": os.cpu_count(),
        "load_average": round(load, 1),
    }
    print(json.dumps(report))


async def prepare(database_url: str, asked: argparse.Namespace) -> None:
    """Store the scripts and the nodes."""
    engine = create_engine(database_url)
    for number in range(asked.scripts):
        await PostgresLibrary(engine).put_script(
            Actor("bench"), script_of(number, 1, asked.triggers), "first"
        )
    await engine.dispose()
    connection = await asyncpg.connect(plain_url(database_url))
    for name in NODES:
        await connection.execute(ADD_NODE, name)
    await connection.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--polled-moves", type=int, default=40)
    parser.add_argument("--scripts", type=int, default=20)
    parser.add_argument("--triggers", type=int, default=10, help="in each script")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--node", help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--database", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    told = arguments()
    logging.disable(logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        if told.node:
            asyncio.run(be_node(told.database, told.node, told.way))
        else:
            asyncio.run(main(told))
