"""kill -9 at each named point of the send path: every message arrives exactly once."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from db.embedded import Servers
from orchestrator.ids import AccountId
from tests.chaos.letters import line_up
from tests.chaos.rig import TUNING, Rig, rig, until
from tests.chaos.trap import Point
from tests.chaos.verdict import judge, unsettled_rows

EACH = 3
"""Messages of each account, one of which its node dies over."""


@pytest.mark.parametrize("kind", ["comments", "answers in private"])
async def test_a_node_killed_at_any_point_of_sending_neither_loses_nor_doubles(
    database_url: str, redis_url: str, tmp_path: Path, kind: str
) -> None:
    async with rig(Servers(database_url, redis_url), tmp_path, TUNING) as trial:
        population = await trial.populate(len(Point), posts=EACH)
        if kind == "comments":
            await trial.books.fill_outbox(len(Point) * EACH)
        else:
            for stranger in await trial.telegram.call("strangers", EACH):
                await line_up(trial.books, population.accounts, stranger)
        queued = len(await trial.books.outbox())
        assert queued == len(Point) * EACH
        await asyncio.gather(
            *(
                die_at(trial, point, number, account)
                for number, (point, account) in enumerate(
                    zip(Point, population.accounts, strict=True)
                )
            )
        )
        await trial.telegram.call("withdraw_all")
        assert await trial.telegram.call("count_arrived") >= len(Point) // 2
        await trial.start_node("heir", "127.0.0.100")
        assert await trial.until_settled(90), await trial.books.states()
        rows, evidence = await trial.books.outbox(), await trial.evidence()
    verdict = judge(rows, evidence)
    assert verdict.is_clean, (verdict.line(), unsettled_rows(rows, evidence))
    assert verdict.sent == queued
    assert verdict.recovered >= len(Point) - 2
    assert evidence.repeated >= 2
    assert not evidence.unexplained


async def die_at(trial: Rig, point: Point, number: int, account: AccountId) -> None:
    """Let a node die over its second message, at that point."""
    if point is Point.BEFORE_ANSWER:
        await trial.telegram.call("lose_answer_of", number)
    player = await trial.start_node(
        f"doomed-{number}",
        f"127.0.0.{number + 2}",
        dies_at=point,
        passes=0 if point is Point.BEFORE_ANSWER else 1,
        accounts=frozenset({account}),
    )
    assert await player.remote.ended() == -signal.SIGKILL


async def test_a_killed_node_starts_again_under_its_name(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with rig(Servers(database_url, redis_url), tmp_path, TUNING) as trial:
        await trial.populate(1, posts=1)
        await trial.start_node("phoenix", "127.0.0.2")
        assert await until(connected(trial), 60)
        player = await trial.restart("phoenix")
        assert not await trial.telegram.call("connected")
        assert await until(connected(trial), 60)
        assert player.remote.lives


def connected(trial: Rig) -> Callable[[], Awaitable[bool]]:
    """Ask whether an account is connected."""

    async def ask() -> bool:
        return bool(await trial.telegram.call("connected"))

    return ask
