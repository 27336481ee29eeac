"""What a node says while accounts are still another's that died."""

import logging
from dataclasses import replace

import pytest

from orchestrator.supervisor.waiting import Waiting
from tests.support.clock import HandClock
from tests.unit.orchestrator.test_keeper import ANNA, BORIS, OneTable, keeper, look_round


async def test_what_a_dead_node_held_is_told_once_and_is_taken_when_it_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    table, clock = OneTable(ANNA, BORIS), HandClock()
    await look_round(keeper("a", table, clock))
    other = keeper("b", table, clock)
    waiting = Waiting(other, clock)
    waiting.look(await table.leases())
    due = f"{clock.now().astimezone():%H:%M}"
    for _ in range(5):
        clock.pass_by(5)
        waiting.look(await table.leases())
        assert await look_round(other) == frozenset()
    assert [record.message[:40] for record in caplog.records] == [
        "2 accounts are still held by node a, whi"
    ]
    assert f"waiting until {due}:30 at most" in caplog.text
    clock.pass_by(5)
    assert await look_round(other) == {ANNA, BORIS}


async def test_nothing_is_said_of_what_is_free_or_held_here(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    table, clock = OneTable(ANNA, BORIS), HandClock()
    mine = keeper("a", table, clock)
    await look_round(mine, 1)
    Waiting(mine, clock).look(await table.leases())
    assert caplog.records == []


async def test_a_node_that_turns_out_to_live_is_not_called_silent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    table, clock = OneTable(ANNA, BORIS), HandClock()
    await look_round(keeper("a", table, clock))
    waiting = Waiting(keeper("b", table, clock), clock)
    for leases in (await table.leases(), [], await table.leases()):
        waiting.look(leases)
    assert caplog.records == []


async def test_a_predecessor_of_the_same_name_is_waited_for_too_and_may_die_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    table, clock = OneTable(), HandClock()
    await look_round(keeper("a", table, clock))
    waiting = Waiting(keeper("a", table, clock), clock)
    for leases in (await table.leases(), [], [replace(table.rows[ANNA], beat=9)]):
        waiting.look(leases)
    assert len(caplog.records) == 2
    assert "1 account is still held by this name's process before" in caplog.text
