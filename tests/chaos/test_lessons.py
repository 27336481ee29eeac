"""kill -9 in the middle of a lesson: it goes on, and each line is said once and in its order."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

from cli.compose import company
from cli.demo.command import replace_settings
from cli.demo.theatre import Theatre
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.ports.study_groups import LessonState
from personas.scripts.model import Script
from simulator.server import serve
from tests.chaos import node as node_process
from tests.chaos.node import NodeConfig
from tests.chaos.remote import Remote
from tests.chaos.rig import TUNING
from tests.e2e.conftest import Play
from tests.e2e.studying import LESSON, Club
from tests.support.watchdog import NoWatchdog

ROLES = ("host", "practice_partner")
SPOKEN = [f"This is line {number}." for number in range(8)]
LONG = Script.model_validate(
    LESSON.model_dump(mode="json", exclude_defaults=True)
    | {
        "lines": [
            {"at": 0.004 * number, "role": ROLES[number % 2], "say": line}
            for number, line in enumerate(SPOKEN)
        ]
    }
)
DEATHS = (1, 4)
"""Once so many lines were said, the node is killed a moment later."""


async def test_a_lesson_outlives_the_nodes_that_hold_it(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    dice = random.Random(5)  # noqa: S311 - a test must be repeatable
    async with serve() as server:
        told = replace_settings(Settings(), server, Servers(database_url, redis_url), tmp_path)

        async def start_node(number: int) -> Remote:
            name, log = f"node-{number}", tmp_path / f"node-{number}.log"
            config = NodeConfig(name, "127.0.0.1", told, TUNING, log)
            return await Remote.start(node_process.main, config)

        # Who founds the group has time for it; the nodes hurry.
        patient = replace(TUNING, answer=TUNING.start)
        async with company(told, tuning=patient, watchdog=NoWatchdog()) as opened:
            club = await Club.found(Play(Theatre.build(server, "Rockets"), opened))
            await club.teach(LONG)
            node = await start_node(0)
            try:
                for number, said in enumerate(DEATHS, start=1):
                    await club.until_said(SPOKEN[said - 1])
                    await asyncio.sleep(dice.uniform(0.0, 0.3))
                    await node.kill()
                    node = await start_node(number)
                await club.until_lesson(LessonState.DONE)
            finally:
                await node.kill()
        assert club.texts == SPOKEN
        assert club.play.theatre.world.duplicates() == []
