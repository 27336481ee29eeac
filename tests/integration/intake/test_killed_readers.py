"""kill -9 of a receiving process, again and again at any moment: nothing that was said is lost."""

import asyncio
import pickle
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import pytest

from db.keys import new_key
from simulator.server import TelegramServer
from simulator.world.channels import Channel
from tests.integration.accounts.cast import endpoint
from tests.integration.intake.house import House, build_house

KILLS = 4
KEY = new_key()


@pytest.fixture
async def house(server: TelegramServer, database_url: str) -> AsyncIterator[House]:
    async with build_house(server, database_url, KEY) as built:
        yield built


class Speaker:
    """Says numbered things in private and in a channel, one after the other."""

    def __init__(self, house: House, channel: Channel) -> None:
        self.house, self.channel = house, channel
        self.said = 0

    def speak(self, times: int) -> None:
        for _ in range(times):
            self.house.world.send_private(self.house.owner, self.house.anna, str(self.said))
            self.house.world.publish(self.channel, str(self.said))
            self.said += 1


async def start_reader(house: House, database_url: str) -> Process:
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.intake.reader", stdin=PIPE, stdout=PIPE
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(pickle.dumps((endpoint(house.server), database_url, KEY, house.account)))
    reader.stdin.write_eof()
    async with asyncio.timeout(120):
        assert await reader.stdout.readline() == b"open\n"
    return reader


@pytest.mark.parametrize("seed", [1])
async def test_what_killed_processes_received_is_recorded_once(
    house: House, database_url: str, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test must be repeatable
    speaker = Speaker(house, await house.watch())
    async with house.open():
        pass
    for _ in range(KILLS):
        speaker.speak(dice.randint(0, 5))
        reader = await start_reader(house, database_url)
        for _ in range(dice.randint(1, 60)):
            speaker.speak(1)
            await asyncio.sleep(dice.uniform(0, 0.004))
        reader.kill()
        await reader.wait()
    async with house.open() as client:
        await house.until_quiet(client)
        expected = [str(number) for number in range(speaker.said)]
        assert await house.messages() == expected
        assert await house.posts() == expected
    assert await house.late() == await house.late_messages() == 0
