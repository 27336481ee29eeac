"""What no update told of a channel is found by comparing, recorded once and counted."""

import pytest

from orchestrator.intake import reconciler
from orchestrator.ports.logs import OperationKind
from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.messages import Draft
from tests.integration.intake.house import House

DEAF = Fault("*", FaultKind.DROP_UPDATES, times=None)


async def test_posts_that_no_update_told_of_are_recorded_and_counted(house: House) -> None:
    science = await house.watch()
    async with house.open() as client:
        house.server.faults.add(DEAF)
        for number in range(7):
            house.world.publish(science, str(number))
        await house.reconciler(client).compare_all()
        assert await house.posts() == list("0123456")
        assert await house.late() == 7
        await house.reconciler(client).compare_all()
    assert await house.late() == 7
    [channel] = await house.stage.stores.channels.channels()
    assert channel.recovered_late == 7
    assert house.operations.kinds().count(OperationKind.RECOVER_UPDATES) == 1
    assert await house.sql("SELECT count(*) FROM jobs WHERE kind = 'ConsiderPost'") == [(7,)]


async def test_edits_and_deletions_that_no_update_told_of_are_found(house: House) -> None:
    science = await house.watch()
    async with house.open() as client:
        house.server.faults.add(DEAF)
        posts = [house.world.publish(science, text) for text in ("stays", "changes", "goes")]
        await house.reconciler(client).compare_all()
        house.world.channel_talk.edit(science, house.owner.id, posts[1].id, Draft("changed"))
        house.world.delete(science, posts[2].id)
        await house.reconciler(client).compare_all()
    assert await house.posts() == ["stays", "changed"]
    assert await house.late() == 3 + 2


async def test_what_updates_told_in_time_is_not_counted(house: House) -> None:
    science = await house.watch()
    async with house.open():
        pass
    house.world.publish(science, "while away")
    async with house.open() as client:
        await house.reconciler(client).compare_all()
    assert await house.posts() == ["while away"]
    assert await house.late() == 0


async def test_a_long_gap_is_fetched_in_parts_and_goes_on_where_it_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "AT_ONCE", 10)
    science = await house.watch()
    async with house.open() as client:
        house.server.faults.add(DEAF)
        for number in range(25):
            house.world.publish(science, str(number))
        await house.reconciler(client).compare_all()
        assert len(await house.posts()) == 10
        for expected in (20, 25):
            await house.reconciler(client).compare_due()
            assert len(await house.posts()) == expected
        [reading] = await house.stage.stores.channels.readings_of(house.account)
        assert not reading.due
    assert await house.posts() == [str(number) for number in range(25)]


async def test_a_difference_that_is_too_long_makes_the_comparison_due(house: House) -> None:
    science = await house.watch()
    async with house.open() as client:
        await house.reconciler(client).compare_all()
    house.world.limits.channel = 10
    for number in range(30):
        house.world.publish(science, str(number))
    async with house.open() as client:
        await house.reconciler(client).compare_due()
    assert await house.posts() == [str(number) for number in range(30)]
    assert await house.late() == 30
