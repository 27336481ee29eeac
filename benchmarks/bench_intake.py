"""How many posts per second Troupe records, beside bare Telethon whose handlers record nothing.

    python -m benchmarks.bench_intake [--posts N] [--accounts N] [--rounds N]

Telegram is simulated in a process of its own and publishes all posts of a round at once. Troupe
writes each into its own PostgreSQL (durably: fsync is on) with the job that follows, in the
transaction in which it is recorded, and stores how far its updates are committed. Bare Telethon
parses the same updates and calls an empty handler of `events.NewMessage`. Rounds alternate.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from telethon import events

from accounts.endpoint import Endpoint, Server
from accounts.telegram import TelethonTelegram
from benchmarks import bare
from benchmarks.rig import Code
from benchmarks.simulation import phone_of, whereabouts
from db.embedded import resolve_servers
from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, new_key, read_keys
from db.migrate import upgrade
from db.notify import Notices
from db.stores import postgres_stores
from orchestrator.actor import SYSTEM
from orchestrator.facts import Fact, PostSeen
from orchestrator.heap import spare_what_stays
from orchestrator.ids import AccountId, MessageId
from orchestrator.intake.reception import Reception
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import ChannelSeen, Role
from personas.persona import Persona
from simulator.server import serve
from simulator.world.channels import Channel
from simulator.world.world import World

CHANNELS = 5
"""How many channels each account reads."""

WORDS = "Сегодня в музее открылась выставка о кометах: приходите посмотреть и понюхать. " * 3


class Counter:
    """Says when as many have come as were announced."""

    def __init__(self) -> None:
        self.left = 0
        self.done = asyncio.Event()

    def expect(self, number: int) -> None:
        """Announce."""
        self.left = number
        self.done.clear()

    def count(self, _: object = None) -> None:
        """Count one."""
        self.left -= 1
        if self.left == 0:
            self.done.set()


def make_world(accounts: int) -> tuple[World, list[Channel]]:
    """Make a world in which every account reads channels of its own."""
    world = World()
    owner = world.add_person("+9996629999", "Owner")
    channels = []
    for number in range(accounts):
        reader = world.add_person(phone_of(number), f"Reader {number}")
        for place in range(CHANNELS):
            channel = world.add_channel(f"Channel {number}.{place}", owner=owner)
            world.join(channel, reader)
            world.publish(channel, "A post to begin with")
            channels.append(channel)
    return world, channels


async def run_telegram(accounts: int) -> None:
    """Serve, and publish as many posts as each line of the standard input says."""
    world, channels = make_world(accounts)
    async with serve(world) as server:
        about = {"channels": [channel.id for channel in channels]}
        sys.stdout.write(whereabouts(server)[:-1] + ", " + json.dumps(about)[1:] + "\n")
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            for number in range(int(line)):
                world.publish(channels[number % len(channels)], f"{number}. {WORDS}")
                await asyncio.sleep(0)


@asynccontextmanager
async def telegram(accounts: int) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    """Run the simulator in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bench_intake", "--as-telegram", "--accounts",
        str(accounts), stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


@dataclass(frozen=True)
class Took:
    """What a round took: seconds that passed, and seconds of this process's processor."""

    seconds: float
    processor: float


async def publish(process: Process, posts: int, counter: Counter) -> Took:
    """Have posts published, and wait until all of them were counted."""
    assert process.stdin is not None
    counter.expect(posts)
    begun, spent = time.perf_counter(), time.process_time()
    process.stdin.write(f"{posts}\n".encode())
    await process.stdin.drain()
    async with asyncio.timeout(300):
        await counter.done.wait()
    return Took(time.perf_counter() - begun, time.process_time() - spent)


async def settle_in(stores: Stores, door: TelethonTelegram, where: dict[str, Any]) -> int:
    """Sign every account in and watch its channels; returns how many accounts there are."""
    await stores.library.put_persona(SYSTEM, Persona(key="p", name="P", disclosure="a machine"))
    accounts = len(where["channels"]) // CHANNELS
    for number in range(accounts):
        phone = phone_of(number)
        account = (await stores.accounts.add_account(SYSTEM, f"a{number}", phone, "p")).id
        await door.sign_in(account, phone, Code())
        for channel in where["channels"][number * CHANNELS : (number + 1) * CHANNELS]:
            seen = ChannelSeen(
                channel, f"Channel {channel}", "", None, 1, None, Role.MEMBER, MessageId(1)
            )
            await stores.channels.add_channel(SYSTEM, seen, account, timedelta(minutes=10))
    return accounts


