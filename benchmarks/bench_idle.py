"""What a node costs its database while nothing happens: transactions and processor time.

    python -m benchmarks.bench_idle [--accounts N] [--seconds S]

All accounts are connected to the simulator and have nothing to do: no post, no message, no command.
"""

import argparse
import asyncio
import json
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psutil

from accounts.endpoint import Endpoint
from benchmarks.bench_sending import BENCH, PERSONA, READY, composed, sql, until
from benchmarks.rig import sign_everybody_in, simulated_telegram
from benchmarks.simulation import phone_of
from benchmarks.spending import Spending
from cli.compose import Company
from orchestrator.ids import AccountId
from orchestrator.ports.accounts import AccountState

COMMITTED = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
SETTLE = timedelta(seconds=40)
"""Until lanes that have just begun have looked round, and what waits for seconds has ended."""


async def engage(endpoint: Endpoint, found: Company, accounts: int) -> None:
    """Sign accounts in and store their sessions."""
    signed = await sign_everybody_in(endpoint, accounts)
    await found.service.library.import_personas(BENCH, [PERSONA])
    stores = found.stage.stores
    for number in range(accounts):
        name, first = f"a{number}", AccountId(number)
        account = await found.service.accounts.add(BENCH, name, phone_of(number), PERSONA.key)
        await stores.sessions.save_session(account.id, signed.sessions[first])
        await stores.sessions.save_entities(account.id, signed.entities.get(first, []))
        await stores.accounts.set_account_state(BENCH, account.id, AccountState.ACTIVE, None)


async def measure(found: Company, seconds: float) -> tuple[float, dict[str, float]]:
    """Return transactions a second, and the seconds of processor time that a second took."""
    backend = await sql(found, "SELECT pg_backend_pid()")
    cost = Spending()
    before, begun = await sql(found, COMMITTED), perf_counter()
    with cost.watching(postgres=psutil.Process(backend).ppid()):
        await asyncio.sleep(seconds)
    passed = perf_counter() - begun
    transactions = (await sql(found, COMMITTED) - before) / passed
    return transactions, {whose: spent / passed for whose, spent in cost.seconds.items()}


async def main(accounts: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        async with (
            simulated_telegram(accounts) as endpoint,
            composed(endpoint, Path(name)) as found,
        ):
            await engage(endpoint, found, accounts)
            async with found.running_node("bench"):
                await until(found, READY.replace("IS NOT NULL", "IS NULL"), accounts)
                await asyncio.sleep(SETTLE.total_seconds())
                transactions, spent = await measure(found, seconds)
    report = {
        "benchmark": "idle",
        "accounts": accounts,
        "seconds": seconds,
        "transactions_per_second": round(transactions, 1),
        "processor_share": {whose: round(share, 3) for whose, share in spent.items()},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    asyncio.run(main(asked.accounts, asked.seconds))
