"""A process that opens an account, gets stuck while committing its first fact, and can be killed.

Reads what it needs as a pickle from its standard input; says on its standard output how far it is.
"""

import asyncio
import pickle
import sys
from pathlib import Path

from accounts.telegram import TelethonTelegram
from orchestrator.facts import Fact
from tests.integration.accounts.cast import ANNA, QUICK
from tests.integration.accounts.stores import FileSessions


async def get_stuck(fact: Fact) -> None:
    sys.stdout.write(f"{type(fact).__name__}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main() -> None:
    endpoint, folder = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the test
    telegram = TelethonTelegram(endpoint, FileSessions(Path(folder)), QUICK)
    async with telegram.open(ANNA, get_stuck) as account:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await account.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
