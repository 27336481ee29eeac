"""A simulated Telegram with two bots and many people, in a process of its own.

    python -m benchmarks.bot_world PEOPLE

Prints one line of JSON that says where it is. Then each line of standard input, BOT MESSAGES, has
the first half of the people write so many messages to that bot at once; the answer is a line with
the seconds until the bot has passed on, or answered, all of them. Ends when its input does.
"""

import asyncio
import json
import sys
import time

from simulator.bot_api.api import BotApi
from simulator.world.people import Person
from simulator.world.world import World

LOOK = 0.01
PATIENCE = 300.0
SAYS = ("copyMessage", "copyMessages")


def say_all(world: World, bot: Person, people: list[Person], messages: int) -> None:
    """Have people write by turns."""
    for number in range(messages):
        world.send_private(people[number % len(people)], bot, f"message {number}")


def said(api: BotApi, bot: Person) -> int:
    """Count what a bot has said."""
    return sum(api.journal.counted[bot.id, method] for method in SAYS)


async def answered(api: BotApi, bot: Person, wanted: int) -> None:
    """Wait until a bot has said so much."""
    async with asyncio.timeout(PATIENCE):
        while said(api, bot) < wanted:  # noqa: ASYNC110 - the journal rings no bell
            await asyncio.sleep(LOOK)


async def main(people: int) -> None:
    """Serve until standard input ends."""
    world = World()
    bots = {name: world.add_bot(name, f"{name}_bot") for name in ("echo", "desk")}
    crowd = [world.add_person(f"+999661{number:04}", f"Person{number}") for number in range(people)]
    for person in crowd:
        for bot in bots.values():
            world.send_private(person, bot, "/start")
    api = BotApi(world)
    async with api.serving() as url:
        tokens = {name: world.bots.token_of(bot) for name, bot in bots.items()}
        place = {"url": url, "tokens": tokens, "people": [int(person.id) for person in crowd]}
        sys.stdout.write(json.dumps(place) + "\n")
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            name, messages = line.split()
            bot, before = bots[name], said(api, bots[name])
            begun = time.perf_counter()
            say_all(world, bot, crowd[: people // 2], int(messages))
            await answered(api, bot, before + int(messages))
            sys.stdout.write(f"{time.perf_counter() - begun}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
