"""How long 500 accounts take to connect, beside bare Telethon.

    python -m benchmarks.bench_connect [--accounts N] [--rounds N]

Both sides use the same sessions, never at once; rounds alternate, and each side's median counts.
What one side leaves behind is collected before the other is timed, or it would pay for it.
"""

import argparse
import asyncio
import gc
import json
import statistics
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from telethon import TelegramClient

from accounts.endpoint import Endpoint
from accounts.telegram import TelethonTelegram
from benchmarks import bare
from benchmarks.rig import AT_ONCE, Sessions, ignore, sign_everybody_in, simulated_telegram


async def time_bare(endpoint: Endpoint, sessions: Sessions) -> float:
    """Connect everybody with bare Telethon; returns seconds."""
    turn = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:

        async def connect(number: int) -> None:
            async with turn:
                client = await bare.connect(endpoint, list(sessions.sessions.values())[number])
                stack.push_async_callback(disconnect, client)

        return await time_all(connect, len(sessions.sessions))


async def disconnect(client: TelegramClient) -> None:
    await client.disconnect()


async def time_troupe(endpoint: Endpoint, sessions: Sessions) -> float:
    """Open everybody through TelethonTelegram; returns seconds."""
    turn = asyncio.Semaphore(AT_ONCE)
    telegram = TelethonTelegram(endpoint, sessions)
    accounts = list(sessions.sessions)
    async with AsyncExitStack() as stack:

        async def connect(number: int) -> None:
            async with turn:
                opened = telegram.open(accounts[number], ignore)
                await stack.enter_async_context(opened)

        return await time_all(connect, len(accounts))


async def time_all(connect: Callable[[int], Coroutine[Any, Any, None]], people: int) -> float:
    """Run `connect` for everybody, side by side; returns seconds."""
    gc.collect()
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(people):
            group.create_task(connect(number), name=f"connect {number}")
    return time.perf_counter() - begun


async def main(accounts: int, rounds: int) -> None:
    async with simulated_telegram(accounts) as endpoint:
        sessions = await sign_everybody_in(endpoint, accounts)
        times: dict[str, list[float]] = {"bare": [], "troupe": []}
        for _ in range(rounds):
            times["bare"].append(await time_bare(endpoint, sessions))
            times["troupe"].append(await time_troupe(endpoint, sessions))
    medians = {side: statistics.median(taken) for side, taken in times.items()}
    report = {
        "benchmark": "connect",
        "accounts": accounts,
        "at_once": AT_ONCE,
        "rounds": rounds,
        "telethon_seconds": round(medians["bare"], 3),
        "troupe_seconds": round(medians["troupe"], 3),
        "ratio": round(medians["troupe"] / medians["bare"], 3),
        "aim": 1.3,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    asyncio.run(main(asked.accounts, asked.rounds))
