"""How long a channel's post takes to reach 1,000 clients, and what that costs the server.

    python -m benchmarks.bench_fanout [--clients N] [--posts N]

The server runs in its own process, the clients (bare Telethon) in two others, with keys that the
server issued, so that nobody waits for key exchanges. A post's time is from its publication to
its arrival at the last client's handler; the machine's cores are shared by all three processes.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psutil
from telethon import TelegramClient, events
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

from simulator.server import TelegramServer, serve
from simulator.world.channels import Channel
from simulator.world.world import World

PROCESSES = 2
AT_ONCE = 50
PATIENCE = 120
MIB = 1024 * 1024


def resident() -> float:
    """Return the MiB that this process holds."""
    return float(psutil.Process().memory_info().rss / MIB)


def make_world(clients: int) -> tuple[World, Channel]:
    """Make a world in which everybody follows one channel."""
    world = World()
    channel = world.add_channel("News", owner=world.add_person("", "Owner"))
    people = [world.add_person("", f"Person {number}") for number in range(clients)]
    world.join(channel, *people)
    return world, channel


async def run_clients() -> None:
    """Connect with the keys that come in, then tell of each post that everybody has it."""
    where = json.loads(await asyncio.to_thread(sys.stdin.readline))
    arrived = asyncio.Queue[None]()
    turn = asyncio.Semaphore(AT_ONCE)

    async def hear(_: events.NewMessage.Event) -> None:
        arrived.put_nowait(None)

    async def connect(key: str) -> TelegramClient:
        async with turn:
            session = MemorySession()
            session.set_dc(where["dc_id"], where["host"], where["port"])
            session.auth_key = AuthKey(bytes.fromhex(key))
            client = TelegramClient(session, where["api_id"], where["api_hash"])
            client.add_event_handler(hear, events.NewMessage)
            await client.connect()
            await client.get_dialogs()
            return client

    begun = time.perf_counter()
    clients = await asyncio.gather(*map(connect, where["keys"]))
    say(time.perf_counter() - begun)
    for _ in range(where["posts"]):
        for _ in clients:
            await arrived.get()
        say(time.time())
    await asyncio.gather(*(client.disconnect() for client in clients))


def say(number: float) -> None:
    """Tell the parent process."""
    print(number, flush=True)


async def listen(child: Process) -> float:
    """Hear the next number of a child process."""
    assert child.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return float(await child.stdout.readline())


async def send_out(where: dict[str, object]) -> Process:
    """Start a process of clients."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bench_fanout", "--as-clients", stdin=PIPE, stdout=PIPE
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(where).encode() + b"\n")
    await child.stdin.drain()
    return child


@dataclass(frozen=True)
class Spread:
    """What one post took: until it was written out, until all had it, and of the processor."""

    publishing: float
    arriving: float
    processor: float


async def spread(world: World, channel: Channel, children: list[Process]) -> Spread:
    """Publish a post and wait until the last client has it."""
    begun, spent = time.time(), time.process_time()
    world.publish(channel, "A post")
    published = time.time()
    arrived = max(await asyncio.gather(*map(listen, children)))
    return Spread(published - begun, arrived - begun, time.process_time() - spent)


def admit_everybody(server: TelegramServer, clients: int) -> list[str]:
    """Sign everybody in under keys that the server makes; return the keys."""
    keys = [server.keys.issue() for _ in range(clients)]
    _, *people = server.world.people
    for key, person in zip(keys, people, strict=True):
        server.world.logins.admit(key.id, person, server.host)
    return [key.data.hex() for key in keys]


def whereabouts(server: TelegramServer, keys: list[str], posts: int) -> dict[str, object]:
    """Tell a process of clients all that it needs."""
    return {
        "host": server.host,
        "port": server.port,
        "dc_id": server.dc_id,
        "api_id": server.api_id,
        "api_hash": server.api_hash,
        "keys": keys,
        "posts": posts,
    }


async def main(clients: int, posts: int) -> None:
    world, channel = make_world(clients)
    async with serve(world) as server, AsyncExitStack() as stack:
        keys = admit_everybody(server, clients)
        empty, idle = resident(), time.process_time()
        shares = [whereabouts(server, keys[n::PROCESSES], posts) for n in range(PROCESSES)]
        children = [await send_out(share) for share in shares]
        for child in children:
            stack.push_async_callback(child.wait)
        connecting = max(await asyncio.gather(*map(listen, children)))
        connected, full = time.process_time() - idle, resident()
        spreads = [await spread(world, channel, children) for _ in range(posts)]
    report = {
        "benchmark": "fanout",
        "clients": clients,
        "client_processes": PROCESSES,
        "posts": posts,
        "connect_seconds": round(connecting, 2),
        "connect_server_cpu_seconds": round(connected, 2),
        "fanout_seconds": round(statistics.median(each.arriving for each in spreads), 3),
        "fanout_seconds_worst": round(max(each.arriving for each in spreads), 3),
        "publish_seconds": round(statistics.median(each.publishing for each in spreads), 3),
        "fanout_server_cpu_seconds": round(statistics.median(e.processor for e in spreads), 3),
        "server_mib_empty": round(empty, 1),
        "server_mib_connected": round(full, 1),
        "server_kib_each": round((full - empty) * 1024 / clients, 1),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=10)
    parser.add_argument("--as-clients", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asyncio.run(run_clients() if asked.as_clients else main(asked.clients, asked.posts))
