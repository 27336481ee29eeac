"""How many messages a second the desk relays, beside a bare aiogram echo bot.

    python -m benchmarks.bench_desk [--pairs N] [--messages N] [--rounds N]

Both poll the same simulated Telegram, whose limits are off, and both copy each message once: the
echo bot back to its author, the desk from a client to the operator who took the ticket. The desk's
side is everything: the update stored before it is confirmed, the message on record, the parcel
marked before it is sent, its outcome and the relay recorded, on a durable PostgreSQL of its own.
Rounds alternate, and each side's median counts. What a message costs is told as well, as
microseconds of processor in each process: on a machine that does other things, too, that says more
than the rate.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from benchmarks.spending import Spending
from db.desk_memory import desk_memory
from db.embedded import embedded_servers
from db.encryption import Cipher
from db.engine import Engine, create_engine
from db.keys import Keyring, new_key, read_keys
from db.migrate import upgrade
from db.notify import Notices
from db.stores import postgres_stores
from db.stores.calendar import PostgresCalendar
from db.stores.desk_relays import door_stores
from desk.door import Door
from desk.house import DeskSettings
from orchestrator.clock import SystemClock
from orchestrator.heap import spare_what_stays
from orchestrator.ids import NodeName
from orchestrator.leases.leader import Candidate
from support.actor import Actor
from support.ids import ActKey, ChatId, TgUserId
from support.languages import Language
from support.people import ClientSeen, NewStaff, Role
from support.ports.stores import DeskStores
from support.terms import DeskTerms
from support.tickets import Mode, Opening

BENCH = Actor("benchmark")
NOWHERE = ChatId(-1_000_000_000_001)
TERMS = DeskTerms(client_messages_a_minute=600)


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncIterator[Process]:
    """Run a module of ours in a process of its own until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def line(process: Process) -> str:
    """Read a line that a process writes."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def tell(process: Process, words: str) -> None:
    """Write a line to a process."""
    assert process.stdin is not None
    process.stdin.write(words.encode() + b"\n")
    await process.stdin.drain()


async def connect(desk: DeskStores, client: int, operator: int) -> None:
    """Have an operator in a dialogue with a client."""
    role = frozenset({Role.OPERATOR})
    staff = await desk.staff.add_staff(BENCH, NewStaff(f"O{operator}", TgUserId(operator), role))
    await desk.staff.see_staff(TgUserId(operator), None, f"O{operator}", started=True)
    found = await desk.clients.see_client(ClientSeen(TgUserId(client), None, f"C{client}", "ru"))
    opening = Opening(found.id, Mode.TAKE, Language.RU)
    opened = await desk.tickets.open_ticket(ActKey(f"open {client}"), opening, TERMS.reopen)
    await desk.tickets.take(ActKey(f"take {client}"), opened.ticket.id, staff.id, several=False)


@asynccontextmanager
async def desk_at(place: dict[str, Any], folder: Path) -> AsyncIterator[int]:
    """Run a desk on servers of its own; yields PostgreSQL's process."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(embedded_servers(folder))
        await upgrade(servers.database_url)
        engine = create_engine(servers.database_url)
        stack.push_async_callback(engine.dispose)
        notices = await stack.enter_async_context(Notices(servers.database_url).run())
        memory = await stack.enter_async_context(desk_memory(servers.redis_url))
        cipher, clock = Cipher(Keyring(read_keys(new_key(), "bench"), "bench")), SystemClock()
        desk = postgres_stores(engine, cipher, notices).desk
        half = len(place["people"]) // 2
        for client, operator in zip(place["people"][:half], place["people"][half:], strict=True):
            await connect(desk, client, operator)
        leader = PostgresCalendar(engine, role="desk")
        door = Door(
            token=place["tokens"]["desk"],
            base=place["url"],
            by="bench",
            desk=desk,
            door=door_stores(engine, cipher, memory),
            candidate=Candidate(NodeName("bench"), leader, clock, 30.0),
            bell=notices,
            clock=clock,
            settings=DeskSettings(operators_chat=NOWHERE),
            terms=lambda: TERMS,
            limits=None,
        )
        running = asyncio.create_task(door.run())
        await door.leading.wait()
        spare_what_stays()  # As `troupe run` does.
        yield await postmaster(engine)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def postmaster(engine: Engine) -> int:
    """Return the process that every server process of PostgreSQL is a child of."""
    async with engine.connect() as connection:
        backend = await connection.scalar(text("SELECT pg_backend_pid()"))
    return psutil.Process(int(backend)).ppid()


async def measure(pairs: int, messages: int, rounds: int) -> dict[str, Any]:
    """Measure both sides by turns."""
    seconds: dict[str, list[float]] = {"echo": [], "desk": []}
    costs = {name: Spending() for name in seconds}
    with tempfile.TemporaryDirectory() as folder:
        async with program("benchmarks.bot_world", str(pairs * 2)) as world:
            place = json.loads(await line(world))
            async with (
                program("benchmarks.echo", place["url"]) as echo,
                desk_at(place, Path(folder)) as postgres,
            ):
                whose = {"telegram": world.pid, "echo": echo.pid, "postgres": postgres}
                await tell(echo, place["tokens"]["echo"])
                await asyncio.sleep(3)
                for number in range(rounds + 1):
                    for name, taken in seconds.items():
                        # The first round warms both sides up.
                        cost = costs[name] if number else Spending()
                        with cost.watching(**whose):
                            await tell(world, f"{name} {messages}")
                            took = float(await line(world))
                        taken.extend([took] if number else [])
    rates = {name: messages / statistics.median(taken) for name, taken in seconds.items()}
    return {
        "pairs": pairs,
        "messages": messages,
        "rounds": rounds,
        "echo_per_second": round(rates["echo"], 1),
        "desk_per_second": round(rates["desk"], 1),
        "ratio": round(rates["desk"] / rates["echo"], 3),
        "microseconds": {name: cost.per(messages * rounds) for name, cost in costs.items()},
    }


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.pairs, given.messages, given.rounds))))


if __name__ == "__main__":
    main()
