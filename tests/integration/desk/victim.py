"""A desk in a process of its own that kills itself at a named point of the way: for test_killed."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cli.compose import company
from cli.settings import Settings
from db.desk_memory import desk_memory
from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from db.stores.calendar import PostgresCalendar
from db.stores.desk_relays import door_stores
from desk.aftermath import Aftermath
from desk.door import Door
from desk.house import Accounts, DeskSettings
from orchestrator.clock import SystemClock
from orchestrator.ids import NodeName
from orchestrator.leases.leader import Candidate
from orchestrator.service.conversations import Conversations
from support.terms import DeskTerms
from tests.support.watchdog import NoWatchdog

LASTS = 1.0


class Doom:
    """Kills this process when a point is passed for the last time that it is allowed."""

    def __init__(self, point: str, passes: int) -> None:
        self.point, self.passes, self.counted = point, passes, Counter[str]()

    def __call__(self, point: str) -> None:
        self.counted[point] += 1
        if point == self.point and self.counted[point] > self.passes:
            os.kill(os.getpid(), signal.SIGKILL)


async def doom_before_words(doom: Doom, *_told: object) -> None:
    """End the process where an act is on record and nobody was told of it yet."""
    doom("untold")


@asynccontextmanager
async def accounts_of(told: dict[str, Any]) -> AsyncIterator[Accounts | None]:
    """Let the desk take part in accounts' conversations, where the trial has a data folder."""
    if told.get("home") is None:
        yield None
        return
    settings = Settings(
        database_url=told["database_url"], redis_url=told["redis_url"], home=Path(told["home"])
    )
    async with company(settings, watchdog=NoWatchdog()) as opened:
        conversations = Conversations(opened.stage)
        yield Accounts(conversations, opened.stage.stores.account_tickets)


async def main() -> None:
    """Run a door as standard input says."""
    told = json.loads(sys.stdin.readline())
    engine = create_engine(told["database_url"])
    cipher = Cipher(Keyring(read_keys(told["keys"], "test"), "test"))
    clock = SystemClock()
    terms = DeskTerms(client_messages_a_minute=600)
    doom = Doom(told["point"], told["passes"])
    if told["point"] == "untold":
        terms = replace(terms, idle_warning=timedelta(), idle_close=timedelta())
        Aftermath.word = partial(doom_before_words, doom)  # type: ignore[method-assign]
    async with (
        Notices(told["database_url"]).run() as bell,
        desk_memory(told["redis_url"]) as memory,
        accounts_of(told) as accounts,
    ):
        door = Door(
            token=told["token"],
            base=told["url"],
            by=told["name"],
            desk=postgres_stores(engine, cipher, bell).desk,
            door=door_stores(engine, cipher, memory),
            candidate=Candidate(
                NodeName(told["name"]), PostgresCalendar(engine, role="desk"), clock, LASTS
            ),
            bell=bell,
            clock=clock,
            settings=DeskSettings(operators_chat=told["group"]),
            terms=lambda: terms,
            limits=None,
            point=doom,
            accounts=accounts,
        )
        await door.run()


if __name__ == "__main__":
    asyncio.run(main())
