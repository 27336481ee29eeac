"""One node in a process of its own: the real company, composed as `troupe run` composes it."""

import asyncio
import logging
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from accounts.telegram import TelethonTelegram
from cli.compose import Company, company
from cli.settings import Settings
from orchestrator.ids import AccountId
from orchestrator.supervisor.node import Node
from orchestrator.tuning import Tuning
from tests.chaos.remote import answer_calls, write_to
from tests.chaos.trap import Doom, JumpingClock, Point, Sabotage, Stopwatch, trapped, watched

__all__ = ["NodeConfig", "TelethonTelegram", "main"]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What a node is to be, and how it is to fail."""

    name: str
    address: str
    settings: Settings
    tuning: Tuning
    log: Path
    dies_at: Point | None = None
    passes: int = 0
    sabotage: Sabotage | None = None
    accounts: frozenset[AccountId] | None = None
    """None: it takes what it can get."""
    jumps: int | None = None
    """The seed of its wall clock's jumps; None: it is right."""
    watched: bool = False
    """Whether it notes when each send starts."""


class Play:
    """What may be asked of the process."""

    def __init__(self, node: Node, stopwatch: Stopwatch) -> None:
        self.node, self.stopwatch = node, stopwatch

    def starts(self) -> dict[int, float]:
        """Tell when the last attempt to send each row of the outbox started."""
        return self.stopwatch.starts

    def stop(self) -> None:
        """Ask the node to stop in order."""
        self.node.asked.set()


async def live(pipe: Connection, config: NodeConfig) -> None:
    """Be a node until the other end of the pipe is closed, or until asked to stop."""
    async with company(config.settings, tuning=config.tuning) as found:
        stopwatch = Stopwatch()
        node = prepared(found, config, stopwatch).node(config.name)
        asking = asyncio.create_task(answer_calls(pipe, Play(node, stopwatch)), name="calls")
        asking.add_done_callback(lambda _: node.asked.set())
        try:
            await node.run()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


def prepared(found: Company, config: NodeConfig, stopwatch: Stopwatch) -> Company:
    """Set the traps."""
    doom = Doom(config.dies_at, config.passes)
    stage = trapped(found.stage, doom, config.sabotage, config.accounts)
    if config.watched:
        stage = watched(stage, stopwatch)
    if config.jumps is not None:
        stage = replace(stage, clock=JumpingClock(config.jumps))
    return replace(found, stage=stage)


def main(pipe: Connection, config: NodeConfig) -> None:
    """Run one node."""
    write_to(str(config.log))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(live(pipe, config))