async def troupe_round(
    process: Process, posts: int, accounts: int, door: TelethonTelegram, reception: Reception
) -> Took:
    """Record a round of posts."""
    counter = Counter()

    def sink(fact: Fact) -> Awaitable[None]:
        taken = asyncio.ensure_future(reception.take(fact))
        if isinstance(fact, PostSeen):
            taken.add_done_callback(counter.count)
        return taken

    async with AsyncExitStack() as stack:
        for number in range(accounts):
            account = await stack.enter_async_context(door.open(AccountId(number + 1), sink))
            flow = account.connection.flow
            assert flow is not None
            await flow.caught_up.wait()
            # What a bare round published meanwhile is no part of this one.
            await asyncio.gather(*flow.in_flight.values())
        return await publish(process, posts, counter)


async def bare_round(
    process: Process, posts: int, accounts: int, stores: Stores, at: Endpoint
) -> Took:
    """Receive a round of posts and do nothing with them."""
    counter = Counter()

    async def hear(_: events.NewMessage.Event) -> None:
        counter.count()

    clients = []
    for number in range(accounts):
        stored = await stores.sessions.load_session(AccountId(number + 1))
        assert stored is not None
        client = await bare.connect(at, stored)
        await client.get_dialogs()
        client.add_event_handler(hear, events.NewMessage)
        clients.append(client)
    try:
        return await publish(process, posts, counter)
    finally:
        for client in clients:
            await client.disconnect()


async def measure(database_url: str, posts: int, accounts: int, rounds: int) -> dict[str, Any]:
    """Take turns."""
    engine = create_engine(database_url)
    stores = postgres_stores(
        engine, Cipher(Keyring(read_keys(new_key(), "a benchmark"), "a benchmark")),
        Notices(database_url),
    )  # fmt: skip
    async with telegram(accounts) as (process, where):
        server = Server(where["host"], where["port"], where["dc_id"], where["public_key"])
        at = Endpoint(where["api_id"], where["api_hash"], server)
        door = TelethonTelegram(at, stores.sessions)
        bare.trust(at)
        await settle_in(stores, door, where)
        reception = Reception(stores.intake, stores.channels, stores.security)
        # As `troupe run` does, once everything is put together; both sides gain.
        spare_what_stays()
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(await bare_round(process, posts, accounts, stores, at))
            ours.append(await troupe_round(process, posts, accounts, door, reception))
        async with engine.connect() as connection:
            recorded = (await connection.execute(text("SELECT count(*) FROM posts"))).scalar_one()
            queued = (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one()
    await engine.dispose()
    # What a bare round published is told to Troupe when it comes back, and recorded too.
    assert recorded == queued >= posts * rounds, (recorded, queued)
    ratios = [bare.seconds / own.seconds for bare, own in zip(theirs, ours, strict=True)]
    return {
        "benchmark": "intake",
        "posts": posts,
        "accounts": accounts,
        "rounds": rounds,
        "troupe_posts_per_second": round(statistics.median(posts / one.seconds for one in ours)),
        "bare_telethon_posts_per_second": round(
            statistics.median(posts / one.seconds for one in theirs)
        ),
        "troupe_microseconds_of_processor_per_post": microseconds(ours, posts),
        "bare_telethon_microseconds_of_processor_per_post": microseconds(theirs, posts),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_of_each_round": [round(ratio, 2) for ratio in ratios],
        "aim": 0.7,
        "recorded": recorded,
    }


def microseconds(rounds: Sequence[Took], posts: int) -> int:
    """Return what one post costs this process; less shaken by who else works on the machine."""
    return round(statistics.median(one.processor for one in rounds) / posts * 1e6)


async def main(posts: int, accounts: int, rounds: int) -> None:
    """Start a PostgreSQL of the benchmark's own, measure, and print one line."""
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        async with resolve_servers(None, None, Path(folder), linger=0.0) as servers:
            await upgrade(servers.database_url)
            report = await measure(servers.database_url, posts, accounts, rounds)
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as-telegram", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.as_telegram:
        asyncio.run(run_telegram(asked.accounts))
    else:
        asyncio.run(main(asked.posts, asked.accounts, asked.rounds))
