"""What many ask at about the same time is answered in batches, some of them beside each other."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from db.gathering import Gathering


@dataclass
class Desk:
    """Answers with ten times the question, once the batch is let go."""

    batches: list[tuple[int, ...]] = field(default_factory=list)
    gates: list[asyncio.Event] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer_all(self, asked: Sequence[int]) -> Sequence[int]:
        gate = asyncio.Event()
        self.batches.append(tuple(asked))
        self.gates.append(gate)
        self.came.set()
        await gate.wait()
        return [10 * one for one in asked]

    async def batch_came(self) -> None:
        await self.came.wait()
        self.came.clear()


async def test_as_many_batches_as_may_are_answered_beside_each_other() -> None:
    desk = Desk()
    gathering = Gathering("test", desk.answer_all, abreast=2)
    asking = []
    for number in (1, 2):
        asking.append(asyncio.create_task(gathering.ask(number)))
        await desk.batch_came()
    asking += [asyncio.create_task(gathering.ask(number)) for number in (3, 4)]
    desk.gates[1].set()
    assert await asking[1] == 20
    await desk.batch_came()
    assert desk.batches == [(1,), (2,), (3, 4)]
    for gate in desk.gates:
        gate.set()
    assert await asyncio.gather(*asking) == [10, 20, 30, 40]


async def test_nobody_is_left_waiting_who_asks_while_the_last_batch_ends() -> None:
    desk = Desk()
    gathering = Gathering("test", desk.answer_all, abreast=2)

    async def ask_on() -> int:
        first = asyncio.create_task(gathering.ask(1))
        await desk.batch_came()
        desk.gates[0].set()
        await first
        return await gathering.ask(2)

    async with asyncio.timeout(60):
        asked = asyncio.create_task(ask_on())
        while len(desk.gates) < 2:
            await desk.batch_came()
        desk.gates[1].set()
        assert await asked == 20
