"""What leases and the planner cost at 1,000, 10,000 and 100,000 accounts, on real PostgreSQL.

    python -m benchmarks.bench_scale [--accounts 1000 10000 100000] [--share 1000]

The rows are real and so are the statements; the nodes are simulated: what they would ask in each
round is asked, one round after the other and eight at once, and timed. No Telegram takes part.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from db.embedded import resolve_servers
from db.engine import Engine, create_engine
from db.migrate import upgrade
from db.stores.leases import PostgresLeases
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.planner import plan
from orchestrator.ports.leases import Fence, Incarnation
from orchestrator.supervisor.presence import PULSE
from orchestrator.tuning import Tuning

AT_ONCE = 8
ROUNDS = 6
"""How often a node renews and looks round in one lease."""

FILL = (
    "INSERT INTO personas (key, name, tone, disclosure) VALUES ('p', 'P', 'warm', 'a machine')",
    (
        "INSERT INTO accounts (name, phone_hint, persona_id, state) SELECT 'a' || n, '',"
        " (SELECT id FROM personas), 'active' FROM generate_series(1, :accounts) n"
    ),
    (
        "INSERT INTO account_sessions (account_id, dc_id, server_address, port, auth_key_encrypted)"
        " SELECT id, 2, '127.0.0.1', 443, 'key' FROM accounts"
    ),
    "INSERT INTO leases (account_id) SELECT id FROM accounts ON CONFLICT DO NOTHING",
)


@dataclass(slots=True)
class Town:
    """So many nodes with their shares."""

    store: PostgresLeases
    nodes: list[NodeName]
    born: dict[NodeName, Incarnation]
    held: dict[NodeName, dict[AccountId, Fence]]

    @property
    def moving(self) -> frozenset[NodeName]:
        """Every node."""
        return frozenset(self.nodes)


async def settle(engine: Engine, accounts: int, share: int) -> Town:
    """Fill the tables, and let every node take its share."""
    async with engine.begin() as connection:
        for statement in FILL:
            await connection.execute(text(statement), {"accounts": accounts})
    async with engine.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text("VACUUM ANALYZE"))
    store = PostgresLeases(engine)
    nodes = [NodeName(f"node-{n:03d}") for n in range(max(2, accounts // share))]
    born = {}
    for number, node in enumerate(nodes):
        made = await store.node_started(node, "bench", number, "0")
        assert made is not None
        born[node] = made
    free = await store.leases()
    each = -(-len(free) // len(nodes))
    held = {}
    for number, node in enumerate(nodes):
        held[node] = dict(await store.take_leases(node, free[number * each : (number + 1) * each]))
    async with engine.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text("VACUUM ANALYZE leases"))
    return Town(store, nodes, born, held)


async def timed(act: Callable[[], Awaitable[object]], times: int = 15) -> float:
    """Return the median of so many runs, in milliseconds."""
    runs = []
    for _ in range(times):
        begun = time.perf_counter()
        await act()
        runs.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(runs), 2)


async def rounds_a_second(town: Town) -> float:
    """Let all nodes renew and look round, eight at once; returns such rounds per second."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def live(node: NodeName) -> None:
        async with turn:
            await town.store.renew_leases(node, town.held[node])
            await town.store.survey(node, town.moving)
            await town.store.node_seen(node, town.born[node])

    times = max(1, 60 // len(town.nodes))
    begun = time.perf_counter()
    for _ in range(times):
        await asyncio.gather(*(live(node) for node in town.nodes))
    return len(town.nodes) * times / (time.perf_counter() - begun)


async def take_over(town: Town) -> dict[str, Any]:
    """Let one node die; time how long the others need once its leases are over."""
    dead, living = town.nodes[-1], town.nodes[:-1]
    shares = {node: len(town.held[node]) for node in living}
    left = len(town.held[dead])
    moves = 0
    begun = time.perf_counter()
    while left:
        for node in living:
            survey = await town.store.survey(node, town.moving - {dead})
            others = [lease for lease in survey.leases if lease.node == dead]
            mine = plan(node, shares, len(others))
            taken = await town.store.take_leases(node, others[: mine.take]) if mine.take else {}
            shares[node] += len(taken)
            moves += len(taken)
            left -= len(taken)
    return {
        "accounts": moves,
        "seconds_one_node_after_another": round(time.perf_counter() - begun, 3),
        "largest_difference_after": max(shares.values()) - min(shares.values()),
    }


def join(nodes: int, accounts: int) -> dict[str, Any]:
    """Let a node join, in theory: how many rounds until all is even, and how many accounts move."""
    names = [NodeName(f"node-{n:03d}") for n in range(nodes)]
    shares = {name: accounts // nodes + (n < accounts % nodes) for n, name in enumerate(names)}
    shares[NodeName("node-new")] = 0
    free = moves = rounds = 0
    begun = time.perf_counter()
    calls = 0
    while True:
        before = dict(shares)
        for node in shares:
            mine = plan(node, shares, free)
            calls += 1
            shares[node] += mine.take - mine.give
            free += mine.give - mine.take
            moves += mine.give
        if shares == before:
            break
        rounds += 1
    spent = time.perf_counter() - begun
    return {
        "rounds": rounds,
        "seconds": round(rounds * Tuning().lease.total_seconds() / ROUNDS),
        "accounts_moved": moves,
        "least_possible": accounts // (nodes + 1),
        "plan_microseconds": round(spent / calls * 1e6, 1),
    }


async def measure(engine: Engine, accounts: int, share: int) -> dict[str, Any]:
    """Measure one size."""
    town = await settle(engine, accounts, share)
    one, lease = town.nodes[0], Tuning().lease.total_seconds()
    renew = await timed(lambda: town.store.renew_leases(one, town.held[one]))
    look = await timed(lambda: town.store.survey(one, town.moving))
    count = await timed(town.store.shares)
    look_at_all = await timed(lambda: town.store.survey(one, frozenset()), 3)
    capacity = await rounds_a_second(town)
    needed = len(town.nodes) * ROUNDS / lease
    return {
        "accounts": accounts,
        "nodes": len(town.nodes),
        "share": len(town.held[one]),
        "renewal_ms": renew,
        "look_round_ms": look,
        "count_shares_ms": count,
        "look_at_everything_ms": look_at_all,
        "statements_per_second_needed": round(
            len(town.nodes) * (4 * ROUNDS / lease + 1 / PULSE), 1
        ),
        "rows_renewed_per_second_needed": round(accounts * ROUNDS / lease),
        "rounds_per_second_needed": round(needed, 2),
        "rounds_per_second_possible": round(capacity, 1),
        "ratio_of_capacity": round(needed / capacity, 3),
        "take_over_of_one_node": await take_over(town),
        "a_node_joins": join(len(town.nodes), accounts),
    }


async def main(sizes: list[int], share: int) -> dict[str, Any]:
    """Measure all sizes, each in a database of its own making."""
    found = []
    for accounts in sizes:
        with tempfile.TemporaryDirectory() as folder:
            async with resolve_servers(None, None, Path(folder), linger=0.0) as servers:
                await upgrade(servers.database_url)
                engine = create_engine(servers.database_url)
                try:
                    found.append(await measure(engine, accounts, share))
                finally:
                    await engine.dispose()
    return {"benchmark": "scale", "cores": os.cpu_count(), "sizes": found}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--share", type=int, default=1_000, help="accounts of each node")
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(main(asked.accounts, asked.share)), indent=2))
