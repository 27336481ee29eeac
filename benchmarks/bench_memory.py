"""How much memory a connected account takes, beside a bare TelegramClient.

    python -m benchmarks.bench_memory [--accounts N]

Each side runs in a process of its own, one after the other, on the same sessions. What counts is
how the resident memory grows between an early account and the last, so that imports do not.
"""

import argparse
import asyncio
import gc
import json
import pickle
import sys
from contextlib import AsyncExitStack

import psutil
from telethon import TelegramClient

from accounts.endpoint import Endpoint
from accounts.telegram import TelethonTelegram
from benchmarks import bare
from benchmarks.rig import AT_ONCE, Sessions, ignore, sign_everybody_in, simulated_telegram

WARM_UP = AT_ONCE


async def measure(side: str, endpoint: Endpoint, sessions: Sessions) -> float:
    """Connect everybody, one after the other; returns KiB for each account after the warm-up."""
    bare.trust(endpoint)
    telegram = TelethonTelegram(endpoint, sessions)
    async with AsyncExitStack() as stack:
        before = 0
        for number, (account, stored) in enumerate(sessions.sessions.items()):
            if number == WARM_UP:
                before = resident()
            if side == "bare":
                client = await bare.connect(endpoint, stored)
                stack.push_async_callback(disconnect, client)
            else:
                await stack.enter_async_context(telegram.open(account, ignore))
        return (resident() - before) / 1024 / (len(sessions.sessions) - WARM_UP)


async def disconnect(client: TelegramClient) -> None:
    await client.disconnect()


def resident() -> int:
    """Return the bytes that the process holds in memory."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


async def measure_apart(side: str, endpoint: Endpoint, sessions: Sessions) -> float:
    """Measure one side in a fresh process."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bench_memory", "--side", side,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await child.communicate(pickle.dumps((endpoint, sessions)))
    return float(json.loads(told))


async def main(accounts: int) -> None:
    people = accounts + WARM_UP
    async with simulated_telegram(people) as endpoint:
        sessions = await sign_everybody_in(endpoint, people)
        telethon = await measure_apart("bare", endpoint, sessions)
        troupe = await measure_apart("troupe", endpoint, sessions)
    report = {
        "benchmark": "memory",
        "accounts": accounts,
        "telethon_kib_each": round(telethon, 1),
        "troupe_kib_each": round(troupe, 1),
        "ratio": round(troupe / telethon, 3),
        "aim": 1.25,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--side", choices=["bare", "troupe"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        given = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the parent process
        print(json.dumps(asyncio.run(measure(asked.side, *given))))
    else:
        asyncio.run(main(asked.accounts))
