"""What the benchmarks of accounts share: a Telegram to connect to, and accounts signed in on it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from accounts.endpoint import Endpoint, Server
from accounts.telegram import TelethonTelegram
from benchmarks.simulation import phone_of
from orchestrator.facts import Fact
from orchestrator.ids import AccountId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState

AT_ONCE = 20
"""How many accounts connect side by side."""


@dataclass
class Sessions:
    """Implements `SessionStore` without a database, which is measured elsewhere."""

    sessions: dict[AccountId, StoredSession] = field(default_factory=dict)
    entities: dict[AccountId, list[StoredEntity]] = field(default_factory=dict)

    async def load_session(self, account: AccountId) -> StoredSession | None:
        return self.sessions.get(account)

    async def save_session(self, account: AccountId, session: StoredSession) -> None:
        self.sessions[account] = session

    async def save_update_state(self, account: AccountId, state: UpdateState) -> None:
        """Forget the state, so that each round catches up on the same."""

    async def forget_session(self, account: AccountId) -> None:
        self.sessions.pop(account, None)

    async def load_entities(self, account: AccountId) -> Sequence[StoredEntity]:
        return self.entities.get(account, [])

    async def save_entities(self, account: AccountId, entities: Sequence[StoredEntity]) -> None:
        self.entities.setdefault(account, []).extend(entities)


class Code:
    """Answers what signing in asks."""

    async def code(self) -> str:
        return "11111"

    async def password(self, hint: str | None) -> str:
        raise AssertionError(hint)

    async def name(self) -> str:
        raise AssertionError


async def ignore(_: Fact) -> None:
    """Take a fact for committed."""


@asynccontextmanager
async def simulated_telegram(people: int, *how: str) -> AsyncIterator[Endpoint]:
    """Run the simulator in its own process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.simulation", str(people), *how,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        where = json.loads(await process.stdout.readline())
        server = Server(where["host"], where["port"], where["dc_id"], where["public_key"])
        yield Endpoint(where["api_id"], where["api_hash"], server)
    finally:
        process.stdin.close()
        await process.wait()


async def sign_everybody_in(endpoint: Endpoint, people: int, *, first: int = 0) -> Sessions:
    """Sign the simulator's people in from the `first` on, as accounts of the same numbers."""
    sessions = Sessions()
    telegram = TelethonTelegram(endpoint, sessions)
    turn = asyncio.Semaphore(AT_ONCE)

    async def sign_in(number: int) -> None:
        async with turn:
            await telegram.sign_in(AccountId(number), phone_of(number), Code())

    async with asyncio.TaskGroup() as group:
        for number in range(first, people):
            group.create_task(sign_in(number), name=f"sign in {number}")
    return sessions
