"""What a client's card asks of others, and how long that is believed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from desk.house import House
from desk.topics.cards import Cards
from support.ids import ClientId, TgUserId
from support.languages import Language
from support.people import Client
from support.ports.directory import CardLine

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ANNA = Client(
    ClientId(1), TgUserId(7), None, "Anna", Language.RU, None, NOON, NOON, is_blocked=False
)


@dataclass
class Memory:
    """Remembers for as long as it is told to, and says for how long."""

    kept: dict[str, str] = field(default_factory=dict)
    lasts: dict[str, timedelta] = field(default_factory=dict)

    async def read(self, key: str) -> str | None:
        return self.kept.get(key)

    async def keep(self, key: str, value: str | None, lasts: timedelta) -> None:
        self.kept[key], self.lasts[key] = value or "", lasts


@dataclass
class Directory:
    """Knows one thing, and counts how often it is asked."""

    asked: int = 0

    async def card(self, client: Client) -> Sequence[CardLine]:
        self.asked += 1
        return [CardLine("Orders", f"3 of {client.full_name}")]


async def test_the_directory_is_asked_once_in_fifteen_minutes() -> None:
    memory, directory = Memory(), Directory()
    house = cast("House", SimpleNamespace(door=SimpleNamespace(memory=cast("Any", memory))))
    cards = Cards(house, directory)
    first, second = await cards.known_of(ANNA), await cards.known_of(ANNA)
    assert list(first) == list(second) == [CardLine("Orders", "3 of Anna")]
    assert directory.asked == 1
    assert memory.lasts == {"cache:card:1": timedelta(minutes=15)}
