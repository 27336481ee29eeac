"""A small world for tests of its rules."""

from dataclasses import dataclass

import pytest

from simulator.world.channels import Channel
from simulator.world.people import Person
from simulator.world.world import World


@dataclass(frozen=True, slots=True)
class Village:
    world: World
    boss: Person
    anna: Person
    boris: Person
    news: Channel
    chat: Channel


@pytest.fixture
def village() -> Village:
    world = World()
    boss = world.add_person("79990000001", "Boss")
    anna = world.add_person("79990000002", "Anna Petrova", username="anna_p")
    boris = world.add_person("79990000003", "Boris")
    news = world.add_channel("News", "village_news", owner=boss, linked=True)
    world.join(news, anna)
    return Village(world, boss, anna, boris, news, world.group_of(news))
