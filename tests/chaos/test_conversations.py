"""kill -9 in the middle of a conversation: it goes on, and each message is answered once."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

from orchestrator.ports.conversations import ConversationState
from tests.chaos import node as node_process
from tests.chaos.node import NodeConfig
from tests.chaos.remote import Remote
from tests.chaos.rig import TUNING
from tests.e2e.talking import BURSTS, TERMS, Talk, talking

QUICK = replace(TUNING, bursts=BURSTS, conversations=TERMS)
SALE = (
    ("Хочу поддержать журнал", 1),
    ("статьи", 2),
    ("+7 999 123-45-67", 1),
    ("да", 1),
)
"""What the person writes, and in how many parts that is answered."""


async def start_node(talk: Talk, folder: Path, number: int) -> Remote:
    """Start a node in a process of its own."""
    config = NodeConfig(
        name=f"node-{number}",
        address="127.0.0.1",
        settings=talk.company.settings,
        tuning=QUICK,
        log=folder / f"node-{number}.log",
    )
    return await Remote.start(node_process.main, config)


async def test_a_sale_outlives_the_node_that_leads_it(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    dice = random.Random(5)  # noqa: S311 - a test must be repeatable
    async with talking(database_url, redis_url, tmp_path, QUICK) as talk:
        node = await start_node(talk, tmp_path, 0)
        try:
            said = 0
            for number, (words, parts) in enumerate(SALE):
                talk.write(words)
                if number == 1:
                    await asyncio.sleep(dice.uniform(0.1, 0.5))
                    await node.kill()
                    node = await start_node(talk, tmp_path, number)
                said += parts
                await talk.hears(said)
            await talk.reaches(ConversationState.CLOSED)
            await talk.settles()
        finally:
            await node.kill()
        assert len(talk.answers()) == said
        assert talk.play.theatre.duplicates() == 0
        turns = await talk.company.service.conversations.explain(await talk.number())
        assert [len(one.turn.says) for one in turns] == [parts for _, parts in SALE]
