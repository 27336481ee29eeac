"""A simulated Telegram in a process of its own, so that it does not count as the client's cost.

    python -m benchmarks.simulation PEOPLE [apart]

Prints one line of JSON that says where it is, and ends when its standard input does.
"""

import asyncio
import json
import sys

from simulator.server import TelegramServer, serve
from simulator.world.world import World

CHANNELS = 10


def phone_of(number: int) -> str:
    """Return the phone number of one of the people; its code is 11111."""
    return f"+999661{number:04}"


def make_world(people: int) -> World:
    """Make a world in which everybody follows the same channels, some of them discussed."""
    world = World()
    owner = world.add_person("+9996629999", "Owner")
    crowd = [world.add_person(phone_of(number), f"Person {number}") for number in range(people)]
    for number in range(CHANNELS):
        linked = number % 2 == 0
        channel = world.add_channel(f"Channel {number}", owner=owner, linked=linked)
        world.join(channel, *crowd)
        world.publish(channel, "A post to begin with")
    return world


def make_world_apart(people: int) -> World:
    """Make a world in which everybody has a channel and its discussion to themselves."""
    world = World()
    owner = world.add_person("+9996629999", "Owner")
    for number in range(people):
        person = world.add_person(phone_of(number), f"Person {number}")
        name = f"bench_channel_{number}"
        channel = world.add_channel(f"Channel {number}", name, owner=owner, linked=True)
        world.join(channel, person)
        world.publish(channel, "A post to begin with")
    return world


def whereabouts(server: TelegramServer) -> str:
    """Say how to connect."""
    return json.dumps(
        {
            "host": server.host,
            "port": server.port,
            "dc_id": server.dc_id,
            "public_key": server.public_key,
            "api_id": server.api_id,
            "api_hash": server.api_hash,
        }
    )


async def main() -> None:
    """Serve until nobody holds the other end of the standard input."""
    make = make_world_apart if sys.argv[2:] == ["apart"] else make_world
    async with serve(make(int(sys.argv[1]))) as server:
        sys.stdout.write(whereabouts(server) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
